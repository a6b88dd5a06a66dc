import { describe, expect, test } from "vitest";
import type { AgentTask } from "../domain/plan.ts";
import { type Planned, planProblems, type Surroundings } from "./checks.ts";
import { mayOverlap } from "./globs.ts";
import { withOrder } from "./order.ts";

const MINUTE = 60_000;
const task = (id: string, agentName: string, brief: AgentTask["brief"], more: Partial<AgentTask> = {}): AgentTask => ({
  ...{ id, agentName, description: `does ${id}`, prompt: `Do the work of ${id}, and say how.` },
  ...{ estimatedDuration: 10 * MINUTE, ...(brief && { brief }) },
  ...more,
});

const SOUND: Planned = {
  goal: "Users can sign in",
  requirements: [
    { id: "jwt", text: "JWT with refresh tokens" },
    { id: "admin", text: "an admin page" },
    { id: "docs", text: "documentation" },
  ],
  given: ["product notes"],
  deliverables: ["report"],
  minutes: 90,
  tasks: [
    task("design", "system-architect", { kind: "design", inputs: ["product notes"], outputs: ["architecture"] }),
    task("api", "api-developer", {
      ...{ kind: "build", inputs: ["architecture"], outputs: ["endpoints"], touches: ["src/api/**"], covers: ["jwt"] },
      criteria: ["signing in gives a token"],
    }),
    task("page", "frontend-specialist", {
      ...{ kind: "build", inputs: ["architecture"], outputs: ["pages"], touches: ["src/web/**"], covers: ["admin"] },
      criteria: ["users are listed"],
    }),
    task("test", "test-engineer", { kind: "verify", inputs: ["endpoints", "pages"], outputs: ["report"] }),
    task("docs", "doc-writer", { kind: "document", inputs: ["endpoints"], covers: ["docs"] }),
    task("ship", "devops-engineer", { kind: "release", inputs: ["report"] }, { gate: true }),
  ],
};
const KNOWN: Surroundings = {
  agents: new Map(
    ["api-developer", "frontend-specialist", "test-engineer", "doc-writer", "devops-engineer", "fixer"]
      .map((name): [string, { canWrite: boolean }] => [name, { canWrite: true }])
      .concat([["system-architect", { canWrite: false }]]),
  ),
  exists: (path) => path === "README.md",
};

type Change = (tasks: Map<string, AgentTask>) => Partial<Planned> | undefined;
/** The sound plan with one thing changed; a task by its name. */
function changed(change: Change): Planned {
  const tasks = new Map(SOUND.tasks.map((one) => [one.id, one]));
  const more = change(tasks) ?? {};
  return { ...SOUND, tasks: [...tasks.values()], ...more };
}
const set =
  (id: string, more: Partial<AgentTask>, brief: Partial<NonNullable<AgentTask["brief"]>> = {}): Change =>
  (tasks) => {
    const one = tasks.get(id) as AgentTask;
    tasks.set(id, { ...one, ...more, brief: { ...one.brief, ...brief } });
    return undefined;
  };
const without =
  (id: string): Change =>
  (tasks) => {
    tasks.delete(id);
    return undefined;
  };
const all =
  (...changes: readonly Change[]): Change =>
  (tasks) =>
    Object.assign({}, ...changes.map((change) => change(tasks) ?? {}));
const plan =
  (more: Partial<Planned>): Change =>
  () =>
    more;

const again = SOUND.requirements as NonNullable<Planned["requirements"]>;

