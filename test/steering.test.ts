import { expect, test } from "vitest";
import { settled, VirtualClock } from "../src/app/virtual-clock.ts";
import { AgentOrchestrator, createMemoryJournal, type RunHandle } from "../src/index.ts";
import { eventsOf, finish, inWords, statuses } from "./support/finish.ts";
import { begin, chain, Held, plain } from "./support/held.ts";

const stopped = async (handle: RunHandle) =>
  (await eventsOf(handle)).filter(({ type }) => type.startsWith("workflow:")).map(({ type }) => type);

test("a paused run lets what is under way end, begins nothing, and goes on when it is resumed", async () => {
  const { clock, held, handle } = begin([...chain, plain("c", { dependencies: ["a"] })]);
  await settled();
  await handle.pause("lunch");
  await held.end("a");
  const paused = await finish(clock, handle);
  expect(paused).toMatchObject({
    status: "paused",
    reason: "lunch",
    tasks: { a: { status: "complete" }, b: { status: "pending" } },
  });
  expect(held.begun).toEqual(["a"]);
  expect(handle.status).toBe("paused");
  await expect(handle.pause()).rejects.toThrow("the run is paused already");
  await handle.resume();
  await settled();
  await held.end("b");
  await held.end("c");
  expect((await finish(clock, handle)).status).toBe("complete");
  await expect(handle.resume()).rejects.toThrow("has ended");
  expect(await stopped(handle)).toEqual([
    "workflow:start",
    "workflow:stopping",
    "workflow:paused",
    "workflow:resumed",
    "workflow:results",
    "workflow:complete",
  ]);
});

test("whoever begins to listen while the last events are being written hears them too", async () => {
  const journal = createMemoryJournal();
  const written = Promise.withResolvers<void>();
  const create = journal.create.bind(journal);
  journal.create = async (run) => {
    const writer = await create(run);
    const append = writer.append.bind(writer);
    return Object.assign(writer, {
      append: async (batch: Parameters<typeof append>[0]) => {
        if (batch.events.some(({ type }) => type === "workflow:complete")) await written.promise;
        return append(batch);
      },
    });
  };
  const { held, handle } = begin([plain("a")], { journal });
  await settled();
  await held.end("a");
  const heard = eventsOf(handle);
  await settled();
  written.resolve();
  expect((await heard).at(-1)?.type).toBe("workflow:complete");
});

test("a resume before the last attempt has ended takes the pause back", async () => {
  const { clock, held, handle } = begin(chain);
  await settled();
  await handle.pause();
  await handle.resume();
  await held.end("a");
  await held.end("b");
  expect((await finish(clock, handle)).status).toBe("complete");
  expect(await stopped(handle)).not.toContain("workflow:paused");
});

test("[I8] a cancelled run asks its attempts to end, keeps what is finished, and names its end", async () => {
  const { clock, held, handle } = begin([...chain, plain("x"), plain("y", { gate: true })]);
  await settled();
  await held.end("a");
  await handle.cancel("no more");
  const results = await finish(clock, handle);
  expect(statuses(results)).toEqual({ a: "complete", b: "cancelled", x: "cancelled", y: "cancelled" });
  expect(results).toMatchObject({
    status: "cancelled",
    reason: "no more",
    tasks: { a: { output: "a done" }, b: { reason: "no more" } },
  });
  expect(inWords(await eventsOf(handle)).slice(-2)).toEqual(["workflow:results", "workflow:cancelled"]);
});

test("an attempt that does not listen is given up after the grace, and the run is cancelled without it", async () => {
  const { clock, handle } = begin([plain("a")], { agents: { agent: () => new Promise(() => {}) }, grace: 700 });
  await settled();
  const before = clock.now();
  await handle.cancel();
  expect((await finish(clock, handle)).tasks["a"]).toMatchObject({ status: "cancelled", duration: 700 });
  expect(clock.now()).toBe(before + 700);
});

test("an AbortSignal cancels a run, before it begins or while it runs", async () => {
  for (const early of [true, false]) {
    const ending = new AbortController();
    const clock = new VirtualClock();
    const held = new Held();
    const orchestrator = new AgentOrchestrator({ clock, agents: { agent: held.agent } });
    if (early) ending.abort(new Error("changed my mind"));
    const handle = orchestrator.execute({ tasks: chain, signal: ending.signal });
    await settled();
    ending.abort(new Error("changed my mind"));
    expect(await finish(clock, handle)).toMatchObject({ status: "cancelled", reason: "changed my mind" });
  }
});

