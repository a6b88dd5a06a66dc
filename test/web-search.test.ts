/** A search that the provider performs itself: offered, paid, cited, and never taken for a call to one of our tools. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../src/app/system.ts";
import { type ModelSettings, modelRuntime } from "../src/runtimes/model/runtime.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { attemptOf, heldWorld } from "./support/model-attempt.ts";

let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

const PAGE = { url: "https://example.org/release", title: "Release  notes" };
const USED = { tools: ["web_search"] };

const lines = (...events: readonly { readonly type?: string; readonly [field: string]: unknown }[]): string =>
  events.map((one) => `${one.type ? `event: ${one.type}\n` : ""}data: ${JSON.stringify(one)}\n\n`).join("");

const ANTHROPIC = lines(
  {
    type: "message_start",
    message: { id: "m", type: "message", role: "assistant", model: "fake", content: [], usage: { input_tokens: 1000 } },
  },
  {
    type: "content_block_start",
    index: 0,
    content_block: { type: "server_tool_use", id: "s1", name: "web_search", input: {} },
  },
  { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: '{"query":"release"}' } },
  { type: "content_block_stop", index: 0 },
  {
    type: "content_block_start",
    index: 1,
    content_block: {
      type: "web_search_tool_result",
      tool_use_id: "s1",
      content: [{ type: "web_search_result", ...PAGE, encrypted_content: "x", page_age: null }],
    },
  },
  { type: "content_block_stop", index: 1 },
  { type: "content_block_start", index: 2, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 2, delta: { type: "text_delta", text: "It is out." } },
  { type: "content_block_stop", index: 2 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 100 } },
  { type: "message_stop" },
);

const MESSAGE = { type: "message", id: "i2", role: "assistant" };
const CITED = { type: "url_citation", start_index: 0, end_index: 2, ...PAGE };
const OPENAI = lines(
  { type: "response.created", response: { id: "r", created_at: 1, model: "gpt-5" } },
  {
    type: "response.output_item.added",
    output_index: 0,
    item: { type: "web_search_call", id: "i1", status: "in_progress" },
  },
  {
    type: "response.output_item.done",
    output_index: 0,
    item: { type: "web_search_call", id: "i1", status: "completed", action: { type: "search", query: "release" } },
  },
  { type: "response.output_item.added", output_index: 1, item: MESSAGE },
  { type: "response.output_text.delta", item_id: "i2", output_index: 1, content_index: 0, delta: "It is out." },
  { type: "response.output_text.annotation.added", item_id: "i2", annotation: CITED },
  { type: "response.output_item.done", output_index: 1, item: MESSAGE },
  {
    type: "response.completed",
    response: { usage: { input_tokens: 1000, output_tokens: 100 }, incomplete_details: null },
  },
);

const GOOGLE = lines({
  candidates: [
    {
      content: { role: "model", parts: [{ text: "It is out." }] },
      finishReason: "STOP",
      index: 0,
      groundingMetadata: {
        webSearchQueries: ["release"],
        groundingChunks: [{ web: { uri: PAGE.url, title: PAGE.title } }],
      },
    },
  ],
  usageMetadata: { promptTokenCount: 1000, candidatesTokenCount: 100 },
});

function runtime(settings: ModelSettings) {
  const one = { apiKey: "k", baseUrl: fake.url };
  return modelRuntime({
    clock: systemClock,
    providers: { anthropic: one, openai: one, google: one, compatible: { lab: one } },
    prices: { "own-price": { input: 1, output: 1, webSearches: 5 } },
    instructionsOf: () => settings,
  });
}

test.each([
  ["anthropic/claude-sonnet-4-5", ANTHROPIC, { type: "web_search_20250305", name: "web_search", max_uses: 5 }, 0.0145],
  ["openai/gpt-5", OPENAI, { type: "web_search" }, 0.01225],
  // Nobody knows what a search costs there, which is not nothing.
  ["google/gemini-2.5-flash", GOOGLE, { googleSearch: {} }, null],
] as const)("%s is offered its provider's search, which is paid and cited", async (model, body, offered, costUsd) => {
  fake.script({ body });
  const outcome = await runtime(USED).perform(attemptOf(model), heldWorld());
  expect(outcome).toMatchObject({
    ok: true,
    output: `It is out.\n\nSources:\n- Release notes: ${PAGE.url}\n`,
    usage: { turns: 1, tokensUsed: 1100 },
  });
  expect(outcome.usage?.costUsd).toEqual(costUsd === null ? null : expect.closeTo(costUsd, 6));
  expect(fake.calls).toHaveLength(1);
  expect(fake.calls[0]?.body.tools).toEqual([offered]);
  if (model.startsWith("openai")) expect(fake.calls[0]?.body.store).toBe(false);
});

test("an agent may set the price of a search itself", async () => {
  fake.script({ body: ANTHROPIC });
  const outcome = await runtime(USED).perform(attemptOf("anthropic/own-price"), heldWorld());
  expect(outcome.usage?.costUsd).toBeCloseTo(1100 / 1e6 + 5 / 1000, 9);
});

test.each<[string, string, ModelSettings]>([
  ["names it not", "anthropic/claude-sonnet-4-5", { tools: [] }],
  ["is denied it", "anthropic/claude-sonnet-4-5", { ...USED, deniedTools: ["web_search"] }],
  [
    "is denied it by a rule",
    "anthropic/claude-sonnet-4-5",
    { ...USED, permissions: [{ action: "*", resource: "*", effect: "deny" }] },
  ],
  [
    "would have to ask, which nobody can in the middle of an answer",
    "anthropic/claude-sonnet-4-5",
    { ...USED, permissions: [{ action: "web_search", resource: "*", effect: "ask" }] },
  ],
  ["has a model whose server has none", "compatible/lab/some", USED],
])("an agent that %s is offered no search", async (_what, model, settings) => {
  fake.script({});
  expect((await runtime(settings).perform(attemptOf(model), heldWorld())).ok).toBe(true);
  expect(fake.calls[0]?.body.tools).toBeUndefined();
});

test("what must be JSON stays it, with nothing below", async () => {
  fake.script({ body: ANTHROPIC.replace("It is out.", '{\\"out\\":true}') });
  const output = { type: "object", properties: { out: { type: "boolean" } } };
  const outcome = await runtime({ ...USED, output }).perform(attemptOf("anthropic/claude-sonnet-4-5"), heldWorld());
  expect(outcome).toMatchObject({ ok: true, output: { out: true } });
});

test("a search beside a call of our own is said again with the next turn, and only the call is performed", async () => {
  const call = lines(
    {
      type: "content_block_start",
      index: 3,
      content_block: { type: "tool_use", id: "c1", name: "board_get", input: {} },
    },
    { type: "content_block_delta", index: 3, delta: { type: "input_json_delta", partial_json: '{"key":"plan"}' } },
    { type: "content_block_stop", index: 3 },
    { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 100 } },
  );
  const [before, after] = ANTHROPIC.split(/(?=event: message_delta)/);
  fake.script({ body: `${before}${call}${after?.slice(after.indexOf("event: message_stop"))}` }, { text: ["Done"] });
  const tools = ["web_search", "board_get"];
  const outcome = await runtime({ tools }).perform(attemptOf("anthropic/claude-sonnet-4-5"), heldWorld());
  expect(outcome).toMatchObject({ ok: true, output: "Done" });
  const [, said, answered] = fake.calls[1]?.body.messages ?? [];
  expect(said.content.map(({ type }: { type: string }) => type)).toEqual([
    ...["server_tool_use", "web_search_tool_result", "text", "tool_use"],
  ]);
  expect(answered.content).toMatchObject([{ type: "tool_result", tool_use_id: "c1" }]);
});
