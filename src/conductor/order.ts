/**
 * What may run side by side follows from what tasks say of themselves: whoever needs something waits for whoever makes
 * it, and two that may write the same file come one after the other, in the order of the plan.
 */
import { TuttiError } from "../domain/error.ts";
import type { AgentTask } from "../domain/plan.ts";
import { findCycle } from "../graph/cycle.ts";
import { pathsOverlap, segments } from "./globs.ts";
import { Reach } from "./reach.ts";

/** Beyond it nobody has looked at the plan, and who builds on whom takes more room than the plan. */
const MOST_ORDERED = 2000;

/** The same tasks, with the dependencies that their briefs imply; those that they have stay. */
export function withOrder(tasks: readonly AgentTask[]): readonly AgentTask[] {
  const isSaid = tasks.some(({ brief }) => (brief?.inputs?.length ?? 0) + (brief?.touches?.length ?? 0) > 0);
  // A circle is named by whoever checks the plan.
  if (!isSaid || findCycle(tasks) !== undefined) return tasks;
  if (tasks.length > MOST_ORDERED)
    throw new TuttiError(
      "BAD_INPUT",
      `there are ${tasks.length} tasks, and some say in 'brief' what they need or touch`,
      {
        path: "tasks",
        hint: `such a plan has at most ${MOST_ORDERED} tasks: split it, or say 'dependencies' instead of 'brief'`,
      },
    );
  const reach = new Reach(tasks);
  const needs = new Map(tasks.map(({ id, dependencies = [] }) => [id, new Set(dependencies)]));
  const makers = makersOf(tasks);
  const wait = (id: string, before: string) => {
    needs.get(id)?.add(before);
    reach.add(id, before);
  };
  for (const { id, brief } of tasks)
    for (const input of brief?.inputs ?? [])
      for (const maker of makers.get(input) ?? []) if (!reach.has(maker, id)) wait(id, maker);
  const writers = tasks.flatMap(({ id, brief }) =>
    brief?.touches?.length ? [{ id, touches: brief.touches.map(segments) }] : [],
  );
  // The nearest first: whoever waits for it waits for all that it waits for.
  for (const [i, later] of writers.entries())
    for (const earlier of writers.slice(0, i).reverse())
      if (!reach.has(later.id, earlier.id) && !reach.has(earlier.id, later.id) && touch(later.touches, earlier.touches))
        wait(later.id, earlier.id);
  return tasks.map((task) => {
    const all = [...(needs.get(task.id) ?? [])];
    return all.length === (task.dependencies?.length ?? 0) ? task : { ...task, dependencies: all };
  });
}

const touch = (some: readonly (readonly string[])[], others: readonly (readonly string[])[]): boolean =>
  some.some((a) => others.some((b) => pathsOverlap(a, b)));

/** Who makes what; of several, all. */
export function makersOf(tasks: readonly AgentTask[]): ReadonlyMap<string, readonly string[]> {
  const makers = new Map<string, string[]>();
  for (const { id, brief } of tasks)
    for (const output of brief?.outputs ?? []) makers.set(output, [...(makers.get(output) ?? []), id]);
  return makers;
}
