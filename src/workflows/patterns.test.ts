import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AgentTask } from "../domain/plan.ts";
import { checkPlan } from "../graph/check.ts";
import { inTopologicalOrder } from "../graph/critical-path.ts";
import {
  forkJoin,
  hierarchy,
  mapReduce,
  type Part,
  parallel,
  pipeline,
  reviewUntilApproved,
  sequence,
  stages,
} from "./patterns.ts";

const part = (id: string): Part => ({ id, agentName: "worker", prompt: `Do ${id}` });
const parts = (...ids: string[]): Part[] => ids.map(part);

/** `a b<a c<a,b` */
const drawn = (tasks: readonly AgentTask[]): string =>
  checkPlan(tasks)
    .map(({ id, dependencies }) => (dependencies ? `${id}<${dependencies.join(",")}` : id))
    .join(" ");

describe("each pattern in a line", () => {
  test.each<[string, readonly AgentTask[], string]>([
    ["sequence", sequence(parts("a", "b", "c")), "a b<a c<b"],
    ["sequence with a processor", sequence(parts("a", "b"), part("p")), "a b<a p<a,b"],
    ["parallel", parallel(parts("a", "b")), "a b"],
    ["fork and join", forkJoin(part("f"), parts("a", "b"), part("j")), "f a<f b<f j<a,b"],
    ["pipeline", pipeline([part("a"), parts("b", "c"), part("d")]), "a b<a c<a d<b,c"],
    ["pipeline with an empty stage", pipeline([part("a"), [], part("b")]), "a b<a"],
    ["stages", stages().next(part("a")).next(part("b"), part("c")).next(part("d")).tasks(), "a b<a c<a d<b,c"],
    [
      "own dependencies are kept",
      [...parallel(parts("x")), ...sequence([{ ...part("a"), dependencies: ["x"] }, part("b")])],
      "x a<x b<a",
    ],
  ])("%s", (_name, tasks, expected) => {
    expect(drawn(tasks)).toBe(expected);
  });
});

test("a description that is left out is the id", () => {
  expect(parallel([part("a"), { ...part("b"), description: "B" }]).map((task) => task.description)).toEqual(["a", "B"]);
});

test("map and reduce is one task for each entry of the source's list", () => {
  const reduce = { agentName: "editor", prompt: "Put together" };
  const tasks = mapReduce({ source: part("list"), path: "/files", map: part("read"), reduce, max: 20 });
  expect(drawn(tasks)).toBe("list read<list");
  expect(tasks[1]?.forEach).toEqual({ task: "list", path: "/files", max: 20, reduce });
});

test("work and review repeat until the review says yes", () => {
  const tasks = reviewUntilApproved({ work: part("write"), review: part("judge"), maxIterations: 3 });
  expect(drawn(tasks)).toBe("write judge<write");
  expect(tasks[1]).toMatchObject({
    until: { task: "judge", path: "/approved", op: "eq", value: true },
    repeats: ["write"],
    maxIterations: 3,
  });
});

describe("hierarchy", () => {
  const agents = [
    { name: "ann", capabilities: ["sql", "api"] },
    { name: "bob", capabilities: ["api"] },
  ];
  const work = (...capabilities: string[]) =>
    capabilities.map((capability, i) => ({ id: `w${i + 1}`, capability, prompt: "Do it" }));

  test("the supervisor briefs, workers work at once, the supervisor compiles", () => {
    const tasks = hierarchy({ supervisor: "lead", goal: "Ship", agents, work: work("sql", "api") });
    expect(drawn(tasks)).toBe(
      "supervise-brief w1<supervise-brief w2<supervise-brief supervise-compile<supervise-brief,w1,w2",
    );
    expect(tasks.map(({ agentName }) => agentName)).toEqual(["lead", "ann", "bob", "lead"]);
    expect(tasks[0]?.prompt).toContain('Goal: "Ship".');
    expect(tasks[3]?.prompt).toContain("results of w1, w2");
  });

  test("work is spread over all who can do it", () => {
    const tasks = hierarchy({ supervisor: "lead", goal: "Ship", agents, work: work("api", "api", "api", "api") });
    expect(tasks.slice(1, -1).map(({ agentName }) => agentName)).toEqual(["ann", "bob", "ann", "bob"]);
  });

  test.each([
    ["ap", "no agent has the capability 'ap': did you mean 'api'?"],
    ["painting", "no agent has the capability 'painting'"],
  ])("a capability that nobody has exactly is an error: %s", (capability, message) => {
    const plan = () => hierarchy({ supervisor: "lead", goal: "Ship", agents, work: work(capability) });
    expect(plan).toThrow(expect.objectContaining({ code: "BAD_INPUT", message }));
  });
});

test("any pipeline is a plan whose stages come in order", async () => {
  await fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 8 }), (widths) => {
      const tasks = pipeline(widths.map((width, s) => parts(...Array.from({ length: width }, (_, i) => `s${s}-${i}`))));
      const stageOf = (id: string) => Number(/^s(\d+)/.exec(id)?.[1]);
      const order = inTopologicalOrder(checkPlan(tasks)).map(({ id }) => stageOf(id));
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      for (const { id, dependencies = [] } of tasks)
        expect(dependencies).toHaveLength(stageOf(id) === 0 ? 0 : (widths[stageOf(id) - 1] ?? 0));
    }),
  );
});
