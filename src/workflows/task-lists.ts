/**
 * Lists of tasks as people and other tools keep them, made into a plan: `tasks.json` of Task Master, `tasks.md` of
 * spec-kit, and any Markdown with boxes to tick. What is ticked is done and left out. Who does a task is chosen by its
 * words.
 */
import type { AgentTask, Brief } from "../domain/plan.ts";
import { isRecord } from "../domain/shape.ts";

/** A task that names nobody yet. */
export type ListedTask = Omit<AgentTask, "agentName">;
export interface TaskList {
  readonly kind: "Task Master" | "spec-kit" | "checklist";
  readonly tasks: readonly ListedTask[];
  /** Tasks that are done already. */
  readonly done: number;
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

/** Undefined: it is none of theirs. Their newer files hold a list for each tag; the first one counts. */
export function taskMasterList(value: unknown): TaskList | undefined {
  const list = isRecord(value) ? (value["tasks"] ?? firstTag(value)) : undefined;
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const isTheirs = list.every(
    (one) => isRecord(one) && one["id"] !== undefined && "title" in one && !("prompt" in one),
  );
  if (!isTheirs) return undefined;
  const open = (list as Record<string, unknown>[]).filter((one) => !DONE.has(String(one["status"])));
  const ids = new Set(open.map((one) => String(one["id"])));
  const tasks = open.slice(0, MOST).map((one) => mastered(one, ids));
  return { kind: "Task Master", tasks, done: list.length - open.length };
}

function firstTag(value: Record<string, unknown>): unknown {
  const tagged = Object.values(value).find((one) => isRecord(one) && Array.isArray(one["tasks"]));
  return isRecord(tagged) ? tagged["tasks"] : undefined;
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
  const title = text("title") || `Task ${String(one["id"])}`;
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
    id: `task-${String(one["id"]).replace(/[^A-Za-z0-9_-]+/g, "-")}`,
    description: title.slice(0, TITLE),
    prompt: prompt
      .filter((part) => part !== "")
      .join("\n\n")
      .slice(0, LONGEST),
    ...withDependencies(before.map((id) => `task-${id.replace(/[^A-Za-z0-9_-]+/g, "-")}`)),
    ...(priority === undefined ? {} : { priority }),
    ...(text("type") === "checkpoint" ? { gate: { question: `${title}: go on?` } } : {}),
    ...briefed({ criteria }),
  };
}

const briefed = (brief: Brief): { readonly brief?: Brief } => (brief.criteria?.length ? { brief } : {});

// Markdown

const BOX = /^(\s*)(?:[-*+]|(\d+)[.)])\s+\[([ xX~-])\]\s+(.+)$/;
const HEADING = /^#{1,6}\s+(.+?)\s*#*$/;
/** `T012 [P] [US1] text (depends on T010, T011)`. */
const SPEC = /^(T\d{1,5})\b\s*((?:\[[^\]]{1,20}\]\s*)*)(.*)$/;

interface Line {
  readonly phase: string;
  readonly indent: number;
  readonly isNumbered: boolean;
  readonly isDone: boolean;
  readonly text: string;
}

/** Undefined: there is no box to tick in it. */
export function markdownList(content: string): TaskList | undefined {
  const lines: Line[] = [];
  let phase = "";
  for (const raw of content.slice(0, 5_000_000).split("\n")) {
    const heading = HEADING.exec(raw)?.[1];
    if (heading !== undefined) phase = heading.slice(0, TITLE);
    const [, indent = "", number, mark = " ", text = ""] = BOX.exec(raw.trimEnd()) ?? [];
    if (text === "") continue;
    const isDone = mark !== " ";
    lines.push({
      phase,
      indent: indent.replaceAll("\t", "    ").length,
      isNumbered: number !== undefined,
      isDone,
      text,
    });
  }
  if (lines.length === 0) return undefined;
  const specs = lines.filter(({ text }) => SPEC.test(text)).length;
  return specs > lines.length / 2 ? specKit(lines) : checklist(lines);
}

/** Phases one after another; within one, what is marked [P] beside what stands around it. */
function specKit(lines: readonly Line[]): TaskList {
  const tasks: ListedTask[] = [];
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
    if (line.isDone || id === "") continue;
    const named = [...(/\(depends on ([^)]*)\)/i.exec(words)?.[1] ?? "").matchAll(/T\d{1,5}/g)].map(([one]) => one);
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
  return { kind: "spec-kit", tasks, done: lines.length - open.size };
}

/** Sections one after another. Within one, numbered items in their order, others side by side; a parent after its parts. */
function checklist(lines: readonly Line[]): TaskList {
  const tasks: { task: ListedTask; line: Line; needs: Set<string> }[] = [];
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
    if (line.isDone) continue;
    const id = idFor(line.text, taken);
    const needs = new Set(before);
    if (line.isNumbered && line.indent === 0 && lastNumbered !== undefined) needs.add(lastNumbered);
    tasks.push({ task: said(id, line.text, line.phase), line, needs });
    if (parent !== undefined) tasks[parent]?.needs.add(id);
    if (line.isNumbered && line.indent === 0) lastNumbered = id;
    here.push(id);
  }
  const all = tasks.map(({ task, needs }) => ({ ...task, ...withDependencies(needs) }));
  return { kind: "checklist", tasks: all, done: lines.filter(({ isDone }) => isDone).length };
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
