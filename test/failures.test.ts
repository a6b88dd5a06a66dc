import { expect, test } from "vitest";
import { settled, VirtualClock } from "../src/app/virtual-clock.ts";
import { AgentOrchestrator, type AgentTask, type OrchestratorConfig, TuttiError } from "../src/index.ts";
import { eventsOf, finish, inWords, statuses } from "./support/finish.ts";

const plain = (id: string, more: Partial<AgentTask> = {}): AgentTask => ({
  id,
  agentName: "agent",
  description: id,
  prompt: "",
  ...more,
});
const boom = (more: object = {}) => {
  throw Object.assign(new Error("boom"), more);
};

/** Runs a plan of tasks while time passes as it is needed. */
async function play(
  tasks: readonly AgentTask[],
  agents: OrchestratorConfig["agents"] & object,
  more: OrchestratorConfig = {},
) {
  const clock = new VirtualClock();
  const orchestrator = new AgentOrchestrator({ agents, clock, seed: 1, ...more });
  const handle = orchestrator.execute({ tasks });
  const results = await finish(clock, handle);
  const events = await finish(clock, eventsOf(handle));
  return { clock, orchestrator, handle, results, events };
}

const failB = async (t: { id: string }) => (t.id === "b" ? boom({ retry: "never" }) : `${t.id} done`);
const three = (onFailure?: AgentTask["onFailure"]) => [
  plain("a"),
  plain("b", onFailure === undefined ? {} : { onFailure }),
  plain("c"),
  plain("after-b", { dependencies: ["b"] }),
  plain("after-all", { dependencies: ["a", "after-b"] }),
  plain("after-c", { dependencies: ["c"] }),
];

test("[I5, readme:siblings] when one task fails, all that does not depend on it is done, and the rest says why not", async () => {
  const { results, events } = await play(three(), { agent: failB });
  expect(results.status).toBe("failed");
  expect(results.tasks).toMatchObject({
    a: { status: "complete", output: "a done" },
    b: { status: "failed", reason: "boom", attempts: 1 },
    c: { status: "complete", output: "c done" },
    "after-b": { status: "skipped", reason: "needs 'b', which failed: boom" },
    "after-all": { status: "skipped", reason: expect.stringContaining("needs 'after-b', which was skipped") },
    "after-c": { status: "complete", output: "after-c done" },
  });
  expect(results.summary).toMatchObject({ totalTasks: 6, successfulTasks: 3, failedTasks: 1, skippedTasks: 2 });
  expect(inWords(events).slice(-2)).toEqual(["workflow:results", "workflow:complete"]);
  expect(events.at(-1)).toMatchObject({ status: "failed" });
  expect(events.find(({ type }) => type === "task:error")).toMatchObject({
    success: false,
    reason: "boom",
    failure: "error",
  });
});

test("[I5] under `continue` what depends on a failed task goes on without its result", async () => {
  const seen: object[] = [];
  const agent = async (t: { id: string; results: object }) => {
    if (t.id === "after-b") seen.push(t.results);
    return failB(t);
  };
  const { results } = await play(three("continue"), { agent });
  expect(statuses(results)).toMatchObject({ b: "failed", "after-b": "complete", "after-all": "complete" });
  expect(seen).toEqual([{}]);
  expect(results.status).toBe("failed");
});

test("[I5] under `fail-fast` nothing new begins, what is under way is asked to end, and finished work is kept", async () => {
  const release = Promise.withResolvers<void>();
  const agent = async (t: { id: string }, { signal }: { signal: AbortSignal }) => {
    if (t.id === "b") {
      await release.promise;
      boom({ retry: "never" });
    }
    if (t.id === "c") {
      release.resolve();
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }
    return "done";
  };
  const { results, events } = await play(three("fail-fast"), { agent });
  expect(statuses(results)).toEqual({
    a: "complete",
    b: "failed",
    c: "cancelled",
    "after-b": "skipped",
    "after-all": "skipped",
    "after-c": "skipped",
  });
  expect(results.reason).toBe("task 'b' failed and its policy is fail-fast: boom");
  expect(results.status).toBe("failed");
  const stop = events.findIndex(({ type }) => type === "workflow:stopping");
  expect(events.slice(stop).filter(({ type }) => type === "agent:invoke")).toEqual([]);
});

