import { expect, test } from "vitest";
import { TuttiError } from "../domain/error.ts";
import type { AgentTask } from "../domain/plan.ts";
import { checkPlan, type Known, planFaults } from "./check.ts";

const task = (id: string, more: object = {}) => ({ id, agentName: "a", description: "", prompt: "", ...more });
/** `a<b c` is a task that depends on b and c. */
const plan = (words: string): AgentTask[] =>
  words.split(", ").map((word) => {
    const [id = "", on] = word.split("<");
    return task(id, on === undefined ? {} : { dependencies: on.split(" ") });
  });
const first = (tasks: unknown, known?: Known) => planFaults(tasks, known)[0];
const says = (tasks: unknown, known?: Known) => first(tasks, known)?.message;

const FAULTS: [field: string, value: unknown, fault: string][] = [
  ["id", 7, "must be a string"],
  ["id", "", "must not be empty"],
  ["id", "x".repeat(65), "must have at most 64 characters, not 65"],
  ["agentName", "", "must not be empty"],
  ["agentName", "x".repeat(201), "must have at most 200 characters, not 201"],
  ["description", null, "must be a string"],
  ["description", "x".repeat(10_001), "must have at most 10000 characters, not 10001"],
  ["prompt", ["x"], "must be a string"],
  ["prompt", "x".repeat(2 ** 20 + 1), "must have at most 1048576 characters, not 1048577"],
  ["dependencies", "b", "must be a list"],
  ["dependencies", { 0: "b" }, "must be a list"],
  ["priority", 0, "must be a whole number from 1 to 10"],
  ["priority", 11, "must be a whole number from 1 to 10"],
  ["priority", 2.5, "must be a whole number from 1 to 10"],
  ["priority", "5", "must be a whole number from 1 to 10"],
  ["priority", Number.NaN, "must be a whole number from 1 to 10"],
  ["phase", "", "must not be empty"],
  ["maxTokens", 0, "must be a whole number from 1 to 1000000000"],
  ["model", 1, "must be a string"],
  ["context", [], "must be an object"],
  ["context", null, "must be an object"],
  ["timeout", 0, "must be a whole number from 1 to 2147483647"],
  ["timeout", 2 ** 31, "must be a whole number from 1 to 2147483647"],
  ["retries", -1, "must be a whole number from 0 to 100"],
  ["retries", 101, "must be a whole number from 0 to 100"],
  ["onFailure", "failfast", "must be one of skip-dependents, continue, fail-fast: did you mean 'fail-fast'?"],
  ["onFailure", 1, "must be one of skip-dependents, continue, fail-fast"],
  ["fallbacks", "b", "must be a list"],
  ["when", "x", "must be an object such as { task, path, op, value }"],
  ["maxIterations", 101, "must be a whole number from 1 to 100"],
  ["forEach", "x", "must be an object"],
  ["gate", "yes", "must be an object"],
  ["estimatedDuration", -1, "must be a whole number from 1 to 2147483647"],
  ["prio", 5, "is not a known field"],
  ["dependancies", [], "is not a known field: did you mean 'dependencies'?"],
  ["promt", "", "is not a known field: did you mean 'prompt'?"],
  ["agent", "x", "is not a known field"],
  ["__proto__x", 1, "is not a known field"],
];

test.each(FAULTS.map(([field, value, fault]) => [field, fault, value] as const))(
  "[bar:bad-input] of a field that cannot be it is said: '%s' %s",
  (field, fault, value) => {
    expect(first([{ ...task("a"), [field]: value }])).toMatchObject({
      path: expect.stringMatching(new RegExp(`^tasks\\..*\\.${field}$`)),
      message: expect.stringContaining(`'${field}' ${fault}`),
    });
  },
);

