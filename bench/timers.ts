/** The graph with sleeps, by a bare loop: how far above the bound timers alone lead, whoever schedules. */
import type { Figures } from "./cases.ts";
import { lowerBound, Probe, workload } from "./workloads.ts";

export async function measureTimers(): Promise<Figures> {
  const of = workload("sleep1k");
  const probe = new Probe(of);
  const open = of.graph.map((before) => before.length);
  const dependents: number[][] = of.graph.map(() => []);
  for (const [task, before] of of.graph.entries()) for (const one of before) dependents[one]?.push(task);
  const ready = of.graph.flatMap((before, task) => (before.length === 0 ? [task] : []));
  let busy = 0;
  const started = performance.now();
  await new Promise<void>((resolve) => {
    const begin = () => {
      while (busy < of.places && ready.length > 0) {
        busy++;
        void work(ready.shift() ?? 0);
      }
      if (busy === 0) resolve();
    };
    const work = async (task: number) => {
      await probe.run(task);
      busy--;
      for (const dependent of dependents[task] ?? []) {
        const left = (open[dependent] ?? 0) - 1;
        open[dependent] = left;
        if (left === 0) ready.push(dependent);
      }
      begin();
    };
    begin();
  });
  const ms = performance.now() - started;
  probe.check();
  return { ratio: ms / lowerBound(of), ms };
}
