/** A provider that is down for half an hour, in virtual time: what it costs, and who waits for it. */
import { describe, expect, test } from "vitest";
import { settled, VirtualClock } from "../src/app/virtual-clock.ts";
import {
  AgentOrchestrator,
  type AgentTask,
  createLimits,
  type OrchestratorConfig,
  type Outcome,
  type Runtime,
} from "../src/index.ts";
import { eventsOf, finish } from "./support/finish.ts";

const HALF_HOUR = 30 * 60_000;
const task = (id: string, more: Partial<AgentTask> = {}): AgentTask => ({
  id,
  agentName: "worker",
  description: id,
  prompt: "Do it",
  ...more,
});

/** Answers after a while, and refuses at once while it is down. */
class Provider implements Runtime {
  readonly #clock: VirtualClock;
  readonly #down: readonly [from: number, to: number];
  attempts = 0;
  readonly asked: string[] = [];

  constructor(clock: VirtualClock, from: number, to: number) {
    this.#clock = clock;
    this.#down = [clock.now() + from, clock.now() + to];
  }

  async perform({ agent }: { readonly agent: { readonly model?: string } }): Promise<Outcome> {
    this.attempts++;
    this.asked.push(agent.model ?? "");
    const at = this.#clock.now();
    const isDown = agent.model === "acme/big" && at >= this.#down[0] && at < this.#down[1];
    await new Promise<void>((resolve) =>
      this.#clock.at(at + (isDown ? 200 : 2000 + (this.attempts % 7) * 400), resolve),
    );
    if (!isDown) return { ok: true, output: "done", usage: { tokensUsed: 1, costUsd: 0 } };
    return { ok: false, failure: "overloaded", reason: "529", retry: "safe" };
  }
}
const BIG = { runtime: "api", provider: "acme", model: "acme/big" };

function play(provider: Runtime, clock: VirtualClock, tasks: readonly AgentTask[], more: OrchestratorConfig = {}) {
  const orchestrator = new AgentOrchestrator({
    agents: { worker: BIG },
    runtimes: { api: provider },
    maxParallelAgents: 200,
    globalTimeout: Number.POSITIVE_INFINITY,
    clock,
    limits: createLimits({}, { clock }),
    seed: 7,
    ...more,
  });
  return orchestrator.execute({ tasks });
}

describe("[bar:outage] 200 agents through an outage of 30 minutes make at most 1.1 times the calls", () => {
  test("where each has one call to make and the provider is down from the start", async () => {
    const clock = new VirtualClock();
    const provider = new Provider(clock, 0, HALF_HOUR);
    const handle = play(
      provider,
      clock,
      Array.from({ length: 200 }, (_, i) => task(`t${i}`)),
    );
    const results = await finish(clock, handle);
    expect(results.summary.successfulTasks).toBe(200);
    expect(provider.attempts).toBeLessThanOrEqual(220);
  });

  test("where all are under way when it goes down, with twelve calls each", async () => {
    const clock = new VirtualClock();
    const provider = new Provider(clock, 20_000, 20_000 + HALF_HOUR);
    const tasks = Array.from({ length: 200 * 12 }, (_, i) =>
      task(`t${i}`, i >= 200 ? { dependencies: [`t${i - 200}`] } : {}),
    );
    const began = clock.now();
    const results = await finish(clock, play(provider, clock, tasks));
    expect(results.summary.successfulTasks).toBe(2400);
    expect(provider.attempts).toBeLessThanOrEqual(2640);
    // It goes on soon after: the longest hold, and what is left to do.
    expect(clock.now() - began).toBeLessThan(20_000 + HALF_HOUR + 300_000 + 60_000);
  });
});

test("those that wait for a place when it goes down do not try it when they get one", async () => {
  const clock = new VirtualClock();
  const provider = new Provider(clock, 10_000, 10_000 + HALF_HOUR);
  const tasks = Array.from({ length: 200 }, (_, i) => task(`t${i}`));
  const handle = play(provider, clock, tasks, { limits: createLimits({ acme: 20 }, { clock }) });
  expect(await finish(clock, handle)).toMatchObject({ status: "complete" });
  // The twenty that were under way, and one at the end of each hold.
  expect(provider.attempts).toBeLessThanOrEqual(200 + 20 + 8);
});

