import { expect, test } from "vitest";
import { VirtualClock } from "../src/app/virtual-clock.ts";
import { type Agent, AgentOrchestrator, type AgentTask, createMemoryJournal, type Journal } from "../src/index.ts";
import { eventsOf, finish, statuses } from "./support/finish.ts";

const plain = (id: string, more: Partial<AgentTask> = {}): AgentTask => ({
  id,
  agentName: "agent",
  description: id,
  prompt: `do ${id}`,
  retries: 0,
  ...more,
});
const chain = [plain("a"), plain("b", { dependencies: ["a"] }), plain("c", { dependencies: ["b"] })];

/** An orchestrator whose agent notes every task that it really did. */
function crew(
  journal: Journal,
  answer: (t: { id: string; prompt: string; results: Record<string, unknown> }) => unknown,
  version?: string,
) {
  const done: string[] = [];
  const run = (t: Parameters<typeof answer>[0]) => {
    done.push(t.id);
    return { output: answer(t), tokensUsed: 10, costUsd: 1 };
  };
  const agent: Agent = version === undefined ? run : { run, version };
  const clock = new VirtualClock();
  const orchestrator = new AgentOrchestrator({ journal, clock, agents: { agent }, retryDelay: 0 });
  return { done, orchestrator, finish: <T>(thing: PromiseLike<T>) => finish(clock, thing) };
}
const broken = (id: string) => (t: { id: string }) => {
  if (t.id === id) throw Object.assign(new Error("broken"), { tokensUsed: 1, costUsd: 0 });
  return `${t.id} done`;
};

test("a retry of a failed run keeps what was done and does the rest again, as a new run", async () => {
  const journal = createMemoryJournal();
  const first = crew(journal, broken("b"));
  const old = first.orchestrator.execute({ tasks: chain });
  expect(statuses(await first.finish(old))).toEqual({ a: "complete", b: "failed", c: "skipped" });
  const second = crew(journal, (t) => `${t.id} after ${JSON.stringify(t.results)}`);
  const again = second.orchestrator.retry(old.id);
  const results = await second.finish(again);
  expect(again.id).not.toBe(old.id);
  expect(statuses(results)).toEqual({ a: "reused", b: "complete", c: "complete" });
  expect(results.tasks["a"]).toMatchObject({
    output: "a done",
    tokensUsed: 0,
    costUsd: 0,
    attempts: 0,
    reason: "kept as it was",
  });
  expect(results.tasks["b"]?.output).toBe('b after {"a":"a done"}');
  expect(second.done).toEqual(["b", "c"]);
  const events = await eventsOf(again);
  expect(events[0]).toMatchObject({ parent: { run: old.id, how: "retry" } });
  expect(events.find(({ type }) => type === "task:reused")).toMatchObject({
    from: old.id,
    tokensSaved: 10,
    costSavedUsd: 1,
  });
  expect((await eventsOf(old)).at(-1)).toMatchObject({ type: "workflow:complete", status: "failed" });
});

test("a retry from a task does it and all that follows again, with the changes that were asked for", async () => {
  const journal = createMemoryJournal();
  const first = crew(journal, (t) => t.prompt);
  const old = first.orchestrator.execute({ tasks: [...chain, plain("x")] });
  await first.finish(old);
  const again = first.orchestrator.retry(old.id, { from: "b", set: { prompt: "better" } });
  const results = await first.finish(again);
  expect(statuses(results)).toEqual({ a: "reused", b: "complete", c: "complete", x: "reused" });
  expect(results.tasks["b"]?.output).toBe("better");
  await expect(first.finish(first.orchestrator.retry(old.id, { from: "bb" }))).rejects.toThrow(
    "has no task 'bb': did you mean 'b'?",
  );
  await expect(first.finish(first.orchestrator.retry(old.id, { from: "b", set: { priority: 99 } }))).rejects.toThrow(
    "'priority' must be",
  );
});

test("a fork goes on from a checkpoint with what was done by then, and leaves the old run as it is", async () => {
  const journal = createMemoryJournal();
  const clock = new VirtualClock();
  const gates = new Map<string, () => void>();
  const agent = (t: { id: string }) => new Promise((resolve) => gates.set(t.id, () => resolve(`${t.id} done`)));
  const orchestrator = new AgentOrchestrator({ journal, clock, agents: { agent } });
  const old = orchestrator.execute({ tasks: chain });
  await clock.pass(1);
  gates.get("a")?.();
  await clock.pass(1);
  const point = await old.checkpoint("after a");
  expect(point).toMatch(new RegExp(`^${old.id}@\\d+$`));
  gates.get("b")?.();
  await clock.pass(1);
  const second = crew(journal, (t) => `${t.id} anew`);
  const fork = await second.finish(second.orchestrator.fork(point));
  expect(second.done).toEqual(["b", "c"]);
  expect(fork.tasks).toMatchObject({ a: { status: "reused", output: "a done" }, c: { output: "c anew" } });
  gates.get("c")?.();
  expect((await finish(clock, old)).tasks["c"]?.output).toBe("c done");
  for (const bad of [`${old.id}@`, `${old.id}@x`, `${old.id}@0`, `${old.id}@1.5`])
    await expect(second.finish(second.orchestrator.fork(bad)), bad).rejects.toMatchObject({ code: "BAD_INPUT" });
});