test("a gate holds its task, and nothing else, until a person approves", async () => {
  const { clock, held, handle } = begin([
    plain("a", { gate: { question: "Really?" } }),
    plain("b"),
    plain("c", { dependencies: ["a"] }),
  ]);
  await settled();
  expect(held.begun).toEqual(["b"]);
  await held.end("b");
  expect(handle.status).toBe("waiting");
  await handle.approve("a", { by: "me" });
  await expect(handle.approve("a")).rejects.toThrow("gate 'a' has been decided already: approve");
  await expect(handle.approve("z")).rejects.toThrow("there is no open gate 'z'");
  await held.end("a");
  await held.end("c");
  expect(statuses(await finish(clock, handle))).toEqual({ a: "complete", b: "complete", c: "complete" });
  const events = await eventsOf(handle);
  expect(events.find(({ type }) => type === "gate:opened")).toMatchObject({
    gate: "a",
    question: "Really?",
    taskId: "a",
  });
  expect(events.find(({ type }) => type === "gate:decided")).toMatchObject({ decision: "approve", by: "me" });
});

test("a rejected gate fails its task with the person's words", async () => {
  const { clock, handle } = begin([plain("a", { gate: true }), plain("b", { dependencies: ["a"] })]);
  await settled();
  await handle.reject("a", { note: "too risky" });
  const results = await finish(clock, handle);
  expect(results.tasks["a"]).toMatchObject({
    status: "failed",
    reason: "rejected at its gate: too risky",
    attempts: 0,
  });
  expect(results.tasks["b"]?.status).toBe("skipped");
  expect(results.status).toBe("failed");
});

test("what the person at the gate writes reaches the agent: a note, and a prompt of its own", async () => {
  const seen: unknown[] = [];
  const { clock, handle } = begin([plain("a", { gate: true, prompt: "old" })], {
    agents: { agent: async (t) => seen.push([t.prompt, t.note]) },
    people: { ask: async ({ gate, question }) => ({ decision: "approve", edited: `new for ${gate}`, note: question }) },
  });
  await finish(clock, handle);
  expect(seen).toEqual([["new for a", "Shall 'a' go ahead? a"]]);
});

test("people who do not know, or who fail to answer, leave the gate open for another way", async () => {
  for (const ask of [async () => undefined, () => Promise.reject(new Error("no line"))]) {
    const { clock, held, handle } = begin([plain("a", { gate: true })], { people: { ask } });
    await settled();
    expect(handle.status).toBe("waiting");
    await handle.approve("a");
    await held.end("a");
    expect((await finish(clock, handle)).status).toBe("complete");
  }
});

test("the working time stands still at gates and pauses; at its limit the run pauses and can be resumed", async () => {
  const { clock, held, handle } = begin(
    [plain("a"), plain("b", { gate: true, dependencies: ["a"] }), plain("c", { dependencies: ["b"] })],
    {
      globalTimeout: 10_000,
    },
  );
  await clock.pass(6000);
  await held.end("a");
  await clock.pass(3_600_000);
  expect(handle.status).toBe("waiting");
  await handle.pause();
  expect((await finish(clock, handle)).status).toBe("paused");
  await clock.pass(3_600_000);
  await handle.resume();
  await handle.approve("b");
  await clock.pass(3999);
  expect(handle.status).toBe("running");
  await clock.pass(1);
  await settled();
  const results = await handle;
  expect(results).toMatchObject({
    status: "paused",
    reason: "the run has worked for 10000 ms, its limit",
    tasks: { b: { status: "running" } },
  });
  await handle.resume();
  await settled();
  await held.end("b");
  await clock.pass(9000);
  await held.end("c");
  expect(await finish(clock, handle)).toMatchObject({ status: "complete", tasks: { b: { attempts: 2 } } });
  const pauses = (await eventsOf(handle)).filter((event) => event.type === "workflow:paused");
  expect(pauses.map(({ cause }) => cause)).toEqual(["user", "time"]);
});

