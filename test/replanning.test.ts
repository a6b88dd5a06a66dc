/** Plans that change while they run: around a failure, by what somebody found out, and for want of budget or time. */
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../src/app/virtual-clock.ts";
import {
  type AgentFunction,
  AgentOrchestrator,
  type AgentTask,
  createMemoryJournal,
  type OrchestratorConfig,
} from "../src/index.ts";
import { eventsOf, finish } from "./support/finish.ts";

const task = (id: string, more: Partial<AgentTask> = {}): AgentTask => ({
  ...{ id, agentName: "worker", description: `do ${id}`, prompt: `Please do ${id}`, retries: 0 },
  ...more,
});
const broken = (): never => {
  throw new Error("the roof leaks");
};
/** Fails at the tasks that are named, and does all others. */
const failing =
  (...ids: readonly string[]): AgentFunction =>
  ({ id }) =>
    ids.includes(id) ? broken() : { output: `${id} done`, tokensUsed: 10, costUsd: 0.1 };

async function play(
  tasks: readonly AgentTask[],
  agents: { readonly [name: string]: AgentFunction },
  more: OrchestratorConfig = {},
) {
  const clock = new VirtualClock();
  await using orchestrator = new AgentOrchestrator({ agents, clock, seed: 1, replan: { by: "planner" }, ...more });
  const handle = orchestrator.execute({ tasks });
  const results = await finish(clock, handle);
  const events = await finish(clock, eventsOf(handle));
  const of = (type: string) => events.filter((event) => event.type === type);
  return { results, events, of, run: handle.id };
}
const PLAN = [task("a"), task("b", { dependencies: ["a"] }), task("c", { dependencies: ["b"] })];