test("[I5] a failure that is to end the run ends it although it was being paused", async () => {
  const clock = new VirtualClock();
  const gate = Promise.withResolvers<void>();
  await using orchestrator = new AgentOrchestrator({
    clock,
    maxParallelAgents: 1,
    agents: { agent: async () => gate.promise.then(() => boom({ retry: "never" })) },
  });
  const handle = orchestrator.execute({ tasks: [plain("a", { onFailure: "fail-fast" }), plain("b")] });
  await settled();
  await handle.pause();
  gate.resolve();
  expect(await finish(clock, handle)).toMatchObject({ status: "failed", tasks: { b: { status: "skipped" } } });
});

test("a failed attempt is tried again after a wait that grows, up to its retries", async () => {
  const { results, events } = await play(
    [plain("a", { retries: 3 })],
    { agent: async (t) => boom({ message: `no ${t.attempt}` }) },
    { retryDelay: 100 },
  );
  expect(results.tasks["a"]).toMatchObject({ status: "failed", attempts: 4, reason: "no 4" });
  const retries = events.filter((event) => event.type === "task:retry");
  expect(retries.map(({ attempt, reason }) => [attempt, reason])).toEqual([1, 2, 3].map((n) => [n, `no ${n}`]));
  for (const [i, { delay, resumeAt, at }] of retries.entries()) {
    expect(delay).toBeGreaterThanOrEqual(50 * 2 ** i);
    expect(delay).toBeLessThanOrEqual(150 * 2 ** i);
    expect(resumeAt).toBe(at + delay);
  }
  const invoked = events.filter((event) => event.type === "agent:invoke");
  expect(invoked.slice(1).map(({ at }) => at)).toEqual(retries.map(({ resumeAt }) => resumeAt));
});

test("a rate limit is waited for as long as it asks, and a failure that says so is not tried again", async () => {
  const tasks = [plain("slow", { retries: 1 }), plain("never", { agentName: "never" })];
  const { results, events } = await play(tasks, {
    agent: async (t) => (t.attempt === 1 ? boom({ failure: "rate-limit", retryAfter: 90_000 }) : "at last"),
    never: async () => boom({ retry: "never" }),
  });
  expect(results.tasks).toMatchObject({
    slow: { output: "at last", attempts: 2 },
    never: { status: "failed", attempts: 1 },
  });
  expect(events.find((event) => event.type === "task:retry")).toMatchObject({ failure: "rate-limit", delay: 90_000 });
});

test("fallbacks take over in their order, and say for whom", async () => {
  const tasks = [plain("a", { retries: 1, fallbacks: ["second", "third"] })];
  const { results, events } = await play(tasks, {
    agent: async () => boom(),
    second: async () => boom({ retry: "never", message: "worse" }),
    third: async (t) => `${t.agentName} on attempt ${t.attempt}`,
  });
  expect(results.tasks["a"]).toMatchObject({ status: "complete", output: "third on attempt 4", attempts: 4 });
  expect(events.filter((event) => event.type === "task:fallback")).toMatchObject([
    { agentName: "agent", to: "second", reason: "boom" },
    { agentName: "second", to: "third", reason: "worse" },
  ]);
  expect(events.find((event) => event.type === "task:complete")).toMatchObject({ agentName: "third" });
});

test("[I6] failed attempts cost what they cost, and a cost that nobody told makes the total unknown", async () => {
  const usage = { tokensUsed: 10, costUsd: 0.5 };
  const failing = await play([plain("a", { retries: 1 })], {
    agent: async (t) => (t.attempt === 1 ? boom(usage) : { output: 1, tokensUsed: 5, costUsd: 0.25 }),
  });
  expect(failing.results.tasks["a"]).toMatchObject({ tokensUsed: 15, costUsd: 0.75 });
  expect(failing.results.summary).toMatchObject({ totalTokens: 15, totalCostUsd: 0.75 });
  const unknown = await play([plain("a"), plain("b", { agentName: "b" })], {
    agent: async () => ({ output: 1, tokensUsed: 5 }),
    b: async () => ({ output: 1, ...usage }),
  });
  expect(unknown.results.summary).toMatchObject({ totalTokens: 15, totalCostUsd: null });
});

