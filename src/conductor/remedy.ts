/** A plan that does not go on as it was made: how it stands, and what a change of it would make wrong. */
import type { TaskStatus } from "../domain/events.ts";
import type { Failure } from "../domain/failures.ts";
import type { AgentTask } from "../domain/plan.ts";
import { type Planned, type Problem, planProblems, type Surroundings } from "./checks.ts";
import { withOrder } from "./order.ts";

export interface StandingTask {
  readonly task: AgentTask;
  readonly status: TaskStatus;
  /** Of its output or its end, in few words. */
  readonly said?: string;
}
export interface Failed {
  readonly id: string;
  readonly failure: Failure;
  readonly reason: string;
  /** Everybody who has tried. */
  readonly agents: readonly string[];
}
export interface Standing {
  readonly goal: string;
  readonly tasks: readonly StandingTask[];
  /** Every name that a task has or had. */
  readonly taken: ReadonlySet<string>;
  /** Absent: it is about what was said. */
  readonly failed?: Failed;
  readonly said: readonly { readonly from: string; readonly text: string }[];
  /** What is left of the limits, in words. */
  readonly left: readonly string[];
}
/** Empty but for its reason: nothing changes, and what failed has failed. */
export interface Remedy {
  readonly add?: readonly AgentTask[];
  readonly remove?: readonly string[];
  readonly instead?: { readonly [task: string]: readonly string[] };
  readonly reason: string;
}

const isNothing = ({ add = [], remove = [], instead = {} }: Remedy): boolean =>
  add.length + remove.length + Object.keys(instead).length === 0;

/** Faults that this change would bring into the plan: what was wrong with it before is nobody's fault now. */
export function remedyProblems(standing: Standing, remedy: Remedy, known: Surroundings): readonly Problem[] {
  if (isNothing(remedy)) return [];
  const before = new Set(planProblems(asPlan(standing), known).map(({ message }) => message));
  const after = planProblems(asPlan(standing, remedy), known);
  const found = after.filter(({ severity, message }) => severity === "fault" && !before.has(message));
  return [...begun(standing, remedy), ...found];
}

/** What has begun stays; new names are new. */
function* begun({ tasks, taken }: Standing, { add = [], remove = [] }: Remedy): Iterable<Problem> {
  const states = new Map(tasks.map(({ task, status }) => [task.id, status]));
  for (const id of remove)
    if (states.get(id) !== "pending")
      yield {
        ...{ severity: "fault", path: `remove.${id}` },
        message: states.has(id) ? `task '${id}' has begun and cannot be removed` : `there is no task '${id}' to remove`,
      };
  for (const { id } of add)
    if (taken.has(id))
      yield { severity: "fault", path: `tasks.${id}.id`, message: `there is or was a task '${id}': take another id` };
}

function asPlan(standing: Standing, remedy: Remedy = { reason: "" }): Planned {
  const gone = goneBy(standing, remedy);
  const isGiven = ({ task }: StandingTask) => !(gone.has(task.id) && task.brief?.optional);
  // What only an optional task would have met is left out with it.
  const covered = new Set(standing.tasks.filter(isGiven).flatMap(({ task }) => task.brief?.covers ?? []));
  const requirements = [...covered].map((id) => ({ id, text: id }));
  return { goal: standing.goal, requirements, tasks: tasksThen(standing, remedy) };
}

const plain = ({ task }: StandingTask): AgentTask => task;

const goneBy = ({ failed }: Standing, { remove = [], instead = {} }: Remedy): ReadonlySet<string> =>
  new Set([...remove, ...(failed && Object.hasOwn(instead, failed.id) ? [failed.id] : [])]);

/** All tasks as they would stand, in the order in which they are done; what an optional one would have made nobody needs. */
function tasksThen(standing: Standing, remedy: Remedy): readonly AgentTask[] {
  const { add = [], instead = {} } = remedy;
  const gone = goneBy(standing, remedy);
  const optional = standing.tasks.filter(({ task }) => gone.has(task.id) && task.brief?.optional);
  const made = new Set(add.flatMap(({ brief }) => brief?.outputs ?? []));
  const unmade = new Set(optional.flatMap(({ task }) => task.brief?.outputs ?? []).filter((one) => !made.has(one)));
  const then = standing.tasks.filter(({ task }) => !gone.has(task.id));
  return [...then.map(({ task }) => without(repointed(task, instead), unmade)), ...add];
}

function without(task: AgentTask, unmade: ReadonlySet<string>): AgentTask {
  const { brief } = task;
  if (!brief?.inputs?.some((one) => unmade.has(one))) return task;
  return { ...task, brief: { ...brief, inputs: brief.inputs.filter((one) => !unmade.has(one)) } };
}

function repointed(task: AgentTask, instead: NonNullable<Remedy["instead"]>): AgentTask {
  const { dependencies = [] } = task;
  if (!dependencies.some((id) => Object.hasOwn(instead, id))) return task;
  return { ...task, dependencies: [...new Set(dependencies.flatMap((id) => instead[id] ?? [id]))] };
}

/** With what its new tasks wait for by what they need; those that nobody among them waits for take the place of the failed one. */
export function ordered(standing: Standing, remedy: Remedy): Remedy {
  const { add = [], instead } = remedy;
  if (add.length === 0) return remedy;
  const ids = new Set(add.map(({ id }) => id));
  const known = standing.tasks.filter(({ task }) => task.id !== standing.failed?.id).map(plain);
  const named = { ...remedy, instead: {} };
  const all = withOrder([
    ...tasksThen({ ...standing, tasks: known.map((task) => ({ task, status: "pending" })) }, named),
  ]);
  const own = all.filter(({ id }) => ids.has(id));
  const waitedFor = new Set(own.flatMap(({ dependencies = [] }) => dependencies));
  const last = own.filter(({ id }) => !waitedFor.has(id)).map(({ id }) => id);
  const failed = standing.failed?.id;
  const given = instead ?? (failed === undefined ? undefined : { [failed]: last });
  return { ...remedy, add: own, ...(given && { instead: given }) };
}