test("runs that are held say so once and say when it is over, and other models are not held", async () => {
  const clock = new VirtualClock();
  const provider = new Provider(clock, 0, 100_000);
  const limits = createLimits({}, { clock });
  const many = (n: number, agentName = "worker") =>
    Array.from({ length: n }, (_, i) => task(`${agentName}${i}`, { agentName }));
  const agents = { worker: BIG, other: { runtime: "api", provider: "acme", model: "acme/small" } };
  const first = play(provider, clock, many(20), { limits });
  await clock.pass(5000);
  const second = play(provider, clock, [...many(3), ...many(3, "other")], { limits, agents });
  await finish(clock, first);
  await finish(clock, second);
  for (const handle of [first, second]) {
    const events = (await eventsOf(handle)).filter(({ type }) => type.startsWith("breaker:"));
    const words = events.map((event) => event.type);
    expect(words.at(-1)).toBe("breaker:closed");
    expect(words.filter((word) => word === "breaker:closed")).toHaveLength(1);
    expect(events[0]).toMatchObject({ type: "breaker:opened", provider: "acme", model: "acme/big", reason: "529" });
    const holds = events.flatMap((event) => (event.type === "breaker:opened" ? [event.until] : []));
    expect(new Set(holds).size).toBe(holds.length);
  }
  const others = (await eventsOf(second)).filter(
    (event) => event.type === "task:complete" && event.agentName === "other",
  );
  expect(others.every(({ at }) => at < clock.now() - 50_000)).toBe(true);
});

test("while it is held a task goes to the agent that may take over, or to another model of its own, without trying", async () => {
  const clock = new VirtualClock();
  const provider = new Provider(clock, 0, HALF_HOUR);
  const limits = createLimits({}, { clock });
  const first = play(
    provider,
    clock,
    Array.from({ length: 12 }, (_, i) => task(`t${i}`)),
    { limits },
  );
  await clock.pass(10_000);
  const before = provider.attempts;
  const choices = ["acme/big", "acme/small"].map((model) => ({ model, provider: "acme" }));
  const agents = {
    worker: BIG,
    small: { runtime: "api", provider: "acme", model: "acme/small" },
    either: { ...BIG, models: choices },
  };
  const tasks = [
    task("a", { fallbacks: ["small"] }),
    task("b", { agentName: "either" }),
    task("c", { agentName: "either", dependencies: ["b"] }),
  ];
  const second = play(provider, clock, tasks, { limits, agents });
  const results = await finish(clock, second);
  expect(results.tasks).toMatchObject({
    a: { status: "complete" },
    b: { status: "complete", attempts: 2 },
    c: { status: "complete", attempts: 1 },
  });
  const asked = provider.asked.slice(before);
  expect(asked.filter((model) => model === "acme/small")).toHaveLength(3);
  const retry = (await eventsOf(second)).find((event) => event.type === "task:retry" && event.taskId === "a");
  expect(retry).toMatchObject({
    step: "fallback",
    failure: "overloaded",
    reason: expect.stringContaining("left alone until"),
  });
  expect(await finish(clock, first)).toMatchObject({ status: "complete" });
});

test("an attempt that is cancelled while it is held leaves the queue, and the next one is the probe", async () => {
  const clock = new VirtualClock();
  const provider = new Provider(clock, 0, 20_000);
  const limits = createLimits({}, { clock, failures: 1, trial: 1 });
  const first = play(provider, clock, [task("a")], { limits });
  await clock.pass(500);
  const second = play(provider, clock, [task("b")], { limits });
  await clock.pass(10_000);
  expect([provider.attempts, first.status]).toEqual([1, "running"]);
  await first.cancel();
  expect(await finish(clock, first)).toMatchObject({ status: "cancelled" });
  expect(await finish(clock, second)).toMatchObject({ status: "complete" });
  expect(provider.attempts).toBe(2);
  await settled();
});
