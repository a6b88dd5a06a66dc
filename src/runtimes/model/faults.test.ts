import { expect, test } from "vitest";
import { faultOf } from "./faults.ts";
import { parseModelRef } from "./model-ref.ts";

const REF = parseModelRef("openai/gpt-5", []);
const fault = (told: object) => faultOf(Object.assign(new Error("no"), told), REF, 0);

/** How providers and their servers say that a prompt does not fit. */
const TOO_LONG = [
  "prompt is too long: 215433 tokens > 200000 maximum",
  "This model's maximum context length is 128000 tokens. However, your messages resulted in 130001 tokens.",
  "Your input exceeds the context window of this model. Please adjust your input and try again.",
  "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
  "the request exceeds the available context size, try increasing it",
  "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000",
];

test.each(TOO_LONG)("a prompt that does not fit is known by its words: %s", (message) => {
  expect(fault({ statusCode: 400, message })).toMatchObject({ failure: "context-window", retry: "never" });
});

test.each<[string, object, string, string]>([
  ["413", { statusCode: 413 }, "context-window", "never"],
  ["a code inside a stream", { code: "context_length_exceeded" }, "context-window", "never"],
  [
    "a limit of tokens a minute",
    { statusCode: 429, message: "Limit 30000 input tokens; reduce the prompt length. context length" },
    "rate-limit",
    "safe",
  ],
  ["401", { statusCode: 401 }, "auth", "never"],
  ["403", { statusCode: 403 }, "auth", "never"],
  ["402", { statusCode: 402 }, "quota", "never"],
  ["a quota inside a stream", { code: "insufficient_quota" }, "quota", "never"],
  ["credit that is used up", { statusCode: 400, message: "Your credit balance is too low" }, "quota", "never"],
  ["another 400", { statusCode: 400, message: "unknown parameter" }, "error", "never"],
  ["500", { statusCode: 500, message: "prompt is too long" }, "error", "safe"],
  ["503", { statusCode: 503 }, "overloaded", "safe"],
  ["nobody there", { cause: { code: "ECONNREFUSED" } }, "network", "safe"],
  ["a cut", { cause: { cause: { code: "ECONNRESET" } } }, "network", "safe"],
  ["an answer that makes no sense", {}, "error", "safe"],
])("%s has its class", (_name, told, failure, retry) => {
  expect(fault(told)).toMatchObject({ failure, retry });
});
