/** What is left out of a plan that would take too long: first what may be, then it is said that it does not fit. */
import type { AgentTask } from "../domain/plan.ts";
import { criticalPath } from "../graph/critical-path.ts";
import type { Planned } from "./checks.ts";

export interface Fitted {
  readonly plan: Planned;
  readonly leftOut: readonly AgentTask[];
  /** Milliseconds of the longest way. */
  readonly length: number;
  readonly path: readonly string[];
}

const MINUTE = 60_000;

export function fitted(plan: Planned): Fitted {
  const longest = (tasks: readonly AgentTask[]) => criticalPath(tasks, (one) => one.estimatedDuration ?? 0);
  let tasks = plan.tasks;
  const leftOut: AgentTask[] = [];
  const most = (plan.minutes ?? Number.POSITIVE_INFINITY) * MINUTE;
  for (;;) {
    const { path, length } = longest(tasks);
    // On the longest way, from its end: what comes last is needed by the fewest.
    const next =
      length > most
        ? tasks.findLast((one) => one.brief?.optional && path.includes(one.id) && isLeaf(one, tasks))
        : undefined;
    if (next === undefined) return { plan: { ...plan, tasks, ...without(plan, leftOut) }, leftOut, length, path };
    leftOut.push(next);
    tasks = tasks.filter((one) => one !== next);
  }
}

const isLeaf = ({ id }: AgentTask, tasks: readonly AgentTask[]): boolean =>
  !tasks.some((one) => one.dependencies?.includes(id));

/** What they alone would have met is left out with them. */
function without({ requirements = [] }: Planned, leftOut: readonly AgentTask[]): Pick<Planned, "requirements"> {
  const gone = new Set(leftOut.flatMap(({ brief }) => brief?.covers ?? []));
  return { requirements: requirements.filter(({ id }) => !gone.has(id)) };
}
