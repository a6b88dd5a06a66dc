/**
 * A plan is checked whole before anything is stored or paid: every fault names the task, the field and,
 * where there is one, the nearest right spelling.
 */
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask } from "../domain/plan.ts";
import { isRecord } from "../domain/shape.ts";
import { testsOf } from "./condition.ts";
import { findCycle } from "./cycle.ts";
import { taskFields } from "./fields.ts";

export interface PlanFault {
  /** Such as `tasks.frontend.dependencies`. */
  readonly path: string;
  readonly message: string;
}

export interface Known {
  /** Agents that can be asked. Absent: not checked. */
  readonly agents?: ReadonlySet<string>;
  /** Tasks that the run already has. */
  readonly existing?: ReadonlySet<string>;
  /** Those of them that were taken out again: their names are used up, and nobody can build on them. */
  readonly removed?: ReadonlySet<string>;
}

const MOST_TASKS = 1_000_000;
const MOST_FAULTS = 20;

/** Throws BAD_INPUT with every fault, the first in its message. */
export function checkPlan(input: unknown, known: Known = {}): readonly AgentTask[] {
  const faults = planFaults(input, known);
  const [first] = faults;
  if (first === undefined) return input as readonly AgentTask[];
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
  throw new TuttiError("BAD_INPUT", first.message + more, { path: first.path, data: faults });
}

export function planFaults(input: unknown, known: Known = {}): readonly PlanFault[] {
  if (!Array.isArray(input)) return [{ path: "tasks", message: "tasks must be a list" }];
  if (input.length === 0) return [{ path: "tasks", message: "a plan needs at least one task" }];
  if (input.length > MOST_TASKS) return [{ path: "tasks", message: `a plan has at most ${MOST_TASKS} tasks` }];
  const faults = fieldFaults(input);
  if (faults.length > 0) return faults;
  const tasks = input as readonly AgentTask[];
  const names = nameFaults(tasks, known);
  if (names.length > 0) return names;
  const references = referenceFaults(tasks, known);
  if (references.length > 0) return references;
  const cycle = findCycle(tasks);
  if (cycle)
    return [
      {
        path: `tasks.${cycle[0]}.dependencies`,
        message: `tasks depend on each other in a circle: ${cycle.join(" → ")}`,
      },
    ];
  return ancestryFaults(tasks);
}

function fieldFaults(input: readonly unknown[]): PlanFault[] {
  const faults: PlanFault[] = [];
  for (const [i, task] of input.entries()) {
    const found = taskFields(task);
    if (!found) continue;
    const name = isRecord(task) && typeof task["id"] === "string" ? task["id"] : undefined;
    const field = found.at.replace(/^\./, "");
    const who = name === undefined ? `task ${i + 1} of the list` : `task '${name}'`;
    faults.push({
      path: `tasks.${name ?? i}${found.at}`,
      message: field === "" ? `${who} ${found.fault}` : `${who}: '${field}' ${found.fault}`,
    });
    if (faults.length === MOST_FAULTS) break;
  }
  return faults;
}

/** Ids become file and ref names: unique whatever the case, and not those that an expander will give. */
function nameFaults(tasks: readonly AgentTask[], known: Known): PlanFault[] {
  const faults: PlanFault[] = [];
  const seen = new Map<string, string>();
  for (const id of known.existing ?? []) seen.set(id.toLowerCase(), id);
  for (const { id } of tasks) {
    const other = seen.get(id.toLowerCase());
    if (other === id) faults.push({ path: `tasks.${id}.id`, message: `task '${id}' is there twice` });
    else if (other !== undefined)
      faults.push({
        path: `tasks.${id}.id`,
        message: `tasks '${other}' and '${id}' differ only in upper and lower case`,
      });
    seen.set(id.toLowerCase(), id);
  }
  const repeated = new Map<string, string>();
  for (const task of tasks)
    if (task.until || task.forEach)
      for (const id of [task.id, ...(task.repeats ?? [])]) repeated.set(id.toLowerCase(), id);
  if (repeated.size === 0 && !known.existing) return faults;
  const reserved = (id: string, by: ReadonlyMap<string, string>) => {
    const base = by.get(/^(.+)\.\d+$/.exec(id)?.[1]?.toLowerCase() ?? "");
    if (base === undefined) return;
    const message = `task '${id}': ids like '${base}.1' are given to the repetitions of '${base}'`;
    faults.push({ path: `tasks.${id}.id`, message });
  };
  for (const { id } of tasks) {
    // What the run already has may be repeated too.
    reserved(id, known.existing ? seen : repeated);
    if (repeated.get(id.toLowerCase()) === id && id.length > 59)
      faults.push({
        path: `tasks.${id}.id`,
        message: `task '${id}': an id that is repeated has at most 59 characters`,
      });
  }
  for (const id of known.existing ?? []) reserved(id, repeated);
  return faults;
}

