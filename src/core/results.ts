/** The results of a run, folded from its state. */
import type { RunResults, RunStatus, Summary, TaskResult } from "../domain/events.ts";
import { defined } from "../domain/json.ts";
import type { Node } from "../graph/dag.ts";
import { countTasks } from "../graph/report.ts";
import { type RunState, statusOf } from "./state.ts";
import { NOTHING } from "./telling.ts";

export function summaryOf(state: RunState, now: number): Summary {
  return {
    ...countTasks(state.graph),
    totalTokens: state.ledger.total.tokensUsed,
    totalCostUsd: state.ledger.total.costUsd,
    totalDuration: Math.max(0, now - (state.start?.at ?? now)),
  };
}

function resultOf(state: RunState, node: Node): TaskResult {
  const { status, output, reason, changes } = node;
  const { tokensUsed, costUsd, duration } = state.ledger.tasks.get(node.id) ?? NOTHING;
  const attempts = state.recovery.tries.get(node.id)?.attempt ?? 0;
  const told = { tokensUsed, costUsd, duration, attempts, ...(reason === undefined ? undefined : { reason }) };
  return { status, ...defined({ output, changes }), ...told };
}

export function resultsOf(
  state: RunState,
  now: number,
  status: RunStatus = statusOf(state),
  reason = state.life.reason,
): RunResults {
  const tasks: Record<string, TaskResult> = {};
  for (const node of state.graph.nodes.values()) if (node.spec) tasks[node.id] = resultOf(state, node);
  const rehearsed = state.start?.rehearsed;
  return { run: state.run, status, tasks, summary: summaryOf(state, now), ...defined({ reason, rehearsed }) };
}
