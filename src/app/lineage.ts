/** A new run out of an old one: what it keeps, and what has to be done again (I3, I11). */
import type { RunState } from "../core/state.ts";
import { TuttiError } from "../domain/error.ts";
import type { Posting } from "../domain/issues.ts";
import { defined } from "../domain/json.ts";
import type { Landing } from "../domain/landing.ts";
import { didYouMean } from "../domain/nearest.ts";
import {
  type AgentTask,
  type BlobRef,
  type Condition,
  type Inherited,
  isBlobRef,
  type Parent,
} from "../domain/plan.ts";
import { hasOutput, type Node, newest } from "../graph/dag.ts";
import { taskOf } from "../graph/expand.ts";
import { isEnded } from "../scheduling/life.ts";
import { LANE, withLanding } from "./landing.ts";
import { POSTER, withPosting } from "./posting.ts";

export interface Branch {
  /** Do this task and all that depends on it again, though it was done. */
  readonly from?: string;
  /** Changes to that task, such as a new prompt. */
  readonly set?: Partial<AgentTask>;
  /** Nothing more is done but to land what was done. */
  readonly land?: Landing;
  /** What was done is replied to whoever asked for it, if a person allows it. */
  readonly post?: Posting;
}

export interface Descent {
  readonly tasks: readonly AgentTask[];
  readonly parent: Parent;
  readonly inherited: readonly Inherited[];
}

/** The plan of the old run with what it had done: finished tasks stay as they are, except `from` and what follows it. */
export function branchOf(state: RunState, how: "retry" | "fork", branch: Branch): Descent {
  const { nodes } = state.graph;
  if (branch.land !== undefined && !isEnded(state.life))
    throw new TuttiError("WRONG_STATE", `run ${state.run} has not ended, so that more of its work may follow`, {
      path: "run",
      hint: "wait for its end or cancel it, then land what it has done",
    });
  if (branch.from !== undefined && !nodes.get(branch.from)?.spec)
    throw new TuttiError(
      "BAD_INPUT",
      `run ${state.run} has no task '${branch.from}'${didYouMean(branch.from, nodes.keys())}`,
      { path: "from" },
    );
  if (how === "retry" && !isEnded(state.life))
    throw new TuttiError("WRONG_STATE", `run ${state.run} has not ended; resume it instead`);
  const again = branch.from === undefined ? new Set<string>() : downstream(state, branch.from);
  const replaced = branch.from === undefined ? undefined : nodes.get(branch.from);
  if (replaced?.how === "replaced" || replaced?.spec?.replans !== undefined)
    throw new TuttiError(
      "BAD_INPUT",
      `task '${branch.from}' is no part of the plan any more: ${replaced.reason ?? "it changed it"}`,
      {
        path: "from",
        hint: `tutti show ${state.run} has the tasks that took its place`,
      },
    );
  const authors = authored(state).map((node) => {
    const task = asItStands(state, node);
    return task.id === branch.from && branch.set ? { ...task, ...branch.set, id: task.id } : task;
  });
  const { land, post } = branch;
  const ended = land ? landed(authors, state, land) : authors;
  const tasks = post ? withPosting(ended, { post }) : ended;
  // What is to land now has not landed, whatever an earlier landing of the same name came to.
  const isAnew = ({ id, spec }: Node) =>
    again.has(id) || (land && spec?.agentName === LANE) || (post && spec?.agentName === POSTER);
  const inherited = [...nodes.values()]
    .filter((node) => node.spec && hasOutput(node) && !isAnew(node))
    .map((node) => inheritedOf(state, node, true));
  return { tasks, parent: { run: state.run, seq: state.seq, how }, inherited };
}

/** What was done, and its landing; what an earlier landing came to is nobody's business now. */
function landed(tasks: readonly AgentTask[], { run, graph }: RunState, deliver: Landing): readonly AgentTask[] {
  const done = tasks.filter(({ id, agentName }) => {
    const node = graph.nodes.get(id);
    return node !== undefined && hasOutput(node) && agentName !== LANE && agentName !== POSTER;
  });
  const ids = new Set(done.map(({ id }) => id));
  if (ids.size === 0)
    throw new TuttiError("WRONG_STATE", `run ${run} has done nothing that could land`, { path: "run" });
  const kept = done.map((task) => ({ ...task, dependencies: (task.dependencies ?? []).filter((id) => ids.has(id)) }));
  return withLanding(kept, { deliver });
}