test.each<[object, string, string]>([
  [{ dependencies: ["b", 3] }, "dependencies[1]", "must be a string"],
  [{ when: { task: "b", op: "equals" } }, "when.op", "must be one of eq, ne, lt, lte, gt, gte, in, contains, exists"],
  [{ when: { op: "eq", value: 1 } }, "when.task", "is missing"],
  [{ when: { task: "b", op: "eq" } }, "when.value", "is missing"],
  [{ when: { task: "b", op: "in", value: 3 } }, "when.value", "must be a list"],
  [{ when: { task: "b", op: "exists", value: "yes" } }, "when.value", "must be true or false"],
  [{ when: { task: "b", path: "ok", op: "exists" } }, "when.path", 'must be a JSON Pointer such as "/approved"'],
  [{ when: { all: [{ task: "b", op: "exists" }, { any: {} }] } }, "when.all[1].any", "must be a list"],
  [{ when: { not: [] } }, "when.not", "must be an object such as { task, path, op, value }"],
  [{ when: { all: [], task: "b" } }, "when.task", "is not a known field"],
  [{ until: { task: "a", op: "eq", valu: 1 } }, "until.valu", "is not a known field: did you mean 'value'?"],
  [{ forEach: {} }, "forEach.task", "is missing"],
  [{ forEach: { task: "b", max: 1001 } }, "forEach.max", "must be a whole number from 1 to 1000"],
  [{ forEach: { task: "b", reduce: { agentName: "x" } } }, "forEach.reduce.prompt", "is missing"],
  [{ gate: { question: "" } }, "gate.question", "must not be empty"],
  [{ context: { a: [1, { b: Number.NaN }] } }, "context.a[1].b", "must be a finite number"],
  [{ context: { f: () => 1 } }, "context.f", "must be JSON, not a function"],
  [{ context: { d: new Date() } }, "context.d", "must be plain JSON, not an instance of a class"],
  [{ context: { constructor: 1 } }, "context.constructor", "is not allowed as a name"],
  [{ context: JSON.parse('{"a":{"__proto__":{}}}') }, "context.a.__proto__", "is not allowed as a name"],
])("inside a field the place is named: %j", (more, at, fault) => {
  expect(first([task("a", more)])).toEqual({ path: `tasks.a.${at}`, message: `task 'a': '${at}' ${fault}` });
});

test("every limit lets through what is just within it", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 63; i++) deep = { deep };
  let condition: object = { task: "b", op: "exists" };
  for (let i = 0; i < 63; i++) condition = { not: condition };
  const widest = task("x".repeat(64), {
    ...{
      agentName: "x".repeat(200),
      description: "x".repeat(10_000),
      prompt: "x".repeat(2 ** 20),
      dependencies: ["b"],
    },
    ...{ priority: 10, phase: "p", maxTokens: 1e9, model: "m", context: { deep }, timeout: 2 ** 31 - 1, retries: 100 },
    ...{ onFailure: "continue", fallbacks: ["a"], when: condition, gate: { question: "?" }, estimatedDuration: 1 },
  });
  expect(planFaults([widest, task("b", { forEach: undefined, priority: 1, retries: 0, gate: false })])).toEqual([]);
  expect(says([{ ...widest, context: { deep: { deep } } }, task("b")])).toContain("must be nested at most 64 deep");
  expect(says([{ ...widest, when: { not: condition } }, task("b")])).toContain("must be nested at most 64 deep");
});

test.each(["a", "A9", "0", "a.b", "a_b-c.d", "x".repeat(64)])("'%s' can be an id", (id) => {
  expect(says([task(id)])).toBeUndefined();
});

test.each([".a", "-a", "_a", "a..b", "a.", "a.lock", "a/b", "a b", "ä", "a\n", "a#1", "../a", "a\0", "~", "@{x}"])(
  "%j cannot be an id",
  (id) => {
    expect(says([task(id)])).toContain("'id' an id");
  },
);

