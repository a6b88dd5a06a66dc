/** A plan as people draw it: phases, each with who does what, and whether that goes side by side. */
import type { AgentTask } from "../domain/plan.ts";
import { Reach } from "./reach.ts";

export function treeLines(tasks: readonly AgentTask[]): readonly string[] {
  const phases = new Map<string, AgentTask[]>();
  for (const task of tasks) phases.set(task.phase ?? "Tasks", [...(phases.get(task.phase ?? "Tasks") ?? []), task]);
  const reach = new Reach(tasks);
  return [...phases].flatMap(([name, all], i) => [
    ...(i > 0 ? [""] : []),
    `Phase ${i + 1}: ${name} (${howOf(all, reach)})`,
    ...all.map(
      (task, at) =>
        `${at === all.length - 1 ? "└──" : "├──"} ${task.agentName}: ${oneLine(task.description)}${marks(task)}`,
    ),
  ]);
}

function howOf(tasks: readonly AgentTask[], reach: Reach): "Parallel" | "Sequential" | "Mixed" {
  let pairs = 0;
  let ordered = 0;
  for (const [i, one] of tasks.entries())
    for (const other of tasks.slice(i + 1)) {
      pairs++;
      if (reach.has(one.id, other.id) || reach.has(other.id, one.id)) ordered++;
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
