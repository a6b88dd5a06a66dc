/** Turns that have been paid for, kept in the attempt's own log: after a crash they are read, not bought again (I3). */
import type { LogEntry } from "../../domain/facts.ts";
import { defined, type Json } from "../../domain/json.ts";
import type { AttemptLog } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
import type { TokenUsage } from "../prices.ts";
import type { ToolCall, ToolResult } from "../tools/toolbox.ts";

export interface PaidReply {
  readonly text: string;
  readonly finishReason: string;
  readonly usage: TokenUsage;
  readonly costUsd: number | null;
  readonly calls: readonly ToolCall[];
  readonly said: readonly Json[];
  /** What had been said to the agent meanwhile, and was told it before this reply. */
  readonly heard?: string;
  /** Of a turn that was kept: who said it. */
  readonly model?: string;
}
/** A turn as far as it came: its reply, and of the tools that it asked for those that were begun and those that ended. */
export interface KeptTurn {
  readonly reply: PaidReply;
  readonly begun: ReadonlySet<string>;
  readonly results: ReadonlyMap<string, ToolResult>;
  /** Of an attempt that this one goes on with: what it used has been counted there. */
  readonly isCounted: boolean;
}

/** The log failing must not lose the reply: its end is told anyway, and that says the same. */
export async function keepReply(log: AttemptLog, model: string, reply: PaidReply): Promise<void> {
  const { text, finishReason, usage, costUsd, calls, said, heard } = reply;
  const asked = { ...(calls.length > 0 ? { calls, said } : {}), ...defined({ heard }) };
  const entry = { usage: { ...usage, costUsd, finishReason, model }, reply: text, ...asked } as unknown as Json;
  const kept = log.append({ type: "turn:complete", entry });
  // Tools act on it: what they do must be found again together with the reply that asked for them.
  await (calls.length > 0 ? kept : kept.catch(() => {}));
}

export const keepBegun = (log: AttemptLog, calls: readonly ToolCall[]): Promise<void> =>
  log.append(...calls.map((entry): LogEntry => ({ type: "tool:call", entry: entry as unknown as Json })));

export const keepResult = (log: AttemptLog, result: ToolResult): Promise<void> =>
  log.append({ type: "tool:result", entry: result as unknown as Json });

export const keepUndone = (log: AttemptLog, { id, name }: ToolCall, asks = false): Promise<void> =>
  log.append({ type: "tool:result", entry: { id, name, undone: true, ...(asks ? { asks } : {}) } });

/** In order: of the attempts that it goes on with, then its own. */
export async function keptTurns(log: AttemptLog, continues: readonly number[] = []): Promise<readonly KeptTurn[]> {
  const before = await Promise.all(continues.map((attempt) => log.read(attempt)));
  const counted = before.flat().map((one) => ({ ...one, isCounted: true }));
  return turnsIn([...counted, ...(await log.read()).map((one) => ({ ...one, isCounted: false }))]);
}

/** Over all logs, since an attempt may begin with calls that the last reply of the one before had still asked for. */
function turnsIn(entries: readonly (LogEntry & Pick<KeptTurn, "isCounted">)[]): readonly KeptTurn[] {
  const turns: (KeptTurn & { readonly begun: Set<string>; readonly results: Map<string, ToolResult> })[] = [];
  for (const { type, entry, isCounted } of entries) {
    const turn = turns.at(-1);
    if (type === "turn:complete") {
      const reply = replyIn(entry);
      if (reply) turns.push({ reply, begun: new Set(), results: new Map(), isCounted });
    } else if (turn && isRecord(entry) && typeof entry["id"] === "string") {
      if (type === "tool:call") turn.begun.add(entry["id"]);
      if (entry["undone"] === true) turn.begun.delete(entry["id"]);
      else if (type === "tool:result") turn.results.set(entry["id"], entry as unknown as ToolResult);
    }
  }
  return turns;
}

function replyIn(entry: Json): PaidReply | undefined {
  const usage = isRecord(entry) ? entry["usage"] : undefined;
  if (!isRecord(entry) || !isRecord(usage) || typeof entry["reply"] !== "string") return undefined;
  const count = (field: keyof TokenUsage) => (typeof usage[field] === "number" ? usage[field] : 0);
  const list = (field: string) => (Array.isArray(entry[field]) ? entry[field] : []);
  return {
    text: entry["reply"],
    finishReason: String(usage["finishReason"]),
    usage: {
      input: count("input"),
      output: count("output"),
      cacheRead: count("cacheRead"),
      cacheWrite: count("cacheWrite"),
    },
    costUsd: typeof usage["costUsd"] === "number" ? usage["costUsd"] : null,
    calls: list("calls") as readonly ToolCall[],
    said: list("said") as readonly Json[],
    ...(typeof entry["heard"] === "string" ? { heard: entry["heard"] } : {}),
    ...(typeof usage["model"] === "string" && { model: usage["model"] }),
  };
}
