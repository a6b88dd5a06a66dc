import { expect, expectTypeOf, test, vi } from "vitest";
import { AgentOrchestrator, type AgentTask, run, TuttiError, task } from "../src/index.ts";
import { eventsOf, inWords, statuses } from "./support/finish.ts";

const plain = (id: string, more: Partial<AgentTask> = {}): AgentTask => ({
  id,
  agentName: "echo",
  description: id,
  prompt: `do ${id}`,
  ...more,
});
const echo = async ({ id }: { id: string }) => `${id} done`;

test("the library's example runs as the contract has it", async () => {
  await using orchestrator = new AgentOrchestrator({
    agents: {
      writer: async (t) => `draft of ${t.description}`,
      critic: async (t) => ({ output: `fine: ${t.results.a}`, tokensUsed: 12, costUsd: 0.0001 }),
    },
    maxParallelAgents: 8,
  });
  orchestrator.addTask({ id: "a", agentName: "writer", description: "intro", prompt: "Write it", priority: 5 });
  orchestrator.addTask({
    id: "b",
    agentName: "critic",
    description: "review",
    prompt: "Judge it",
    dependencies: ["a"],
  });
  const heard: string[] = [];
  orchestrator.on("task:complete", (event) => {
    expectTypeOf(event.duration).toEqualTypeOf<number>();
    heard.push(event.taskId);
  });
  const handle = orchestrator.execute();
  expect(handle.id).toMatch(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/);
  const results = await handle;
  expect(results).toMatchObject({
    run: handle.id,
    status: "complete",
    tasks: {
      a: { status: "complete", output: "draft of intro", tokensUsed: 0, costUsd: 0, attempts: 1 },
      b: { status: "complete", output: "fine: draft of intro", tokensUsed: 12, costUsd: 0.0001, attempts: 1 },
    },
    summary: {
      totalTasks: 2,
      successfulTasks: 2,
      failedTasks: 0,
      skippedTasks: 0,
      totalTokens: 12,
      totalCostUsd: 0.0001,
    },
  });
  expect(heard).toEqual(["a", "b"]);
  expect(await orchestrator.resume(handle.id)).toEqual(results);
});

test("in the functional form types of outputs flow along needs", async () => {
  const size = task("size", { agent: () => 7 });
  const words = task("words", { agent: async () => ({ output: ["x"], tokensUsed: 3 }) });
  const both = task("both", {
    agent: (t) => {
      expectTypeOf(t.results.size).toEqualTypeOf<number>();
      expectTypeOf(t.results.words).toEqualTypeOf<string[]>();
      return { total: t.results.size + t.results.words.length };
    },
    needs: [size, words],
  });
  const results = await run([size, words, both], { places: 8 });
  expectTypeOf(results.tasks.both.output).toEqualTypeOf<{ total: number } | undefined>();
  expectTypeOf(results.tasks.words.output).toEqualTypeOf<string[] | undefined>();
  expect(results.tasks.both.output).toEqual({ total: 8 });
  expect(results.status).toBe("complete");
});

test("a need may be an id, and an agent may be named", async () => {
  const results = await run(
    [task("a", { agent: "teller" }), task("b", { agent: async (t) => `heard ${String(t.results.a)}`, needs: ["a"] })],
    { agents: { teller: async () => "news" } },
  );
  expect(results.tasks.b.output).toBe("heard news");
});

test("events are flat, numbered without gaps, stamped, and carry what the contract says", async () => {
  await using orchestrator = new AgentOrchestrator({ agents: { echo } });
  const tasks = [plain("a", { maxTokens: 50, phase: "p" }), plain("b", { dependencies: ["a"] })];
  const handle = orchestrator.execute({ tasks, workflow: "two" });
  const events = await eventsOf(handle);
  expect(inWords(events)).toEqual([
    "workflow:start",
    "task:added a",
    "task:added b",
    "wave:start",
    "task:start a",
    "agent:invoke a",
    "task:complete a",
    "wave:complete",
    "phase:complete",
    "wave:start",
    "task:start b",
    "agent:invoke b",
    "task:complete b",
    "wave:complete",
    "workflow:results",
    "workflow:complete",
  ]);
  for (const [i, event] of events.entries()) {
    expect(event).toMatchObject({ run: handle.id, seq: i + 1 });
    expect(Math.abs(event.at - Date.now())).toBeLessThan(60_000);
  }
  const [start, added] = events;
  expect(start).toMatchObject({ workflow: "two", taskCount: 2 });
  expect(added).toMatchObject({ taskId: "a", agentName: "echo", description: "a", dependencies: [] });
  const one = (type: string, id?: string) =>
    events.find((e) => e.type === type && (!id || ("taskId" in e && e.taskId === id)));
  expect(one("wave:start")).toMatchObject({ wave: 1, taskIds: ["a"] });
  expect(one("task:start", "b")).toMatchObject({ agentName: "echo", description: "b", dependencies: ["a"] });
  expect(one("agent:invoke", "a")).toMatchObject({ attempt: 1, model: "function", maxTokens: 50 });
  expect(one("task:complete", "a")).toMatchObject({
    success: true,
    tokensUsed: 0,
    costUsd: 0,
    duration: expect.any(Number),
  });
  const { tasks: results, summary } = await handle;
  expect(one("workflow:results")).toMatchObject({
    results: { run: handle.id, status: "complete", tasks: results, summary },
  });
  expect(one("workflow:complete")).toMatchObject({ status: "complete", summary });
});