test.each<[unknown, string]>([
  [undefined, "tasks must be a list"],
  [{}, "tasks must be a list"],
  [[], "a plan needs at least one task"],
  [[null], "task 1 of the list must be an object"],
  [[task("a"), "b"], "task 2 of the list must be an object"],
  [[{ ...task("a"), id: undefined }], "task 1 of the list: 'id' is missing"],
  [[{ id: "a", description: "", prompt: "" }], "task 'a': 'agentName' is missing"],
  [[new (class Task {})()], "task 1 of the list must be an object"],
])("[bar:bad-input] a plan cannot be %j", (tasks, message) => {
  expect(says(tasks)).toBe(message);
});

test("[bar:unknown-dependency] an unknown dependency is answered with the nearest name", () => {
  expect(first(plan("backend, frontend<backnd"))).toEqual({
    path: "tasks.frontend.dependencies",
    message: "task 'frontend' depends on 'backnd': did you mean 'backend'?",
  });
  expect(says(plan("backend, frontend<database"))).toBe("task 'frontend' depends on 'database', which does not exist");
  expect(says(plan("a<toString"))).toBe("task 'a' depends on 'toString', which does not exist");
});

test.each([
  ["a<b, b<c, c<a", "a → b → c → a"],
  ["x, c<a, a<b, b<c", "c → a → b → c"],
  ["b<a, a<b", "b → a → b"],
  ["start, a<start d, b<a, c<b, d<c, end<d", "a → d → c → b → a"],
])("[bar:cycle-error] %s is printed as %s", (words, circle) => {
  const [start] = circle.split(" ");
  expect(first(plan(words))).toEqual({
    path: `tasks.${start}.dependencies`,
    message: `tasks depend on each other in a circle: ${circle}`,
  });
});

test.each<[string, string]>([
  ["a<a", "task 'a' depends on itself"],
  ["a, a", "task 'a' is there twice"],
  ["a, b, A", "tasks 'a' and 'A' differ only in upper and lower case"],
  ["a, b<a a", "task 'b' names a dependency twice"],
])("%s is refused: %s", (words, message) => {
  expect(says(plan(words))).toBe(message);
});

const ok = (id: string) => ({ task: id, op: "exists" });

test.each<[string, unknown[], string]>([
  [
    "ids of items",
    [task("l"), task("a", { dependencies: ["l"], forEach: { task: "l" } }), task("a.2")],
    "task 'a.2': ids like 'a.1' are given to the repetitions of 'a'",
  ],
  [
    "ids of repetitions, whatever the case",
    [task("a", { until: ok("a") }), task("A.2")],
    "task 'A.2': ids like 'a.1' are given",
  ],
  [
    "ids of what repeats with a loop",
    [task("b"), task("a", { dependencies: ["b"], until: ok("a"), repeats: ["b"] }), task("b.7")],
    "ids like 'b.1' are given",
  ],
  [
    "an id too long to be repeated",
    [task("x".repeat(60), { until: ok("x".repeat(60)) })],
    "an id that is repeated has at most 59 characters",
  ],
  [
    "until and forEach in one",
    [task("l"), task("a", { dependencies: ["l"], until: ok("a"), forEach: { task: "l" } })],
    "task 'a' has both 'until' and 'forEach'",
  ],
  [
    "repeats without until",
    [task("b"), task("a", { dependencies: ["b"], repeats: ["b"] })],
    "task 'a': 'repeats' needs 'until'",
  ],
  ["maxIterations without until", [task("a", { maxIterations: 3 })], "task 'a': 'maxIterations' needs 'until'"],
  [
    "a loop inside a loop",
    [task("b", { until: ok("b") }), task("a", { dependencies: ["b"], until: ok("a"), repeats: ["b"] })],
    "loops cannot be nested",
  ],
  [
    "a forEach inside a loop",
    [
      task("l"),
      task("b", { dependencies: ["l"], forEach: { task: "l" } }),
      task("a", { dependencies: ["b"], until: ok("a"), repeats: ["b"] }),
    ],
    "loops cannot be nested",
  ],
  [
    "a task of two loops",
    [task("b"), ...["a", "c"].map((id) => task(id, { dependencies: ["b"], until: ok(id), repeats: ["b"] }))],
    "tasks 'a' and 'c' both repeat 'b'; a task belongs to one loop",
  ],
  [
    "a condition on a task that is not there",
    [task("b"), task("a", { dependencies: ["b"], when: ok("bb") })],
    "task 'a': 'when' reads task 'bb': did you mean 'b'?",
  ],
  [
    "a condition on what is not upstream",
    [task("b"), task("a", { when: { not: ok("b") } })],
    "task 'a': 'when' reads 'b', which is not among its dependencies; add it to 'dependencies'",
  ],
  [
    "a condition on what comes later",
    [task("a", { when: ok("b") }), task("b", { dependencies: ["a"] })],
    "'when' reads 'b', which is not among its dependencies",
  ],
  ["a condition on itself", [task("a", { when: ok("a") })], "task 'a': 'when' names the task itself"],
  ["a forEach over itself", [task("a", { forEach: { task: "a" } })], "task 'a': 'forEach' names the task itself"],
  [
    "a forEach over what is not upstream",
    [task("b"), task("a", { forEach: { task: "b" } })],
    "'forEach' reads 'b', which is not among its dependencies",
  ],
  [
    "an until on what is not upstream",
    [task("b"), task("a", { until: ok("b") })],
    "'until' reads 'b', which is not among its dependencies",
  ],
])("%s is refused", (_what, tasks, message) => {
  expect(says(tasks)).toContain(message);
});

