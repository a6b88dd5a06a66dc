import * as fc from "fast-check";
import { expect, test } from "vitest";
import { told, who } from "../../test/support/told.ts";
import type { EventOf } from "../domain/events.ts";
import { contentKey, type Ingredients, uncacheable } from "./key.ts";
import { createSamples, evolveSamples } from "./samples.ts";

type Spec = EventOf<"task:added">;
interface Made extends Omit<Ingredients, "spec" | "card"> {
  readonly spec: object;
  readonly card: object;
}
const base: Made = {
  spec: { description: "d", model: "m", maxTokens: 5, context: { a: 1, b: [2] }, item: 3 },
  agentName: "a",
  card: { runtime: "f", hash: "h", model: "card" },
  prompt: "p",
  note: "n",
  shown: { x: "1", y: "2" },
  messages: [{ from: "u", content: { z: 1 } }],
  sample: 0,
};
const keyOf = (made: Made) =>
  contentKey({
    ...made,
    spec: { ...told("task:added", who("t")), ...made.spec } as Spec,
    card: made.card as Ingredients["card"],
  });

test.each<[string, Partial<Made>]>([
  ["the agent", { agentName: "b" }],
  ["its definition", { card: { ...base.card, hash: "g" } }],
  ["its runtime", { card: { ...base.card, runtime: "g" } }],
  ["the model", { spec: { ...base.spec, model: "n" } }],
  ["the tokens it may use", { spec: { ...base.spec, maxTokens: 6 } }],
  ["the description", { spec: { ...base.spec, description: "e" } }],
  ["the prompt", { prompt: "q" }],
  ["the note of a person", { note: "o" }],
  ["no note", { note: undefined }],
  ["the context", { spec: { ...base.spec, context: { a: 1, b: [3] } } }],
  ["the item", { spec: { ...base.spec, item: 4 } }],
  ["an item that is null", { spec: { ...base.spec, item: null } }],
  ["what it is shown", { shown: { x: "1", y: "3" } }],
  ["under which name it is shown", { shown: { x: "1", z: "2" } }],
  ["a message", { messages: [{ from: "u", content: { z: 2 } }] }],
  ["who sent it", { messages: [{ from: "v", content: { z: 1 } }] }],
  ["one message less", { messages: [] }],
  ["which sample it is", { sample: 1 }],
])("[I11] another key for another thing it is made from: %s", (_what, other) => {
  expect(keyOf({ ...base, ...other })).not.toBe(keyOf(base));
});

test("[I11] the same key for the same work, in whatever order it is written and whatever the task is called", () => {
  const { description, ...rest } = base.spec as Spec;
  const again: Made = {
    ...base,
    spec: { ...rest, context: { b: [2], a: 1 }, description, taskId: "other", priority: 9, timeout: 7 },
    shown: { y: "2", x: "1" },
  };
  expect(keyOf(again)).toBe(keyOf(base));
  const { model: _model, ...unset } = base.spec as Spec;
  expect(keyOf({ ...base, spec: unset })).toBe(keyOf({ ...base, spec: { ...unset, model: "card" } }));
});

test("[I11] keys are equal exactly where ingredients are", async () => {
  const made = fc.record({
    prompt: fc.constantFrom("p", "q"),
    note: fc.constantFrom(undefined, "", "p"),
    sample: fc.nat(2),
    shown: fc.dictionary(fc.constantFrom("x", "y"), fc.constantFrom("1", "2")),
  });
  await fc.assert(
    fc.property(made, made, (one, other) => {
      const sorted = ({ shown, ...rest }: typeof one) =>
        JSON.stringify([rest.prompt, rest.note ?? null, rest.sample, shown["x"] ?? null, shown["y"] ?? null]);
      expect(keyOf({ ...base, ...one }) === keyOf({ ...base, ...other })).toBe(sorted(one) === sorted(other));
    }),
    { numRuns: 500 },
  );
});

test("[I11] without a hash of its definition no key of an agent is trusted", () => {
  expect(uncacheable("a", { runtime: "f", hash: "h" })).toBeUndefined();
  for (const card of [undefined, { runtime: "f" }])
    expect(uncacheable("a", card)).toBe("agent 'a' is a function without a version");
});

test("tasks of the same content are samples of their own, in order; others are the first of their kind", () => {
  const samples = createSamples();
  evolveSamples(
    samples,
    told("workflow:start", { agents: { a: { runtime: "f", hash: "h" }, plain: { runtime: "f" } } }),
  );
  const add = (id: string, agent = "a", more: object = {}) => {
    evolveSamples(
      samples,
      told("task:added", { ...who(id, agent), description: "d", prompt: "p", dependencies: [], ...more }),
    );
    return samples.of.get(id) ?? 0;
  };
  expect([add("v1"), add("v2"), add("other", "a", { prompt: "q" }), add("item", "a", { item: 1 }), add("v3")]).toEqual([
    0, 1, 0, 0, 2,
  ]);
  expect([add("f1", "plain"), add("f2", "plain")]).toEqual([0, 0]);
  evolveSamples(samples, told("plan:changed", { agents: { plain: { runtime: "f", hash: "g" } } }));
  expect([add("f3", "plain"), add("f4", "plain")]).toEqual([0, 1]);
});
