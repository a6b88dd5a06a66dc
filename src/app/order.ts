/** What somebody orders: a workflow with parameters or tasks of their own, and how to conduct them. */
import { TuttiError } from "../domain/error.ts";
import { type AgentTask, type Budget, CONTEXT_STRATEGIES, type ContextStrategy } from "../domain/plan.ts";
import { fields, isRecord, listOf, oneOf, SHAPE_LIMITS, type Shape, text, whole, wrong } from "../domain/shape.ts";
import { checkPlan } from "../graph/check.ts";
import { type AgentFor, withAgents } from "../workflows/agent-for.ts";
import type { WorkflowRegistry } from "../workflows/registry.ts";

export interface OrderConfig {
  readonly maxParallelAgents?: number;
  readonly contextStrategy?: ContextStrategy;
  readonly enableCommunication?: boolean;
  /** Milliseconds. Default: none. */
  readonly globalTimeout?: number;
  readonly pruningThreshold?: number;
  /** `provider/id`, for every agent that has no other. */
  readonly model?: string;
  readonly agentModels?: { readonly [agent: string]: string };
  readonly rehearse?: boolean;
  readonly speed?: number | "max";
  readonly seed?: number;
  readonly chaos?: number;
  readonly budget?: Budget;
  /** Files of the repository for every task, as globs. */
  readonly reads?: readonly string[];
}
export interface Order {
  readonly workflowId?: string;
  readonly workflowName?: string;
  readonly tasks?: readonly AgentTask[];
  readonly parameters?: { readonly [name: string]: unknown };
  readonly config?: OrderConfig;
}

const number =
  (from: number, to: number): Shape =>
  (value) =>
    typeof value === "number" && value >= from && value <= to
      ? undefined
      : wrong(`must be a number from ${from} to ${to}`);
const flag: Shape = (value) => (typeof value === "boolean" ? undefined : wrong("must be true or false"));
const models: Shape = (value) => {
  if (!isRecord(value)) return wrong("must be an object");
  const bad = Object.entries(value).find(([, one]) => text(200, 1)(one));
  return bad === undefined ? undefined : wrong("must be a model such as anthropic/claude-sonnet-5", `.${bad[0]}`);
};
const amount = number(0, Number.MAX_SAFE_INTEGER);
const CONFIG: { readonly [K in keyof Required<OrderConfig>]: Shape } = {
  maxParallelAgents: whole(1, 1000),
  contextStrategy: oneOf(CONTEXT_STRATEGIES),
  enableCommunication: flag,
  globalTimeout: whole(1, Number.MAX_SAFE_INTEGER),
  pruningThreshold: whole(1, 1e9),
  model: text(200, 1),
  agentModels: models,
  rehearse: flag,
  speed: (value) => (value === "max" ? undefined : number(0.01, 1e6)(value) && wrong("must be a number or max")),
  seed: whole(0, 2 ** 32 - 1),
  chaos: number(0, 1),
  budget: fields({ usd: amount, tokens: amount, turns: amount, spawns: amount }),
  reads: listOf(text(2000, 1)),
};
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
      tasks: withReads(checkPlan(plan.tasks, known), config),
      parameters: plan.parameters,
      config,
    };
  }
  if (Object.keys(parameters).length > 0)
    throw refused("parameters", "'parameters' belong to a workflow; tasks of your own have none");
  const filled = withAgents(tasks, known.agentFor);
  for (const [i, reason] of filled.nobody)
    throw refused(`tasks[${i}].agentName`, `task ${i + 1} names no agent, and ${reason}`);
  return { workflow: workflowName ?? "custom", tasks: withReads(checkPlan(filled.tasks, known), config), config };
}

function withReads(tasks: readonly AgentTask[], { reads }: OrderConfig): readonly AgentTask[] {
  if (reads === undefined || reads.length === 0) return tasks;
  return tasks.map((task) => ({ ...task, reads: [...(task.reads ?? []), ...reads].slice(0, SHAPE_LIMITS.list) }));
}

function refused(path: string, message: string): TuttiError {
  return new TuttiError("BAD_INPUT", message, { path });
}