test("conditions may read anything upstream, however far", () => {
  const tasks = [
    ...plan("a, b<a, c<b"),
    task("d", { dependencies: ["c"], when: { all: [ok("a"), ok("c")] }, until: ok("d") }),
  ];
  expect(planFaults(tasks)).toEqual([]);
});

test("agents are known by name, wherever they stand", () => {
  const known = { agents: new Set(["writer", "critic"]) };
  const say = (more: object) =>
    says([task("l", { agentName: "writer" }), task("a", { agentName: "writer", dependencies: ["l"], ...more })], known);
  expect(say({ agentName: "writr" })).toBe("task 'a': there is no agent 'writr': did you mean 'writer'?");
  expect(say({ fallbacks: ["critic", "nobody"] })).toBe("task 'a': there is no agent 'nobody'");
  expect(say({ forEach: { task: "l", reduce: { agentName: "critics", prompt: "" } } })).toContain(
    "did you mean 'critic'?",
  );
  expect(say({ agentName: "constructor" })).toBe("task 'a': there is no agent 'constructor'");
});

test("what is added to a run fits to what it has", () => {
  const known = { existing: new Set(["a", "b.2"]) };
  const say = (...tasks: unknown[]) => says(tasks, known);
  expect(say(task("c", { dependencies: ["a"], when: ok("a") }))).toBeUndefined();
  expect(say(task("a"))).toBe("task 'a' is there twice");
  expect(say(task("A"))).toContain("differ only in upper and lower case");
  expect(say(task("a.1"))).toContain("ids like 'a.1' are given to the repetitions of 'a'");
  expect(say(task("b", { until: ok("b") }))).toContain("task 'b.2': ids like 'b.1' are given");
  expect(say(task("c", { when: ok("a") }))).toContain("'when' reads 'a', which is not among its dependencies");
  expect(say(task("c", { until: ok("c"), dependencies: ["a"], repeats: ["a"] }))).toContain("not a task of this plan");
});

test("checkPlan throws the first fault, counts the others, and carries all of them", () => {
  const tasks = [task("a", { priority: 0 }), task("b", { retries: -1 }), task("c")];
  try {
    checkPlan(tasks);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(TuttiError);
    expect(error).toMatchObject({
      code: "BAD_INPUT",
      path: "tasks.a.priority",
      message: expect.stringContaining("(and 1 more)"),
    });
    expect((error as TuttiError).data).toHaveLength(2);
  }
  expect(planFaults(Array.from({ length: 100 }, () => 1))).toHaveLength(20);
});
