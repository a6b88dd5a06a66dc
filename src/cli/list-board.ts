/** A list that somebody keeps, beside the newest run of it: what stands in it, who would do it, and how far it is. */
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Host } from "../app/host.ts";
import { TuttiError } from "../domain/error.ts";
import type { TaskStatus } from "../domain/events.ts";
import type { AgentTask } from "../domain/plan.ts";
import { planFaults } from "../graph/check.ts";
import { withAgents } from "../workflows/agent-for.ts";
import type { ListItem, ListProblem, TaskList } from "../workflows/task-lists.ts";
import { listHash, ticked } from "../workflows/task-ticks.ts";
import { type Board, type BoardRow, columnOf, rowsOf, wavesOf } from "./board-text.ts";
import { shortRun } from "./plain.ts";
import type { Progress } from "./progress.ts";
import { listIn, nameOf, textOf } from "./run-input.ts";
import { plural } from "./units.ts";

export interface ListFile {
  /** As it was named. */
  readonly name: string;
  readonly path: string;
  readonly content: string;
  readonly list: TaskList;
  readonly hash: string;
}

/** Undefined: it is a file of tasks of another kind. */
export async function readList(cwd: string, name: string): Promise<ListFile | undefined> {
  const path = resolve(cwd, name);
  const content = await textOf(path, name);
  const list = listIn(content, name);
  return list && { name, path, content, list, hash: listHash(content, list) };
}

/** Runs of one name that are looked through for the newest of a list. */
const MOST_RUNS = 50;

/** The newest run of this file that was no rehearsal. */
export async function runOfList({ journal }: Host, { path }: ListFile): Promise<string | undefined> {
  const entries = await journal.list({ workflow: nameOf(path), limit: MOST_RUNS });
  for (const { run, rehearsed } of entries)
    if (!rehearsed && (await beganFrom(journal, run))?.file === path) return run;
  return undefined;
}

export async function beganFrom(journal: Host["journal"], run: string) {
  for await (const [first] of journal.read(run, { to: 1 }))
    return first?.type === "workflow:start" ? first.options.list : undefined;
  return undefined;
}

export interface ListTask extends BoardRow {
  readonly line?: number;
  readonly agentReason?: string;
}
export interface ListView {
  readonly file: ListFile;
  readonly tasks: readonly ListTask[];
  readonly problems: readonly ListProblem[];
}

/** Who would do what, as a run of the list would have it. */
export async function viewList(host: Host, file: ListFile): Promise<ListView> {
  const { list } = file;
  await host.ready({ tasks: list.tasks });
  const { tasks, nobody } = withAgents(list.tasks, host.surroundings.agentFor);
  const planned = new Map((tasks as readonly AgentTask[]).map((task) => [task.id, task]));
  const lineOf = (id: string | undefined) => list.items.find((item) => item.id === id)?.line ?? 1;
  const homeless = [...nobody].map(([i, why]) => ({
    line: lineOf(list.tasks[i]?.id),
    message: `nobody is found who does this: ${why.split(", because")[0]}`,
  }));
  const named = list.tasks.map((task) => ({ ...task, agentName: "somebody" }));
  const faults = list.tasks.length === 0 ? [] : planFaults(named);
  const broken = faults.map(({ path, message }) => ({ line: lineOf(path.split(".")[1]), message }));
  const problems = [...list.problems, ...homeless, ...broken].sort((a, b) => a.line - b.line);
  return { file, tasks: list.items.map((item) => taskOf(item, planned.get(item.id))), problems };
}

const STATUS: { readonly [state in ListItem["state"]]: TaskStatus } = {
  "to do": "pending",
  doing: "running",
  done: "complete",
};

function taskOf({ id, label, state, line }: ListItem, task: AgentTask | undefined): ListTask {
  const { agentName = "", agentReason, dependencies = [] } = task ?? {};
  return {
    ...{ id, label, status: STATUS[state], agent: agentName, dependencies, duration: 0, isTicked: task === undefined },
    ...(line === undefined ? {} : { line }),
    ...(agentReason === undefined ? {} : { agentReason }),
  };
}

