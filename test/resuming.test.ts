import { expect, test } from "vitest";
import { settled, VirtualClock } from "../src/app/virtual-clock.ts";
import { AgentOrchestrator, createMemoryJournal, type Runtime } from "../src/index.ts";
import { eventsOf, finish, statuses } from "./support/finish.ts";
import { begin, chain, Held, plain } from "./support/held.ts";

test("[I3, readme:resume] a run that is let go can be resumed by another orchestrator, and completed tasks do not run again", async () => {
  const journal = createMemoryJournal();
  const first = begin([plain("x"), ...chain], { journal });
  await settled();
  await first.held.end("a");
  const closing = first.orchestrator[Symbol.asyncDispose]();
  await finish(first.clock, closing);
  await expect(first.handle).rejects.toMatchObject({ code: "JOURNAL_CLOSED" });
  const clock = new VirtualClock(first.clock.now() + 60_000);
  const held = new Held();
  await using second = new AgentOrchestrator({ clock, journal, agents: { agent: held.agent } });
  const handle = second.resume(first.handle.id);
  await settled();
  expect([...held.begun].sort()).toEqual(["b", "x"]);
  await held.end("x");
  await held.end("b");
  const results = await finish(clock, handle);
  expect(statuses(results)).toEqual({ x: "complete", a: "complete", b: "complete" });
  const invoked = (await eventsOf(handle)).filter((event) => event.type === "agent:invoke");
  expect(invoked.map(({ taskId, attempt, restart = 0 }) => `${taskId}#${attempt}.${restart}`)).toEqual([
    "a#1.0",
    "x#1.0",
    "b#1.0",
    "x#1.1",
    "b#1.1",
  ]);
  expect(await second.resume(handle.id)).toEqual(results);
});

test("the time between a crash and its recovery does not count as working time", async () => {
  const journal = createMemoryJournal();
  const first = begin([plain("a")], { journal, globalTimeout: 10_000 });
  await first.clock.pass(4000);
  await first.handle.checkpoint("here");
  await finish(first.clock, first.orchestrator[Symbol.asyncDispose]());
  const clock = new VirtualClock(first.clock.now() + 3_600_000);
  const held = new Held();
  const second = new AgentOrchestrator({ clock, journal, agents: { agent: held.agent } });
  const handle = second.resume(first.handle.id);
  await clock.pass(5000);
  expect(handle.status).toBe("running");
  await clock.pass(1001);
  await settled();
  expect((await handle).status).toBe("paused");
});

test("a run that waits at a gate still waits there when another orchestrator takes it up", async () => {
  const journal = createMemoryJournal();
  const first = begin([plain("a", { gate: true })], { journal });
  await settled();
  await first.orchestrator[Symbol.asyncDispose]();
  const asked: string[] = [];
  const clock = new VirtualClock();
  const held = new Held();
  const ask = async ({ gate }: { gate: string }) => void asked.push(gate) as undefined;
  const second = new AgentOrchestrator({ clock, journal, agents: { agent: held.agent }, people: { ask } });
  const handle = second.resume(first.handle.id);
  await settled();
  expect([handle.status, asked]).toEqual(["waiting", ["a"]]);
  await handle.approve("a");
  await held.end("a");
  expect((await finish(clock, handle)).status).toBe("complete");
});

test("[I3] a task that kills its host again and again becomes a dead letter, and the rest is done", async () => {
  const journal = createMemoryJournal();
  const { handle, orchestrator, clock } = begin([plain("killer"), plain("b")], {
    journal,
    maxRestarts: 2,
    maxParallelAgents: 1,
  });
  await settled();
  await finish(clock, orchestrator[Symbol.asyncDispose]());
  let begun = 1;
  for (let i = 0; i < 3; i++) {
    const next = new AgentOrchestrator({
      clock,
      journal,
      maxParallelAgents: 1,
      agents: {
        agent: (t, { signal }) =>
          t.id === "b"
            ? "fine"
            : new Promise((_, no) => {
                begun++;
                signal.addEventListener("abort", () => no(signal.reason));
              }),
      },
    });
    const again = next.resume(handle.id);
    await settled();
    if (i === 2)
      expect(await finish(clock, again)).toMatchObject({
        status: "failed",
        tasks: { killer: { status: "failed", reason: expect.stringContaining("3 times") }, b: { output: "fine" } },
      });
    await finish(clock, next[Symbol.asyncDispose]());
  }
  expect(begun).toBe(3);
});

test("[I6] what a dead letter had paid before its host died counts, and what was under way then is of unknown cost", async () => {
  const journal = createMemoryJournal();
  const clock = new VirtualClock();
  const turn = { id: "1", usage: { input: 60, output: 10, costUsd: 0.5 } };
  const runtime: Runtime = {
    perform: async (_, world) => {
      await world.log.append({ type: "turn:complete", entry: turn });
      return new Promise((resolve) =>
        world.signal.addEventListener("abort", () =>
          resolve({ ok: false, failure: "stopped", reason: "gone", retry: "safe" }),
        ),
      );
    },
  };
  const config = { clock, journal, maxRestarts: 0, agents: { agent: { runtime: "one" } }, runtimes: { one: runtime } };
  const first = new AgentOrchestrator({ ...config, budget: { tokens: 1000 } });
  const handle = first.execute({ tasks: [plain("a")] });
  await settled();
  await finish(clock, first[Symbol.asyncDispose]());
  await expect(handle).rejects.toMatchObject({ code: "JOURNAL_CLOSED" });
  await using second = new AgentOrchestrator(config);
  const results = await finish(clock, second.resume(handle.id));
  expect(results.tasks["a"]).toMatchObject({ status: "failed", tokensUsed: 70, costUsd: null });
  expect(results.summary.totalTokens).toBe(70);
});

test("a resume without the agents of the run, or of no run, is refused by name", async () => {
  const journal = createMemoryJournal();
  const first = begin(chain, { journal });
  await settled();
  await finish(first.clock, first.orchestrator[Symbol.asyncDispose]());
  await using second = new AgentOrchestrator({ journal, agents: { agents: async () => 1 } });
  await expect(second.resume(first.handle.id)).rejects.toThrow(
    "needs agent 'agent', which is not here: did you mean 'agents'?",
  );
  await expect(second.resume("01arz3ndektsv4rrffq69g5fav")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(second.resume("no-run")).rejects.toMatchObject({ code: "BAD_INPUT" });
});

test("a run that another orchestrator holds cannot be taken from it, but steered through its inbox", async () => {
  const journal = createMemoryJournal();
  const { clock, held, handle, orchestrator } = begin(chain, { journal });
  await settled();
  await using other = new AgentOrchestrator({ journal, agents: { agent: held.agent } });
  await expect(other.resume(handle.id)).rejects.toMatchObject({ code: "RUN_OWNED" });
  await journal.command(handle.id, { type: "pause", reason: "from elsewhere" }, clock.now());
  await journal.command(handle.id, JSON.parse('{"type":"change","add":null,"remove":7}'), clock.now());
  await settled();
  await held.end("a");
  expect(await finish(clock, handle)).toMatchObject({ status: "paused", reason: "from elsewhere" });
  expect((await eventsOf(handle)).filter(({ type }) => type === "fact:refused")).toHaveLength(1);
  await orchestrator[Symbol.asyncDispose]();
});
