/**
 * What is wrong with a plan before a cent is spent on it: each problem names the task, the field and what to do. A `fault`
 * must be mended; of a `doubt` whoever reads the plan decides.
 */
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask, Requirement } from "../domain/plan.ts";
import { planFaults } from "../graph/check.ts";
import { criticalPath } from "../graph/critical-path.ts";
import { findCycle } from "../graph/cycle.ts";
import { makersOf, withOrder } from "./order.ts";
import { Reach } from "./reach.ts";

export interface Problem {
  readonly severity: "fault" | "doubt";
  readonly path: string;
  readonly message: string;
}
export interface Planned {
  readonly goal: string;
  readonly requirements?: readonly Requirement[];
  /** What is there before anything is done, by the names that inputs use. */
  readonly given?: readonly string[];
  /** Names of outputs that must be there at the end. */
  readonly deliverables?: readonly string[];
  /** The time that all of it may take. */
  readonly minutes?: number;
  readonly tasks: readonly AgentTask[];
}
/** What of an agent a plan depends on. */
export interface Able {
  readonly canWrite: boolean;
}
export interface Surroundings {
  readonly agents?: ReadonlyMap<string, Able>;
  /** Whether a file is there, for inputs that are paths. */
  readonly exists?: (path: string) => boolean;
}

export const isSound = (problems: readonly Problem[]): boolean =>
  problems.every(({ severity }) => severity !== "fault");

const MINUTE = 60_000;
const LONGEST = 120 * MINUTE;

export function planProblems(plan: Planned, known: Surroundings = {}): readonly Problem[] {
  const shape = planFaults(plan.tasks, known.agents ? { agents: new Set(known.agents.keys()) } : {});
  const all = [...head(plan), ...shape.map((one) => fault(one.path, one.message))];
  // The rest is about how tasks hang together, which only a sound graph tells.
  if (shape.length > 0) return all;
  const circle = findCycle(wanted(plan.tasks));
  if (circle) {
    const words = `by what they need and make, tasks wait for each other in a circle: ${circle.join(" → ")}`;
    return [...all, fault(`tasks.${circle[0]}.brief.inputs`, words)];
  }
  const tasks = withOrder(plan.tasks);
  const reach = new Reach(tasks);
  return [
    ...all,
    ...flow(plan, known, tasks, reach),
    ...ownership(plan, tasks),
    ...proof(tasks, reach),
    ...hands(tasks, known),
    ...files(tasks),
    ...time(plan, tasks),
    ...words(tasks),
  ];
}

/** Each task with all that it says it waits for, whether that can be or not. */
function wanted(tasks: readonly AgentTask[]): readonly AgentTask[] {
  const makers = makersOf(tasks);
  return tasks.map((task) => {
    const { id, dependencies = [], brief } = task;
    const from = (brief?.inputs ?? []).flatMap((input) => makers.get(input) ?? []).filter((one) => one !== id);
    return { ...task, dependencies: [...new Set([...dependencies, ...from])] };
  });
}

const fault = (path: string, message: string): Problem => ({ severity: "fault", path, message });
const doubt = (path: string, message: string): Problem => ({ severity: "doubt", path, message });

function* head({ goal, requirements = [], minutes }: Planned): Iterable<Problem> {
  if (goal.trim() === "") yield fault("goal", "the plan says no goal");
  const seen = new Set<string>();
  for (const { id, text } of requirements) {
    if (seen.has(id)) yield fault(`requirements.${id}`, `requirement '${id}' is there twice`);
    if (text.trim() === "") yield fault(`requirements.${id}`, `requirement '${id}' says nothing`);
    seen.add(id);
  }
  if (minutes !== undefined && !(minutes > 0)) yield fault("minutes", "the time box must be more than 0 minutes");
}

/** What is needed is made before, by one task; what is made is needed, or asked for. */
function* flow(
  { given = [], deliverables = [] }: Planned,
  { exists }: Surroundings,
  tasks: readonly AgentTask[],
  reach: Reach,
): Iterable<Problem> {
  const makers = makersOf(tasks);
  const names = [...makers.keys(), ...given];
  const used = new Set([...deliverables, ...tasks.flatMap(({ brief }) => brief?.inputs ?? [])]);
  for (const { id, brief } of tasks) {
    for (const input of brief?.inputs ?? []) {
      const path = `tasks.${id}.brief.inputs`;
      const from = (makers.get(input) ?? []).filter((one) => one !== id);
      if (from.length > 0 || given.includes(input) || exists?.(input)) {
        const late = from.find((one) => !reach.has(id, one));
        if (late !== undefined) yield fault(path, `task '${id}' needs '${input}' before '${late}' has made it`);
        continue;
      }
      const self = makers.get(input)?.includes(id) ? ": only it makes it itself" : didYouMean(input, names);
      yield fault(path, `task '${id}' needs '${input}', which no task makes and which is not there${self}`);
    }
    for (const output of brief?.outputs ?? [])
      if (!used.has(output) && brief?.kind !== "verify" && brief?.kind !== "document" && brief?.kind !== "release")
        yield doubt(`tasks.${id}.brief.outputs`, `nobody needs '${output}', which task '${id}' makes`);
  }
  for (const [output, by] of makers)
    if (by.length > 1)
      yield fault(
        `tasks.${by[1]}.brief.outputs`,
        `'${output}' is made by ${by.map((one) => `'${one}'`).join(" and ")}`,
      );
  for (const name of deliverables)
    if (!makers.has(name))
      yield fault("deliverables", `nobody makes '${name}', which must be there at the end${didYouMean(name, names)}`);
}

