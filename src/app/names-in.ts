/** Who works at a plan. */
import { HELPER, type Ladders } from "../domain/failures.ts";
import type { AgentTask } from "../domain/plan.ts";

/** Everybody whom a task may need. */
export function namesIn(task: Pick<AgentTask, "agentName" | "fallbacks" | "forEach" | "validate">): readonly string[] {
  const reviewers = (task.validate ?? []).flatMap((one) => ("agent" in one ? [one.agent] : []));
  const reduce = task.forEach?.reduce?.agentName;
  return [
    ...new Set([task.agentName, ...(task.fallbacks ?? []), ...reviewers, ...(reduce === undefined ? [] : [reduce])]),
  ];
}

/** Whoever is asked about failures, where a ladder that somebody wrote says so. */
export function helpersIn({ recovery }: Pick<AgentTask, "recovery">, ofRun: Ladders | undefined): readonly string[] {
  const ladders = [...Object.values(recovery ?? {}), ...Object.values(ofRun ?? {})];
  return ladders.some((ladder) => ladder.includes("ask-agent")) ? [HELPER] : [];
}
