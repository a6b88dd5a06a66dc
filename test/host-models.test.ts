/** Whole runs with the real runtime and the real packages of providers, against a local server that counts its calls. */
import { afterEach, describe, expect, test } from "vitest";
import type { FakeReply } from "./support/fake-protocols.ts";
import { FakeProvider, type SeenCall } from "./support/fake-provider.ts";
import { eventsOf, Homes, work } from "./support/homes.ts";
import { program } from "./support/host-program.ts";

const homes = new Homes();
const fakes: FakeProvider[] = [];
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake[Symbol.asyncDispose]();
});
async function provider(): Promise<FakeProvider> {
  const fake = await FakeProvider.start();
  fakes.push(fake);
  return fake;
}
const envOf = ({ url }: FakeProvider) => ({
  ...{ ANTHROPIC_API_KEY: "sk-a", ANTHROPIC_BASE_URL: url },
  ...{ OPENAI_API_KEY: "sk-o", OPENAI_BASE_URL: url },
});

/** The prompt of a call, in the words of either protocol. */
const promptIn = ({ body }: SeenCall): string =>
  JSON.stringify(body.messages.filter(({ role }: { role: string }) => role === "user"));
const TASKS = {
  "quality-review": "Code Quality Review",
  "security-review": "Security Review",
  "performance-review": "Performance Review",
  "test-review": "Test Coverage Review",
  "documentation-review": "Documentation Review",
  "review-summary": "Review Summary",
} as const;
type Task = keyof typeof TASKS;
const ids = Object.keys(TASKS) as Task[];
const taskOf = (call: SeenCall): Task => {
  const task = ids.find((id) => promptIn(call).includes(`# Your task: ${TASKS[id]}`));
  if (task === undefined) throw new Error(`a call for no task: ${promptIn(call).slice(0, 300)}`);
  return task;
};
const callsOf = ({ calls }: FakeProvider, task: Task) => calls.filter((call) => taskOf(call) === task);

const MARK = (task: Task) => `src/${task}.ts:7 loses what was paid for`;
const said = (task: Task): FakeReply => ({
  text: [`**HIGH**: ${MARK(task)}.\n`, "Fix it.\n"],
  usage: { fresh: 1000, cacheRead: 200, output: 300 },
});
const SOON = { "retry-after-ms": "30" };
/** What goes wrong before each task is answered. */
const FAULTS: { readonly [task in Task]?: readonly FakeReply[] } = {
  "quality-review": [{ status: 429, headers: { "retry-after": "1" } }],
  "security-review": [{ status: 529, headers: SOON }],
  "performance-review": [{ status: 500, headers: SOON }],
  "documentation-review": [
    { status: 429, headers: SOON },
    { status: 500, headers: SOON },
  ],
  "review-summary": [{ status: 529, headers: SOON }],
};

describe("[bar:code-review] the whole of code-review, with faults of the provider sprinkled in", () => {
  test.each(["anthropic/claude-sonnet-4-5", "openai/gpt-5"])("by %s", async (model) => {
    const fake = await provider();
    fake.answer = (call) => {
      const task = taskOf(call);
      return FAULTS[task]?.[callsOf(fake, task).length - 1] ?? said(task);
    };
    const host = await homes.open({ env: envOf(fake) });
    const handle = host.start(host.prepare({ workflowId: "code-review", config: { model, budget: { usd: 5 } } }));
    const { status, summary, tasks, rehearsed } = await handle;
    expect(status).toBe("complete");
    expect(rehearsed).toBeUndefined();
    for (const task of ids) {
      const faults = FAULTS[task]?.length ?? 0;
      expect(callsOf(fake, task), `${task} is paid once`).toHaveLength(faults + 1);
      expect(tasks[task]).toMatchObject({ status: "complete", tokensUsed: 1500, attempts: faults + 1 });
      expect(tasks[task]?.output).toContain(MARK(task));
    }
    expect(summary).toMatchObject({ totalTasks: 6, successfulTasks: 6, failedTasks: 0, totalTokens: 9000 });
    const costs = Object.values(tasks).map(({ costUsd }) => costUsd ?? Number.NaN);
    expect(summary.totalCostUsd).toBeCloseTo(costs.reduce((a, b) => a + b));
    expect(summary.totalCostUsd).toBeGreaterThan(0);
    // Every HIGH finding reaches the one who compiles them.
    const compiling = promptIn(callsOf(fake, "review-summary").at(-1) as SeenCall);
    for (const task of ids.slice(0, -1)) expect(compiling).toContain(MARK(task));
    const events = await eventsOf(host.journal, handle.id);
    expect(events.filter(({ type }) => type === "task:retry")).toHaveLength(6);
    expect(events.some(({ rehearsed }) => rehearsed)).toBe(false);
  });
});

