/** Replies that have been paid for, kept in the attempt's own log: after a crash they are read, not bought again (I3). */
import type { Json } from "../../domain/json.ts";
import type { AttemptLog } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
import type { TokenUsage } from "../prices.ts";

export interface PaidReply {
  readonly text: string;
  readonly finishReason: string;
  readonly usage: TokenUsage;
  readonly costUsd: number | null;
}

/** An entry of the log has at most 1 MiB of JSON; a longer reply is not kept there. */
const LARGEST_KEPT = 1_000_000;

/** The log failing must not lose the reply: its end is told anyway, and that says the same. */
export async function keepReply(log: AttemptLog, model: string, reply: PaidReply): Promise<void> {
  const { text, finishReason, usage, costUsd } = reply;
  const isKept = JSON.stringify(text).length < LARGEST_KEPT;
  const entry: Json = { usage: { ...usage, costUsd, finishReason, model }, ...(isKept ? { reply: text } : {}) };
  await log.append({ type: "turn:complete", entry }).catch(() => {});
}

export async function paidReply(log: AttemptLog): Promise<PaidReply | undefined> {
  const entries = await log.read();
  return entries
    .filter(({ type }) => type === "turn:complete")
    .map(({ entry }) => replyIn(entry))
    .findLast((reply) => reply !== undefined);
}

function replyIn(entry: Json): PaidReply | undefined {
  const usage = isRecord(entry) ? entry["usage"] : undefined;
  if (!isRecord(entry) || !isRecord(usage) || typeof entry["reply"] !== "string") return undefined;
  const count = (field: keyof TokenUsage) => (typeof usage[field] === "number" ? usage[field] : 0);
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
  };
}