test("[I11] an edited plan takes over what is made from the same, down to where something really changed", async () => {
  const journal = createMemoryJournal();
  const first = crew(journal, (t) => (t.id === "b" ? "same" : t.prompt), "1");
  const old = first.orchestrator.execute({ tasks: chain });
  await first.finish(old);
  first.done.length = 0;
  const edit = async (id: string, prompt: string) => {
    first.done.length = 0;
    const tasks = chain.map((task) => (task.id === id ? { ...task, prompt } : task));
    return statuses(await first.finish(first.orchestrator.execute({ tasks, parent: old.id })));
  };
  expect(await edit("c", "new")).toEqual({ a: "reused", b: "reused", c: "complete" });
  // An early cutoff: b is done again and says the same, so that c stays.
  expect(await edit("b", "new")).toEqual({ a: "reused", b: "complete", c: "reused" });
  expect(await edit("nobody", "")).toEqual({ a: "reused", b: "reused", c: "reused" });
  expect(first.done).toEqual([]);
});

test("[I11] another version of the agent is other work", async () => {
  const journal = createMemoryJournal();
  const first = crew(journal, () => 1, "1");
  const old = first.orchestrator.execute({ tasks: chain });
  await first.finish(old);
  const second = crew(journal, () => 1, "2");
  await second.finish(second.orchestrator.execute({ tasks: chain, parent: old.id }));
  expect(second.done).toEqual(["a", "b", "c"]);
});

test("[I11] a function without a version is never taken over, and its attempts say so", async () => {
  const journal = createMemoryJournal();
  const first = crew(journal, () => 1);
  const old = first.orchestrator.execute({ tasks: chain });
  await first.finish(old);
  const again = first.orchestrator.execute({ tasks: chain, parent: old.id });
  expect(statuses(await first.finish(again))).toEqual({ a: "complete", b: "complete", c: "complete" });
  const [invoked] = (await eventsOf(again)).filter((event) => event.type === "agent:invoke");
  expect(invoked).toMatchObject({ uncacheable: "agent 'agent' is a function without a version" });
  expect(invoked).not.toHaveProperty("key");
});

test("[I11] equal voters stay apart: each is a sample of its own, in this run and in the next", async () => {
  const journal = createMemoryJournal();
  let n = 0;
  const first = crew(journal, () => ++n, "1");
  const voters = ["v1", "v2", "v3"].map((id) => plain(id, { description: "vote", prompt: "vote" }));
  const old = first.orchestrator.execute({ tasks: voters });
  const votes = Object.values((await first.finish(old)).tasks).map(({ output }) => output);
  expect(votes).toEqual([1, 2, 3]);
  const again = await first.finish(
    first.orchestrator.execute({
      tasks: [...voters, plain("v4", { description: "vote", prompt: "vote" })],
      parent: old.id,
    }),
  );
  expect(Object.values(again.tasks).map(({ output, status }) => [output, status])).toEqual([
    [1, "reused"],
    [2, "reused"],
    [3, "reused"],
    [4, "complete"],
  ]);
});

test("large results, loops and items are kept by a retry", async () => {
  const journal = createMemoryJournal();
  const large = { ok: false, text: "x".repeat(20_000) };
  const tasks = [
    plain("list"),
    plain("each", { dependencies: ["list"], forEach: { task: "list" } }),
    plain("loop", { dependencies: ["each"], until: { task: "loop", path: "/ok", op: "eq", value: true } }),
    plain("last", { dependencies: ["loop", "each"] }),
  ];
  const answer = (fail: boolean) => (t: { id: string; results: Record<string, unknown> }) => {
    if (t.id === "list") return [1, 2];
    if (t.id.startsWith("each")) return `${t.id}${"y".repeat(9000)}`;
    if (t.id === "loop") return large;
    if (t.id === "loop.2") return { ...large, ok: true };
    if (fail) throw new Error("broken");
    return [(t.results["each"] as string[]).map((one) => one.length), (t.results["loop"] as typeof large).ok];
  };
  const first = crew(journal, answer(true));
  const old = first.orchestrator.execute({ tasks });
  expect((await first.finish(old)).tasks["last"]?.status).toBe("failed");
  const second = crew(journal, answer(false));
  const results = await second.finish(second.orchestrator.retry(old.id));
  expect(second.done).toEqual(["last"]);
  expect(results.tasks["last"]?.output).toEqual([[9006, 9006], true]);
  expect(results.tasks["loop"]?.output).toEqual(large);
  expect(results.tasks["loop.2"]).toMatchObject({ status: "reused", output: { ok: true } });
});

test("an item or a repetition that failed is done again alone", async () => {
  const journal = createMemoryJournal();
  const tasks = [plain("list"), plain("each", { dependencies: ["list"], forEach: { task: "list" } })];
  const first = crew(journal, (t) => {
    if (t.id === "each.2") throw new Error("broken");
    return t.id === "list" ? [1, 2, 3] : t.id;
  });
  const old = first.orchestrator.execute({ tasks });
  expect((await first.finish(old)).tasks["each"]?.status).toBe("skipped");
  const second = crew(journal, (t) => t.id);
  const results = await second.finish(second.orchestrator.retry(old.id));
  expect(second.done).toEqual(["each.2"]);
  expect(results.tasks["each"]?.output).toEqual(["each.1", "each.2", "each.3"]);
});
