/**
 * The plan of a run as a graph that grows: who waits for whom, what is done, and which tasks have just
 * become free to be looked at.
 *
 * G1. A node arrives once, when its last dependency settles; it arrives again if it is given new ones.
 * G2. A settled node never changes: not its status, not its output (I3).
 * G3. A wave is a level of the graph. What an expander adds belongs to the wave of what it expands.
 */
import type { EventOf, RunEvent, TaskStatus } from "../domain/events.ts";
import { type Json, pointer } from "../domain/json.ts";
import { isBlobRef, type Selected } from "../domain/plan.ts";
import { testsOf } from "./condition.ts";
import { createGroups, groupTold, joinGroup, leaveGroup } from "./groups.ts";
import type { Graph, Node } from "./node.ts";

export type { Graph, Node } from "./node.ts";

export function createGraph(): Graph {
  return {
    nodes: new Map(),
    latest: new Map(),
    reads: new Map(),
    waves: createGroups(),
    phases: createGroups(),
    optional: new Set(),
    free: new Set(),
    arrivals: [],
    size: 0,
    unsettled: 0,
    announced: 0,
    sealed: false,
  };
}

export function evolveGraph(graph: Graph, event: RunEvent): void {
  switch (event.type) {
    case "workflow:start":
      graph.announced = event.taskCount;
      return;
    case "task:added":
      return add(graph, event);
    case "task:start":
      return leave(graph, nodeOf(graph, event.taskId), "running");
    case "wave:start":
    case "wave:complete":
      return groupTold(graph.waves, event.wave, event.type === "wave:complete");
    case "phase:complete":
      return groupTold(graph.phases, event.phase, true);
    case "agent:invoke": {
      const node = nodeOf(graph, event.taskId);
      if (event.key !== undefined) node.key = event.key;
      // Begun again after a person decided about a failure: it has been started before.
      if (node.status === "pending") leave(graph, node, "running");
      return;
    }
    case "plan:changed":
      for (const id of event.removed) nodeOf(graph, id).removed = true;
      for (const { task, dependencies } of event.changed ?? []) repoint(graph, nodeOf(graph, task), dependencies);
      return;
    case "gate:opened":
      // Whoever asks while it is under way goes on being under way.
      if (event.attempt !== undefined) return;
      return leave(graph, nodeOf(graph, event.taskId), "waiting");
    case "gate:decided":
      return gateDecided(graph, event);
    case "task:complete":
    case "task:reused": {
      const node = nodeOf(graph, event.taskId);
      node.output = event.output;
      if (event.selected !== undefined) node.selected = event.selected;
      if (event.changes !== undefined) node.changes = event.changes;
      if (event.type === "task:reused") node.reason = event.reason;
      if (event.type === "task:reused" && event.key !== undefined) node.key = event.key;
      return settle(graph, node, event.type === "task:complete" ? "complete" : "reused");
    }
    case "task:error": {
      const node = nodeOf(graph, event.taskId);
      node.reason = event.reason;
      if (event.output !== undefined) node.output = event.output;
      return settle(graph, node, "failed");
    }
    case "task:skipped": {
      const node = nodeOf(graph, event.taskId);
      node.reason = event.reason;
      node.how = event.how;
      if (event.because !== undefined) {
        const because = nodeOf(graph, event.because);
        node.root = because.root ?? because;
      }
      return settle(graph, node, "skipped");
    }
    case "task:cancelled": {
      const node = nodeOf(graph, event.taskId);
      node.reason = event.reason;
      return settle(graph, node, "cancelled");
    }
    default:
      return;
  }
}

/** The node of a task that events have named. */
function nodeOf(graph: Graph, id: string): Node {
  let node = graph.nodes.get(id);
  if (!node) {
    node = {
      id,
      spec: undefined,
      order: 0,
      wave: 0,
      rank: 0,
      dependsOn: [],
      dependents: [],
      open: 0,
      arrived: false,
      status: "pending",
      reason: undefined,
      output: undefined,
      key: undefined,
    };
    graph.nodes.set(id, node);
  }
  return node;
}

