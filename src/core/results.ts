/** The results of a run, folded from its state. */
import type { RunResults, RunStatus, Summary, TaskResult } from "../domain/events.ts";
import type { Node } from "../graph/dag.ts";
import { countTasks } from "../graph/report.ts";
import { type RunState, statusOf } from "./state.ts";

export function summaryOf(state: RunState, now: number): Summary {
  const { total, successful, failed, skipped } = countTasks(state.graph);
  return {
    totalTasks: total,
    successfulTasks: successful,
    failedTasks: failed,
    skippedTasks: skipped,
    totalTokens: state.ledger.total.tokensUsed,
    totalCostUsd: state.ledger.total.costUsd,
    totalDuration: Math.max(0, now - (state.start?.at ?? now)),
  };
}

function resultOf(state: RunState, node: Node): TaskResult {
  const account = state.ledger.tasks.get(node.id);
  return {
    status: node.status,
    ...(node.output === undefined ? {} : { output: node.output }),
    tokensUsed: account?.tokensUsed ?? 0,
    costUsd: account === undefined ? 0 : account.costUsd,
    duration: account?.duration ?? 0,
    attempts: state.recovery.tries.get(node.id)?.attempt ?? 0,
    ...(node.reason === undefined ? {} : { reason: node.reason }),
  };
}

export function resultsOf(
  state: RunState,
  now: number,
  status: RunStatus = statusOf(state),
  reason = state.life.reason,
): RunResults {
  const tasks: Record<string, TaskResult> = {};
  for (const node of state.graph.nodes.values()) if (node.spec) tasks[node.id] = resultOf(state, node);
  return { run: state.run, status, tasks, summary: summaryOf(state, now), ...(reason === undefined ? {} : { reason }) };
}
