/** What a graph has to say of itself: waves and phases that are complete, how many tasks ended how. */
import type { EventFields } from "../domain/events.ts";
import { type Graph, hasOutput, isSettled, type Node } from "./dag.ts";
import { type Groups, untold } from "./groups.ts";

type Report =
  | { readonly type: "wave:start" | "wave:complete"; readonly fields: EventFields["wave:start"] }
  | { readonly type: "phase:complete"; readonly fields: EventFields["phase:complete"] };

/** Waves and phases that are complete and have not been told, in order. */
export function dueReports(graph: Graph): readonly Report[] {
  const reports: Report[] = [];
  if (graph.waves.finished.size === 0 && graph.phases.finished.size === 0) return reports;
  for (const wave of inOrder(graph.waves)) {
    const fields = { wave: Number(wave.name), taskIds: untold(wave) };
    if (!wave.open) reports.push({ type: "wave:start", fields });
    reports.push({ type: "wave:complete", fields });
  }
  for (const phase of inOrder(graph.phases))
    reports.push({ type: "phase:complete", fields: { phase: String(phase.name), taskIds: untold(phase) } });
  return reports;
}

function inOrder<K extends number | string>(groups: Groups<K>) {
  return [...groups.finished].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The wave of a task that is about to start, if it has not been told. */
export function waveToOpen(graph: Graph, node: Node): EventFields["wave:start"] | undefined {
  const wave = graph.waves.all.get(node.wave);
  return wave && !wave.open ? { wave: node.wave, taskIds: untold(wave) } : undefined;
}

export function countTasks(graph: Graph) {
  const count = { totalTasks: 0, successfulTasks: 0, failedTasks: 0, skippedTasks: 0 };
  for (const node of graph.nodes.values()) {
    if (node.spec && !node.removed) count.totalTasks++;
    if (hasOutput(node)) count.successfulTasks++;
    else if (node.status === "failed") count.failedTasks++;
    else if (node.status === "skipped") count.skippedTasks++;
  }
  return count;
}

/** A run is complete when nothing failed and nothing was left out because of a failure. */
export function endStatus(graph: Graph): "complete" | "failed" {
  for (const node of graph.nodes.values()) {
    if (node.status === "failed") return "failed";
    if (node.status === "skipped" && node.how !== "condition" && node.how !== "replaced") return "failed";
  }
  return "complete";
}

/** Why these tasks cannot be taken out of the plan, or undefined: they have begun, or somebody waits for them. */
export function removalFault(
  graph: Graph,
  ids: readonly string[],
  hasBegun: (id: string) => boolean,
  instead: { readonly [task: string]: readonly string[] } = {},
): string | undefined {
  const going = new Set(ids);
  if (going.size < ids.length) return "a task to remove is named twice";
  for (const id of ids) {
    const node = graph.nodes.get(id);
    if (!node?.spec) return `there is no task '${id}'`;
    if (isSettled(node) || hasBegun(id)) return `task '${id}' has begun and cannot be removed`;
    if (Object.hasOwn(instead, id)) continue;
    const needed = node.dependents.find((one) => !isSettled(one) && !going.has(one.id));
    if (needed) return `task '${needed.id}' depends on '${id}'; remove it too`;
  }
  return undefined;
}

/** Tasks that were taken out of the plan, and those that are to be. */
export function removedFrom(graph: Graph, going: readonly string[]): ReadonlySet<string> {
  return new Set([...going, ...[...graph.nodes.values()].flatMap(({ id, removed }) => (removed ? [id] : []))]);
}