/** The list's tasks with the state that a run has brought them to; what it took on besides comes last. */
function joined({ tasks }: ListView, progress: Progress | undefined): readonly ListTask[] {
  if (progress === undefined) return tasks;
  const rows = new Map(rowsOf(progress).map((row) => [row.id, row]));
  const own = tasks.map((task): ListTask => {
    const { id, label, line } = task;
    const row = rows.get(id);
    rows.delete(id);
    if (row === undefined) return task;
    return {
      ...row,
      ...(label === undefined ? {} : { label }),
      ...(line === undefined ? {} : { line }),
      // What was ticked by hand since is done, whatever the run came to.
      status: task.status === "complete" ? "complete" : row.status,
    };
  });
  return [...own, ...rows.values()];
}

export function listBoard(view: ListView, progress: Progress | undefined, isChanged: boolean): Board {
  const rows = joined(view, progress);
  const { file, problems } = view;
  const open = rows.filter((row) => columnOf(row) === "to do").length;
  const waves = wavesOf(rows.filter(({ isTicked }) => !isTicked)).length;
  const count = (is: (row: ListTask) => boolean) => rows.filter(is).length;
  const doing = count((row) => columnOf(row) === "doing");
  const done = count(({ status }) => status === "complete" || status === "reused");
  const lost = count((row) => columnOf(row) === "done") - done;
  const of = progress === undefined ? "" : `, run ${shortRun(progress.run)} ${progress.status}`;
  const counts = [
    `${open} to do`,
    ...(doing > 0 ? [`${doing} doing`] : []),
    `${done} of ${plural(rows.length, "task")} done`,
    ...(lost > 0 ? [`${lost} not`] : []),
    plural(waves, "wave"),
  ];
  return {
    title: `${file.name} (${file.list.kind})${of}: ${counts.join(", ")}`,
    rows,
    notes: [
      ...problems.map(({ line, message }) => `${file.name}:${line}: ${message}`),
      ...(isChanged ? [`${file.name} was changed since that run began: tasks are matched by their names`] : []),
    ],
  };
}

export function listJson(view: ListView, progress: Progress | undefined, isChanged: boolean) {
  const rows = joined(view, progress);
  const waves = wavesOf(rows.filter(({ isTicked }) => !isTicked));
  return {
    ...{ file: view.file.path, kind: view.file.list.kind },
    ...(progress === undefined ? {} : { run: progress.run, status: progress.status, isChanged }),
    waves: waves.map((wave) => wave.map(({ id }) => id)),
    tasks: rows.map(({ isTicked = false, isAtGate: _, ...row }) => ({ ...row, column: columnOf(row), isTicked })),
    problems: view.problems,
  };
}

/**
 * Writes the boxes of what a run has completed, and nothing else. Throws where the list is not what the run began from:
 * its ticks may differ, and nothing more.
 */
export async function tickList(
  file: ListFile,
  progress: Progress,
  began: { readonly hash: string } | undefined,
): Promise<string> {
  const { name, path, list } = file;
  const run = shortRun(progress.run);
  if (progress.isRehearsed)
    throw new TuttiError("WRONG_STATE", `run ${run} was a rehearsal: it has done nothing that could be ticked`, {
      path: "--tick",
    });
  if (began === undefined)
    throw new TuttiError("WRONG_STATE", `run ${run} was not begun from ${name}`, {
      path: "--run",
      hint: `tutti run ${name} begins one`,
    });
  if (began.hash !== file.hash)
    throw new TuttiError("WRONG_STATE", `${name} was changed since run ${run} began, so nothing is ticked in it`, {
      path: "--tick",
      hint: `tutti board ${name} shows what is complete; tick it by hand`,
    });
  const bytes = await readFile(path);
  if (!bytes.equals(Buffer.from(file.content)))
    throw new TuttiError("WRONG_STATE", `${name} is being changed, or is no UTF-8, so nothing is ticked in it`, {
      path: "--tick",
    });
  const ids = completed(progress);
  const { content, ticked: done, boxless } = ticked(file.content, list, ids);
  if (done.length > 0) await writeFile(path, content);
  const without = boxless.length > 0 ? `; ${boxless.map(({ id }) => id).join(", ")} has no status to change` : "";
  return `ticked ${plural(done.length, "task")} in ${name}${without}`;
}

export const completed = ({ tasks }: Progress): ReadonlySet<string> =>
  new Set([...tasks.values()].flatMap(({ id, status }) => (status === "complete" || status === "reused" ? [id] : [])));
