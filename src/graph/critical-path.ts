/** The longest way through a plan: no number of agents makes the work shorter than this. */

interface Timed {
  readonly id: string;
  readonly dependencies?: readonly string[];
}

/** Tasks in an order in which each comes after its dependencies. Expects a plan without circles. */
export function inTopologicalOrder<T extends Timed>(tasks: readonly T[]): readonly T[] {
  const waiting = new Map<string, number>();
  const dependents = new Map<string, T[]>();
  const ids = new Set(tasks.map((task) => task.id));
  for (const task of tasks) {
    const inside = (task.dependencies ?? []).filter((id) => ids.has(id));
    waiting.set(task.id, inside.length);
    for (const id of inside) {
      const list = dependents.get(id);
      if (list) list.push(task);
      else dependents.set(id, [task]);
    }
  }
  const order = tasks.filter((task) => waiting.get(task.id) === 0);
  for (const task of order) {
    for (const next of dependents.get(task.id) ?? []) {
      const left = (waiting.get(next.id) ?? 0) - 1;
      waiting.set(next.id, left);
      if (left === 0) order.push(next);
    }
  }
  return order;
}

export function criticalPath<T extends Timed>(
  tasks: readonly T[],
  duration: (task: T) => number,
): { readonly path: readonly string[]; readonly length: number } {
  const end = new Map<string, number>();
  const before = new Map<string, string>();
  let last: string | undefined;
  for (const task of inTopologicalOrder(tasks)) {
    let start = 0;
    for (const id of task.dependencies ?? []) {
      const done = end.get(id) ?? 0;
      if (done >= start && end.has(id)) {
        start = done;
        before.set(task.id, id);
      }
    }
    end.set(task.id, start + duration(task));
    if (last === undefined || (end.get(task.id) ?? 0) > (end.get(last) ?? 0)) last = task.id;
  }
  const path: string[] = [];
  for (let id = last; id !== undefined; id = before.get(id)) path.unshift(id);
  return { path, length: last === undefined ? 0 : (end.get(last) ?? 0) };
}
