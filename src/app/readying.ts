/** What must be looked up before an order can be checked, because checking it waits for nothing. */
import type { AgentFile } from "../agents/definition.ts";
import { isRecord } from "../domain/shape.ts";

interface Unnamed {
  readonly description: string;
  readonly prompt: string;
}

/** Tasks that name nobody, in an order that may be anything. */
export function unnamedIn(order: unknown): readonly Unnamed[] {
  const tasks = isRecord(order) ? order["tasks"] : undefined;
  return (Array.isArray(tasks) ? tasks : []).flatMap((task: unknown) => {
    const { agentName, description, prompt } = isRecord(task) ? task : {};
    const isText = typeof description === "string" && typeof prompt === "string";
    return agentName === undefined && isText ? [{ description, prompt }] : [];
  });
}

/** Whether what agents did before decides anything in an order: who does a task, or with which of several models. */
export function needsPast(order: unknown, agents: Iterable<AgentFile>): boolean {
  if (unnamedIn(order).length > 0) return true;
  for (const { models = [] } of agents) if (models.length > 0) return true;
  return false;
}