test.each<[string, readonly unknown[], string]>([
  ["an unknown agent", [plain("a", { agentName: "ecko" })], "task 'a': there is no agent 'ecko': did you mean 'echo'?"],
  [
    "an unknown dependency",
    [plain("backend"), plain("frontend", { dependencies: ["backnd"] })],
    "task 'frontend' depends on 'backnd': did you mean 'backend'?",
  ],
  [
    "an unknown field",
    [{ ...plain("a"), dependecies: [] }],
    "task 'a': 'dependecies' is not a known field: did you mean 'dependencies'?",
  ],
  ["no task at all", [], "a plan needs at least one task"],
])("[bar:bad-input] %s rejects the handle before anything is stored", async (_what, tasks, message) => {
  await using orchestrator = new AgentOrchestrator({ agents: { echo } });
  const handle = orchestrator.execute({ tasks: tasks as AgentTask[] });
  await expect(handle).rejects.toThrow(message);
  await expect(eventsOf(handle)).rejects.toMatchObject({ code: "BAD_INPUT" });
  await expect(handle.pause()).rejects.toBeInstanceOf(TuttiError);
  expect(await orchestrator.journal.list()).toEqual([]);
});

test("a handle that nobody looks at may be rejected without ending the process", async () => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  await using orchestrator = new AgentOrchestrator({ agents: { echo } });
  orchestrator.execute({ tasks: [] });
  orchestrator.execute({ tasks: [], signal: AbortSignal.abort() });
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test.each<[string, object, string]>([
  [
    "an unknown option",
    { maxParalelAgents: 3 },
    "option 'maxParalelAgents' is not a known option: did you mean 'maxParallelAgents'?",
  ],
  ["no place", { maxParallelAgents: 0 }, "option 'maxParallelAgents' must be a whole number from 1 to 1000, not 0"],
  ["too many places", { maxParallelAgents: 1001 }, "option 'maxParallelAgents'"],
  ["half a place", { maxParallelAgents: 1.5 }, "option 'maxParallelAgents'"],
  ["a strategy that is not there", { contextStrategy: "share" }, "did you mean 'shared'?"],
  ["an unknown limit of the budget", { budget: { euros: 3 } }, "option 'budget.euros' is not a known limit"],
  ["a negative budget", { budget: { usd: -1 } }, "option 'budget.usd' must be a number from 0"],
  ["a budget that is no object", { budget: 5 }, "option 'budget'"],
  ["no time", { globalTimeout: 0 }, "option 'globalTimeout'"],
  ["a provider without places", { providers: { p: 0 } }, "option 'providers.p'"],
  ["an agent that is nothing", { agents: { a: null } }, "agent 'a' must be a function or a definition"],
  [
    "an agent with an unknown field",
    { agents: { a: { runn: echo } } },
    "agent 'a': 'runn' is not a known field: did you mean 'run'?",
  ],
  [
    "an agent of an unknown runtime",
    { agents: { a: { runtime: "model" } } },
    "agent 'a': 'runtime' names no runtime that is here",
  ],
])("the constructor refuses %s", (_what, config, message) => {
  expect(() => new AgentOrchestrator(config as ConstructorParameters<typeof AgentOrchestrator>[0])).toThrow(message);
});

test("addTask refuses a field that cannot be, and lets a task name one that comes later", async () => {
  await using orchestrator = new AgentOrchestrator({ agents: { echo } });
  expect(() => orchestrator.addTask(plain("a", { priority: 11 }))).toThrow(
    "task 'a': 'priority' must be a whole number from 1 to 10",
  );
  orchestrator.addTask(plain("b", { dependencies: ["a"], when: { task: "a", op: "exists" } })).addTask(plain("a"));
  expect(statuses(await orchestrator.execute())).toEqual({ a: "complete", b: "complete" });
});

test("a plan that its author changes after it was handed in stays as it was", async () => {
  await using orchestrator = new AgentOrchestrator({ agents: { echo: async (t) => [t.prompt, t.context] } });
  const mine = { ...plain("a"), prompt: "first", dependencies: [] as string[], context: { deep: { n: 1 } } };
  orchestrator.addTask(mine);
  mine.prompt = "second";
  mine.context.deep.n = 2;
  const handle = orchestrator.execute();
  mine.dependencies.push("nobody");
  expect((await handle).tasks["a"]?.output).toEqual(["first", { deep: { n: 1 } }]);
});

test("[I4] attempts overlap up to the places that there are, and no further", async () => {
  for (const places of [1, 3]) {
    let now = 0;
    let most = 0;
    const agent = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
    };
    const plan = Array.from({ length: 9 }, (_, i) => task(`t${i}`, { agent }));
    expect((await run(plan, { places })).status).toBe("complete");
    expect(most).toBe(places);
  }
});

