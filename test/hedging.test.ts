/** A second try beside a straggler. */
import { expect, test } from "vitest";
import { VirtualClock } from "../src/app/virtual-clock.ts";
import { type AgentFunction, AgentOrchestrator, type AgentTask, type OrchestratorConfig } from "../src/index.ts";
import { finish } from "./support/finish.ts";

const plain = (id: string, more: Partial<AgentTask> = {}): AgentTask => ({
  id,
  agentName: "agent",
  description: id,
  prompt: "Look it up",
  ...more,
});

/** Each call takes as long as the list says, and tells whether it was stopped. */
class Slow {
  readonly clock = new VirtualClock();
  readonly stopped: string[] = [];
  readonly effects: string[] = [];
  readonly #times: number[];
  constructor(...times: number[]) {
    this.#times = times;
  }
  readonly agent: AgentFunction = (_, { signal, effectId }) => {
    this.effects.push(effectId.split("/").at(-1) ?? "");
    const time = this.#times.shift() ?? 100;
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => {
        this.stopped.push(effectId.split("/").at(-1) ?? "");
        reject(Object.assign(new Error("stopped"), { failure: "stopped", tokensUsed: 4, costUsd: 1 }));
      });
      this.clock.at(this.clock.now() + Math.abs(time), () =>
        time < 0 ? reject(new Error("no")) : resolve({ output: time, tokensUsed: 10, costUsd: 2 }),
      );
    });
  };
}

async function play(slow: Slow, tasks: readonly AgentTask[], more: OrchestratorConfig = {}) {
  const { clock, agent } = slow;
  await using orchestrator = new AgentOrchestrator({ agents: { agent }, clock, seed: 1, ...more });
  const began = clock.now();
  const results = await finish(clock, orchestrator.execute({ tasks }));
  return { tasks: results.tasks, took: clock.now() - began };
}

test("the second one begins when the first is late, the faster counts, the other is stopped, and both are paid", async () => {
  const slow = new Slow(9000, 500);
  const { tasks, took } = await play(slow, [plain("a", { hedge: 1000 })]);
  expect(tasks["a"]).toMatchObject({ output: 500, attempts: 1, tokensUsed: 14, costUsd: 3 });
  expect(took).toBe(1500);
  expect([slow.effects, slow.stopped]).toEqual([["a#1", "a#1.hedge"], ["a#1"]]);
});

test("nothing is begun beside one that is in time, and the first may win after all", async () => {
  const quick = new Slow(900);
  expect((await play(quick, [plain("a", { hedge: 1000 })])).tasks["a"]).toMatchObject({ output: 900, tokensUsed: 10 });
  expect(quick.effects).toEqual(["a#1"]);
  const close = new Slow(1200, 5000);
  expect((await play(close, [plain("a", { hedge: 1000 })])).tasks["a"]).toMatchObject({ output: 1200, tokensUsed: 14 });
  expect(close.stopped).toEqual(["a#1.hedge"]);
});

test("where one of them fails the other counts, and where both do the attempt has failed", async () => {
  const one = await play(new Slow(-1500, 900), [plain("a", { hedge: 1000, retries: 0 })]);
  expect(one.tasks["a"]).toMatchObject({ status: "complete", output: 900 });
  const both = await play(new Slow(-1500, -900), [plain("a", { hedge: 1000, retries: 0 })]);
  expect(both.tasks["a"]).toMatchObject({ status: "failed", reason: "no", attempts: 1 });
});

test("p95 is learnt from what the agent's tasks took in this run, and waits until it is known", async () => {
  const first = Array.from({ length: 10 }, (_, i) => plain(`t${i}`));
  const last = plain("z", { hedge: "p95", dependencies: first.map(({ id }) => id) });
  const slow = new Slow(...first.map((_, i) => 100 + i), 60_000, 50);
  const { tasks } = await play(slow, [...first, last], { maxParallelAgents: 10 });
  expect(tasks["z"]).toMatchObject({ output: 50, attempts: 1, duration: 159 });
  const unknown = new Slow(60_000, 50);
  expect((await play(unknown, [plain("a", { hedge: "p95" })])).tasks["a"]).toMatchObject({ output: 60_000 });
});

test("under a budget nobody is tried twice at once, and agents that may change something are refused", async () => {
  const slow = new Slow(9000, 500);
  const { tasks } = await play(slow, [plain("a", { hedge: 1000 })], { budget: { usd: 100 } });
  expect(tasks["a"]).toMatchObject({ output: 9000 });
  const own = await play(new Slow(9000, 500), [plain("a", { hedge: 1000, budget: { tokens: 1000 } })]);
  expect(own.tasks["a"]).toMatchObject({ output: 9000 });
  const agents = { agent: { run: slow.agent, tools: ["read", "edit(src/**)"] } };
  await expect(new AgentOrchestrator({ agents }).execute({ tasks: [plain("a", { hedge: 5 })] })).rejects.toThrow(
    "task 'a': 'hedge' would let agent 'agent' act twice, and it has the tool 'edit(src/**)'",
  );
  await expect(
    new AgentOrchestrator({ agents }).execute({ tasks: [plain("a", { hedge: "p59" } as object)] }),
  ).rejects.toThrow("task 'a': 'hedge' must be milliseconds, or 'p95'");
});