test("[bar:model-kill] [I3] [readme:resume] killed twice and taken up by another process, no completed task's model call is made again", async () => {
  const fake = await provider();
  const home = homes.path();
  const config = { model: "anthropic/claude-sonnet-4-5", maxParallelAgents: 5 };
  /** Who is answered; the others hear nothing. */
  let answered: readonly Task[] = ids.slice(0, 2);
  fake.answer = (call) => (answered.includes(taskOf(call)) ? said(taskOf(call)) : { silent: true });

  const first = program(home, { workflowId: "code-review", config }, envOf(fake));
  const run = await first.reached("task:complete", 2);
  await expect.poll(() => fake.calls.length).toBe(5);
  first.child.kill("SIGKILL");
  await first.ended;

  answered = ids.slice(0, 4);
  const second = program(home, run, envOf(fake));
  await second.reached("task:complete", 4);
  second.child.kill("SIGKILL");
  await second.ended;
  for (const task of ids.slice(0, 2)) expect(callsOf(fake, task), task).toHaveLength(1);
  const paidInSecond = fake.calls.length;

  answered = ids;
  const third = program(home, run, envOf(fake));
  expect(await third.ended).toBe("complete");
  for (const task of ids.slice(0, 2)) expect(callsOf(fake, task), task).toHaveLength(1);
  for (const task of ids.slice(2, 4)) expect(callsOf(fake, task), task).toHaveLength(2);
  expect(new Set(fake.calls.slice(paidInSecond).map(taskOf))).toEqual(new Set(ids.slice(4)));
  const host = await homes.open({ home });
  const { status, tasks } = await host.show(run);
  expect(status).toBe("complete");
  for (const task of ids) expect(tasks[task]?.output).toContain(MARK(task));
});

test("a paused run asks nobody: cancelled without its key, refused without its key, resumed with it", async () => {
  const fake = await provider();
  const env = envOf(fake);
  const config = { model: "anthropic/claude-sonnet-4-5", budget: { turns: 1 } };
  const tasks = [work("a"), work("b", { dependencies: ["a"] })];
  const host = await homes.open({ env });
  const pause = async () => {
    const handle = host.start(host.prepare({ tasks, config }));
    expect((await handle).status).toBe("paused");
    return handle.id;
  };
  const [one, two] = [await pause(), await pause()];
  await homes.close(host);
  fake.calls.length = 0;

  const poor = await homes.open({ home: host.home });
  await expect(poor.resume(two, { type: "resume" })).rejects.toMatchObject({
    ...{
      code: "BAD_INPUT",
      path: "agents.builder",
      message: expect.stringMatching(/cannot be called: there is no key/),
    },
  });
  await expect(poor.command(two, { type: "resume" })).rejects.toMatchObject({ code: "BAD_INPUT" });
  expect(await poor.command(one, { type: "cancel" })).toBe("obeyed");
  expect(await poor.show(one)).toMatchObject({ status: "cancelled", tasks: { a: { status: "complete" } } });
  expect(await poor.show(two)).toMatchObject({ status: "paused" });
  expect(fake.calls).toEqual([]);
  await homes.close(poor);

  const rich = await homes.open({ home: host.home, env });
  const { handle } = await rich.resume(two, { type: "resume", budget: { turns: 9 } });
  expect(await handle).toMatchObject({ status: "complete", tasks: { b: { status: "complete" } } });
  expect(fake.calls).toHaveLength(1);
  await expect(rich.resume(two)).resolves.toMatchObject({ handle: { id: two } });
});

test("what a process died of is taken up by `resume`, though the run was not paused; and ended by `cancel`", async () => {
  const fake = await provider();
  fake.script({ silent: true });
  const home = homes.path();
  const config = { model: "anthropic/claude-sonnet-4-5" };
  const lost = async () => {
    const one = program(home, { tasks: [work("a")], config }, envOf(fake));
    const run = await one.reached("context:shown");
    one.child.kill("SIGKILL");
    await one.ended;
    return run;
  };
  const [first, second] = await Promise.all([lost(), lost()]);
  fake.script({ text: ["done"] });
  const host = await homes.open({ home, env: envOf(fake) });
  expect(await host.command(first, { type: "cancel" })).toBe("obeyed");
  expect(await host.show(first)).toMatchObject({ status: "cancelled" });
  expect(fake.calls).toEqual([]);
  await expect(host.resume(second, { type: "resume" })).rejects.toMatchObject({ code: "WRONG_STATE" });
  expect(await host.command(second, { type: "resume" })).toBe("obeyed");
  expect(await host.handle(second)).toMatchObject({ status: "complete", tasks: { a: { output: "done" } } });
});
