import * as fc from "fast-check";
import { expect, test } from "vitest";
import { criticalPath, inTopologicalOrder } from "./critical-path.ts";

interface Timed {
  readonly id: string;
  readonly dependencies: readonly string[];
  readonly time: number;
}
const graphs = fc.array(fc.tuple(fc.nat(255), fc.nat(9)), { maxLength: 8 }).chain((raw) => {
  const tasks = raw.map(([mask, time], i): Timed => {
    const dependencies = raw.slice(0, i).flatMap((_, j) => (mask & (1 << j) ? [`t${j}`] : []));
    return { id: `t${i}`, dependencies, time };
  });
  return fc.shuffledSubarray(tasks, { minLength: tasks.length });
});

/** The longest of all ways, by walking them all. */
function longest(tasks: readonly Timed[]): number {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const upTo = (task: Timed): number =>
    task.time + Math.max(0, ...task.dependencies.map((id) => upTo(byId.get(id) as Timed)));
  return Math.max(0, ...tasks.map(upTo));
}

test("the critical path is as long as the longest of all ways, and is one", async () => {
  await fc.assert(
    fc.property(graphs, (tasks) => {
      const { path, length } = criticalPath(tasks, ({ time }) => time);
      expect(length).toBe(longest(tasks));
      const way = path.map((id) => tasks.find((task) => task.id === id) as Timed);
      expect(way.reduce((sum, { time }) => sum + time, 0)).toBe(length);
      for (const [i, task] of way.entries()) if (i > 0) expect(task.dependencies).toContain(path[i - 1]);
    }),
  );
});

test("in topological order each task comes after what it depends on, once", async () => {
  await fc.assert(
    fc.property(graphs, (tasks) => {
      const seen = new Set<string>();
      for (const { id, dependencies } of inTopologicalOrder(tasks)) {
        for (const before of dependencies) expect(seen).toContain(before);
        seen.add(id);
      }
      expect(seen.size).toBe(tasks.length);
    }),
  );
});

test("dependencies outside the list are passed over", () => {
  const tasks = [
    { id: "b", dependencies: ["elsewhere"] },
    { id: "a", dependencies: ["b"] },
  ];
  expect(criticalPath(tasks, () => 2)).toEqual({ path: ["b", "a"], length: 4 });
  expect(criticalPath([], () => 1)).toEqual({ path: [], length: 0 });
});
