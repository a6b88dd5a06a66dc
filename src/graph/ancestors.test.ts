import { expect, test } from "vitest";
import { ancestorsOf, shownHashes } from "./ancestors.ts";
import { createGraph, evolveGraph } from "./dag.ts";

/** A graph of tasks, each with what it depends on. */
function graphOf(plan: { readonly [id: string]: readonly string[] }) {
  const graph = createGraph();
  const stamp = { run: "r", seq: 1, at: 1 };
  for (const [taskId, dependencies] of Object.entries(plan))
    evolveGraph(graph, {
      ...{ ...stamp, type: "task:added", taskId, agentName: "x", description: "", prompt: "", dependencies },
    });
  const node = (id: string) => graph.nodes.get(id) as NonNullable<ReturnType<typeof graph.nodes.get>>;
  const ancestors = (id: string) => [...ancestorsOf(node(id))].map(([{ id }, distance]) => [id, distance]);
  return { node, ancestors };
}

test("what a task comes after, nearest first, each at its shortest way", () => {
  const { ancestors } = graphOf({ a: [], b: ["a"], c: ["b"], d: ["c", "a"] });
  expect(ancestors("d")).toEqual([
    ["c", 1],
    ["a", 1],
    ["b", 2],
  ]);
  expect(ancestors("a")).toEqual([]);
});

test("[I9] direct dependencies all, and of what lies behind them no more than there is room for", () => {
  const many = Array.from({ length: 3000 }, (_, i) => `m${i}`);
  const { ancestors } = graphOf({ ...Object.fromEntries(many.map((id) => [id, []])), all: many, end: ["all"] });
  expect(ancestors("all")).toHaveLength(3000);
  expect(ancestors("end")).toHaveLength(500);
});

test("[I11] only what has an output is shown; of further ancestors only where all are", () => {
  const { node } = graphOf({ a: [], b: ["a"], c: ["b"] });
  Object.assign(node("a"), { status: "complete", output: "one" });
  Object.assign(node("b"), { status: "failed", output: "two" });
  expect(shownHashes(node("c"))).toEqual({});
  expect(Object.keys(shownHashes(node("c"), true))).toEqual(["a"]);
});
