/** Plans that change while they run, with the whole program: by rules, by a model, and as people see it. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { fleetOf } from "../src/app/conducting.ts";
import { Host } from "../src/app/host.ts";
import type { RunEvent } from "../src/index.ts";
import { Cli, eventsIn, type Terminal } from "./support/cli-kit.ts";
import { FakeProvider, type SeenCall } from "./support/fake-provider.ts";

const cli = new Cli();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterEach(() => {
  fake.answer = undefined;
  fake.script({ text: ["Done"] });
});
afterAll(() => fake[Symbol.asyncDispose]());

const paid = () => ({ ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url });
const MODEL = "anthropic/claude-sonnet-5";

const TASKS = [
  {
    ...{ id: "login", agentName: "developer", description: "Build the login", prompt: "Please build the login now." },
    ...{ retries: 0, brief: { kind: "build", outputs: ["login"], covers: ["sign-in"], criteria: ["works"] } },
  },
  {
    ...{
      id: "check",
      agentName: "code-reviewer",
      description: "Check the login",
      prompt: "Please check what was built.",
    },
    ...{ retries: 0, brief: { kind: "verify", inputs: ["login"], outputs: ["findings"] } },
  },
];
const plan = (tasks: readonly object[] = TASKS, config: object = {}) =>
  stringify({
    workflowName: "Sign in",
    goal: "Sign in",
    requirements: [{ id: "sign-in", text: "Sign in" }],
    tasks,
    config,
  });

const isAbout = ({ body }: SeenCall, words: string) => JSON.stringify(body.messages).includes(words);
const isPlanning = (call: SeenCall) => isAbout(call, "it does not go on as it was made");
/** The first who builds is refused for good. */
const refusing = (answer: (call: SeenCall, asked: number) => object) => {
  let asked = 0;
  fake.answer = (call) => {
    if (isPlanning(call)) return { text: [JSON.stringify(answer(call, ++asked))] };
    const isFirst = isAbout(call, "Please build the login now.") && !isAbout(call, "Why it was given up");
    if (isFirst && !isAbout(call, "Find out why"))
      return { status: 400, error: { type: "x", message: "the door is locked" } };
    return { text: ["Done"] };
  };
};
const OPTIONS = ["--model", MODEL, "--yes"];
const of = (events: readonly RunEvent[], type: string) => events.filter((event) => event.type === type);