describe("a failure that others would be skipped for", () => {
  test("[readme:replan] is gone around: whoever waited goes on with what took its place, and the run ends well", async () => {
    const asked: unknown[] = [];
    const shown: unknown[] = [];
    const { results, of } = await play(PLAN, {
      worker: (t) => {
        if (t.id === "c") shown.push(t.results);
        return failing("b")(t, undefined as never);
      },
      planner: (t) => {
        asked.push(t.id);
        const add = [task("b1", { dependencies: ["a"] }), task("b2", { dependencies: ["b1"] })];
        return { output: { add, instead: { b: ["b2"] }, reason: "in two parts" } as never, tokensUsed: 7, costUsd: 1 };
      },
    });
    expect(results.status).toBe("complete");
    expect(asked).toEqual(["replan-1"]);
    expect(of("plan:changed")).toMatchObject([
      { added: ["b1", "b2"], removed: [], changed: [{ task: "c", dependencies: ["b2"] }], reason: "in two parts" },
    ]);
    expect(of("task:skipped")).toMatchObject([{ taskId: "b", how: "replaced", reason: "in two parts" }]);
    expect(of("task:retry")).toMatchObject([{ taskId: "b", step: "replan", reason: "the roof leaks" }]);
    // By the name that its author knows.
    expect(shown).toEqual([{ b: "b2 done" }]);
    expect(results.tasks["b"]).toMatchObject({ status: "skipped", attempts: 1 });
    // What the planner took is the run's (I6).
    expect(results.summary).toMatchObject({ totalTokens: 47, totalCostUsd: expect.closeTo(1.4) });
  });

  test("is a failure after all where the planner knows no way, says what cannot be, or fails itself", async () => {
    const answers: readonly [AgentFunction, RegExp][] = [
      [() => ({ reason: "nobody can" }), /^the roof leaks; no way around it was found: nobody can$/],
      [() => ({ instead: { b: ["nowhere"] }, reason: "r" }), /^the roof leaks; no way around it was found: r$/],
      [() => "no change at all", /^the roof leaks; no way around it was found$/],
      [broken, /^the roof leaks; no way around it was found: the roof leaks$/],
    ];
    for (const [planner, reason] of answers) {
      const { results, of } = await play(PLAN, { worker: failing("b"), planner }, { retryDelay: 0 });
      expect(results).toMatchObject({
        status: "failed",
        tasks: { a: { status: "complete" }, c: { status: "skipped" } },
      });
      expect(results.tasks["b"]).toMatchObject({ status: "failed", reason: expect.stringMatching(reason) });
      expect(of("plan:changed")).toEqual([]);
    }
  });

  test.each<[string, object, RegExp]>([
    ["a circle", { add: [task("n", { dependencies: ["c"] })], instead: { b: ["n"] } }, /in a circle: c → n → c/],
    ["a task that is there", { add: [task("a")], instead: { b: ["a"] } }, /'a'/],
    ["an agent who is not", { add: [task("n", { agentName: "ghost" })], instead: { b: ["n"] } }, /no agent 'ghost'/],
    [
      "what waits for the failed one",
      { add: [task("n", { dependencies: ["b"] })], instead: { b: ["n"] } },
      /gives way/,
    ],
    ["a removal of what has begun", { remove: ["a"] }, /'a' has begun and cannot be removed/],
    ["no list", { instead: { b: "n" } }, /'instead\.b' must be a list/],
  ])("is not replaced by %s, and the journal says why", async (_what, change, pattern) => {
    const { results, of } = await play(PLAN, {
      worker: failing("b"),
      planner: () => ({ ...change, reason: "r" }) as never,
    });
    expect(results.status).toBe("failed");
    expect(of("fact:refused")).toMatchObject([{ fact: "replan", taskId: "b", reason: expect.stringMatching(pattern) }]);
  });

  test("is left out where it is optional, and those behind it go on without it", async () => {
    const tasks = [task("a"), task("b", { brief: { optional: true } }), task("c", { dependencies: ["a", "b"] })];
    const planner = () => ({ instead: { b: [] }, reason: "it is optional" });
    const { results, of } = await play(tasks, { worker: failing("b"), planner });
    expect(results).toMatchObject({
      status: "complete",
      tasks: { b: { status: "skipped" }, c: { status: "complete" } },
    });
    expect(of("plan:changed")).toMatchObject([{ changed: [{ task: "c", dependencies: ["a"] }] }]);
  });

  test("asks once for a task, and so many times in a run", async () => {
    const again = (t: { readonly task?: string; readonly id: string; readonly description: string }) => {
      const failed = /'(.+)'/.exec(t.description)?.[1] ?? "";
      return { add: [task(`${failed}x`)], instead: { [failed]: [`${failed}x`] }, reason: "again" };
    };
    const doomed = ["b", "bx", "bxx", "bxxx"];
    const { results, of } = await play(PLAN, { worker: failing(...doomed), planner: again as AgentFunction });
    expect(of("task:added").filter((event) => "replans" in event)).toHaveLength(3);
    expect(results.tasks["bxxx"]).toMatchObject({ status: "failed", reason: "the roof leaks" });
    const one = await play(
      PLAN,
      { worker: failing(...doomed), planner: again as AgentFunction },
      { replan: { by: "planner", most: 1 } },
    );
    expect(one.results.tasks["bx"]).toMatchObject({ status: "failed" });
  });

  test("is asked about by nobody where no task may be added any more", async () => {
    const budget = { spawns: 0 };
    const { results } = await play(PLAN, { worker: failing("b"), planner: () => ({ reason: "asked" }) }, { budget });
    expect(results.tasks["b"]?.reason).toBe("the roof leaks");
  });

  test("is asked about by nobody where nothing waits for it, its author wants it otherwise, or no planner was named", async () => {
    const planner = () => ({ reason: "asked" });
    const plans = [
      [task("b")],
      [task("b", { onFailure: "continue" }), task("c", { dependencies: ["b"] })],
      [task("b", { recovery: { bug: [], error: [] } }), task("c", { dependencies: ["b"] })],
    ];
    for (const tasks of plans)
      expect((await play(tasks, { worker: failing("b"), planner })).of("task:retry")).toEqual([]);
    const clock = new VirtualClock();
    await using orchestrator = new AgentOrchestrator({ agents: { worker: failing("b"), planner }, clock });
    expect((await finish(clock, orchestrator.execute({ tasks: PLAN }))).tasks["b"]?.reason).toBe("the roof leaks");
  });

  test("is read by conditions under its own name, and a retry of the run goes on with what took its place", async () => {
    const tasks = [
      task("b"),
      task("c", { dependencies: ["b"], when: { task: "b", op: "eq", value: "n done" } }),
      task("d", { dependencies: ["c"] }),
    ];
    const planner = () => ({ add: [task("n")], instead: { b: ["n"] }, reason: "r" });
    const journal = createMemoryJournal();
    const agents = { worker: failing("b", "d"), planner };
    const { results, run } = await play(tasks, agents, { journal });
    expect(results.tasks).toMatchObject({ c: { status: "complete" }, d: { status: "failed" } });
    const clock = new VirtualClock();
    await using second = new AgentOrchestrator({ agents: { ...agents, worker: failing("b") }, clock, journal });
    const again = await finish(clock, second.retry(run));
    expect(again.status).toBe("complete");
    expect(
      Object.entries(again.tasks)
        .map(([id, one]) => `${id} ${one.status}`)
        .sort(),
    ).toEqual(["c reused", "d complete", "n reused"]);
    await expect(second.retry(run, { from: "b" })).rejects.toThrow("'b' is no part of the plan any more");
  });

  test("is asked about once where its host dies meanwhile: the planner that has answered is not paid again", async () => {
    const journal = createMemoryJournal();
    let asked = 0;
    const planner: AgentFunction = () => {
      asked++;
      return { output: { add: [task("n")], instead: { b: ["n"] }, reason: "r" } as never, tokensUsed: 5, costUsd: 0 };
    };
    const reached = Promise.withResolvers<void>();
    const first = new AgentOrchestrator({
      ...{ journal, seed: 1, replan: { by: "planner" } },
      agents: {
        planner,
        worker: (t, ctx) => {
          if (t.id !== "n") return failing("b")(t, ctx);
          reached.resolve();
          return new Promise<never>(() => {});
        },
      },
      grace: 0,
    });
    const handle = first.execute({ tasks: PLAN });
    await reached.promise;
    await first[Symbol.asyncDispose]();
    await using second = new AgentOrchestrator({
      ...{ journal, seed: 1, replan: { by: "planner" }, agents: { planner, worker: failing("b") } },
    });
    const results = await second.resume(handle.id);
    expect(results).toMatchObject({
      status: "complete",
      tasks: { n: { status: "complete" }, c: { status: "complete" } },
    });
    expect([asked, results.tasks["replan-1"]?.tokensUsed]).toEqual([1, 5]);
  });
});

