/**
 * Lists of tasks as people and other tools keep them, made into a plan: `tasks.json` of Task Master, `tasks.md` of
 * spec-kit, and any Markdown with boxes to tick. What is ticked is done and left out. Who does a task is chosen by its
 * words.
 */

import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask, Brief } from "../domain/plan.ts";
import { isRecord } from "../domain/shape.ts";
import { jsonPlaces, type Place } from "./json-places.ts";

/** A task that names nobody yet. */
export type ListedTask = Omit<AgentTask, "agentName">;
export interface TaskList {
  readonly kind: "Task Master" | "spec-kit" | "checklist";
  readonly tasks: readonly ListedTask[];
  /** Tasks that are done already. */
  readonly done: number;
  /** All of it as it stands there, done or not, in its order. */
  readonly items: readonly ListItem[];
  /** What its author should look at; it is run all the same. */
  readonly problems: readonly ListProblem[];
}
export interface ListItem {
  /** That of its task; ticking what stands above it does not change it. */
  readonly id: string;
  /** As a person finds it in the list. */
  readonly label: string;
  readonly state: "to do" | "doing" | "done";
  readonly phase?: string;
  readonly line?: number;
  /** Where its box stands in the text, or its status with the quotes. */
  readonly box?: Place;
}
export interface ListProblem {
  readonly line: number;
  readonly message: string;
}

const LONGEST = 20_000;
const MOST = 1000;
const TITLE = 200;

const withDependencies = (ids: Iterable<string>) => {
  const all = [...new Set(ids)];
  return all.length > 0 ? { dependencies: all } : {};
};

// Task Master

const PRIORITY: { readonly [name: string]: number } = { critical: 10, high: 8, medium: 5, low: 3 };
const DONE = new Set(["done", "completed", "cancelled", "deferred"]);
const DOING = new Set(["in-progress", "review"]);
const STATUSES = [...DONE, ...DOING, "pending", "blocked"];

/**
 * Undefined: it is none of theirs. Their newer files hold a list for each tag; the first one counts. `content`: the text
 * that it was read from, for what is said of lines and for what is ticked.
 */
export function taskMasterList(value: unknown, content = ""): TaskList | undefined {
  const [list, ...at] = isRecord(value)
    ? Array.isArray(value["tasks"])
      ? [value["tasks"], "tasks"]
      : firstTag(value)
    : [];
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const isTheirs = list.every(
    (one) => isRecord(one) && one["id"] !== undefined && "title" in one && !("prompt" in one),
  );
  if (!isTheirs) return undefined;
  const all = list as Record<string, unknown>[];
  const open = all.filter((one) => !DONE.has(String(one["status"])));
  const ids = new Set(open.map((one) => String(one["id"])));
  const tasks = open.slice(0, MOST).map((one) => mastered(one, ids));
  const places = content === "" ? undefined : jsonPlaces(content);
  const lineOf = lineCounter(content);
  const placed = all.map((one, i) => {
    const status = String(one["status"]);
    const [start] = places?.get([...at, i].join("/")) ?? [];
    const box = typeof one["status"] === "string" ? places?.get([...at, i, "status"].join("/")) : undefined;
    return {
      id: masterId(one["id"]),
      label: `${String(one["id"])} ${titleOf(one)}`.slice(0, TITLE),
      state: DONE.has(status) ? ("done" as const) : DOING.has(status) ? ("doing" as const) : ("to do" as const),
      ...(start === undefined ? {} : { line: lineOf(start) }),
      ...(box === undefined ? {} : { box }),
    };
  });
  const lines = placed.map(({ line }) => line ?? 1);
  return {
    ...{ kind: "Task Master", tasks, done: list.length - open.length, items: placed },
    problems: [...masterProblems(all, lines), ...tooMany(open.length)],
  };
}

function firstTag(value: Record<string, unknown>): readonly unknown[] {
  for (const [tag, one] of Object.entries(value))
    if (isRecord(one) && Array.isArray(one["tasks"])) return [one["tasks"], tag, "tasks"];
  return [];
}

const masterId = (id: unknown): string => `task-${String(id).replace(/[^A-Za-z0-9_-]+/g, "-")}`;
const titleOf = (one: Record<string, unknown>): string => {
  const title = one["title"];
  return (typeof title === "string" && title.trim()) || `Task ${String(one["id"])}`;
};

function masterProblems(all: readonly Record<string, unknown>[], lines: readonly number[]): ListProblem[] {
  const ids = all.map((one) => String(one["id"]));
  return all.flatMap((one, i) => {
    const line = lines[i] ?? 1;
    const { id, status, dependencies } = one;
    const found: ListProblem[] = [];
    if (ids.indexOf(String(id)) < i) found.push({ line, message: `task ${String(id)} is there twice` });
    if (status !== undefined && !STATUSES.includes(String(status)))
      found.push({
        line,
        message: `task ${String(id)} has the status '${String(status)}', which is none of theirs${didYouMean(String(status), STATUSES)}: it counts as open`,
      });
    for (const one of Array.isArray(dependencies) ? dependencies.map(String) : [])
      if (!ids.includes(one))
        found.push({ line, message: `task ${String(id)} waits for ${one}, which is not in the list` });
    return found;
  });
}

