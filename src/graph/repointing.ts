/** Tasks that give way to others: who waits for whom then, and why that cannot be. */
import type { EventFields } from "../domain/events.ts";
import { LANE } from "../domain/landing.ts";
import type { AgentTask, PlannedTask } from "../domain/plan.ts";
import { planFaults } from "./check.ts";
import { inTopologicalOrder } from "./critical-path.ts";
import { findCycle } from "./cycle.ts";
import { type Graph, isSettled, type Node } from "./dag.ts";
import { removalFault, removedFrom } from "./report.ts";

type Changed = NonNullable<EventFields["plan:changed"]["changed"]>;

export interface Giving {
  readonly add?: readonly AgentTask[];
  readonly remove?: readonly string[];
  readonly instead?: { readonly [task: string]: readonly string[] };
}

/** Why such a change does not fit a plan, or undefined. `failed`: the task that is asked about. */
export function fitFault(graph: Graph, giving: Giving, { agents, hasBegun, failed }: Of): string | undefined {
  const { add = [], remove = [], instead } = giving;
  const here = { agents, existing: new Set(graph.nodes.keys()), removed: removedFrom(graph, remove) };
  const [first] = add.length > 0 ? planFaults(add, here) : [];
  return (
    first?.message ??
    removalFault(graph, remove, hasBegun, instead) ??
    repointFault(graph, giving, failed) ??
    landingFault(graph, giving)
  );
}

interface Of {
  readonly agents: ReadonlySet<string>;
  readonly hasBegun: (id: string) => boolean;
  readonly failed?: string | undefined;
}

/** The tasks that are added, each after those that it waits for; whoever takes the place of one alone says so. */
export function inPlace({ add = [], instead = {} }: Giving): readonly PlannedTask[] {
  const heirs = new Map(Object.entries(instead).flatMap(([of, [one, ...no]]) => (one && !no[0] ? [[one, of]] : [])));
  return inTopologicalOrder(add).map((task) => {
    const replaces = heirs.get(task.id);
    return replaces === undefined ? task : { ...task, replaces };
  });
}

/** Every task that waits for one that gives way, and whoever lands the work, with all that they wait for then. */
export function repointed({ nodes }: Graph, giving: Giving): Changed {
  const { remove = [], instead = {} } = giving;
  const late = lateFor(nodes, giving);
  const going = new Set(remove);
  const waiting = new Set<Node>();
  for (const id of Object.keys(instead))
    for (const one of nodes.get(id)?.dependents ?? []) if (!isSettled(one) && !going.has(one.id)) waiting.add(one);
  if (late) waiting.add(late.lane);
  return [...waiting].map(({ id, dependsOn }) => ({
    task: id,
    dependencies: [
      ...new Set([
        ...dependsOn.flatMap((one) => (Object.hasOwn(instead, one.id) ? instead[one.id] : one.id)),
        ...(late?.lane.id === id ? late.tasks : []),
      ]),
    ]
      .filter((one): one is string => one !== undefined)
      .filter((one) => one !== id),
  }));
}

const laneOf = (nodes: Graph["nodes"]): Node | undefined => {
  for (const node of nodes.values()) if (node.spec?.agentName === LANE && !isSettled(node)) return node;
  return undefined;
};

/** Of what comes into the plan later, what nobody else waits for: the merge lane does, or it would never land. */
function lateFor(nodes: Graph["nodes"], { add = [], instead = {} }: Giving) {
  const lane = add.length === 0 ? undefined : laneOf(nodes);
  if (lane?.status !== "pending" || Object.hasOwn(instead, lane.id)) return undefined;
  // What comes after the landing is not landed by it.
  const after = new Set([lane]);
  for (const one of after) for (const next of one.dependents) after.add(next);
  const beyond = new Set([...after].map(({ id }) => id));
  for (const { id, dependencies = [] } of inTopologicalOrder(add))
    if (dependencies.some((one) => beyond.has(one))) beyond.add(id);
  const mine = add.filter(({ id }) => !beyond.has(id));
  const needed = new Set([...mine.flatMap(({ dependencies = [] }) => dependencies), ...Object.values(instead).flat()]);
  const tasks = mine.flatMap(({ id }) => (needed.has(id) ? [] : [id]));
  return tasks.length === 0 ? undefined : { lane, tasks };
}

function landingFault({ nodes }: Graph, { add = [] }: Giving): string | undefined {
  if (add.length === 0 || laneOf(nodes)?.status !== "running") return undefined;
  return "the work is landing already, and what is added now would not land: begin a run of its own with it when this one has ended";
}

/** Why these cannot give way like this, or undefined. `failed`: the task that is asked about. */
function repointFault(graph: Graph, giving: Giving, failed?: string): string | undefined {
  const { add = [], remove = [], instead = {} } = giving;
  const { nodes } = graph;
  const added = new Set(add.map(({ id }) => id));
  const going = new Set([...remove, ...(failed === undefined ? [] : [failed])]);
  for (const { id, dependencies = [] } of add) {
    const gone = dependencies.find((one) => going.has(one));
    if (gone !== undefined) return `task '${id}' would wait for '${gone}', which gives way`;
  }
  for (const [id, ids] of Object.entries(instead)) {
    if (ids.includes(id) && !going.has(id)) {
      if (!nodes.get(id)?.spec) return `there is no task '${id}'`;
    } else if (!going.has(id)) return `task '${id}' gives way only where it is removed too`;
    for (const one of ids) {
      const node = nodes.get(one);
      const isThere = added.has(one) || (node?.spec !== undefined && !node.removed);
      if (!isThere) return `there is no task '${one}' to take the place of '${id}'`;
      if (going.has(one)) return `task '${one}' gives way itself, and cannot take the place of '${id}'`;
      if (node && isSettled(node) && node.status !== "complete" && node.status !== "reused")
        return `task '${one}' is ${node.status}, and cannot take the place of '${id}'`;
    }
    const [first, ...more] = ids;
    // A condition reads one task: it must be known which.
    if (going.has(id) && graph.reads.has(id) && (first === undefined || more.length > 0))
      return `conditions or lists read '${id}': one task must take its place`;
  }
  const circle = findCycle(waitingThen(graph, giving));
  return circle && `tasks would wait for each other in a circle: ${circle.join(" → ")}`;
}

function waitingThen(graph: Graph, giving: Giving) {
  const changed = new Map(repointed(graph, giving).map(({ task, dependencies }) => [task, dependencies]));
  if (changed.size === 0) return [];
  const open = [...graph.nodes.values()].filter((node) => !isSettled(node));
  return [
    ...open.map(({ id, dependsOn }) => ({ id, dependencies: changed.get(id) ?? dependsOn.map((one) => one.id) })),
    ...(giving.add ?? []),
  ];
}