test("two runs at once keep their events, results and boards apart", async () => {
  await using orchestrator = new AgentOrchestrator({
    agents: {
      echo: async (t, ctx) => {
        await ctx.board.set("who", t.prompt);
        await new Promise((resolve) => setImmediate(resolve));
        return ctx.board.get("who")?.value;
      },
    },
  });
  const handles = ["one", "two"].map((prompt) => orchestrator.execute({ tasks: [plain("a", { prompt })] }));
  const results = await Promise.all(handles);
  expect(results.map(({ tasks }) => tasks["a"]?.output)).toEqual(["one", "two"]);
  for (const handle of handles) expect((await eventsOf(handle)).every((event) => event.run === handle.id)).toBe(true);
});

test("a slow reader of events misses none, and whoever comes after the end gets all of them", async () => {
  await using orchestrator = new AgentOrchestrator({ agents: { echo } });
  const handle = orchestrator.execute({ tasks: Array.from({ length: 30 }, (_, i) => plain(`t${i}`)) });
  const slow: number[] = [];
  for await (const event of handle) {
    slow.push(event.seq);
    if (event.seq % 20 === 0) await handle;
  }
  const late = (await eventsOf(handle)).map(({ seq }) => seq);
  expect(late).toEqual(Array.from({ length: late.length }, (_, i) => i + 1));
  expect(slow).toEqual(late);
});

test("whoever waits for events hears that the run is let go, however long he has read", async () => {
  const orchestrator = new AgentOrchestrator({
    agents: { quick: async () => "done", never: () => new Promise(() => {}) },
  });
  const tasks = ["a", "b", "c"].map((id) => plain(id, { agentName: "quick" }));
  const handle = orchestrator.execute({ tasks: [...tasks, plain("d", { agentName: "never" })] });
  const done = Promise.withResolvers<void>();
  let count = 0;
  const reading = (async () => {
    for await (const { type } of handle) if (type === "task:complete" && ++count === 3) done.resolve();
  })();
  const ended = expect(reading).rejects.toMatchObject({ code: "JOURNAL_CLOSED" });
  await done.promise;
  await orchestrator[Symbol.asyncDispose]();
  await ended;
});

test("a listener that throws is warned about and does not touch the run", async () => {
  await using orchestrator = new AgentOrchestrator({ agents: { echo } });
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const heard: number[] = [];
  orchestrator.on("*", () => {
    throw new Error("mine");
  });
  const end = orchestrator.on("*", ({ seq }) => heard.push(seq));
  expect((await orchestrator.execute({ tasks: [plain("a")] })).status).toBe("complete");
  expect(warned).toHaveBeenCalled();
  const { length } = heard;
  expect(length).toBeGreaterThan(5);
  end();
  await orchestrator.execute({ tasks: [plain("a")] });
  expect(heard).toHaveLength(length);
  warned.mockRestore();
});

test("large outputs come back whole to dependents, to results and to conditions", async () => {
  const large = { ok: true, list: [1, 2], text: "x".repeat(20_000) };
  await using orchestrator = new AgentOrchestrator({
    agents: {
      maker: async () => large,
      echo: async (t) => (t.id === "reader" ? t.results.maker : t.item),
      big: async (t) => `${t.item}${"y".repeat(9000)}`,
      sizes: async (t) => (t.results.many as string[]).map((one) => one.length),
    },
  });
  const handle = orchestrator.execute({
    tasks: [
      plain("maker", { agentName: "maker" }),
      plain("reader", { dependencies: ["maker"], when: { task: "maker", path: "/ok", op: "eq", value: true } }),
      plain("never", { dependencies: ["maker"], when: { task: "maker", path: "/ok", op: "eq", value: false } }),
      plain("many", { agentName: "big", dependencies: ["maker"], forEach: { task: "maker", path: "/list" } }),
      plain("sizes", { agentName: "sizes", dependencies: ["many"] }),
    ],
  });
  const { tasks } = await handle;
  expect(tasks["maker"]?.output).toEqual(large);
  expect(tasks["reader"]?.output).toEqual(large);
  expect(tasks["never"]?.status).toBe("skipped");
  expect(tasks["many"]?.output).toEqual([1, 2].map((item) => `${item}${"y".repeat(9000)}`));
  expect(tasks["sizes"]?.output).toEqual([9001, 9001]);
  const events = await eventsOf(handle);
  expect(JSON.stringify(events).length).toBeLessThan(20_000);
});
