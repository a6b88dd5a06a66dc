import { describe, expect, test } from "vitest";
import { attemptOf } from "../../../test/support/model-attempt.ts";
import { parseModelRef } from "./model-ref.ts";
import { promptFor } from "./prompt.ts";
import { baseUrlOf } from "./providers.ts";
import { retryAfterOf } from "./retry-after.ts";
import { readerOf } from "./schema.ts";
import { scrubber } from "./secrets.ts";

describe("names of models", () => {
  test.each([
    ["anthropic/claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"],
    ["claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"],
    ["gpt-5", "openai", "gpt-5"],
    ["gemini-2.5-pro", "google", "gemini-2.5-pro"],
    ["ollama/llama3:8b", "ollama", "llama3:8b"],
    ["compatible/lab/org/model", "compatible", "org/model"],
  ])("%s", (text, provider, id) => {
    expect(parseModelRef(text, ["lab"])).toMatchObject({ provider, id });
  });

  test("the short form and the long form are the same model", () => {
    expect(parseModelRef("gpt-5")).toEqual(parseModelRef("openai/gpt-5"));
  });

  test.each([
    ["opnai/gpt-5", "the model 'opnai/gpt-5' names the unknown provider 'opnai': did you mean 'openai'?"],
    ["lab/x", "the model 'lab/x' means 'compatible/lab/x'"],
    ["compatible/lib/x", "the model 'compatible/lib/x' names the unknown server 'lib': did you mean 'lab'?"],
    ["compatible/lab", "the model 'compatible/lab' is incomplete"],
    ["openai/", "the model 'openai/' names no model"],
    ["llama", "the model 'llama' names no provider: did you mean 'ollama'?"],
    ["", "the model '' names no provider"],
    ["__proto__/x", "the model '__proto__/x' names the unknown provider '__proto__'"],
  ])("%s is refused", (text, words) => {
    expect(() => parseModelRef(text, ["lab"])).toThrow(expect.objectContaining({ code: "BAD_INPUT", message: words }));
  });
});

describe("how long to wait", () => {
  const now = Date.UTC(2026, 0, 1, 12);
  const at = (seconds: number) => new Date(now + seconds * 1000);
  test.each<[string, Record<string, string>, number | undefined]>([
    ["seconds", { "retry-after": "7" }, 7000],
    ["a fraction", { "retry-after": "1.5" }, 1500],
    ["a date, by our clock", { "retry-after": at(30).toUTCString() }, 30_000],
    ["a date, by the server's", { "retry-after": at(3630).toUTCString(), date: at(3600).toUTCString() }, 30_000],
    ["a date that is over", { "retry-after": at(-30).toUTCString() }, 0],
    ["milliseconds before all else", { "retry-after-ms": "20", "retry-after": "9" }, 20],
    ["at most an hour", { "retry-after": "86400" }, 3_600_000],
    [
      "what is used up at Anthropic",
      {
        "anthropic-ratelimit-requests-remaining": "3",
        "anthropic-ratelimit-requests-reset": at(600).toISOString(),
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": at(12).toISOString(),
      },
      12_000,
    ],
    [
      "the same by the server's clock",
      {
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": at(3612).toISOString(),
        date: at(3600).toUTCString(),
      },
      12_000,
    ],
    [
      "what is used up at OpenAI",
      { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-reset-requests": "1h" },
      360_000,
    ],
    ["parts of a second", { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1s20ms" }, 1020],
    ["nothing", {}, undefined],
    ["a word", { "retry-after": "soon" }, undefined],
    ["less than nothing", { "retry-after": "-5" }, undefined],
    ["a bare year", { "retry-after-ms": "NaN", "retry-after": "1e9" }, undefined],
    ["no duration", { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6 minutes" }, undefined],
  ])("%s", (_name, headers, expected) => {
    expect(retryAfterOf(headers, now)).toBe(expected);
  });
});

describe("what is sent", () => {
  test("a lonely prompt is sent as it is, and all else comes before it under its own heading", () => {
    expect(promptFor(attemptOf("gpt-5"))).toEqual([{ text: "Do it" }]);
    const [part, ...more] = promptFor(
      attemptOf("gpt-5", {
        results: { build: { ok: true } },
        messages: [{ seq: 1, from: "critic", kind: "data", content: "look twice" }],
        note: "go on",
        task: { context: { stack: "node" }, item: "one", index: 2 },
      }),
    );
    expect(more).toEqual([]);
    expect(part?.text.match(/^## .*/gm)).toEqual([
      "## Result of task 'build'",
      "## Message from critic (data)",
      "## Note of the person who approved this task",
      "## Context",
      "## Item 2",
      "## Your task",
    ]);
  });

  test("context that was assembled elsewhere is taken as it is", () => {
    const shown = { text: "# Your task", tokens: 4, pieces: [] };
    expect(promptFor({ ...attemptOf("gpt-5", { results: { a: "never seen" } }), shown })).toEqual([
      { text: "# Your task" },
    ]);
  });
});

test.each([
  ["anthropic/x", "https://gate.example/anthropic/", "https://gate.example/anthropic/v1"],
  ["anthropic/x", "https://api.anthropic.com/v1", "https://api.anthropic.com/v1"],
  ["openai/x", "http://127.0.0.1:8080", "http://127.0.0.1:8080/v1"],
  ["openai/x", "https://gate.example/openai", "https://gate.example/openai"],
  ["ollama/x", "127.0.0.1", "http://127.0.0.1:11434/v1"],
  ["ollama/x", "box:8000", "http://box:8000/v1"],
  ["ollama/x", undefined, "http://127.0.0.1:11434/v1"],
  ["google/x", "http://127.0.0.1:1", "http://127.0.0.1:1/v1beta"],
  ["openai/x", "not a url", undefined],
])("%s at %s is called at %s", (model, baseUrl, expected) => {
  const ref = parseModelRef(model);
  expect(baseUrlOf(ref, { [ref.provider]: baseUrl === undefined ? {} : { baseUrl } })).toBe(expected);
});

test("a schema names the place of a fault", async () => {
  const read = await readerOf({ type: "object", properties: { a: { type: "array", items: { type: "string" } } } });
  expect(read('{"a":["x",1]}')).toEqual({ ok: false, reason: expect.stringMatching(/\/a\/1: .*string/) });
  expect(read('{"a":["x"],"b":1}')).toEqual({ ok: true, value: { a: ["x"], b: 1 } });
});

test("short placeholders are no secrets", () => {
  expect(scrubber(["none", "ollama", undefined])("none of ollama")).toBe("none of ollama");
});
