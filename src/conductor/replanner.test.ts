import { describe, expect, test } from "vitest";
import type { Failure } from "../domain/failures.ts";
import type { AgentTask, Brief } from "../domain/plan.ts";
import type { Choose } from "./planner.ts";
import { type Remedy, remedyProblems, type Standing } from "./remedy.ts";
import { remedyIn } from "./replan-reply.ts";
import { concerned, freeId, remedyByRule } from "./replanner.ts";

const task = (id: string, agentName: string, brief: Brief, more: Partial<AgentTask> = {}): AgentTask => ({
  ...{ id, agentName, description: `work at ${id}`, prompt: `Please work at ${id} as agreed.`, brief, ...more },
});
const BUILD = task("door", "joiner", { kind: "build", outputs: ["door"], covers: ["r1"], criteria: ["it shuts"] });
const CHECK = task(
  "look",
  "judge",
  { kind: "verify", inputs: ["door"], outputs: ["verdict"] },
  { dependencies: ["door"] },
);
const PAINT = task(
  "paint",
  "painter",
  { optional: true, inputs: ["door"], outputs: ["colour"] },
  { dependencies: ["door"] },
);
const LOOK = task("door-diagnosis", "doctor", { kind: "design", outputs: ["door-diagnosis"] });
const AGAIN = task("door-again", "smith", BUILD.brief ?? {}, { dependencies: ["door-diagnosis"] });
const CHECK_AGAIN = { ...CHECK, dependencies: ["door-again"] };
const ALL = [BUILD, CHECK, PAINT];

const standing = (id: string, failure: Failure, agents: readonly string[], tasks = ALL): Standing => ({
  ...{ goal: "a house", taken: new Set(tasks.map((one) => one.id)), said: [], left: [] },
  tasks: tasks.map((one) => ({ task: one, status: one.id === id ? "running" : "pending" })),
  failed: { id, failure, reason: "it broke", agents },
});
/** The first of these who is not excepted. */
const among =
  (...names: readonly string[]): Choose =>
  ({ except = [] }) => {
    const agentName = names.find((name) => !except.includes(name));
    return agentName === undefined ? undefined : { agentName, reason: "there" };
  };
const AGENTS = new Map(["joiner", "judge", "painter", "smith", "doctor"].map((name) => [name, { canWrite: true }]));
const soundness = (of: Standing, remedy: Remedy) =>
  remedyProblems(of, remedy, { agents: AGENTS }).map((one) => one.message);
const shapeOf = ({ add = [], instead }: Remedy) => [
  add.map((one) => `${one.id} ${one.agentName} ${one.dependencies?.join("+")}`),
  instead,
];

describe("by rules", () => {
  test.each<[string, Standing, Choose, unknown]>([
    [
      "a build that went wrong is looked into, then built by somebody else, never by who judges it",
      standing("door", "error", ["joiner"]),
      among("joiner", "judge", "smith"),
      [["door-diagnosis joiner ", "door-again smith door-diagnosis"], { door: ["door-again"] }],
    ],
    [
      "what only its provider refused is done by another, without a look",
      standing("door", "quota", ["joiner"]),
      among("joiner", "smith"),
      [["door-again smith "], { door: ["door-again"] }],
    ],
    [
      "a check that failed has its cause mended, and is made again",
      standing("look", "invalid-output", ["judge"]),
      among("judge", "smith"),
      [["look-mend smith door", "look-again judge door+look-mend"], { look: ["look-again"] }],
    ],
    ["what is optional is left out", standing("paint", "error", ["painter"]), among("smith"), [[], { paint: [] }]],
    [
      "where nobody else is there, whoever failed is told why and tries once more",
      standing("door", "error", ["joiner"]),
      among("joiner"),
      [["door-diagnosis joiner ", "door-again joiner door-diagnosis"], { door: ["door-again"] }],
    ],
    [
      "but not where the fault was none of its own",
      standing("door", "auth", ["joiner"]),
      among("joiner"),
      [[], undefined],
    ],
    [
      "a look at the cause that fails itself is gone without, and not looked into",
      standing("door-diagnosis", "error", ["doctor"], [LOOK, AGAIN, CHECK_AGAIN]),
      among("smith"),
      [[], { "door-diagnosis": [] }],
    ],
    ["and nobody at all is nothing", standing("door", "error", ["joiner"]), among(), [[], undefined]],
  ])("%s", (_what, of, choose, expected) => {
    const remedy = remedyByRule(of, choose);
    expect(shapeOf(remedy)).toEqual(expected);
    expect(soundness(of, remedy)).toEqual([]);
    for (const one of remedy.add ?? []) expect(one.prompt).toContain("it broke");
  });

  test("whoever takes over keeps what its task says of itself, and is told nothing of another's model or gate", () => {
    const own = task("door", "joiner", BUILD.brief ?? {}, {
      model: "a/b",
      gate: true,
      fallbacks: ["x"],
      priority: 9,
      reads: ["a"],
    });
    const { add = [] } = remedyByRule(standing("door", "quota", ["joiner"], [own, CHECK]), among("smith"));
    expect(add[0]).toMatchObject({ priority: 9, reads: ["a"], brief: BUILD.brief });
    expect(Object.keys(add[0] ?? {})).not.toEqual(expect.arrayContaining(["model"]));
    expect(add[0]).not.toHaveProperty("gate");
    expect(add[0]).not.toHaveProperty("fallbacks");
  });
});

