/** Attempts that ask a person while they are under way. */
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { Stopwatch } from "../src/app/bottlenecks.ts";
import { settled, VirtualClock } from "../src/app/virtual-clock.ts";
import { AgentOrchestrator, type FunctionContext, type OrchestratorConfig, type RunHandle } from "../src/index.ts";
import { eventsOf, finish } from "./support/finish.ts";
import { plain } from "./support/held.ts";
import { Homes } from "./support/homes.ts";

const homes = new Homes();
const made: AgentOrchestrator[] = [];
afterEach(() => Promise.all(made.splice(0).map((one) => one[Symbol.asyncDispose]())));

type Agent = (task: { readonly id: string }, context: FunctionContext) => Promise<unknown>;

function begin(agent: Agent, tasks = [plain("a")], config: OrchestratorConfig = {}) {
  const clock = new VirtualClock();
  const orchestrator = new AgentOrchestrator({ clock, agents: { agent }, ...config });
  made.push(orchestrator);
  return { clock, orchestrator, handle: orchestrator.execute({ tasks }) };
}

const asks: Agent = async (_task, { ask }) =>
  (await ask({ question: "May I?", subject: { argv: ["rm", "x"] } })).decision;
const opened = async (handle: RunHandle) => {
  await settled();
  for await (const event of handle) if (event.type === "gate:opened") return event;
  throw new Error("no gate was opened");
};

test("an attempt that asks waits at a gate of its own, and goes on with the answer", async () => {
  const { clock, handle } = begin(asks);
  const gate = await opened(handle);
  expect(gate).toMatchObject({ taskId: "a", attempt: 1, question: "May I?", subject: { argv: ["rm", "x"] } });
  expect(handle.status).toBe("waiting");
  await handle.approve(gate.gate, { by: "somebody", note: "once" });
  expect(await finish(clock, handle)).toMatchObject({ status: "complete", tasks: { a: { output: "approve" } } });
  const decided = (await eventsOf(handle)).find(({ type }) => type === "gate:decided");
  expect(decided).toMatchObject({ attempt: 1, decision: "approve", by: "somebody", note: "once" });
});

test("a no is an answer and no failure of the task", async () => {
  const { clock, handle } = begin(asks);
  await handle.reject((await opened(handle)).gate);
  expect(await finish(clock, handle)).toMatchObject({ status: "complete", tasks: { a: { output: "reject" } } });
});

test("[A3] what differs in anything from what was asked about is asked about anew; the same is not", async () => {
  const agent: Agent = async (_task, { ask }) => {
    const first = await ask({ question: "May I?", subject: { argv: ["ls"] } });
    const same = await ask({ question: "May I?", subject: { argv: ["ls"] } });
    const other = await ask({ question: "May I?", subject: { argv: ["ls", "-l"] } });
    return [first.decision, same.decision, other.decision];
  };
  const { clock, handle } = begin(agent);
  await handle.approve((await opened(handle)).gate);
  await settled();
  const gates = new Set<string>();
  for await (const event of handle) {
    if (event.type === "gate:opened") gates.add(event.gate);
    if (gates.size === 2) break;
  }
  await handle.reject([...gates][1] ?? "");
  const { tasks } = await finish(clock, handle);
  expect(tasks["a"]?.output).toEqual(["approve", "approve", "reject"]);
});

test("[A3] nobody answering in time is a no, and the answer comes too late then", async () => {
  const agent: Agent = async (_task, { ask }) => (await ask({ question: "May I?", within: 60_000 })).by;
  const { clock, handle } = begin(agent);
  const { gate, expiresAt } = await opened(handle);
  expect(expiresAt).toBe(clock.now() + 60_000);
  expect(await finish(clock, handle)).toMatchObject({ tasks: { a: { output: "expiry" } } });
  await expect(handle.approve(gate)).rejects.toThrow("has ended");
});

test("the time of the task and of the run stands still while a person is asked", async () => {
  const agent: Agent = async (_task, { ask }) => (await ask({ question: "May I?" })).decision;
  const { clock, handle } = begin(agent, [plain("a", { timeout: 1000 })], { globalTimeout: 5000 });
  const { gate } = await opened(handle);
  clock.at(clock.now() + 3_600_000, () => void handle.approve(gate));
  expect(await finish(clock, handle)).toMatchObject({ status: "complete", tasks: { a: { output: "approve" } } });
});

test("a task that is cancelled while it asks ends, and its gate is closed", async () => {
  const { clock, handle } = begin(asks);
  const { gate } = await opened(handle);
  await handle.cancel("enough");
  expect(await finish(clock, handle)).toMatchObject({ status: "cancelled" });
  await expect(handle.approve(gate)).rejects.toThrow("has ended");
});

