/** Finds a circle of dependencies: each id depends on the next, and the first comes again at the end. */

interface Linked {
  readonly id: string;
  readonly dependencies?: readonly string[];
}

export function findCycle(tasks: readonly Linked[]): readonly string[] | undefined {
  if (isWrittenInOrder(tasks)) return undefined;
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const done = new Set<string>();
  for (const { id } of tasks) {
    if (done.has(id)) continue;
    // Depth first with a stack of our own: a chain of 100,000 tasks must not overflow the call stack.
    const path: string[] = [id];
    const onPath = new Set(path);
    const next = [0];
    while (path.length > 0) {
      const here = path[path.length - 1] as string;
      const i = next[next.length - 1] as number;
      const dependency = byId.get(here)?.dependencies?.[i];
      if (dependency === undefined) {
        done.add(here);
        onPath.delete(here);
        path.pop();
        next.pop();
        continue;
      }
      next[next.length - 1] = i + 1;
      if (onPath.has(dependency)) return fromFirst(path.slice(path.indexOf(dependency)), byId);
      if (done.has(dependency) || !byId.has(dependency)) continue;
      path.push(dependency);
      onPath.add(dependency);
      next.push(0);
    }
  }
  return undefined;
}

/** Most plans name only what stands above, and then there is no circle. */
function isWrittenInOrder(tasks: readonly Linked[]): boolean {
  const above = new Set<string>();
  for (const { id, dependencies = [] } of tasks) {
    for (const dependency of dependencies) if (!above.has(dependency)) return false;
    above.add(id);
  }
  return true;
}

/** Begins with the task that was written first. */
function fromFirst(cycle: readonly string[], written: ReadonlyMap<string, unknown>): readonly string[] {
  const rank = new Map([...written.keys()].map((id, i) => [id, i]));
  const first = cycle.reduce((a, b) => ((rank.get(b) ?? 0) < (rank.get(a) ?? 0) ? b : a));
  const at = cycle.indexOf(first);
  return [...cycle.slice(at), ...cycle.slice(0, at), first];
}