describe("a model's answer", () => {
  const of = standing("door", "error", ["joiner"]);
  const part = (id: string, more: object = {}) => ({
    ...{ id, phase: "p", kind: "build", agentName: "smith", description: id, prompt: `Please make the ${id} well.` },
    ...{ outputs: [id], criteria: ["ok"], ...more },
  });

  test("becomes a change whose last tasks take the place of the failed one, each after those that make what it needs", () => {
    const tasks = [part("hang", { inputs: ["frame"], outputs: ["door"], covers: ["r1"] }), part("frame")];
    const remedy = remedyIn(of, { do: "change", reason: "in parts", tasks });
    expect(shapeOf(remedy as Remedy)).toEqual([["hang smith frame", "frame smith undefined"], { door: ["hang"] }]);
    expect(soundness(of, remedy as Remedy)).toEqual([]);
  });

  test.each<[string, object, RegExp]>([
    [
      "leaves what others need to nobody",
      { do: "leave-out", reason: "r" },
      /task 'look' needs 'door', which no task makes/,
    ],
    [
      "forgets a requirement",
      { do: "change", reason: "r", tasks: [part("other", { outputs: ["door"] })] },
      /no task covers requirement 'r1'/,
    ],
    [
      "takes a name twice",
      { do: "change", reason: "r", tasks: [part("look", { outputs: ["door"], covers: ["r1"] })] },
      /there is or was a task 'look'/,
    ],
    [
      "names nobody",
      { do: "change", reason: "r", tasks: [part("n", { agentName: "smth", outputs: ["door"], covers: ["r1"] })] },
      /no agent 'smth'/,
    ],
    [
      "has it judged by its maker",
      { do: "change", reason: "r", tasks: [part("n", { agentName: "judge", outputs: ["door"], covers: ["r1"] })] },
      /only 'judge' itself verifies/,
    ],
    [
      "removes what has begun",
      { do: "change", reason: "r", remove: ["door"], tasks: [part("n", { outputs: ["door"], covers: ["r1"] })] },
      /'door' has begun and cannot be removed/,
    ],
  ])("that %s is sent back with the checker's words", (_what, reply, pattern) => {
    expect(soundness(of, remedyIn(of, reply) as Remedy).join("\n")).toMatch(pattern);
  });

  test("that gives up changes nothing, and one that is no answer is none", () => {
    expect(remedyIn(of, { do: "give-up", reason: "hopeless" })).toEqual({ reason: "hopeless" });
    for (const none of ["x", null, {}, { do: "dance", reason: "r" }]) expect(remedyIn(of, none)).toBeUndefined();
  });

  test("is not blamed for what was wrong with the plan before", () => {
    const odd = task("odd", "painter", { inputs: ["moon"] });
    const before = standing("paint", "error", ["painter"], [...ALL, odd]);
    expect(soundness(before, { instead: { paint: [] }, reason: "r" })).toEqual([]);
  });
});

test("a fact concerns those whose tasks it names, else all who still have to work", () => {
  const { tasks } = standing("door", "error", []);
  expect(concerned(tasks, "the colour is wrong")).toEqual(["painter"]);
  expect(concerned(tasks, "it rains")).toEqual(["joiner", "judge", "painter"]);
});

test("a new name is free, and no longer than names may be", () => {
  const long = "x".repeat(64);
  expect(freeId({ taken: new Set(["a-again"]) }, "a", "again")).toBe("a-again-2");
  expect(freeId({ taken: new Set() }, long, "diagnosis")).toHaveLength(64);
});
