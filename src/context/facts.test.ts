import { expect, test } from "vitest";
import { FACTS, HELD_OUT, type PlantedFact } from "../../test/support/facts.ts";
import { OUTPUT_KINDS, outputOf, plant, Writer } from "../../test/support/outputs.ts";
import type { Json } from "../domain/json.ts";
import { assemble } from "./assemble.ts";
import type { Source } from "./shown.ts";

const ASKING = [
  (q: string) => `Implement the next part of the system. Before you begin, answer from the earlier work: ${q}?`,
  (q: string) =>
    `# Goal\n\nWrite the integration guide for the shop.\n\n## Deliver\n\n- An overview of the services\n- ${q}\n- Steps to deploy and to roll back\n\nDo not change code. Keep it under two pages.`,
  (q: string) =>
    `Review the design with the team's standards in mind. State ${q}, and judge whether that fits the load. List risks by severity.`,
];

function sources(seed: number, w: Writer, facts: readonly PlantedFact[], distance: number, count = 3): Source[] {
  const outputs: Json[] = Array.from({ length: count }, (_, i) => outputOf(w.pick(OUTPUT_KINDS), seed * 31 + i));
  for (const { fact } of facts) {
    const at = w.upTo(outputs.length);
    outputs[at] = plant(outputs[at] as Json, fact, w);
  }
  return outputs.map((output, i) => ({
    task: `t${distance}${i}`,
    agentName: "backend-architect",
    description: "An earlier part",
    output,
    distance,
  }));
}

/** Of planted facts, those that a later task does not see though its prompt asks for them. */
function lost(
  facts: readonly PlantedFact[],
  count: number,
  where: "dependencies" | "ancestors",
  asked: number,
): string[] {
  const missing: string[] = [];
  for (let n = 0; n < count; n += asked) {
    const w = new Writer(n + 1);
    const some = Array.from({ length: asked }, (_, i) => facts[(n + i) % facts.length] as PlantedFact);
    // As few as one dependency and as many as five, of which each has less room.
    const near = sources(n + 1, w, where === "dependencies" ? some : [], 1, 1 + (n % 5));
    const far = sources(n + 5000, w, where === "ancestors" ? some : [], 2);
    const question = some.map((one) => one.question).join("; ");
    const { text } = assemble({
      strategy: "shared",
      task: { id: "t", description: "Build on the earlier work", prompt: w.pick(ASKING)(question) },
      dependencies: near,
      ancestors: far,
    });
    for (const one of some) if (!text.includes(one.answer)) missing.push(one.fact);
  }
  return missing;
}

test.each([
  ["one at a time", 1],
  ["four at a time", 4],
] as const)("[bar:facts] of 200 facts planted in results, those asked for are kept: %s", (_how, asked) => {
  const missing = lost(FACTS, 200, "dependencies", asked);
  expect(missing.length).toBeLessThanOrEqual(6);
});

test("[bar:facts] also in words that the scoring was not written with", () => {
  const missing = lost(HELD_OUT, 200, "dependencies", 1);
  expect(missing.length).toBeLessThanOrEqual(6);
});

test("[bar:facts] also out of the short digests of ancestors", () => {
  const missing = lost([...FACTS, ...HELD_OUT], 200, "ancestors", 1);
  expect(missing.length).toBeLessThanOrEqual(20);
});

test("[bar:facts] also out of a pool of two megabytes, of which only a part is looked at closely", () => {
  const w = new Writer(77);
  const facts = [...FACTS, ...HELD_OUT].slice(0, 40);
  const kinds = OUTPUT_KINDS.filter((kind) => kind !== "findings");
  const outputs: Json[] = Array.from({ length: 8 }, (_, i) => outputOf(w.pick(kinds), i, 71_000));
  for (const { fact } of facts) {
    const at = w.upTo(outputs.length);
    outputs[at] = plant(outputs[at] as Json, fact, w);
  }
  const dependencies = outputs.map((output, i) => ({
    ...{ task: `t${i}`, agentName: "backend-architect", description: "An earlier part", output, distance: 1 },
  }));
  const missing: string[] = [];
  for (let n = 0; n < facts.length; n += 4) {
    const some = facts.slice(n, n + 4);
    const prompt = ASKING[0]?.(some.map(({ question }) => question).join("; ")) ?? "";
    const task = { id: "t", description: "Build on the earlier work", prompt };
    const { text } = assemble({ strategy: "shared", task, dependencies });
    for (const { answer, fact } of some) if (!text.includes(answer)) missing.push(fact);
  }
  expect(missing.length).toBeLessThanOrEqual(4);
});