/** An edited plan: whatever is made from the same as in the old run is taken over. */
export function editOf(state: RunState, tasks: readonly AgentTask[]): Descent {
  const inherited = [...state.graph.nodes.values()]
    .filter((node) => node.spec && hasOutput(node))
    .map((node) => inheritedOf(state, node, false));
  return {
    tasks,
    parent: { run: state.run, seq: state.seq, how: "edit" },
    inherited: inherited.filter((one) => one.key !== undefined),
  };
}

/** What a person or a change wrote, without what expanders made of it, what was taken out, and who looked for a way around. */
const authored = (state: RunState): readonly Node[] => [...state.graph.nodes.values()].filter(isAuthored);

const isAuthored = ({ spec, removed, how }: Node): boolean =>
  spec !== undefined && spec.of === undefined && spec.replans === undefined && !removed && how !== "replaced";

/** With what took the place of failed tasks, where it waits for them or reads them. */
function asItStands({ graph }: RunState, node: Node): AgentTask {
  const { replaces: _, ...task } = taskOf(node.spec as NonNullable<Node["spec"]>);
  const isGone = (id: string) => {
    const one = graph.nodes.get(id);
    return one?.spec !== undefined && one.spec.of === undefined && !isAuthored(one);
  };
  const { dependencies = [], when, until, forEach, repeats } = task;
  const now = dependencies.some(isGone)
    ? [...dependencies.filter((id) => !isGone(id)), ...node.dependsOn.filter(isAuthored).map(({ id }) => id)]
    : dependencies;
  const heir = (id: string) => {
    const one = isGone(id) ? newest(graph, id) : undefined;
    return one && !isGone(one.id) ? one.id : id;
  };
  const { when: _when, until: _until, forEach: _list, repeats: _repeats, ...rest } = task;
  // What read a task that nobody took the place of has done so long ago, or it could not have gone.
  const kept = (condition?: Condition) => {
    const now = condition && renamed(condition, heir);
    return now && readBy(now).some(isGone) ? undefined : now;
  };
  const list = forEach && { ...forEach, task: heir(forEach.task) };
  const again = repeats?.map(heir).filter((id) => !isGone(id));
  const reads = {
    ...{ when: kept(when), until: kept(until), forEach: list && isGone(list.task) ? undefined : list },
    repeats: again && again.length > 0 ? [...new Set(again)] : undefined,
  };
  return { ...rest, dependencies: [...new Set(now)], ...defined(reads) };
}

function readBy(condition: Condition): readonly string[] {
  if ("all" in condition) return condition.all.flatMap(readBy);
  if ("any" in condition) return condition.any.flatMap(readBy);
  return "not" in condition ? readBy(condition.not) : [condition.task];
}

function renamed(condition: Condition, heir: (id: string) => string): Condition {
  if ("all" in condition) return { all: condition.all.map((one) => renamed(one, heir)) };
  if ("any" in condition) return { any: condition.any.map((one) => renamed(one, heir)) };
  if ("not" in condition) return { not: renamed(condition.not, heir) };
  return { ...condition, task: heir(condition.task) };
}

function downstream(state: RunState, from: string): Set<string> {
  const found = new Set<string>();
  const todo = [...state.graph.nodes.values()].filter((node) => node.id === from || node.spec?.of === from);
  for (let node = todo.pop(); node; node = todo.pop()) {
    if (found.has(node.id)) continue;
    found.add(node.id);
    todo.push(...node.dependents);
  }
  return found;
}

function inheritedOf(state: RunState, node: Node, keep: boolean): Inherited {
  const account = state.ledger.tasks.get(node.id);
  return {
    taskId: node.id,
    keep,
    output: node.output ?? null,
    ...(node.key === undefined ? {} : { key: node.key }),
    ...defined({ selected: node.selected, changes: node.changes }),
    tokensUsed: account?.tokensUsed ?? 0,
    costUsd: account ? account.costUsd : 0,
  };
}

/** The blobs that inherited outputs lie in; the new run keeps its own copies. */
export function blobsOf(inherited: readonly Inherited[]): readonly BlobRef[] {
  return inherited.flatMap(({ output }) =>
    isBlobRef(output) ? [output] : Array.isArray(output) ? output.filter((one) => isBlobRef(one)) : [],
  );
}