function referenceFaults(tasks: readonly AgentTask[], known: Known): PlanFault[] {
  const faults: PlanFault[] = [];
  const ids = new Set(tasks.map((task) => task.id));
  const exists = (id: string) => ids.has(id) || (known.existing?.has(id) === true && !known.removed?.has(id));
  const everyId = () => [...ids, ...(known.existing ?? [])].filter(exists);
  const agent = (id: string, field: string, name: string) => {
    if (known.agents && !known.agents.has(name))
      faults.push({
        path: `tasks.${id}.${field}`,
        message: `task '${id}': there is no agent '${name}'${didYouMean(name, known.agents)}`,
      });
  };
  const loops = new Map<string, string>();
  for (const task of tasks) {
    const { id } = task;
    for (const dependency of task.dependencies ?? []) {
      const path = `tasks.${id}.dependencies`;
      if (dependency === id) faults.push({ path, message: `task '${id}' depends on itself` });
      else if (!exists(dependency)) {
        const hint = didYouMean(dependency, everyId()) || ", which does not exist";
        faults.push({ path, message: `task '${id}' depends on '${dependency}'${hint}` });
      }
    }
    if ((task.dependencies?.length ?? 0) > 1 && new Set(task.dependencies).size !== task.dependencies?.length)
      faults.push({ path: `tasks.${id}.dependencies`, message: `task '${id}' names a dependency twice` });
    agent(id, "agentName", task.agentName);
    for (const name of task.fallbacks ?? []) agent(id, "fallbacks", name);
    for (const one of task.validate ?? []) if ("agent" in one) agent(id, "validate", one.agent);
    if (task.forEach?.reduce) agent(id, "forEach.reduce.agentName", task.forEach.reduce.agentName);
    for (const [field, other] of readsOf(task))
      if (!exists(other)) {
        const hint = didYouMean(other, everyId()) || ", which does not exist";
        faults.push({ path: `tasks.${id}.${field}`, message: `task '${id}': '${field}' reads task '${other}'${hint}` });
      }
    if (task.until && task.forEach)
      faults.push({
        path: `tasks.${id}.until`,
        message: `task '${id}' has both 'until' and 'forEach'; put one of them into a task of its own`,
      });
    for (const other of task.repeats ?? []) {
      const fault = loopFault(id, other, tasks, loops);
      if (fault !== undefined) faults.push({ path: `tasks.${id}.repeats`, message: fault });
    }
    for (const field of ["repeats", "maxIterations"] as const)
      if (task[field] !== undefined && !task.until)
        faults.push({ path: `tasks.${id}.${field}`, message: `task '${id}': '${field}' needs 'until'` });
    if (faults.length >= MOST_FAULTS) break;
  }
  return faults;
}

/** A task belongs to one loop, is written with it, and does not expand by itself: repetitions have one name each. */
function loopFault(
  id: string,
  other: string,
  tasks: readonly AgentTask[],
  loops: Map<string, string>,
): string | undefined {
  const repeated = tasks.find((task) => task.id === other);
  if (!repeated) return `task '${id}' repeats '${other}', which is not a task of this plan`;
  const first = loops.get(other);
  loops.set(other, id);
  if (first !== undefined) return `tasks '${first}' and '${id}' both repeat '${other}'; a task belongs to one loop`;
  if (repeated.until || repeated.forEach)
    return `task '${id}' repeats '${other}', which has '${repeated.until ? "until" : "forEach"}' itself; loops cannot be nested`;
  return undefined;
}

const NO_READS: readonly (readonly [string, string])[] = [];

/** The tasks whose output or repetition a task names, with the field that names them. */
function readsOf(task: AgentTask): readonly (readonly [field: string, id: string])[] {
  if (!task.when && !task.until && !task.forEach && !task.repeats) return NO_READS;
  const reads: [string, string][] = [];
  if (task.when) for (const one of testsOf(task.when)) reads.push(["when", one.task]);
  if (task.until) for (const one of testsOf(task.until)) reads.push(["until", one.task]);
  if (task.forEach) reads.push(["forEach", task.forEach.task]);
  for (const id of task.repeats ?? []) reads.push(["repeats", id]);
  return reads;
}

/** What a condition, a `forEach` or a loop reads must be finished by then: it is upstream of the task. */
function ancestryFaults(tasks: readonly AgentTask[]): PlanFault[] {
  const faults: PlanFault[] = [];
  const byId = new Map(tasks.map((task) => [task.id, task]));
  for (const task of tasks) {
    const reads = readsOf(task);
    if (reads.length === 0) continue;
    const above = new Set(task.dependencies);
    const wanted = new Set(reads.map(([, id]) => id));
    // Nearest first, since what is read mostly stands close; what is found is sought no more.
    for (const id of above) {
      wanted.delete(id);
      if (wanted.size === 0) break;
      for (const next of byId.get(id)?.dependencies ?? []) above.add(next);
    }
    for (const [field, id] of reads) {
      if (!wanted.has(id) || (field === "until" && id === task.id)) continue;
      const message =
        id === task.id
          ? `task '${task.id}': '${field}' names the task itself`
          : `task '${task.id}': '${field}' reads '${id}', which is not among its dependencies; add it to 'dependencies'`;
      faults.push({ path: `tasks.${task.id}.${field}`, message });
    }
  }
  return faults;
}
