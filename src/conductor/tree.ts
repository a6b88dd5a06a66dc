/** A plan as people draw it: phases, each with who does what, and whether that goes side by side. */
import type { AgentTask } from "../domain/plan.ts";
import { reaches } from "./order.ts";

export function treeLines(tasks: readonly AgentTask[]): readonly string[] {
  const phases = new Map<string, AgentTask[]>();
  for (const task of tasks) phases.set(task.phase ?? "Tasks", [...(phases.get(task.phase ?? "Tasks") ?? []), task]);
  const needs = new Map(tasks.map(({ id, dependencies = [] }) => [id, new Set(dependencies)]));
  return [...phases].flatMap(([name, all], i) => [
    ...(i > 0 ? [""] : []),
    `Phase ${i + 1}: ${name} (${howOf(all, needs)})`,
    ...all.map(
      (task, at) =>
        `${at === all.length - 1 ? "└──" : "├──"} ${task.agentName}: ${oneLine(task.description)}${marks(task)}`,
    ),
  ]);
}

type Needs = ReadonlyMap<string, ReadonlySet<string>>;

function howOf(tasks: readonly AgentTask[], needs: Needs): "Parallel" | "Sequential" | "Mixed" {
  let pairs = 0;
  let ordered = 0;
  for (const [i, one] of tasks.entries())
    for (const other of tasks.slice(i + 1)) {
      pairs++;
      if (reaches(needs, one.id, other.id) || reaches(needs, other.id, one.id)) ordered++;
    }
  if (ordered === pairs) return pairs === 0 ? "Parallel" : "Sequential";
  return ordered === 0 ? "Parallel" : "Mixed";
}

const marks = ({ gate, forEach, until }: AgentTask): string =>
  `${gate ? " [a person decides first]" : ""}${forEach ? " [for each]" : ""}${until ? " [repeats]" : ""}`;

function oneLine(words: string): string {
  const line = words.replace(/\s+/g, " ").trim();
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