/** Every requirement is somebody's. */
function* ownership({ requirements = [] }: Planned, tasks: readonly AgentTask[]): Iterable<Problem> {
  const ids = requirements.map(({ id }) => id);
  const covered = new Set(tasks.flatMap(({ brief }) => brief?.covers ?? []));
  for (const { id, text } of requirements)
    if (!covered.has(id))
      yield fault(`requirements.${id}`, `no task covers requirement '${id}': ${text.slice(0, 120)}`);
  for (const { id, brief } of tasks)
    for (const one of brief?.covers ?? [])
      if (!ids.includes(one))
        yield fault(
          `tasks.${id}.brief.covers`,
          `task '${id}' covers '${one}', which is no requirement${didYouMean(one, ids)}`,
        );
}

/** Whatever is built is looked at afterwards, and by somebody else. */
function* proof(tasks: readonly AgentTask[], reach: Reach): Iterable<Problem> {
  const checks = tasks.filter(({ brief }) => brief?.kind === "verify");
  for (const { id, agentName, brief } of tasks) {
    if (brief?.kind !== "build") continue;
    const after = checks.filter((one) => reach.has(one.id, id));
    if (after.length === 0)
      yield fault(`tasks.${id}`, `nobody verifies what task '${id}' builds: no task of kind 'verify' comes after it`);
    else if (after.every((one) => one.agentName === agentName))
      yield fault(
        `tasks.${id}`,
        `only '${agentName}' itself verifies what it builds in task '${id}': name another agent`,
      );
  }
  for (const { id } of checks) {
    const isAfter = tasks.some((one) => one.brief?.kind === "build" && reach.has(id, one.id));
    if (!isAfter && tasks.some(({ brief }) => brief?.kind === "build"))
      yield doubt(`tasks.${id}`, `task '${id}' verifies, and comes before anything is built`);
  }
  for (const { id, brief } of tasks)
    if (brief?.kind === "release" && !checks.some((one) => reach.has(id, one.id)))
      yield fault(`tasks.${id}`, `task '${id}' releases what nobody has verified before it`);
}

/** Whoever must write can. */
function* hands(tasks: readonly AgentTask[], { agents }: Surroundings): Iterable<Problem> {
  if (!agents) return;
  for (const { id, agentName, brief } of tasks) {
    const writes = brief?.kind === "build" || (brief?.touches?.length ?? 0) > 0;
    if (writes && agents.get(agentName)?.canWrite === false)
      yield fault(
        `tasks.${id}.agentName`,
        `task '${id}' writes files, and '${agentName}' may not: choose an agent with 'write' or 'edit'`,
      );
  }
}

function* files(tasks: readonly AgentTask[]): Iterable<Problem> {
  for (const { id, brief } of tasks)
    for (const glob of brief?.touches ?? []) {
      const path = `tasks.${id}.brief.touches`;
      if (glob.startsWith("/") || /^[A-Za-z]:/.test(glob) || glob.split("/").includes(".."))
        yield fault(path, `task '${id}' would touch '${glob}', outside of the repository`);
      else if (/(^|\/)\.git(\/|$)/.test(glob)) yield fault(path, `task '${id}' would touch git's own files, '${glob}'`);
      else if (glob === "**" || glob === "**/*" || glob === "*")
        yield doubt(path, `task '${id}' touches everything, so that nothing that writes runs beside it`);
    }
}

function* time({ minutes }: Planned, tasks: readonly AgentTask[]): Iterable<Problem> {
  for (const { id, estimatedDuration } of tasks)
    if (estimatedDuration !== undefined && estimatedDuration > LONGEST)
      yield doubt(
        `tasks.${id}.estimatedDuration`,
        `task '${id}' is to take ${Math.round(estimatedDuration / MINUTE)} minutes: split it`,
      );
  if (minutes === undefined) return;
  const unknown = tasks.filter((one) => one.estimatedDuration === undefined);
  if (unknown.length > 0)
    yield doubt(
      `tasks.${unknown[0]?.id}.estimatedDuration`,
      `there is a time box, and ${unknown.length} of ${tasks.length} tasks do not say how long they take`,
    );
  const { path, length } = criticalPath(tasks, (one) => one.estimatedDuration ?? 0);
  if (length > minutes * MINUTE)
    yield fault(
      "minutes",
      `the longest way takes ${Math.ceil(length / MINUTE)} minutes, and there are ${minutes}: ${path.join(" → ")}`,
    );
}

/** An agent does what it is told: too few words are a guess. */
const FEWEST = 12;

function* words(tasks: readonly AgentTask[]): Iterable<Problem> {
  const seen = new Map<string, string>();
  for (const { id, prompt, brief, until, maxIterations, gate } of tasks) {
    if (prompt.trim().length < FEWEST)
      yield fault(`tasks.${id}.prompt`, `task '${id}' is told next to nothing: '${prompt.trim()}'`);
    const same = seen.get(prompt.trim());
    if (same !== undefined && prompt.trim() !== "")
      yield fault(`tasks.${id}.prompt`, `tasks '${same}' and '${id}' are told the very same`);
    seen.set(prompt.trim(), id);
    if (brief?.kind === "build" && (brief.criteria ?? []).length === 0)
      yield doubt(`tasks.${id}.brief.criteria`, `nobody can tell when task '${id}' is done: it has no criteria`);
    if (until && maxIterations === undefined)
      yield doubt(`tasks.${id}.maxIterations`, `task '${id}' repeats, and says nothing of how often at most`);
    if (brief?.kind === "release" && !gate)
      yield doubt(`tasks.${id}.gate`, `task '${id}' releases without a person's word: give it a gate`);
  }
}