const tooMany = (count: number): ListProblem[] =>
  count > MOST ? [{ line: 1, message: `the list has ${count} tasks, and ${MOST} are read: the rest is left out` }] : [];

/** The line of a place in the text, from 1; asked in rising order it reads the text once. */
function lineCounter(content: string): (offset: number) => number {
  let [at, line] = [0, 1];
  return (offset) => {
    if (offset < at) [at, line] = [0, 1];
    for (let next = content.indexOf("\n", at); next >= 0 && next < offset; next = content.indexOf("\n", at)) {
      at = next + 1;
      line++;
    }
    return line;
  };
}

function mastered(one: Record<string, unknown>, open: ReadonlySet<string>): ListedTask {
  const text = (name: string) => (typeof one[name] === "string" ? one[name].trim() : "");
  const list = (name: string) => (Array.isArray(one[name]) ? one[name] : []);
  const criteria = [one["acceptanceCriteria"]]
    .flat()
    .filter((each) => typeof each === "string" && each !== "") as string[];
  const parts = list("subtasks")
    .filter(isRecord)
    .filter((each) => !DONE.has(String(each["status"])));
  const steps = parts.map(
    (each) => `- ${String(each["title"] ?? "")}${each["details"] ? `: ${String(each["details"])}` : ""}`,
  );
  const title = titleOf(one);
  const prompt = [
    title,
    text("description"),
    text("details"),
    ...(steps.length > 0 ? [`Its parts:\n${steps.join("\n")}`] : []),
    ...(text("testStrategy") === "" ? [] : [`How it is tested: ${text("testStrategy")}`]),
  ];
  const before = list("dependencies")
    .map(String)
    .filter((id) => open.has(id));
  const priority = PRIORITY[text("priority").toLowerCase()];
  return {
    id: masterId(one["id"]),
    description: title.slice(0, TITLE),
    prompt: prompt
      .filter((part) => part !== "")
      .join("\n\n")
      .slice(0, LONGEST),
    ...withDependencies(before.map(masterId)),
    ...(priority === undefined ? {} : { priority }),
    ...(text("type") === "checkpoint" ? { gate: { question: `${title}: go on?` } } : {}),
    ...briefed({ criteria }),
  };
}

const briefed = (brief: Brief): { readonly brief?: Brief } => (brief.criteria?.length ? { brief } : {});

// Markdown

const BOX = /^(\s*)(?:[-*+]|(\d+)[.)])\s+\[([ xX~-])\]\s+(.+)$/d;
/** Meant as a box, most likely; a link is none. */
const ALMOST = /^\s*(?:[-*+]|\d+[.)])\s*\[[^\]]{0,1}\](?!\()/;
const HEADING = /^#{1,6}\s+(.+?)\s*#*$/;
/** `T012 [P] [US1] text (depends on T010, T011)`. */
const SPEC = /^(T\d{1,5})\b\s*((?:\[[^\]]{1,20}\]\s*)*)(.*)$/;

interface Line {
  readonly phase: string;
  readonly indent: number;
  readonly isNumbered: boolean;
  readonly isDone: boolean;
  readonly text: string;
  readonly state: ListItem["state"];
  readonly line: number;
  readonly box: Place;
}

/** Undefined: there is no box to tick in it. */
export function markdownList(content: string): TaskList | undefined {
  const lines: Line[] = [];
  const problems: ListProblem[] = [];
  let phase = "";
  let at = 0;
  for (const [i, raw] of content.slice(0, 5_000_000).split("\n").entries()) {
    const begin = at;
    at += raw.length + 1;
    const heading = HEADING.exec(raw)?.[1];
    if (heading !== undefined) phase = heading.slice(0, TITLE);
    const found = BOX.exec(raw.trimEnd());
    const [, indent = "", number, mark = " ", text = ""] = found ?? [];
    const [start, end] = found?.indices?.[3] ?? [0, 0];
    if (text === "" && ALMOST.test(raw))
      problems.push({ line: i + 1, message: "this looks like a box and is none: write '- [ ] what is to be done'" });
    if (text === "") continue;
    // What somebody is at, or has dropped, is not for us either.
    const isDone = mark !== " ";
    lines.push({
      ...{ state: mark === " " ? "to do" : mark === "~" ? "doing" : "done", line: i + 1 },
      box: [begin + start, begin + end],
      phase,
      indent: indent.replaceAll("\t", "    ").length,
      isNumbered: number !== undefined,
      isDone,
      text,
    });
  }
  if (lines.length === 0) return undefined;
  const specs = lines.filter(({ text }) => SPEC.test(text)).length;
  const list = specs > lines.length / 2 ? specKit(lines) : checklist(lines);
  const all = [...problems, ...list.problems, ...tooMany(lines.length)];
  return { ...list, problems: all.sort((a, b) => a.line - b.line) };
}

