/** What may be left out where time or money is short: optional tasks that have not begun; what is essential never. */
import { criticalPath } from "./critical-path.ts";
import { type Graph, isSettled, type Node } from "./dag.ts";

export interface Room {
  /** How many more tasks there is money for. */
  readonly tasks: number;
  /** Milliseconds of working time that are left. */
  readonly time: number;
  readonly now: number;
  /** When a task was begun last, if it was. */
  readonly begunAt: (id: string) => number | undefined;
}

/** The change that leaves out what there is no room for, or undefined. `short`: what there was no room for just now. */
export function sparing(graph: Graph, { tasks, short, ...room }: Room & { readonly short?: string | undefined }) {
  const remove = spared(graph, { ...room, tasks: short === undefined ? tasks : 0 });
  if (remove.length === 0) return undefined;
  const isLate = tasks === Number.POSITIVE_INFINITY;
  const want =
    short ?? (isLate ? "too little time is left for all of it" : "too little is left of the budget for all of it");
  const instead = Object.fromEntries(remove.map((id) => [id, []]));
  return { type: "change", remove, instead, reason: `what is optional is left out first: ${want}` } as const;
}

/** Ids of those that go, the least important first: as many as it takes for the rest to have room. */
function spared(graph: Graph, { tasks, time, now, begunAt }: Room): readonly string[] {
  const hasBegun = (id: string) => begunAt(id) !== undefined;
  const may = [...graph.optional].filter((node) => isUntouched(node, hasBegun)).sort(leastFirst);
  if (may.length === 0) return [];
  const open = [...graph.nodes.values()].filter((node) => node.spec && !isSettled(node));
  const left = open.filter((node) => isUntouched(node, hasBegun)).length;
  const gone = new Set(may.slice(0, Math.max(0, left - tasks)));
  if (time === Number.POSITIVE_INFINITY) return [...gone].map(({ id }) => id);
  for (;;) {
    const rest = open.filter((node) => !gone.has(node));
    const { path, length } = criticalPath(rest.map(timed), ({ id, duration }) =>
      Math.max(0, duration - (now - (begunAt(id) ?? now))),
    );
    if (length <= time) break;
    // On the longest way; another would save no time.
    const next = may.find((node) => !gone.has(node) && path.includes(node.id));
    if (next === undefined) break;
    gone.add(next);
  }
  return [...gone].map(({ id }) => id);
}

const isUntouched = (node: Node, hasBegun: (id: string) => boolean) =>
  (node.status === "pending" || node.status === "waiting") && !hasBegun(node.id);

const leastFirst = (a: Node, b: Node): number => (a.spec?.priority ?? 5) - (b.spec?.priority ?? 5) || b.order - a.order;

const timed = ({ id, spec, dependsOn }: Node) => ({
  id,
  dependencies: dependsOn.map((one) => one.id),
  duration: spec?.estimatedDuration ?? 0,
});
