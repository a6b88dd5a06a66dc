/**
 * What may run side by side follows from what tasks say of themselves: whoever needs something waits for whoever makes
 * it, and two that may write the same file come one after the other, in the order of the plan.
 */
import type { AgentTask } from "../domain/plan.ts";
import { mayOverlap } from "./globs.ts";

/** The same tasks, with the dependencies that their briefs imply; those that they have stay. */
export function withOrder(tasks: readonly AgentTask[]): readonly AgentTask[] {
  const needs = new Map(tasks.map(({ id, dependencies = [] }) => [id, new Set(dependencies)]));
  const makers = makersOf(tasks);
  for (const { id, brief } of tasks)
    for (const input of brief?.inputs ?? [])
      for (const maker of makers.get(input) ?? []) if (!reaches(needs, maker, id)) needs.get(id)?.add(maker);
  for (const [i, later] of tasks.entries())
    for (const earlier of tasks.slice(0, i)) {
      const isSame = later.brief?.touches?.some((a) => earlier.brief?.touches?.some((b) => mayOverlap(a, b)));
      if (!isSame || reaches(needs, later.id, earlier.id) || reaches(needs, earlier.id, later.id)) continue;
      needs.get(later.id)?.add(earlier.id);
    }
  return tasks.map((task) => {
    const all = [...(needs.get(task.id) ?? [])];
    return all.length === (task.dependencies?.length ?? 0) ? task : { ...task, dependencies: all };
  });
}

/** Who makes what; of several, all. */
export function makersOf(tasks: readonly AgentTask[]): ReadonlyMap<string, readonly string[]> {
  const makers = new Map<string, string[]>();
  for (const { id, brief } of tasks)
    for (const output of brief?.outputs ?? []) makers.set(output, [...(makers.get(output) ?? []), id]);
  return makers;
}

/** Whether the one builds on the other, directly or not; a task builds on itself. */
export function reaches(needs: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(needs.get(id) ?? []));
  }
  return false;
}