const itemOf = (id: string, { state, line, box, phase, text }: Line): ListItem => ({
  ...{ id, label: plain(text).slice(0, TITLE), state, line, box },
  ...(phase === "" ? {} : { phase }),
});

/** Phases one after another; within one, what is marked [P] beside what stands around it. */
function specKit(lines: readonly Line[]): TaskList {
  const tasks: ListedTask[] = [];
  const items: ListItem[] = [];
  const problems: ListProblem[] = [];
  const known = new Set<string>();
  const all = new Set(lines.map(({ text }) => SPEC.exec(text)?.[1] ?? ""));
  const open = new Set(lines.flatMap(({ isDone, text }) => (isDone ? [] : [SPEC.exec(text)?.[1] ?? ""])));
  let before: string[] = [];
  let here: string[] = [];
  let last: string | undefined;
  let abreast: string[] = [];
  let phase: string | undefined;
  for (const line of lines.slice(0, MOST)) {
    if (line.phase !== phase) {
      if (here.length > 0) before = here;
      [here, abreast, last, phase] = [[], [], undefined, line.phase];
    }
    const [, id = "", marks = "", words = line.text] = SPEC.exec(line.text) ?? [];
    const told = (message: string) => problems.push({ line: line.line, message });
    if (id === "") told("this box has no number such as T001, as the others have: it is left out");
    else if (known.has(id)) told(`${id} is there twice`);
    else items.push(itemOf(id, line));
    known.add(id);
    if (line.isDone || id === "") continue;
    const named = [...(/\(depends on ([^)]*)\)/i.exec(words)?.[1] ?? "").matchAll(/T\d{1,5}/g)].map(([one]) => one);
    for (const one of named)
      if (!all.has(one)) told(`${id} waits for ${one}, which is not in the list${didYouMean(one, [...all])}`);
    const isBeside = /\[P\]/.test(marks);
    const waits = isBeside
      ? last === undefined
        ? before
        : [last]
      : [...(last === undefined ? before : [last]), ...abreast];
    const needs = [...waits, ...named.filter((one) => open.has(one) && one !== id)];
    tasks.push({ ...said(id, words.trim(), line.phase), ...withDependencies(needs) });
    here.push(id);
    if (isBeside) abreast.push(id);
    else [last, abreast] = [id, []];
  }
  return { kind: "spec-kit", tasks, done: lines.length - open.size, items, problems };
}

/** Sections one after another. Within one, numbered items in their order, others side by side; a parent after its parts. */
function checklist(lines: readonly Line[]): TaskList {
  const tasks: { task: ListedTask; line: Line; needs: Set<string> }[] = [];
  const items: ListItem[] = [];
  const taken = new Set<string>();
  let before: string[] = [];
  let here: string[] = [];
  let phase: string | undefined;
  const above: { indent: number; index: number | undefined }[] = [];
  let lastNumbered: string | undefined;
  for (const line of lines.slice(0, MOST)) {
    if (line.phase !== phase) {
      if (here.length > 0) before = here;
      [here, phase, lastNumbered] = [[], line.phase, undefined];
      above.length = 0;
    }
    while (above.length > 0 && (above.at(-1)?.indent ?? 0) >= line.indent) above.pop();
    const parent = above.at(-1)?.index;
    above.push({ indent: line.indent, index: line.isDone ? undefined : tasks.length });
    // Of what is done too: of two that say the same, the second keeps its name when the first is ticked.
    const id = idFor(line.text, taken);
    items.push(itemOf(id, line));
    if (line.isDone) continue;
    const needs = new Set(before);
    if (line.isNumbered && line.indent === 0 && lastNumbered !== undefined) needs.add(lastNumbered);
    tasks.push({ task: said(id, line.text, line.phase), line, needs });
    if (parent !== undefined) tasks[parent]?.needs.add(id);
    if (line.isNumbered && line.indent === 0) lastNumbered = id;
    here.push(id);
  }
  const all = tasks.map(({ task, needs }) => ({ ...task, ...withDependencies(needs) }));
  return { kind: "checklist", tasks: all, done: lines.filter(({ isDone }) => isDone).length, items, problems: [] };
}

const said = (id: string, text: string, phase: string): ListedTask => ({
  id,
  description: plain(text).slice(0, TITLE),
  prompt: `${text}\n\nThis is one item of a list${phase === "" ? "" : `, under '${phase}'`}. Do this item, and no other.`,
  ...(phase === "" ? {} : { phase }),
});

const plain = (text: string): string => text.replace(/[`*_]{1,3}([^`*_]+)[`*_]{1,3}/g, "$1");

function idFor(text: string, taken: Set<string>): string {
  const words = plain(text)
    .normalize("NFKD")
    .toLowerCase()
    .match(/[a-z0-9]+/g) ?? ["item"];
  const base = words.slice(0, 5).join("-").slice(0, 40).replace(/-+$/, "");
  let id = base;
  for (let n = 2; taken.has(id); n++) id = `${base}-${n}`;
  taken.add(id);
  return id;
}