test("without a model a failed build is looked into and done by somebody else, and all who watch are told", async () => {
  const terminal = cli.terminal({ "plan.yaml": plan(TASKS, { replan: "patterns" }) }, paid());
  refusing(() => ({}));
  const { code, out, err } = await terminal.tutti("run", "plan.yaml", ...OPTIONS);
  expect(code, out + err).toBe(0);
  expect(fake.calls.some(isPlanning)).toBe(false);
  expect(out).toMatch(
    /plan changed: \S+ does 'login' in its stead, after a look at its cause: it failed \(\w+: .*the door is locked.*\)\n {4}\+ login-diagnosis\n {4}\+ login-again\n {4}~ check waits for login-again\n/,
  );
  const events = eventsIn((await terminal.tutti("events", "last", "--json")).out);
  const [changed] = of(events, "plan:changed").filter((event) => "changed" in event);
  expect(changed).toMatchObject({
    added: ["login-diagnosis", "login-again"],
    changed: [{ task: "check", dependencies: ["login-again"] }],
  });
  const added = of(events, "task:added") as readonly { taskId: string; agentName: string }[];
  expect(added.find(({ taskId }) => taskId === "login-again")?.agentName).not.toBe("developer");
  const { createRun, fold: foldSeen } = await import(new URL("../dashboard/fold.js", import.meta.url).href);
  const seen = createRun("r");
  for (const event of events) foldSeen(seen, event);
  expect(seen.planChanges).toMatchObject([{ added: ["login-diagnosis", "login-again"], changed: [{ task: "check" }] }]);
  expect(seen.tasks.get("check").dependencies).toEqual(["login-again"]);
  const diff = /\+ login-diagnosis\n\s*-? ?`?\+ login-again/;
  expect((await terminal.tutti("show", "last")).out).toMatch(diff);
  const report = (await terminal.tutti("report", "last")).out;
  expect(report).toMatch(/^## Changes of the plan\n\n- After .*: \S+ does 'login' in its stead/m);
  expect(report).toContain("  - `~ check waits for login-again`");
});

const part = (id: string, more: object = {}) => ({
  ...{
    id,
    phase: "again",
    kind: "build",
    agentName: "fixer",
    description: `Build ${id}`,
    prompt: `Please build the part ${id}.`,
  },
  ...{ outputs: ["login"], covers: ["sign-in"], criteria: ["works"], ...more },
});

test("a model plans anew, hears the checker's words about what is wrong, and what it took is the run's", async () => {
  const terminal = cli.terminal({ "plan.yaml": plan() }, paid());
  refusing((call, asked) => {
    if (asked === 1)
      return { do: "change", reason: "smaller", tasks: [part("door", { agentName: "fixr", covers: [] })] };
    expect(JSON.stringify(call.body.messages)).toMatch(/there is no agent 'fixr': did you mean 'fixer'\?/);
    return { do: "change", reason: "smaller", tasks: [part("door")] };
  });
  const { code, out, err } = await terminal.tutti("run", "plan.yaml", ...OPTIONS, "--json");
  expect(code, out + err).toBe(0);
  const asked = fake.calls.filter(isPlanning);
  expect(asked).toHaveLength(2);
  const first = JSON.stringify(asked[0]?.body.messages);
  expect(first).toMatch(/login \[\w+\] build by developer.*makes login; covers sign-in/);
  expect(first).toContain("the door is locked");
  const events = eventsIn(out);
  expect(of(events, "plan:changed").at(-1)).toMatchObject({ added: ["door"], reason: `smaller (by ${MODEL})` });
  const replan = of(events, "task:complete").find((event) => "taskId" in event && event.taskId === "replan-1");
  const { tokensUsed = 0, turns } = replan as { tokensUsed?: number; turns?: number };
  expect([tokensUsed > 0, turns]).toEqual([true, 2]);
  const [end] = of(events, "workflow:complete") as readonly { summary: { totalTokens: number } }[];
  const spent = events.reduce(
    (sum, one) => sum + (("tokensUsed" in one && one.type !== "budget:settled" ? one.tokensUsed : 0) ?? 0),
    0,
  );
  expect(end?.summary.totalTokens).toBe(spent);
});

test("what a model says three times wrong is not done: rules serve, and that is said", async () => {
  const terminal = cli.terminal({ "plan.yaml": plan() }, paid());
  refusing(() => ({ do: "leave-out", reason: "who needs it" }));
  const { code, out } = await terminal.tutti("run", "plan.yaml", ...OPTIONS, "--json");
  expect(code).toBe(0);
  expect(fake.calls.filter(isPlanning)).toHaveLength(3);
  expect(of(eventsIn(out), "plan:changed").at(-1)).toMatchObject({
    added: ["login-diagnosis", "login-again"],
    reason: expect.stringMatching(/is not sound: task 'check' needs 'login', which no task makes.*; by rules\)$/),
  });
});

test("--no-replan leaves the plan as it is, and so does a plan that says nothing of what it needs", async () => {
  refusing(() => ({ do: "give-up", reason: "x" }));
  const bare = TASKS.map(({ brief: _, ...task }) => task);
  const withOrder = [bare[0], { ...bare[1], dependencies: ["login"] }];
  const terminal = cli.terminal({ "plan.yaml": plan(), "bare.yaml": stringify({ tasks: withOrder }) }, paid());
  for (const args of [["plan.yaml", "--no-replan"], ["bare.yaml"]])
    expect((await terminal.tutti("run", ...args, ...OPTIONS)).code).toBe(1);
  expect(fake.calls.some(isPlanning)).toBe(false);
});

test("[readme:replan] a host that dies between two answers of the model asks again for none of those that it had", async () => {
  const terminal = cli.terminal({}, paid());
  const open = () => Host.open({ home: terminal.home, env: paid(), repository: terminal.cwd });
  const order = {
    workflowName: "Sign in",
    tasks: TASKS.map((one, i) => (i === 1 ? { ...one, dependencies: ["login"] } : one)),
    config: { model: MODEL },
  };
  const second = Promise.withResolvers<void>();
  const hold = Promise.withResolvers<void>();
  let isHeld = true;
  refusing((_, asked) => {
    if (asked === 1) return { do: "change", reason: "first", tasks: [part("door", { agentName: "fixr" })] };
    return { do: "change", reason: "second", tasks: [part("door")] };
  });
  const answer = fake.answer;
  fake.answer = async (call) => {
    const isSecond = isPlanning(call) && isAbout(call, "Your last answer was checked");
    if (isSecond && isHeld) {
      second.resolve();
      await hold.promise;
    }
    return answer?.(call);
  };
  let run = "";
  {
    await using host = await open();
    const handle = host.start(host.prepare(order));
    run = handle.id;
    await second.promise;
    isHeld = false;
  }
  hold.resolve();
  await using host = await open();
  const { handle } = await host.resume(run);
  const results = await handle;
  expect(results).toMatchObject({
    status: "complete",
    tasks: { door: { status: "complete" }, check: { status: "complete" } },
  });
  const firsts = fake.calls.filter((call) => isPlanning(call) && !isAbout(call, "Your last answer was checked"));
  expect(firsts).toHaveLength(1);
});

test("a person who tells the planner something has the plan looked at, and changed where it has not begun", async () => {
  const terminal = cli.terminal({ "plan.yaml": plan() }, paid());
  const begun = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  fake.answer = async (call) => {
    if (isPlanning(call)) {
      expect(isAbout(call, "the cellar is flooded")).toBe(true);
      told.resolve();
      return {
        text: [
          JSON.stringify({
            do: "change",
            reason: "dry it first",
            tasks: [part("pump", { outputs: ["dry cellar"], covers: [], kind: "document" })],
          }),
        ],
      };
    }
    if (!isAbout(call, "Please build the login now.")) return { text: ["Done"] };
    begun.resolve();
    await told.promise;
    return { text: ["Done"] };
  };
  await using host = await Host.open({ home: terminal.home, env: paid(), repository: terminal.cwd });
  const handle = host.start(
    host.prepare({
      workflowName: "Sign in",
      tasks: [TASKS[0], { ...TASKS[1], dependencies: ["login"] }],
      config: { model: MODEL },
    }),
  );
  await begun.promise;
  await host.command(handle.id, { type: "message", from: "user", to: "replanner", content: "the cellar is flooded" });
  const results = await handle;
  expect(results.tasks).toMatchObject({ pump: { status: "complete" }, check: { status: "complete" } });
});

test("a fact that an agent reports goes to whoever plans, or, where nobody does, to those whose tasks it names", async () => {
  const terminal = cli.terminal({ "plan.yaml": plan() }, paid());
  mkdirSync(join(terminal.home, "agents"), { recursive: true });
  const powers = "---\nname: developer\ndescription: builds\ntools: [write, report_progress]\n---\nYou build.\n";
  writeFileSync(join(terminal.home, "agents/developer.md"), powers);
  const answers = (call: SeenCall) => {
    if (isPlanning(call)) return { text: [JSON.stringify({ do: "give-up", reason: "it fits all the same" })] };
    const turns = call.body.messages.filter(({ role }: { role: string }) => role === "assistant").length;
    if (!isAbout(call, "Please build the login now.") || turns > 0) return { text: ["Done"] };
    return { calls: [{ name: "report_progress", input: { text: "half", fact: "the login has two doors to check" } }] };
  };
  fake.answer = answers;
  const said = async (...more: readonly string[]) => {
    const { code, out } = await terminal.tutti("run", "plan.yaml", ...OPTIONS, ...more, "--json");
    expect(code).toBe(0);
    return of(eventsIn(out), "message:sent").map((event) => (event as unknown as { from: string; to: string }).to);
  };
  expect(await said()).toEqual(["replanner"]);
  expect(fake.calls.filter((call) => isPlanning(call) && isAbout(call, "two doors to check"))).toHaveLength(1);
  expect(await said("--no-replan")).toEqual(["code-reviewer"]);
});

test.each<[string, (tasks: typeof TASKS) => readonly object[], RegExp]>([
  [
    "needs what nobody makes",
    ([one, two]) => [one as object, { ...two, brief: { ...two?.brief, inputs: ["logout"] } }],
    /plan\.yaml:\d+:\d+: task 'check' needs 'logout', which no task makes and which is not there/,
  ],
  [
    "leaves a requirement to nobody",
    ([one, two]) => [{ ...one, brief: { ...one?.brief, covers: [] } }, two as object],
    /plan\.yaml:\d+:\d+: no task covers requirement 'sign-in': Sign in/,
  ],
  ["verifies nothing", ([one]) => [one as object], /plan\.yaml:\d+:\d+: nobody verifies what task 'login' builds/],
])(
  "an edited plan that %s is refused before anything is begun, in the words of tutti plan",
  async (_what, edit, pattern) => {
    const terminal = cli.terminal({ "plan.yaml": plan(edit(TASKS)) }, paid());
    const { code, out, err } = await terminal.tutti("run", "plan.yaml", ...OPTIONS);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(pattern);
    expect(fake.calls).toEqual([]);
  },
);

test("what of an edited plan is only in doubt is told, and the plan runs", async () => {
  const [one, two] = TASKS;
  const terminal = cli.terminal(
    { "plan.yaml": plan([{ ...one, brief: { ...one?.brief, criteria: [] } }, two as object]) },
    paid(),
  );
  const { code, err } = await terminal.tutti("run", "plan.yaml", "--rehearse", "--speed", "max");
  expect([code, err]).toEqual([0, expect.stringMatching(/doubt: nobody can tell when task 'login' is done/)]);
});

const asked = async (terminal: Terminal, env: { readonly [name: string]: string }, how: object = {}) => {
  await using host = await Host.open({ home: terminal.home, env, repository: terminal.cwd });
  using fleet = fleetOf(host, { by: "test", folder: terminal.cwd });
  const made = await fleet.plan("Sign in", how);
  return { made, costs: await fleet.costs() };
};

test("whoever conducts over MCP gets a plan by the model that is configured, is told so, and pays for it", async () => {
  const terminal = cli.terminal({}, paid());
  const tasks = TASKS.map(({ brief, ...task }) => ({ ...task, phase: "p", ...brief }));
  fake.script({ text: [JSON.stringify({ tasks })] });
  const { made, costs } = await asked(terminal, paid());
  expect(made).toMatchObject({ by: expect.stringMatching(/^anthropic\//), tasks: 2, problems: [] });
  expect(costs.runs).toMatchObject([{ workflow: "plan", agents: { planner: { attempts: 1 } } }]);
  expect(costs.runs[0]?.tokensUsed).toBeGreaterThan(0);
  expect(readFileSync(join(terminal.home, "plans", `${made.plan}.yaml`), "utf8")).toContain("plannedBy: anthropic/");
  const file = join(terminal.home, "plans", `${made.plan}.yaml`);
  writeFileSync(file, readFileSync(file, "utf8").replace(/\n +covers:\n +- sign-in/, ""));
  {
    await using host = await Host.open({ home: terminal.home, env: paid(), repository: terminal.cwd });
    using fleet = fleetOf(host, { by: "test", folder: terminal.cwd });
    expect(await fleet.planned(made.plan)).toMatchObject({ tasks: [{ id: "login" }, { id: "check" }] });
    await expect(fleet.planned(made.plan, true)).rejects.toThrow("no task covers requirement 'sign-in'");
  }
  fake.calls.length = 0;
  for (const [env, how] of [
    [paid(), { patterns: true }],
    [{}, {}],
  ] as const)
    expect((await asked(terminal, env, how)).made.by).toBe("patterns and the router, without a model");
  expect(fake.calls).toEqual([]);
});
