/** One fact being told to a run: what it yields is evolved at once, so that what follows is decided on it. */
import { lostBy, spawnFault } from "../budget/ledger.ts";
import type { EventFields, EventOf, EventType, RunEvent, Spent, Stop } from "../domain/events.ts";
import type { PlannedTask, RunOptions } from "../domain/plan.ts";
import type { Node } from "../graph/dag.ts";
import type { Tries } from "../recovery/tries.ts";
import { isFinal } from "../scheduling/life.ts";
import { evolve } from "./evolve.ts";
import type { RunState } from "./state.ts";

export interface Telling {
  readonly state: RunState;
  readonly at: number;
  readonly events: RunEvent[];
}

export function emit<T extends EventType>(telling: Telling, type: T, fields: EventFields[T]): void {
  const { state, at } = telling;
  const event = { type, run: state.run, seq: state.seq + 1, at, ...fields } as unknown as EventOf<T> & RunEvent;
  const start = (state.start ?? fields) as { readonly options?: RunOptions };
  if (start.options?.rehearsal) Object.assign(event, { rehearsed: true });
  evolve(state, event);
  telling.events.push(event);
}

export function refuse(telling: Telling, fact: string, reason: string, taskId?: string): void {
  emit(telling, "fact:refused", { fact, reason, ...(taskId === undefined ? {} : { taskId }) });
}

/** Who does this task now: its fall-back, the one that reduces its items, or the one its author named. */
export function agentOf(state: RunState, node: Node): string {
  const tried = state.recovery.tries.get(node.id)?.agentName;
  if (tried !== undefined) return tried;
  return (node.items && node.spec?.forEach?.reduce?.agentName) || (node.spec?.agentName ?? "");
}

export const NOTHING: Spent = { duration: 0, tokensUsed: 0, costUsd: 0, turns: 0 };

/** Orders a stop. What is under way is left to end; what has not begun is settled where the run will not go on. */
export function order(telling: Telling, stop: Stop, reason: string): void {
  const { state } = telling;
  emit(telling, "workflow:stopping", { stop, reason });
  if (stop === "pause" || stop === "time") return;
  for (const node of state.graph.nodes.values()) {
    if (!node.spec || (node.status !== "pending" && node.status !== "waiting" && node.status !== "running")) continue;
    if (state.places.running.has(node.id)) continue;
    if (stop !== "fail-fast" || node.status === "running") cancelTask(telling, node, reason);
    else emit(telling, "task:skipped", { taskId: node.id, agentName: agentOf(state, node), how: "stopped", reason });
  }
}

/** Ends a task that nothing performs now. What an attempt used last that died with its host is unknown. */
export function cancelTask(telling: Telling, node: Node, reason: string): void {
  const { tries, parked } = telling.state.recovery;
  const lost = parked.has(node.id) ? tries.get(node.id) : undefined;
  const spent = lost ? settleLost(telling, node, lost) : {};
  emit(telling, "task:cancelled", { taskId: node.id, agentName: agentOf(telling.state, node), reason, ...spent });
}

export function settleLost(telling: Telling, node: Node, { agentName, attempt }: Tries): Spent & { attempt: number } {
  const spent = { attempt, ...lostBy(telling.state.ledger, node.id) };
  if (telling.state.ledger.reserved.has(node.id))
    emit(telling, "budget:settled", { taskId: node.id, agentName, ...spent });
  return spent;
}

/** Ends a task as failed, and the run where its author said so. */
export function fail(
  telling: Telling,
  node: Node,
  fields: Omit<EventFields["task:error"], "taskId" | "agentName" | "success">,
): void {
  emit(telling, "task:error", { taskId: node.id, agentName: agentOf(telling.state, node), success: false, ...fields });
  if (node.spec?.onFailure === "fail-fast" && !isFinal(telling.state.life))
    order(telling, "fail-fast", `task '${node.id}' failed and its policy is fail-fast: ${fields.reason}`);
}

export function addTask(telling: Telling, task: PlannedTask): void {
  const { id, agentName, dependencies = [], ...fields } = task;
  emit(telling, "task:added", { taskId: id, agentName, ...fields, dependencies });
}

/** Adds what an expander made, or says why that is too many. */
export function addTasks(telling: Telling, tasks: readonly PlannedTask[]): string | undefined {
  const fault = spawnFault(telling.state.ledger, tasks.length);
  if (fault === undefined) for (const task of tasks) addTask(telling, task);
  return fault;
}
