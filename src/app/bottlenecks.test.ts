import { describe, expect, test } from "vitest";
import { told } from "../../test/support/told.ts";
import type { EventType } from "../domain/events.ts";
import { Stopwatch } from "./bottlenecks.ts";
import type { OrchestratorConfig } from "./options.ts";
import { AgentOrchestrator } from "./orchestrator.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { passTime } from "./virtual-run.ts";

/** Each agent takes as many seconds as its name says. */
async function ran(tasks: readonly object[], config: Partial<OrchestratorConfig> = {}) {
  const clock = new VirtualClock(1_000_000);
  const names = [...new Set(tasks.map((task) => (task as { agentName: string }).agentName))];
  const agent = (name: string) => async (task: { attempt: number }) => {
    await new Promise<void>((resolve) => clock.at(clock.now() + 1000 * Number(name.slice(1)), resolve));
    if (name.startsWith("f") && task.attempt === 1) throw new Error("the first time it fails");
    return { output: name, tokensUsed: 100, costUsd: 0.5 };
  };
  const agents = Object.fromEntries(names.map((name) => [name, agent(name)]));
  await using orchestrator = new AgentOrchestrator({
    agents,
    clock,
    globalTimeout: Number.POSITIVE_INFINITY,
    ...config,
  });
  const handle = orchestrator.execute({
    tasks: tasks.map((task) => ({ description: "", prompt: "", ...task })) as never,
  });
  const watch = new Stopwatch();
  const reading = (async () => {
    for await (const event of handle) watch.note(event);
  })();
  await Promise.all([handle, passTime(clock, handle), reading]);
  return watch.done();
}

describe("where a run's time went", () => {
  test("the chain that made it as long as it was, and the task that should be split", async () => {
    const found = await ran([
      { id: "a", agentName: "s2" },
      { id: "long", agentName: "s20", dependencies: ["a"] },
      { id: "short", agentName: "s1", dependencies: ["a"] },
      { id: "end", agentName: "s1", dependencies: ["long", "short"] },
    ]);
    expect(found.path.map(({ taskId, working }) => [taskId, working])).toEqual([
      ["a", 2000],
      ["long", 20_000],
      ["end", 1000],
    ]);
    expect([found.duration, found.totals.queued]).toEqual([23_000, 0]);
    expect(found.recommendations).toEqual([expect.stringMatching(/^Split 'long'.* 20 s, 87 % of 23 s/)]);
  });

  test("of a merge lane nobody is told to split it or to give it a model", () => {
    const watch = new Stopwatch();
    const land = { taskId: "land", agentName: "merge-lane", attempt: 1 };
    const spent = { duration: 9000, tokensUsed: 0, costUsd: 0 };
    const events = [
      ["workflow:start", 0, {}],
      ["task:added", 1, { taskId: "a", agentName: "s1", dependencies: [] }],
      ["task:added", 1, { ...land, dependencies: ["a"] }],
      ["task:start", 1, { taskId: "a", agentName: "s1" }],
      ["task:complete", 1001, { taskId: "a", agentName: "s1", attempt: 1, ...spent }],
      ["task:start", 1001, land],
      ["task:complete", 10_001, { ...land, ...spent }],
    ] as const;
    for (const [type, at, more] of events) watch.note(told(type as EventType, { at: at + 1, ...more }));
    expect(watch.done().recommendations).toEqual([
      expect.stringMatching(/^Prove faster what lands.*'land' took 9\.0 s/),
    ]);
  });

  test("waiting for places is told from work", async () => {
    const tasks = ["a", "b", "c", "d"].map((id) => ({ id, agentName: "s5" }));
    const found = await ran(tasks, { maxParallelAgents: 1 });
    expect(found.totals).toMatchObject({ working: 5000, queued: 15_000 });
    expect(found.recommendations[0]).toMatch(/^Raise --max-parallel.*15 s for a place, 75 % of 20 s/);
  });

  test("what failed and was tried again is named with what it cost", async () => {
    const found = await ran([{ id: "a", agentName: "f4" }], { maxParallelAgents: 1 });
    expect(found.totals.retrying).toBeGreaterThanOrEqual(4000);
    expect(found.recommendations.join("\n")).toMatch(/retries of 'a'/);
  });

  test("a run that has only begun is no reason for advice", () => {
    expect(new Stopwatch().done()).toMatchObject({ duration: 0, path: [], recommendations: [] });
  });
});