describe("what is optional", () => {
  const extra = (id: string, more: Partial<AgentTask> = {}) => task(id, { brief: { optional: true }, ...more });
  const planner = () => ({ reason: "" });

  test("is left out first where the budget will not do for all, the least important of it; what is essential is done", async () => {
    const tasks = [
      task("a"),
      extra("x", { dependencies: ["a"], priority: 2 }),
      extra("y", { dependencies: ["a"], priority: 9 }),
      task("b", { dependencies: ["a", "x"] }),
    ];
    const { results, of } = await play(
      tasks,
      { worker: failing(), planner },
      { budget: { tokens: 30 }, maxParallelAgents: 1 },
    );
    expect(results.status).toBe("complete");
    expect(results.tasks).toMatchObject({
      y: { status: "complete" },
      x: { status: "cancelled" },
      b: { status: "complete" },
    });
    expect(of("plan:changed")).toMatchObject([
      {
        removed: ["x"],
        changed: [{ task: "b", dependencies: ["a"] }],
        reason: expect.stringMatching(/optional is left out first: too little is left of the budget/),
      },
    ]);
  });

  test("goes before the run pauses for want of budget, and only then it pauses", async () => {
    const tasks = [
      task("a"),
      task("b", { dependencies: ["a"], maxTokens: 50 }),
      extra("x", { dependencies: ["b"], maxTokens: 1 }),
    ];
    const { results, events } = await play(tasks, { worker: failing(), planner }, { budget: { tokens: 40 } });
    const order = events.flatMap(({ type }) =>
      /^plan:changed|^budget:exceeded|^workflow:paused/.test(type) ? type : [],
    );
    expect(order).toEqual(["plan:changed", "budget:exceeded", "workflow:paused"]);
    expect(results).toMatchObject({
      status: "paused",
      tasks: { b: { status: "pending" }, x: { status: "cancelled" } },
    });
  });

  test("is left out where the longest way does not fit into the time any more, and not where another way is the longest", async () => {
    const takes = (minutes: number) => ({ estimatedDuration: minutes * 60_000 });
    const tasks = [
      task("a", takes(5)),
      extra("x", { dependencies: ["a"], ...takes(9) }),
      extra("y", { dependencies: ["a"], ...takes(1) }),
      task("b", { dependencies: ["x", "y"], ...takes(5) }),
    ];
    const { results, of } = await play(tasks, { worker: failing(), planner }, { globalTimeout: 12 * 60_000 });
    expect(results.tasks).toMatchObject({
      x: { status: "cancelled" },
      y: { status: "complete" },
      b: { status: "complete" },
    });
    expect(of("plan:changed")).toMatchObject([
      { removed: ["x"], reason: expect.stringMatching(/too little time is left/) },
    ]);
  });

  test("stays where the rest fits, also while what is under way has worked for a while", async () => {
    const tasks = [
      task("a", { estimatedDuration: 50 }),
      task("side", { agentName: "quick" }),
      extra("x", { dependencies: ["a"], estimatedDuration: 50 }),
    ];
    const clock = new VirtualClock();
    const worker: AgentFunction = ({ id }) =>
      new Promise((resolve) => clock.at(clock.now() + 45, () => resolve(`${id} done`)));
    const quick: AgentFunction = () => new Promise((resolve) => clock.at(clock.now() + 40, () => resolve("done")));
    const options = { agents: { worker, quick, planner }, clock, replan: { by: "planner" }, globalTimeout: 110 };
    await using orchestrator = new AgentOrchestrator(options);
    const results = await finish(clock, orchestrator.execute({ tasks }));
    expect(results.tasks["x"]?.status).toBe("complete");
  });

  test("stays in a run that may not be replanned", async () => {
    const { replan: _, ...none } = { replan: undefined };
    const clock = new VirtualClock();
    const options = { agents: { worker: failing() }, clock, budget: { tokens: 15 }, maxParallelAgents: 1, ...none };
    await using orchestrator = new AgentOrchestrator(options);
    const handle = orchestrator.execute({ tasks: [task("a"), extra("x", { dependencies: ["a"] })] });
    expect((await finish(clock, handle)).tasks["x"]?.status).toBe("pending");
  });
});

describe("what somebody found out", () => {
  test("brings whoever plans to look again, who hears of all that was said before it and changes what has not begun", async () => {
    const heard: unknown[] = [];
    const { results, of } = await play(
      [task("a"), task("b", { dependencies: ["a"] })],
      {
        worker: async (t, ctx) => {
          if (t.id === "a") {
            await ctx.send("planner", "the door is too narrow");
            await ctx.send("planner", "and the lift is out of order");
          }
          return `${t.id} done`;
        },
        planner: (t) => {
          heard.push((t.messages ?? []).map(({ content }) => content));
          return { add: [task("saw")], remove: ["b"], reason: "a wider door first" };
        },
      },
      { maxParallelAgents: 1 },
    );
    expect(heard).toEqual([["the door is too narrow", "and the lift is out of order"]]);
    expect(of("plan:changed")).toMatchObject([{ added: ["saw"], removed: ["b"], reason: "a wider door first" }]);
    expect(results).toMatchObject({ status: "complete", tasks: { saw: { status: "complete" } } });
  });
});
