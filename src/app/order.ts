/** What somebody orders: a workflow with parameters or tasks of their own, and how to conduct them. */
import { TuttiError } from "../domain/error.ts";
import type { AgentTask } from "../domain/plan.ts";
import { fields, isRecord, SHAPE_LIMITS, text, wrong } from "../domain/shape.ts";
import { checkPlan } from "../graph/check.ts";
import { type AgentFor, withAgents } from "../workflows/agent-for.ts";
import { CONFIG, type OrderConfig } from "../workflows/order-config.ts";
import type { WorkflowRegistry } from "../workflows/registry.ts";
import { withEnds } from "./ends.ts";

export type { OrderConfig } from "../workflows/order-config.ts";

export interface Order {
  readonly workflowId?: string;
  readonly workflowName?: string;
  readonly tasks?: readonly AgentTask[];
  readonly parameters?: { readonly [name: string]: unknown };
  readonly config?: OrderConfig;
}

const ORDER = fields({
  workflowId: text(200, 1),
  workflowName: text(200, 1),
  tasks: () => undefined,
  parameters: (value) => (isRecord(value) ? undefined : wrong("must be an object")),
  config: fields(CONFIG),
});

export interface Planned {
  readonly workflow: string;
  readonly tasks: readonly AgentTask[];
  readonly parameters?: unknown;
  readonly config: OrderConfig;
}

/** Checks an order whole, and expands it to its plan. Nothing has been stored or paid yet. */
export function planOf(
  order: unknown,
  known: { readonly workflows: WorkflowRegistry; readonly agents: ReadonlySet<string>; readonly agentFor?: AgentFor },
): Planned {
  const found = ORDER(order);
  if (found) throw refused(found.at.slice(1), `'${found.at.slice(1) || "the order"}' ${found.fault}`);
  const { workflowId, workflowName, tasks, parameters = {}, config = {} } = order as Order;
  if (tasks !== undefined && workflowId !== undefined)
    throw refused("tasks", "give either 'workflowId' or 'tasks', not both");
  if (workflowId === undefined && tasks === undefined)
    throw refused("workflowId", "give a 'workflowId' or a list of 'tasks'");
  if (workflowId !== undefined) {
    const plan = known.workflows.plan(workflowId, parameters);
    return {
      workflow: workflowId,
      tasks: withEnds(withReads(checkPlan(plan.tasks, known), config), config),
      parameters: plan.parameters,
      config,
    };
  }
  if (Object.keys(parameters).length > 0)
    throw refused("parameters", "'parameters' belong to a workflow; tasks of your own have none");
  const filled = withAgents(tasks, known.agentFor);
  for (const [i, reason] of filled.nobody)
    throw refused(`tasks[${i}].agentName`, `task ${i + 1} names no agent, and ${reason}`);
  const all = withEnds(withReads(checkPlan(filled.tasks, known), config), config);
  return { workflow: workflowName ?? "custom", tasks: all, config };
}

function withReads(tasks: readonly AgentTask[], { reads }: OrderConfig): readonly AgentTask[] {
  if (reads === undefined || reads.length === 0) return tasks;
  return tasks.map((task) => ({ ...task, reads: [...(task.reads ?? []), ...reads].slice(0, SHAPE_LIMITS.list) }));
}

function refused(path: string, message: string): TuttiError {
  return new TuttiError("BAD_INPUT", message, { path });
}