test("a resume may give a new limit of time", async () => {
  const { clock, held, handle } = begin([plain("a", { retries: 5 })], { globalTimeout: 1000 });
  await clock.pass(1001);
  await settled();
  expect((await handle).status).toBe("paused");
  await handle.resume({ globalTimeout: 50_000 });
  await clock.pass(49_000);
  await held.end("a");
  expect((await finish(clock, handle)).status).toBe("complete");
});

test("an attempt that was stopped for time is no failure of its agent", async () => {
  let tried = 0;
  const { clock, handle } = begin([plain("a", { retries: 1 })], {
    globalTimeout: 1000,
    retryDelay: 0,
    agents: {
      agent: (_t, { signal }) => {
        tried++;
        if (tried === 1) return new Promise((_, no) => signal.addEventListener("abort", () => no(signal.reason)));
        if (tried === 2) throw new Error("the first failure");
        return "at last";
      },
    },
  });
  await clock.pass(1000);
  expect((await handle).status).toBe("paused");
  await handle.resume();
  expect((await finish(clock, handle)).tasks["a"]).toMatchObject({ output: "at last", attempts: 3 });
});

test("[I7, readme:budget] at the budget a run pauses, loses nothing, and goes on when it is raised", async () => {
  const clock = new VirtualClock();
  const orchestrator = new AgentOrchestrator({
    clock,
    maxParallelAgents: 1,
    budget: { tokens: 100 },
    agents: { agent: async (t) => ({ output: t.id, tokensUsed: 40, costUsd: 1 }) },
  });
  const handle = orchestrator.execute({ tasks: ["a", "b", "c", "d"].map((id) => plain(id, { maxTokens: 40 })) });
  const results = await finish(clock, handle);
  expect(results).toMatchObject({
    status: "paused",
    reason: "the budget of 100 tokens does not allow task 'c': 80 used, 40 more expected",
    tasks: { a: { output: "a" }, b: { output: "b" }, c: { status: "pending" } },
  });
  await handle.resume({ budget: { tokens: 119 } });
  expect((await finish(clock, handle)).status).toBe("paused");
  await handle.resume({ budget: { tokens: 160 } });
  expect(await finish(clock, handle)).toMatchObject({
    status: "complete",
    summary: { totalTokens: 160, totalCostUsd: 4 },
  });
  const events = await eventsOf(handle);
  const of = (type: string) =>
    events.filter((event) => event.type === type).map((event) => ("taskId" in event ? event.taskId : ""));
  expect(of("budget:reserved")).toEqual(["a", "b", "c", "d"]);
  expect(of("budget:settled")).toEqual(["a", "b", "c", "d"]);
  expect(of("budget:exceeded")).toEqual(["c", "c"]);
});

test("[I7] a reservation that does not fit waits for those under way, and only then pauses the run", async () => {
  const { clock, held, handle } = begin(
    ["a", "b", "c"].map((id) => plain(id, { maxTokens: 50 })),
    { budget: { tokens: 100 } },
  );
  await settled();
  expect(held.begun).toEqual(["a", "b"]);
  expect(handle.status).toBe("running");
  await held.end("a", { output: 1, tokensUsed: 10, costUsd: 0 });
  expect(held.begun).toEqual(["a", "b"]);
  await held.end("b", { output: 1, tokensUsed: 10, costUsd: 0 });
  expect(held.begun).toEqual(["a", "b", "c"]);
  await held.end("c", { output: 1, tokensUsed: 90, costUsd: 0 });
  expect(await finish(clock, handle)).toMatchObject({ status: "complete", summary: { totalTokens: 110 } });
});

test("turns and money are limits too", async () => {
  for (const [budget, limit] of [
    [{ turns: 1 }, "turns"],
    [{ usd: 0.5 }, "usd"],
    [{ tokens: 0 }, "tokens"],
  ] as const) {
    const clock = new VirtualClock();
    const agent = async () => ({ output: 1, tokensUsed: 1, costUsd: 0.5 });
    const orchestrator = new AgentOrchestrator({ clock, budget, maxParallelAgents: 1, agents: { agent } });
    const results = await finish(clock, orchestrator.execute({ tasks: chain }));
    expect(results).toMatchObject({ status: "paused", reason: expect.stringContaining(` ${limit} `) });
  }
});