test("an attempt that takes too long is aborted and tried again, without it when it does not listen", async () => {
  for (const listens of [true, false]) {
    const agent = (t: { attempt: number }, { signal }: { signal: AbortSignal }) =>
      t.attempt > 1
        ? "quick"
        : new Promise((_, reject) => listens && signal.addEventListener("abort", () => reject(signal.reason)));
    const { results, events } = await play([plain("a", { timeout: 1000 })], { agent }, { grace: 300, retryDelay: 0 });
    expect(results.tasks["a"]).toMatchObject({ status: "complete", output: "quick", attempts: 2 });
    const [retry] = events.filter((event) => event.type === "task:retry");
    expect(retry).toMatchObject({
      failure: "timeout",
      duration: listens ? 1000 : 1300,
      reason: expect.stringContaining("1000 ms"),
    });
  }
});

test("[I6] what a given-up attempt used is counted when it is known at last, once", async () => {
  const clock = new VirtualClock();
  const late = Promise.withResolvers<object>();
  const hold = Promise.withResolvers<string>();
  await using orchestrator = new AgentOrchestrator({
    clock,
    grace: 100,
    retryDelay: 0,
    agents: { agent: (t) => (t.attempt === 1 ? late.promise : hold.promise) },
  });
  const handle = orchestrator.execute({ tasks: [plain("a", { timeout: 1000 })] });
  await clock.pass(1200);
  late.resolve({ output: "too late", tokensUsed: 40, costUsd: 2 });
  await settled();
  hold.resolve("in time");
  const results = await finish(clock, handle);
  expect(results.tasks["a"]).toMatchObject({ output: "in time", tokensUsed: 40, costUsd: 2, attempts: 2 });
  const events = await eventsOf(handle);
  expect(events.filter((event) => event.type === "budget:settled")).toMatchObject([{ attempt: 1, late: true }]);
  // One attempt of 1,200 ms and one of next to nothing: the time of the first is not counted twice.
  expect(results.tasks["a"]?.duration).toBeLessThanOrEqual(1300);
});

test("what is not JSON is a failure that says so, and an output that is nothing is null", async () => {
  const loop: { me?: unknown } = {};
  loop.me = loop;
  const outputs: Record<string, unknown> = { loop, big: 1n, nothing: undefined, nan: Number.NaN, date: new Date(0) };
  const { results } = await play(
    Object.keys(outputs).map((id) => plain(id)),
    { agent: (t) => outputs[t.id] },
  );
  expect(results.tasks).toMatchObject({
    loop: { status: "failed", attempts: 1, reason: expect.stringContaining("not JSON") },
    big: { status: "failed", reason: expect.stringContaining("not JSON") },
    nothing: { output: null },
    nan: { output: null },
    date: { output: "1970-01-01T00:00:00.000Z" },
  });
});

test("an output that is nested without end fails its task and not the run", async () => {
  let deep: unknown = 1;
  for (let i = 0; i < 20_000; i++) deep = [deep];
  let bearable: unknown = 1;
  for (let i = 0; i < 3000; i++) bearable = { in: bearable };
  const tasks = [
    plain("deep"),
    plain("bearable"),
    plain("reads", { dependencies: ["bearable"], when: { task: "bearable", op: "ne", value: { a: 1 } } }),
    plain("sibling"),
  ];
  const outputs: Record<string, unknown> = { deep, bearable };
  const { results } = await play(tasks, { agent: { run: (t) => outputs[t.id] ?? "fine", version: "1" } });
  expect(results.tasks).toMatchObject({ deep: { status: "failed" }, sibling: { output: "fine" } });
  expect(results.reason).toBeUndefined();
});

test("an agent that throws nothing readable still gives a reason", async () => {
  const thrown: Record<string, unknown> = {
    nothing: undefined,
    empty: "",
    text: "words",
    object: { a: 1 },
    long: "x".repeat(9000),
  };
  const { results } = await play(
    Object.keys(thrown).map((id) => plain(id, { retries: 0 })),
    {
      agent: (t) => {
        throw thrown[t.id];
      },
    },
  );
  for (const { status, reason = "" } of Object.values(results.tasks)) {
    expect(status).toBe("failed");
    expect(reason.length).toBeGreaterThan(2);
    expect(reason.length).toBeLessThan(2100);
  }
  expect(results.tasks["text"]?.reason).toBe("words");
});

test("a TuttiError that an agent throws is its own failure, not the journal's", async () => {
  const { results } = await play([plain("a", { retries: 0 }), plain("b")], {
    agent: async (t) => {
      if (t.id === "a") throw new TuttiError("JOURNAL_CORRUPT", "mine");
      return 1;
    },
  });
  expect(statuses(results)).toEqual({ a: "failed", b: "complete" });
});