function add(graph: Graph, spec: EventOf<"task:added">): void {
  const node = nodeOf(graph, spec.taskId);
  node.spec = spec;
  node.order = graph.size++;
  graph.unsettled++;
  for (const id of spec.dependencies) link(node, nodeOf(graph, id));
  if (spec.joins !== undefined) {
    const join = nodeOf(graph, spec.joins);
    join.items ??= [];
    join.items.push(node);
    link(join, node);
    wait(graph, join);
  }
  if (spec.replaces !== undefined) replace(graph, nodeOf(graph, spec.replaces), node);
  if (spec.of !== undefined && spec.joins === undefined) graph.latest.set(spec.of, node);
  // What takes the place of a failed task is read by the name of that one too.
  if (spec.of === undefined && spec.replaces !== undefined) graph.latest.set(spec.replaces, node);
  if (spec.replans !== undefined) lookAround(graph, node, spec.replans);
  if (spec.brief?.optional) graph.optional.add(node);
  noteReads(graph, spec);
  if (graph.sealed) place(graph, node);
  else if (graph.size === graph.announced) seal(graph);
  if (node.open === 0) arrive(graph, node);
}

function link(node: Node, dependency: Node): void {
  node.dependsOn = withOne(node.dependsOn, dependency);
  dependency.dependents = withOne(dependency.dependents, node);
  if (!isSettled(dependency)) node.open++;
}

/** A list that grows by itself makes room for 17 at once, and most tasks have three neighbours. */
function withOne(nodes: Node[], node: Node): Node[] {
  if (nodes.length === 0) return [node];
  if (nodes.length < 4) return nodes.concat([node]);
  nodes.push(node);
  return nodes;
}

/** Whoever still waits behind `old` now waits for its repetition, except what repeats with it. */
function replace(graph: Graph, old: Node, by: Node): void {
  const stay: Node[] = [];
  for (const dependent of old.dependents) {
    const moves = dependent.status === "pending" && dependent.spec?.of === undefined;
    if (!moves) {
      stay.push(dependent);
      continue;
    }
    dependent.dependsOn = dependent.dependsOn.filter((one) => one !== old);
    link(dependent, by);
    wait(graph, dependent);
  }
  old.dependents = stay;
}

/** It waits for these now, and for nobody else. */
function repoint(graph: Graph, node: Node, dependencies: readonly string[]): void {
  for (const before of node.dependsOn) {
    if (dependencies.includes(before.id)) continue;
    before.dependents = before.dependents.filter((one) => one !== node);
    if (!isSettled(before)) node.open--;
  }
  node.dependsOn = node.dependsOn.filter(({ id }) => dependencies.includes(id));
  const known = new Set(node.dependsOn.map(({ id }) => id));
  for (const id of dependencies) if (!known.has(id)) link(node, nodeOf(graph, id));
  if (node.open > 0) wait(graph, node);
  else arrive(graph, node);
}

/** The failed task is looked at again when it is known what was found; whole, however long that is. */
function lookAround(graph: Graph, node: Node, failed: string): void {
  graph.reads.set(node.id, new Set([""]));
  const one = graph.nodes.get(failed);
  if (!one || isSettled(one)) return;
  one.around = node.id;
  link(one, node);
  leave(graph, one, "pending");
  wait(graph, one);
}

/** Something new to wait for: it will arrive again. */
function wait(graph: Graph, node: Node): void {
  node.arrived = false;
  graph.free.delete(node);
}

function noteReads(graph: Graph, spec: EventOf<"task:added">): void {
  if (!spec.when && !spec.until && !spec.forEach) return;
  const read = (task: string, path = "") => {
    const paths = graph.reads.get(task);
    if (paths) paths.add(path);
    else graph.reads.set(task, new Set([path]));
  };
  for (const condition of [spec.when, spec.until]) {
    if (condition) for (const test of testsOf(condition)) read(test.task, test.path);
  }
  if (spec.forEach) read(spec.forEach.task, spec.forEach.path);
}

function seal(graph: Graph): void {
  graph.sealed = true;
  const order: Node[] = [];
  const left = new Map<Node, number>();
  for (const node of graph.nodes.values()) {
    left.set(node, node.dependsOn.length);
    if (node.dependsOn.length === 0) order.push(node);
  }
  for (const node of order) {
    for (const dependent of node.dependents) {
      const rest = (left.get(dependent) ?? 0) - 1;
      left.set(dependent, rest);
      if (rest === 0) order.push(dependent);
    }
  }
  for (const node of order) joinGroups(graph, node);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i] as Node;
    let behind = 0;
    for (const dependent of node.dependents) if (dependent.rank > behind) behind = dependent.rank;
    node.rank = behind + durationOf(node);
  }
}

/** A node that comes later: its wave is known at once, and everybody before it has a longer way to go. */
function place(graph: Graph, node: Node): void {
  joinGroups(graph, node);
  node.rank = durationOf(node);
  for (const dependent of node.dependents) node.rank = Math.max(node.rank, dependent.rank + durationOf(node));
  const todo = [node];
  for (let here = todo.pop(); here; here = todo.pop()) {
    for (const before of here.dependsOn) {
      const rank = here.rank + durationOf(before);
      if (isSettled(before) || rank <= before.rank) continue;
      before.rank = rank;
      todo.push(before);
    }
  }
}

