/**
 * Every fault of a list of tasks. The check of a plan stops at the first kind of fault that it finds, since later kinds
 * make no sense on a broken plan. Here each fault found is mended in a copy, in the least way, and the copy is
 * checked again; what follows only from a mend is not reported.
 */
import type { AgentTask } from "../domain/plan.ts";
import { isRecord } from "../domain/shape.ts";
import { type Known, type PlanFault, planFaults } from "../graph/check.ts";
import { taskFields } from "../graph/fields.ts";
import { MOST_FAULTS, type Step } from "./source.ts";

export interface LocatedFault extends PlanFault {
  /** From the list of tasks: index of the task, then its fields. */
  readonly steps: readonly Step[];
  /** The name is wrong, not its value. */
  readonly atKey: boolean;
}

interface Mending {
  readonly tasks: unknown[];
  readonly agent: string;
  /** Ids that are malformed themselves: whoever names them is not wrong a second time. */
  readonly badIds: Set<string>;
  readonly withoutUntil: Set<number>;
  dependenciesMended: boolean;
}

export function everyFault(input: unknown, known: Known = {}): readonly LocatedFault[] {
  if (!Array.isArray(input) || input.length === 0)
    return planFaults(input, known).map((one) => ({ ...one, steps: [], atKey: false }));
  const work: Mending = {
    tasks: input.map((task: unknown) => (isRecord(task) ? { ...task } : task)),
    agent: known.agents?.values().next().value ?? "agent",
    badIds: new Set(),
    withoutUntil: new Set(),
    dependenciesMended: false,
  };
  const found = new Map<string, LocatedFault>();
  let before = "";
  while (found.size < MOST_FAULTS) {
    const faults = planFaults(work.tasks, known);
    const now = JSON.stringify(faults);
    // Nothing left, or nothing that a mend could reach.
    if (faults.length === 0 || now === before) break;
    before = now;
    const located = faults.flatMap((fault) => locate(fault, work));
    for (const fault of located) {
      const key = `${fault.steps.join("\n")}\n${fault.message}`;
      if (!follows(fault, work) && !found.has(key)) found.set(key, fault);
    }
    for (const fault of located) mend(fault, work);
  }
  return [...found.values()].slice(0, MOST_FAULTS).map((fault) => inTheirWords(fault, input));
}

/** A mended id never stood in the file: its author knows the task by what does. */
function inTheirWords(fault: LocatedFault, input: readonly unknown[]): LocatedFault {
  const back = (text: string) =>
    text.replaceAll(/mended__(\d+)__/g, (_, index: string) => {
      const task = input[Number(index)];
      return isRecord(task) && typeof task["id"] === "string" ? task["id"] : index;
    });
  return { ...fault, path: back(fault.path), message: back(fault.message) };
}

/** The task and field of a fault; a name that several tasks have is the fault of each but the first. */
function locate(fault: PlanFault, { tasks }: Mending): LocatedFault[] {
  const rest = fault.path.slice("tasks.".length);
  const idOf = (task: unknown) => (isRecord(task) && typeof task["id"] === "string" ? task["id"] : undefined);
  let best: { id: string; indexes: number[] } | undefined;
  for (const [i, task] of tasks.entries()) {
    const id = idOf(task);
    if (id === undefined || !(rest === id || rest.startsWith(`${id}.`) || rest.startsWith(`${id}[`))) continue;
    if (id === best?.id) best.indexes.push(i);
    else if (!best || id.length > best.id.length) best = { id, indexes: [i] };
  }
  const name = best?.id ?? /^\d+/.exec(rest)?.[0] ?? "";
  const all = best?.indexes ?? [Number(name)];
  const fields = [...rest.slice(name.length).matchAll(/\.([^.[]+)|\[(\d+)\]/g)].map(
    ([, field, index]): Step => field ?? Number(index),
  );
  const indexes = fault.message.endsWith("is there twice") ? all.slice(1) : bearersOf(fault, all, tasks);
  return indexes.map((index) => {
    const item = itemOf(fault.message, name, Reflect.get(Object(tasks[index]), String(fields[0])));
    const steps = [index, ...fields, ...(item === undefined ? [] : [item])];
    return { ...fault, steps, atKey: /is not (?:a known field|allowed as a name)/.test(fault.message) };
  });
}

/** While an id stands twice, a fault of a field belongs to whichever of its tasks has it. */
function bearersOf({ path }: PlanFault, indexes: readonly number[], tasks: readonly unknown[]): readonly number[] {
  if (indexes.length === 1) return indexes;
  const bearers = indexes.filter((index) => {
    const found = taskFields(tasks[index]);
    return found !== undefined && path.endsWith(found.at);
  });
  return bearers.length > 0 ? bearers : indexes.slice(0, 1);
}

const NAMED = /(?:depends on|repeats|reads task) '([^']*)'|there is no agent '([^']*)'|in a circle: \S+ → (\S+)/;

/** Where a fault is about one entry of a list, the place of that entry. */
function itemOf(message: string, id: string, list: unknown): number | undefined {
  if (!Array.isArray(list)) return undefined;
  const entries: readonly unknown[] = list;
  if (message.endsWith("names a dependency twice")) return entries.findIndex((one, i) => entries.indexOf(one) !== i);
  const match = NAMED.exec(message);
  const name = message.endsWith("depends on itself") ? id : (match?.[1] ?? match?.[2] ?? match?.[3]);
  const at = entries.indexOf(name);
  return at < 0 ? undefined : at;
}

/** Whether a fault is there only because another one was mended. */
function follows({ message, steps }: LocatedFault, work: Mending): boolean {
  if (message.includes("which is not among its dependencies")) return work.dependenciesMended;
  if (message.endsWith("needs 'until'")) return work.withoutUntil.has(Number(steps[0]));
  const name = /(?:depends on|reads task|repeats) '([^']*)'/.exec(message)?.[1];
  return name !== undefined && work.badIds.has(name);
}

function mend({ steps, message }: LocatedFault, work: Mending): void {
  const [index, field, item] = steps;
  const at = Number(index);
  const task = work.tasks[at];
  if (!isRecord(task) || field === undefined) {
    work.tasks[at] = blank(at, work);
    return;
  }
  if (field === "id") {
    if (typeof task["id"] === "string" && !message.endsWith("is there twice")) work.badIds.add(task["id"]);
    task["id"] = blank(at, work).id;
  } else if (field === "dependencies") {
    work.dependenciesMended = true;
    const list = task["dependencies"];
    if (typeof item === "number" && Array.isArray(list)) task["dependencies"] = list.with(item, standIn(work));
    else delete task["dependencies"];
  } else if (field === "agentName" || field === "description" || field === "prompt") {
    task[field] = blank(at, work)[field];
  } else {
    if (field === "until") work.withoutUntil.add(at);
    delete task[field];
  }
}

/** A task of its own in place of a dependency, so that the other entries of the list keep their places. */
function standIn(work: Mending): string {
  const task = blank(work.tasks.length, work);
  work.tasks.push(task);
  return task.id;
}

/** Ids of authors hold no such number of underscores; should one, the next round says so. */
function blank(index: number, { agent }: Mending): AgentTask {
  return { id: `mended__${index}__`, agentName: agent, description: "", prompt: "" };
}
