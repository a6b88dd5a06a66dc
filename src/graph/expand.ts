/** Pure expanders: a `forEach` into its items, a loop into its next repetition. Both only yield tasks. */
import type { EventOf } from "../domain/events.ts";
import type { Json } from "../domain/json.ts";
import type { PlannedTask } from "../domain/plan.ts";
import { holds } from "./condition.ts";
import { type Graph, type Node, newest, readOutput } from "./dag.ts";
import { LIMITS } from "./fields.ts";

type Spec = EventOf<"task:added">;
type Found = ReturnType<typeof readOutput>;

export function defaultIterations(spec: { readonly maxIterations?: number }): number {
  return spec.maxIterations ?? 5;
}

/** A spec as a plain task: without the envelope of its event and without what only its author's copy does. */
export function taskOf(spec: Spec): PlannedTask {
  const { type: _type, run: _run, seq: _seq, at: _at, taskId, rehearsed: _rehearsed, ...fields } = spec;
  return { id: taskId, ...fields };
}

/** The items of a `forEach`, or why there are none. */
export function itemsOf(
  graph: Graph,
  node: Node,
): { readonly tasks: readonly PlannedTask[] } | { readonly fault: string } {
  const { forEach, when: _when, gate: _gate, onFailure, ...task } = taskOf(node.spec as Spec);
  if (!forEach) return { fault: "there is no forEach" };
  const { found, value } = readOutput(graph, forEach.task, forEach.path ?? "");
  const where = `'${forEach.task}'${forEach.path ? ` at ${forEach.path}` : ""}`;
  if (!found || !Array.isArray(value)) return { fault: `forEach needs a list, and the output of ${where} is not one` };
  const list: readonly Json[] = value;
  const most = forEach.max ?? LIMITS.items;
  if (list.length > most) return { fault: `forEach found ${list.length} items in ${where}; the limit is ${most}` };
  const dependencies = lasts(graph, task.dependencies);
  const tasks = list.map((item, i) => ({
    ...task,
    dependencies,
    id: `${node.id}.${i + 1}`,
    description: `${task.description} (${i + 1} of ${list.length})`,
    of: node.id,
    joins: node.id,
    index: i + 1,
    item,
    ...(onFailure === undefined ? {} : { onFailure }),
  }));
  return { tasks };
}

/** What an expanded task depends on: of a loop, the last repetition. */
function lasts(graph: Graph, dependencies: readonly string[] = []): readonly string[] {
  return dependencies.map((id) => newest(graph, id)?.id ?? id);
}

/** The tasks that repeat with this one, itself last; each by the name its author gave it. */
function bodyOf(graph: Graph, node: Node): readonly Node[] {
  const base = authored(graph, node);
  const ids = [...(base.spec?.repeats ?? []), base.id];
  return ids.flatMap((id) => newest(graph, id) ?? []);
}

function authored(graph: Graph, node: Node): Node {
  return (node.spec?.of !== undefined && graph.nodes.get(node.spec.of)) || node;
}

/** Whether a loop is done with this output, goes on, or has used up its repetitions. */
export function loopVerdict(graph: Graph, node: Node, own: (path: string) => Found): "done" | "again" | "used-up" {
  const spec = authored(graph, node).spec;
  if (!spec?.until) return "done";
  const done = holds(spec.until, (task, path) => (task === spec.taskId ? own(path) : readOutput(graph, task, path)));
  if (done) return "done";
  return (node.spec?.index ?? 1) < defaultIterations(spec) ? "again" : "used-up";
}

/** The next repetition. What came before it in the loop it sees as dependencies; outside ones stay. */
export function nextIteration(graph: Graph, node: Node): readonly PlannedTask[] {
  const index = (node.spec?.index ?? 1) + 1;
  const body = bodyOf(graph, node);
  const renamed = new Map(body.map((one) => [authored(graph, one).id, `${authored(graph, one).id}.${index}`]));
  return body.map((one) => {
    const base = authored(graph, one);
    const { when: _when, gate: _gate, ...task } = taskOf(base.spec as Spec);
    const before = task.dependencies ?? [];
    const inside = before.filter((id) => renamed.has(id));
    const outside = lasts(
      graph,
      before.filter((id) => !renamed.has(id)),
    );
    const after = inside.length === 0 ? [node.id] : inside.map((id) => renamed.get(id) as string);
    return {
      ...task,
      id: `${base.id}.${index}`,
      of: base.id,
      index,
      replaces: one.id,
      dependencies: [...outside, ...after],
    };
  });
}
