/** How well places are used, in virtual time: what the machine does meanwhile cannot lengthen it. */
import { expect, test } from "vitest";
import { lowerBound, Probe, tasksOf, workload } from "../bench/workloads.ts";
import { settled, VirtualClock } from "../src/app/virtual-clock.ts";
import { AgentOrchestrator, createMemoryJournal } from "../src/index.ts";

test("[bar:makespan] [I4] sleeps on 8 places take at most 1.03 times the larger of critical path and work / 8", async () => {
  const of = workload("sleep1k");
  const clock = new VirtualClock();
  const pause = (ms: number) => new Promise<void>((resolve) => clock.at(clock.now() + ms, resolve));
  const probe = new Probe(of, pause);
  await using journal = createMemoryJournal();
  await using orchestrator = new AgentOrchestrator({
    agents: { probe: (task) => probe.run(Number(task.id.slice(1))) },
    maxParallelAgents: of.places,
    journal,
    clock,
  });
  const began = clock.now();
  let isOver = false;
  const run = orchestrator.execute({ tasks: tasksOf(of, true) }).then((results) => {
    isOver = true;
    return results;
  });
  while (!isOver) {
    await settled();
    clock.step();
  }
  expect((await run).status).toBe("complete");
  probe.check();
  expect((clock.now() - began) / lowerBound(of)).toBeLessThanOrEqual(1.03);
});