const PLANTED: readonly (readonly [what: string, Change, problem: RegExp])[] = [
  [
    "a circle by dependencies",
    all(set("design", { dependencies: ["test"] }), set("test", { dependencies: ["design"] })),
    /circle: /,
  ],
  [
    "a circle by what is needed and made",
    set("design", {}, { inputs: ["endpoints"] }),
    /by what they need and make, tasks wait for each other in a circle: design → api → design/,
  ],
  ["an unknown dependency", set("api", { dependencies: ["desing"] }), /depends on 'desing': did you mean 'design'/],
  ["a task that depends on itself", set("api", { dependencies: ["api"] }), /depends on itself/],
  [
    "a task that is there twice",
    plan({ tasks: [...SOUND.tasks, SOUND.tasks[0] as AgentTask] }),
    /'design' is there twice/,
  ],
  [
    "an unknown agent",
    set("api", { agentName: "api-develper" }),
    /no agent 'api-develper': did you mean 'api-developer'/,
  ],
  ["an unknown fall-back", set("api", { fallbacks: ["fixr"] }), /no agent 'fixr': did you mean 'fixer'/],
  [
    "an input that nobody makes",
    set("page", {}, { inputs: ["wireframes"] }),
    /task 'page' needs 'wireframes', which no task makes/,
  ],
  [
    "an input with a slip",
    set("page", {}, { inputs: ["architecure"] }),
    /'architecure'.*did you mean 'architecture'\?/,
  ],
  ["an input that only the task itself makes", set("api", {}, { inputs: ["endpoints"] }), /only it makes it itself/],
  ["a file that is not there", set("api", {}, { inputs: ["READMEE.md"] }), /needs 'READMEE\.md'/],
  [
    "an output that two make",
    set("page", {}, { outputs: ["pages", "endpoints"] }),
    /'endpoints' is made by 'api' and 'page'/,
  ],
  ["an output that nobody needs", set("design", {}, { outputs: ["architecture", "poem"] }), /nobody needs 'poem'/],
  ["a deliverable that nobody makes", plan({ deliverables: ["report", "changelog"] }), /nobody makes 'changelog'/],
  ["a deliverable with a slip", plan({ deliverables: ["reprot"] }), /'reprot'.*did you mean 'report'/],
  [
    "a requirement that nobody covers",
    set("page", {}, { covers: [] }),
    /no task covers requirement 'admin': an admin page/,
  ],
  [
    "a requirement covered by a slip",
    set("page", {}, { covers: ["admni"] }),
    /'admni', which is no requirement: did you mean 'admin'/,
  ],
  [
    "a requirement that is there twice",
    plan({ requirements: [...again, { id: "jwt", text: "x" }] }),
    /'jwt' is there twice/,
  ],
  ["a requirement that says nothing", plan({ requirements: [...again, { id: "x", text: " " }] }), /'x' says nothing/],
  [
    "a covered requirement that does not exist",
    set("docs", {}, { covers: ["docs", "sla"] }),
    /covers 'sla', which is no requirement/,
  ],
  ["no goal", plan({ goal: "  " }), /says no goal/],
  [
    "nothing is verified",
    all(without("test"), without("ship"), plan({ deliverables: [] })),
    /nobody verifies what task 'api' builds/,
  ],
  ["one build is not verified", set("test", {}, { inputs: ["endpoints"] }), /nobody verifies what task 'page' builds/],
  [
    "verification before implementation",
    set("test", {}, { inputs: ["architecture"] }),
    /'test' verifies, and comes before anything is built/,
  ],
  [
    "the builder verifies his own",
    set("test", { agentName: "api-developer" }),
    /only 'api-developer' itself verifies .* task 'api'/,
  ],
  [
    "a release before verification",
    set("ship", {}, { inputs: ["endpoints"] }),
    /'ship' releases what nobody has verified/,
  ],
  ["a release without a gate", set("ship", { gate: false }), /'ship' releases without a person's word/],
  [
    "a builder who may not write",
    set("api", { agentName: "system-architect" }),
    /'api' writes files, and 'system-architect' may not/,
  ],
  [
    "a designer that touches files and may not",
    set("design", {}, { touches: ["docs/**"] }),
    /'design' writes files, and 'system-architect' may not/,
  ],
  [
    "a path out of the repository",
    set("api", {}, { touches: ["../other/**"] }),
    /would touch '\.\.\/other\/\*\*', outside/,
  ],
  ["an absolute path", set("api", {}, { touches: ["/etc/passwd"] }), /would touch '\/etc\/passwd', outside/],
  ["git's own files", set("api", {}, { touches: [".git/config"] }), /git's own files/],
  ["everything is touched", set("api", {}, { touches: ["**/*"] }), /'api' touches everything/],
  [
    "the time box is too small",
    plan({ minutes: 30 }),
    /longest way takes 40 minutes, and there are 30: design → \w+ → test → ship/,
  ],
  ["no time at all", plan({ minutes: 0 }), /must be more than 0 minutes/],
  [
    "a task without an estimate in a time box",
    set("api", { estimatedDuration: undefined as never }),
    /1 of 6 tasks do not say how long/,
  ],
  [
    "a task that takes days",
    all(set("docs", { estimatedDuration: 3000 * MINUTE }), plan({ minutes: 1e6 })),
    /'docs' is to take 3000 minutes: split it/,
  ],
  ["a prompt that says nothing", set("api", { prompt: "do it" }), /'api' is told next to nothing: 'do it'/],
  [
    "two that are told the same",
    set("page", { prompt: "Do the work of api, and say how." }),
    /'api' and 'page' are told the very same/,
  ],
  ["a build without criteria", set("api", {}, { criteria: [] }), /nobody can tell when task 'api' is done/],
  [
    "a loop without an end",
    set("test", { until: { task: "test", op: "exists" } }),
    /'test' repeats, and says nothing of how often/,
  ],
  [
    "a field that is none",
    set("api", { pormpt: "x" } as never),
    /'pormpt' is not a known field: did you mean 'prompt'/,
  ],
  [
    "a kind that is none",
    set("api", {}, { kind: "biuld" as never }),
    /'brief\.kind' must be one of .*did you mean 'build'/,
  ],
  ["no task at all", plan({ tasks: [] }), /needs at least one task/],
];

describe("[bar:plan-checks] a plan is checked before anything is paid", () => {
  test("a sound one has no problem", () => {
    expect(planProblems(SOUND, KNOWN)).toEqual([]);
    expect(
      planProblems(
        {
          ...SOUND,
          given: [],
          tasks: SOUND.tasks.with(
            0,
            task("design", "system-architect", { kind: "design", inputs: ["README.md"], outputs: ["architecture"] }),
          ),
        },
        KNOWN,
      ),
    ).toEqual([]);
  });

  test("at least 40 faults are planted", () => expect(PLANTED.length).toBeGreaterThanOrEqual(40));

  test.each(PLANTED)("%s is named", (_what, change, problem) => {
    const problems = planProblems(changed(change), KNOWN);
    expect(problems.map(({ message }) => message).join("\n")).toMatch(problem);
    for (const { path, message } of problems) expect([path, message]).not.toContain("");
  });
});

describe("what may run side by side", () => {
  const order = (...tasks: readonly AgentTask[]) =>
    Object.fromEntries(withOrder(tasks).map(({ id, dependencies = [] }) => [id, dependencies]));

  test("follows from what is needed and made", () => {
    expect(order(...SOUND.tasks)).toEqual({
      ...{ design: [], api: ["design"], page: ["design"], test: ["api", "page"], docs: ["api"], ship: ["test"] },
    });
  });

  test("two that may write the same file come one after the other, in the order of the plan", () => {
    const one = task("one", "x", { touches: ["src/a/**"] });
    expect(
      order(one, task("two", "x", { touches: ["src/a/b.ts"] }), task("three", "x", { touches: ["src/c.ts"] })),
    ).toEqual({
      ...{ one: [], two: ["one"], three: [] },
    });
  });

  test("where the plan says another order already, that stays", () => {
    const first = task("first", "x", { touches: ["a"] }, { dependencies: ["second"] });
    expect(order(first, task("second", "x", { touches: ["a"] }))).toEqual({ first: ["second"], second: [] });
  });

  test.each([
    ["src/a.ts", "src/a.ts", true],
    ["src/a.ts", "src/b.ts", false],
    ["src", "src/b.ts", true],
    ["./src/*.ts", "src/b.ts", true],
    ["src/*.ts", "src/*.md", false],
    ["src/**", "src/deep/er.ts", true],
    ["src/**/*.ts", "src/x/y.md", false],
    ["src/**/*.ts", "lib/**/*.ts", false],
    ["**/*.test.ts", "src/a.test.ts", true],
    ["**/*.test.ts", "src/a.ts", false],
    ["src/{a,b}.ts", "src/c.ts", true],
    ["docs/a*", "docs/b*", false],
  ])("%s and %s: %s", (one, other, may) => {
    expect([mayOverlap(one, other), mayOverlap(other, one)]).toEqual([may, may]);
  });

  test.each([
    ["**/a/b/c", "x/**", true],
    ["{src/a,lib}/x.ts", "src/a/x.ts", true],
    ["././src/a.ts", "src/a.ts", true],
    ["**/a/".repeat(400), "a/".repeat(1000), true],
    [`${"**/a/".repeat(20)}b`, `${"a/".repeat(50)}c`, false],
  ])("%.20s and %.20s: %s", (one, other, may) => {
    expect([mayOverlap(one, other), mayOverlap(other, one)]).toEqual([may, may]);
  });

  test("a thousand tasks that write the same folder wait in one line, each for the one before it alone", () => {
    const tasks = Array.from({ length: 1000 }, (_, i) => task(`t${i}`, "x", { touches: ["src/**"] }));
    const needs = order(...tasks);
    expect(needs["t0"]).toEqual([]);
    for (let i = 1; i < 1000; i++) expect(needs[`t${i}`]).toEqual([`t${i - 1}`]);
  });

  test("tasks that say nothing of it are left as they are, however many; too many that do are refused", () => {
    const silent = Array.from({ length: 20_000 }, (_, i) => task(`t${i}`, "x", {}));
    expect(withOrder(silent)).toBe(silent);
    const all = silent.slice(0, 2001).map((one) => ({ ...one, brief: { kind: "build", touches: ["a"] } as const }));
    expect(() => withOrder(all)).toThrow(/there are 2001 tasks/);
  });

  test("tasks in a circle are left for the check that names it", () => {
    const circle = [
      task("one", "x", { touches: ["a"] }, { dependencies: ["two"] }),
      task("two", "x", { touches: ["a"] }, { dependencies: ["one"] }),
    ];
    expect(withOrder(circle)).toBe(circle);
  });
});
