/** Tasks that name no agent get one from whoever knows the agents; the reason goes with the task into its run. */
import { isRecord } from "../domain/shape.ts";

export type AgentFor = (task: {
  readonly description: string;
  readonly prompt: string;
}) => { readonly agentName: string; readonly agentReason: string } | { readonly nobody: string };

export interface Filled {
  readonly tasks: unknown;
  /** Why nobody does a task, by its index. */
  readonly nobody: ReadonlyMap<number, string>;
}

export function withAgents(tasks: unknown, agentFor: AgentFor | undefined): Filled {
  const nobody = new Map<number, string>();
  if (!Array.isArray(tasks) || agentFor === undefined) return { tasks, nobody };
  const filled = tasks.map((task: unknown, i) => {
    if (!isRecord(task) || task["agentName"] !== undefined) return task;
    const { description, prompt } = task;
    if (typeof description !== "string" || typeof prompt !== "string") return task;
    const found = agentFor({ description, prompt });
    if ("agentName" in found) return { ...task, ...found };
    nobody.set(i, found.nobody);
    return task;
  });
  return { tasks: filled, nobody };
}
