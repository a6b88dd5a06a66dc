/** Who a plan would keep busy: how many of each agent at once, from its levels and the forecast of its time. */
import type { AgentTask } from "../domain/plan.ts";
import { inTopologicalOrder } from "../graph/critical-path.ts";

export interface Allocation {
  readonly agent: string;
  readonly tasks: number;
  /** Of its tasks that may run side by side, the most. */
  readonly atOnce: number;
}

export function allocationOf(tasks: readonly AgentTask[]): readonly Allocation[] {
  const levels = new Map<string, number>();
  for (const { id, dependencies = [] } of inTopologicalOrder(tasks))
    levels.set(id, Math.max(-1, ...dependencies.map((one) => levels.get(one) ?? -1)) + 1);
  const byAgent = Map.groupBy(tasks, ({ agentName }) => agentName);
  const all = [...byAgent].map(([agent, own]) => {
    const byLevel = Map.groupBy(own, ({ id }) => levels.get(id));
    return { agent, tasks: own.length, atOnce: Math.max(...[...byLevel.values()].map((list) => list.length)) };
  });
  return all.toSorted((a, b) => b.tasks - a.tasks || (a.agent < b.agent ? -1 : 1));
}
