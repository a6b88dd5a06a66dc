/** Whether a complete reply is what was asked for. The same reply always gets the same verdict, also after a crash. */
import type { Json } from "../../domain/json.ts";
import type { Fault } from "./faults.ts";
import type { ModelRef } from "./model-ref.ts";
import { labelOf } from "./providers.ts";
import type { ReadReply } from "./schema.ts";

export type Verdict = { readonly ok: true; readonly output: Json } | ({ readonly ok: false } & Fault);

export interface Asked {
  readonly ref: ModelRef;
  readonly maxTokens?: number;
  /** Where the output has a schema. */
  readonly read?: ReadReply;
}

export function verdictOn(reply: { readonly text: string; readonly finishReason: string }, asked: Asked): Verdict {
  const { ref, maxTokens, read } = asked;
  const who = `${ref.id} of ${labelOf(ref)}`;
  const text = reply.text.trim();
  if (reply.finishReason === "content-filter")
    return no("refused", "never", `${who} refused${text === "" ? "" : `: ${text.slice(0, 300)}`}`);
  if (reply.finishReason === "length") {
    const limit = maxTokens === undefined ? "its own limit of tokens" : `maxTokens ${maxTokens}`;
    return no("invalid-output", "never", `the reply of ${who} was cut at ${limit}: raise maxTokens or ask for less`);
  }
  if (reply.finishReason === "tool-calls")
    return no("invalid-output", "safe", `${who} asked for a tool, and this agent has none`);
  if (text === "") return no("empty", "safe", `${who} sent an empty reply`);
  if (!read) return { ok: true, output: reply.text };
  const got = read(reply.text);
  return got.ok ? { ok: true, output: got.value } : no("invalid-output", "safe", `${who}: ${got.reason}`);
}

const no = (failure: Fault["failure"], retry: Fault["retry"], reason: string): Verdict => ({
  ok: false,
  failure,
  reason,
  retry,
});