function durationOf(node: Node): number {
  return node.spec?.estimatedDuration ?? 1;
}

function joinGroups(graph: Graph, node: Node): void {
  const { joins, replaces, replans } = node.spec ?? {};
  const expanded = joins ?? replaces ?? (replans !== undefined && graph.nodes.has(replans) ? replans : undefined);
  let wave = expanded === undefined ? 1 : nodeOf(graph, expanded).wave;
  if (expanded === undefined) for (const before of node.dependsOn) wave = Math.max(wave, before.wave + 1);
  node.wave = wave;
  joinGroup(graph.waves, wave, node.id);
  if (node.spec?.phase !== undefined) joinGroup(graph.phases, node.spec.phase, node.id);
}

function gateDecided(graph: Graph, event: EventOf<"gate:decided">): void {
  if (event.attempt !== undefined) return;
  const node = nodeOf(graph, event.taskId);
  node.status = "pending";
  if (event.note !== undefined) node.note = event.note;
  if (event.decision === "reject") return;
  node.passed = true;
  if (event.edited !== undefined) node.edited = event.edited;
  node.arrived = false;
  arrive(graph, node);
}

function leave(graph: Graph, node: Node, status: TaskStatus): void {
  node.status = status;
  graph.free.delete(node);
}

function settle(graph: Graph, node: Node, status: TaskStatus): void {
  leave(graph, node, status);
  graph.optional.delete(node);
  graph.unsettled--;
  leaveGroup(graph.waves, node.wave);
  if (node.spec?.phase !== undefined) leaveGroup(graph.phases, node.spec.phase);
  for (const dependent of node.dependents) {
    dependent.open--;
    if (dependent.open === 0) arrive(graph, dependent);
  }
}

function arrive(graph: Graph, node: Node): void {
  if (node.arrived || isSettled(node) || node.spec === undefined) return;
  node.arrived = true;
  graph.free.add(node);
  graph.arrivals.push(node);
}

/** Nodes whose dependencies have all settled since the last call. */
export function takeArrivals(graph: Graph): readonly Node[] {
  const arrivals = graph.arrivals;
  graph.arrivals = [];
  return arrivals.filter((node) => node.open === 0 && node.status === "pending");
}

export function isSettled(node: Node): boolean {
  return node.status !== "pending" && node.status !== "running" && node.status !== "waiting";
}

/** Somebody still waits for it. */
export const isNeeded = ({ dependents }: Node): boolean => dependents.some((one) => !isSettled(one));

export function hasOutput(node: Node): boolean {
  return node.status === "complete" || node.status === "reused";
}

/** The newest repetition of an authored task, or the task itself. */
export function newest(graph: Graph, id: string): Node | undefined {
  const found = graph.latest.get(id) ?? graph.nodes.get(id);
  // What took the place of a failed task may have failed and been replaced itself.
  return found?.how === "replaced" && graph.latest.has(found.id) ? newest(graph, found.id) : found;
}

/** Reads an output as conditions do; of a large one only what was taken out when it ended. */
export function readOutput(graph: Graph, id: string, path: string): { found: boolean; value?: Json } {
  const node = newest(graph, id);
  if (!node || !hasOutput(node) || node.output === undefined) return { found: false };
  if (!isBlobRef(node.output)) return pointer(node.output, path);
  const value = node.selected?.[path];
  return value === undefined ? { found: false } : { found: true, value };
}

/** What the plan reads of this task's output; kept beside a large one. */
export function select(graph: Graph, node: Node, output: Json): Selected | undefined {
  const paths = graph.reads.get(node.spec?.of ?? node.id);
  if (!paths) return undefined;
  const selected: Record<string, Json> = {};
  for (const path of paths) {
    const { found, value } = pointer(output, path);
    if (found && value !== undefined) selected[path] = value;
  }
  return selected;
}

/** What the agent is asked: what a person at the gate made of it, the reduction, or the author's words. */
export function promptOf(node: Node): string {
  return node.edited ?? (node.items ? node.spec?.forEach?.reduce?.prompt : undefined) ?? node.spec?.prompt ?? "";
}

/** What the gate before a task asks. */
export function questionOf({ taskId, gate, description }: EventOf<"task:added">): string {
  const own = typeof gate === "object" ? gate.question : undefined;
  return own ?? `Shall '${taskId}' go ahead? ${description}`;
}