test("[I3] an answer survives the host: asked again after a crash, the attempt has it", async () => {
  const path = homes.path({ ".keep": "" });
  const clock = new VirtualClock();
  const asked: number[] = [];
  const agent: Agent = async (_task, { ask, signal }) => {
    asked.push(1);
    const { decision } = await ask({ question: "May I?" });
    if (asked.length === 1 && !signal.aborted) await once(signal, "abort");
    return decision;
  };
  const config = { clock, agents: { agent }, journal: { path } };
  const first = new AgentOrchestrator(config);
  const handle = first.execute({ tasks: [plain("a")] });
  await handle.approve((await opened(handle)).gate);
  await first[Symbol.asyncDispose]();
  const second = new AgentOrchestrator(config);
  made.push(second);
  const again = second.resume(handle.id);
  expect(await again).toMatchObject({ status: "complete", tasks: { a: { output: "approve" } } });
  expect(asked).toHaveLength(2);
  const events = await eventsOf(again);
  expect(events.filter(({ type }) => type === "gate:opened")).toHaveLength(1);
});

test("whoever is asked is told when nobody waits for his answer any more", async () => {
  const signals: AbortSignal[] = [];
  const people = {
    ask: (_: unknown, signal: AbortSignal) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    },
  };
  const { clock, handle } = begin(asks, [plain("a"), plain("b")], { people });
  await opened(handle);
  await settled();
  await handle.cancel("enough");
  await finish(clock, handle);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
});

test("the time for an answer runs on while the host is away", async () => {
  const path = homes.path({ ".keep": "" });
  const clock = new VirtualClock();
  const agent: Agent = async (_task, { ask }) => (await ask({ question: "May I?", within: 60_000 })).by;
  const config = { clock, agents: { agent }, journal: { path } };
  const first = new AgentOrchestrator(config);
  const handle = first.execute({ tasks: [plain("a")] });
  const { expiresAt = 0 } = await opened(handle);
  await first[Symbol.asyncDispose]();
  const later = new VirtualClock(expiresAt - 1000);
  const armed = Promise.withResolvers<number>();
  const at = (time: number, call: () => void) => {
    if (time - later.now() <= 60_000) armed.resolve(time);
    return later.at(time, call);
  };
  const second = new AgentOrchestrator({ ...config, clock: { now: () => later.now(), at } });
  made.push(second);
  const again = second.resume(handle.id);
  expect(await armed.promise).toBe(expiresAt);
  later.step();
  expect(await again).toMatchObject({ status: "complete", tasks: { a: { output: "expiry" } } });
});

test("a pause does not wait for a person: who asks leaves off, and asks again when the run goes on", async () => {
  const { clock, handle } = begin(asks);
  const { gate } = await opened(handle);
  await handle.pause();
  expect(await finish(clock, handle)).toMatchObject({ status: "paused" });
  await expect(handle.approve(gate)).rejects.toThrow(/no open gate/);
  await handle.resume();
  const gates = new Set<string>();
  for await (const event of handle) {
    if (event.type === "gate:opened") gates.add(event.gate);
    if (gates.size === 2) break;
  }
  await handle.approve([...gates][1] ?? "");
  expect(await finish(clock, handle)).toMatchObject({ status: "complete", tasks: { a: { output: "approve" } } });
});

test("a pause that was taken back before its attempt had left off is no failed attempt", async () => {
  const rests: (() => void)[] = [];
  const agent: Agent = async (_task, { ask, signal }) => {
    try {
      return (await ask({ question: "May I?" })).decision;
    } catch (error) {
      // It takes a while to put everything away.
      await new Promise<void>((resolve) => rests.push(resolve));
      if (signal.aborted) throw error;
      throw Object.assign(new Error("left off"), { failure: "stopped" });
    }
  };
  const { clock, handle } = begin(agent, [plain("a", { retries: 0 })]);
  await opened(handle);
  const pausing = handle.pause();
  await settled();
  await handle.resume();
  await pausing;
  for (const rest of rests) rest();
  await settled();
  const gates = new Set<string>();
  for await (const event of handle) {
    if (event.type === "gate:opened") gates.add(event.gate);
    if (gates.size === 2) break;
  }
  await handle.approve([...gates][1] ?? "");
  expect(await finish(clock, handle)).toMatchObject({ status: "complete", tasks: { a: { attempts: 2 } } });
  const retries = (await eventsOf(handle)).filter(({ type }) => type === "task:retry");
  expect(retries).toMatchObject([{ failure: "stopped", counts: false }]);
});

test("[I6] the time that an attempt waits for a person is no work of its agent", async () => {
  const agent: Agent = async (_task, { ask }) => {
    await new Promise<void>((resolve) => made.at(-1) && waits.push(resolve));
    return (await ask({ question: "May I?" })).decision;
  };
  const waits: (() => void)[] = [];
  const { clock, handle } = begin(agent);
  clock.at(clock.now() + 2000, () => waits[0]?.());
  await settled();
  await clock.pass(2000);
  const { gate } = await opened(handle);
  clock.at(clock.now() + 3_600_000, () => void handle.approve(gate));
  const results = await finish(clock, handle);
  expect(results.tasks["a"]).toMatchObject({ output: "approve", duration: 2000 });
  const watch = new Stopwatch();
  for (const event of await eventsOf(handle)) watch.note(event);
  expect(watch.done().path).toMatchObject([{ taskId: "a", working: 2000, gated: 3_600_000 }]);
});
