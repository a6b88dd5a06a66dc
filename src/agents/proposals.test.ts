import { describe, expect, test } from "vitest";
import type { AgentFile } from "./definition.ts";
import type { RunLesson } from "./experience.ts";
import type { Observation } from "./performance.ts";
import { proposalsOf } from "./proposals.ts";
import { AgentRegistry } from "./registry.ts";
import { StatisticsBook } from "./statistics.ts";

const agent = (name: string, capabilities: readonly string[]): AgentFile => ({
  name,
  description: name,
  instructions: name,
  capabilities,
});
const registry = new AgentRegistry([
  agent("builder", ["coding", "wiring"]),
  agent("developer", ["coding", "debugging"]),
  agent("twin-a", ["painting", "drawing"]),
  agent("twin-b", ["painting", "drawing"]),
]);
const CALM = { runs: 10, queuedShare: 0, places: 5 };
const conducting = {
  delegated: 0,
  decomposition: 0,
  retried: 0,
  fellBack: 0,
  gates: 0,
  planChanges: 0,
  routed: 0,
  added: 0,
  messages: 0,
  places: 5,
};

/** So many attempts, of which so many succeed. */
function tried(name: string, attempts: number, ok: number, more: Partial<Observation> = {}): RunLesson {
  const one = { agent: name, duration: 1000, tokens: 10, costUsd: 0.1, first: true, ...more };
  return {
    workflow: "w",
    conducting,
    observations: Array.from({ length: attempts }, (_, i) => ({ ...one, ok: i < ok })),
  };
}
function proposed(lessons: readonly RunLesson[], waiting = CALM) {
  const book = new StatisticsBook();
  for (const lesson of lessons) book.add(lesson);
  return proposalsOf(book, registry, waiting);
}

describe("proposals", () => {
  test("a cheaper model that does as well, with both figures", () => {
    const [found] = proposed([
      tried("builder", 20, 18, { model: "a/dear", costUsd: 0.5 }),
      tried("builder", 10, 9, { model: "a/cheap", costUsd: 0.05 }),
    ]);
    expect(found).toMatchObject({
      id: "model:builder:a/cheap",
      kind: "change-model",
      change: { do: "model", agent: "builder", model: "a/cheap" },
      evidence: [
        expect.stringContaining("a/dear: 90 % of 20 attempts"),
        expect.stringContaining("a/cheap: 90 % of 10 attempts"),
      ],
      effect: expect.stringContaining("$0.450 less a task (90 %)"),
    });
  });

  test("somebody who does the same work clearly better", () => {
    const [found] = proposed([tried("builder", 20, 6), tried("developer", 20, 18)]);
    expect(found).toMatchObject({
      id: "retire:builder",
      what: "Choose developer instead of builder",
      change: { do: "retire", agent: "builder" },
    });
  });

  test("one who is good at one kind of work only", () => {
    const [found] = proposed([tried("builder", 20, 20, { kind: "api" }), tried("builder", 10, 3, { kind: "css" })]);
    expect(found).toMatchObject({ kind: "specialise", change: { do: "retire", agent: "builder", kind: "css" } });
  });

  test("two who can the same and are seldom used", () => {
    const [found] = proposed([tried("twin-a", 3, 3), tried("twin-b", 2, 2)]);
    expect(found).toMatchObject({ id: "merge:twin-a:twin-b", kind: "merge" });
  });

  test("one who does nearly everything, though another could take a part", () => {
    const kinds = proposed([tried("builder", 40, 38), tried("developer", 10, 10)]).map(({ kind }) => kind);
    expect(kinds).toEqual(["re-balance"]);
  });

  test("more places where ready tasks wait for them", () => {
    const [found] = proposed([], { runs: 5, queuedShare: 0.4, places: 5 });
    expect(found).toMatchObject({
      id: "places:8",
      change: { do: "places", places: 8 },
      effect: "up to 40 % shorter runs, at the same cost",
    });
  });

  test.each<[string, readonly RunLesson[]]>([
    ["too few attempts", [tried("builder", 5, 0), tried("developer", 5, 5)]],
    ["as good as each other", [tried("builder", 20, 18), tried("developer", 20, 18, { duration: 2000 })]],
    [
      "a cheaper model that does worse",
      [
        tried("builder", 20, 19, { model: "a/dear", costUsd: 0.5 }),
        tried("builder", 10, 6, { model: "a/cheap", costUsd: 0.05 }),
      ],
    ],
    [
      "a model whose price is not known",
      [
        tried("builder", 20, 18, { model: "a/dear", costUsd: 0.5 }),
        tried("builder", 10, 10, { model: "a/own", costUsd: null }),
      ],
    ],
  ])("nothing is proposed for %s", (_what, lessons) => {
    expect(proposed(lessons)).toEqual([]);
  });
});
