/** What an attempt by a coding agent left in its log for the one that goes on after a crash. */
import type { Json } from "../../domain/json.ts";
import type { AttemptLog, Usage } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";

export interface Reply {
  readonly text: string;
  readonly usage: Usage | undefined;
  /** Who said it, as the user names it. */
  readonly model: string;
}
export interface Kept {
  /** The session that it had, by the agent's own name for it. */
  readonly session?: string;
  readonly reply?: { readonly text: string; readonly usage: Usage | undefined };
}

/** The log failing must not lose the reply: its end is told anyway, and that says the same. */
export async function keepReply(log: AttemptLog, { text, usage, model }: Reply): Promise<void> {
  const { tokensUsed = 0, costUsd = null, turns = 1 } = usage ?? {};
  const entry: Json = { usage: { tokensUsed, costUsd, turns, finishReason: "stop", model }, reply: text };
  await log.append({ type: "turn:complete", entry }).catch(() => {});
}

/** Of that agent alone: another one knows nothing of its sessions. */
export async function keptOf(log: AttemptLog, agent: string, continues: readonly number[] = []): Promise<Kept> {
  let session: string | undefined;
  let reply: Kept["reply"];
  const before = (await Promise.all(continues.map((attempt) => log.read(attempt)))).flat();
  for (const { type, entry } of [...before, ...(await log.read())]) {
    if (!isRecord(entry)) continue;
    const told = type === "workspace:opened" && isRecord(entry["session"]) ? entry["session"] : undefined;
    if (told?.["agent"] === agent && typeof told["id"] === "string") session = told["id"];
    const usage = type === "turn:complete" && isRecord(entry["usage"]) ? entry["usage"] : undefined;
    if (usage?.["model"] === agent && typeof entry["reply"] === "string")
      reply = { text: entry["reply"], usage: usageIn(usage) };
  }
  return { ...(session !== undefined && { session }), ...(reply && { reply }) };
}

function usageIn(usage: Record<string, unknown>): Usage {
  const { tokensUsed, costUsd, turns } = usage;
  return {
    tokensUsed: typeof tokensUsed === "number" ? tokensUsed : 0,
    costUsd: typeof costUsd === "number" ? costUsd : null,
    ...(typeof turns === "number" && { turns }),
  };
}
