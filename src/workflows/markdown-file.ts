/**
 * A workflow of one's own as Markdown: front matter says what it is, `## Phase: …` headings are its phases in order,
 * `### id: Title` headings the tasks of a phase, which run beside each other. Lines such as `agent:` stand directly below
 * a heading; what follows after an empty line is the prompt. It is read into the same shape as a file in YAML, so that
 * every check is the same, and every fault has a line and a column of the Markdown.
 */
import { didYouMean } from "../domain/nearest.ts";
import { isRecord } from "../domain/shape.ts";
import { type Block, blockAt, type Mark, type Part, type Phase, partsOf } from "./markdown-parts.ts";
import { conditionIn } from "./short-condition.ts";
import type { PlanFileFault, Source, Step } from "./source.ts";

export interface MarkdownSource {
  readonly source: Source;
  /** What is wrong with its form; what its values say is checked as in any other file. */
  readonly faults: readonly PlanFileFault[];
}

/** What a task may say of itself, by the name that it has in a plan. */
const FIELDS: { readonly [key: string]: string } = {
  agent: "agentName",
  needs: "dependencies",
  expects: "expects",
  ...Object.fromEntries(
    [
      ...["description", "when", "until", "repeats", "maxIterations", "forEach", "gate", "validate", "output"],
      ...["reads", "evidence", "model", "downgrade", "maxTokens", "budget", "timeout", "retries", "fallbacks"],
      ...["onFailure", "recovery", "priority", "hedge", "estimatedDuration"],
    ].map((name) => [name, name]),
  ),
};
const KEYS = Object.fromEntries(Object.entries(FIELDS).map(([key, field]) => [field, key]));
/** Of every task that says nothing else. */
const DEFAULTS = ["agent", "model"] as const;
/** Names after commas; a glob may hold one. */
const NAMES = new Set(["dependencies", "fallbacks", "evidence", "repeats", "downgrade"]);
const LISTS = new Set([...NAMES, "reads", "expects"]);
const ARGUMENTS = /\$ARGUMENTS\b/g;

interface Task {
  readonly value: Record<string, unknown>;
  readonly heading: Mark;
  readonly title: Mark;
  readonly phase: Phase;
  readonly fields: Block | undefined;
  readonly prompt: { readonly line: number; readonly lines: readonly string[] };
}

/** A Markdown file with front matter or phases; others hold lists of tasks. */
export const isMarkdownWorkflow = (content: string): boolean =>
  /^\uFEFF?---[ \t]*\r?$/m.exec(content)?.index === 0 || /^##[ \t]+phase\b/im.test(content);

export function readMarkdown(content: string, fileName: string): MarkdownSource | readonly PlanFileFault[] {
  const parts = partsOf(content);
  if (!("phases" in parts)) return parts;
  const matter = blockAt(parts.matter.text, parts.matter.line, 1);
  if (!("source" in matter)) return matter;
  const head = matter.source.value ?? {};
  if (!isRecord(head))
    return [{ line: 1, column: 1, path: "", message: "the front matter must be lines such as 'description: …'" }];
  const faults: PlanFileFault[] = [...parts.faults];
  const tasks: Task[] = [];
  let before: readonly string[] = [];
  for (const phase of parts.phases) {
    const begun = tasks.length;
    for (const part of phase.tasks) {
      const waits = phase.isInOrder && tasks.length > begun ? [idOf(tasks.at(-1))] : before;
      tasks.push(taskOf(part, { phase, waits, faults }));
    }
    if (tasks.length > begun) before = tasks.slice(begun).map(idOf);
  }
  const value = wholeOf(head, tasks, fileName);
  return { source: new Places(value, matter, tasks, content), faults };
}

const idOf = (task: Task | undefined): string => String(task?.value["id"] ?? "");

function wholeOf(head: Record<string, unknown>, tasks: readonly Task[], fileName: string): Record<string, unknown> {
  const { agent, model, reads, ...rest } = head;
  const id = head["id"] ?? fileName.replace(/^.*[\\/]/, "").replace(/\.md$/i, "");
  const given = { agentName: agent, model };
  const all = tasks.map(({ value }) => {
    const more = Object.entries(given).filter(([name, one]) => one !== undefined && value[name] === undefined);
    const globs = reads === undefined ? [] : [reads].flat();
    const own = globs.length === 0 ? {} : { reads: [...globs, ...[value["reads"] ?? []].flat()] };
    return { ...value, ...Object.fromEntries(more), ...own };
  });
  const usesArguments = all.some((task) => JSON.stringify(task).includes("{{arguments}}"));
  const declared = isRecord(head["parameters"]) ? head["parameters"] : {};
  const implied =
    usesArguments && !("arguments" in declared) && (head["parameters"] === undefined || isRecord(head["parameters"]));
  return {
    name: id,
    ...rest,
    id,
    tags: typeof head["tags"] === "string" ? wordsIn(head["tags"]) : (head["tags"] ?? []),
    ...(implied && {
      parameters: { ...declared, arguments: { type: "string", default: "", description: "What to do it with" } },
    }),
    tasks: all,
  };
}

const wordsIn = (text: string): readonly string[] =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");

interface Around {
  /** What stands in it before its first task is said to all of them. */
  readonly phase: Phase;
  readonly waits: readonly string[];
  readonly faults: PlanFileFault[];
}

function taskOf(part: Part, { phase, waits, faults }: Around): Task {
  const shared = phase.text;
  const { heading, id, title, lines } = part;
  const end = fieldsEnd(lines);
  const read = end > 0 ? blockAt(lines.slice(0, end).join("\n"), heading.line + 1, 1) : undefined;
  const fields = read && "source" in read ? read : undefined;
  if (read && !fields) faults.push(...(read as readonly PlanFileFault[]));
  const said = fields ? valuesOf(fields, part, faults) : {};
  const { expects, ...values } = said;
  const rest = lines.slice(end);
  const first = rest.findIndex((line) => line.trim() !== "");
  const own = rest.join("\n").trim();
  const criteria = Array.isArray(expects) ? expects.map(String) : [];
  const done = criteria.length > 0 ? `It is done when:\n${criteria.map((one) => `- ${one}`).join("\n")}` : "";
  const prompt = [shared, own, done].filter((one) => one !== "").join("\n\n");
  if (own === "" && shared === "")
    faults.push({
      ...heading,
      path: `tasks.${id}.prompt`,
      message: `task '${id}' has no prompt: write below its heading what is to be done`,
    });
  const needs = Array.isArray(values["dependencies"]) ? values["dependencies"] : [];
  const dependencies = [...new Set([...needs, ...readBy(values), ...waits])].filter((one) => one !== id);
  const value: Record<string, unknown> = {
    description: title.text,
    ...values,
    id,
    phase: phase.title.text,
    prompt,
    ...(dependencies.length > 0 && { dependencies }),
    ...(criteria.length > 0 && { brief: { criteria } }),
  };
  for (const name of ["prompt", "description"] as const)
    if (typeof value[name] === "string") value[name] = value[name].replace(ARGUMENTS, "{{arguments}}");
  const line = heading.line + 1 + end + Math.max(0, first);
  return { value, heading, title, phase, fields, prompt: { line, lines: rest.slice(Math.max(0, first)) } };
}

/** Up to the first empty line, where the first one has a name and a colon. */
function fieldsEnd(lines: readonly string[]): number {
  if (!/^[A-Za-z][\w-]*:(?:\s|$)/.test(lines[0] ?? "")) return 0;
  const end = lines.findIndex((line) => line.trim() === "");
  return end < 0 ? lines.length : end;
}

function valuesOf(block: Block, { id, heading }: Part, faults: PlanFileFault[]): Record<string, unknown> {
  const { value } = block.source;
  const wrong = (key: string, message: string, at: "key" | "value") =>
    faults.push(block.source.fault([key], `tasks.${id}.${key}`, message, at));
  if (!isRecord(value)) {
    faults.push({
      ...heading,
      path: `tasks.${id}`,
      message: "the lines below the heading must be such as 'agent: reviewer'",
    });
    return {};
  }
  const values: Record<string, unknown> = {};
  for (const [key, given] of Object.entries(value)) {
    const field = Object.hasOwn(FIELDS, key) ? FIELDS[key] : undefined;
    if (field === undefined) {
      const known = Object.keys(FIELDS);
      const hint = didYouMean(key, known) || `; known are ${known.join(", ")}. A prompt begins after an empty line`;
      wrong(key, `'${key}' is nothing that a task says of itself${hint}`, "key");
    } else if (given === null) wrong(key, `'${key}' says nothing: leave it out, or write it after the colon`, "key");
    else {
      const read = plain(field, given);
      if (typeof read === "object" && read !== null && "fault" in read)
        wrong(key, `'${key}' ${String(read.fault)}`, "value");
      else values[field] = read;
    }
  }
  return values;
}

/** As a plan says it, from how one writes it in a line. */
function plain(field: string, given: unknown): unknown {
  if (LISTS.has(field) && typeof given === "string") return NAMES.has(field) ? wordsIn(given) : [given];
  if (field === "gate" && typeof given === "string") return { question: given };
  if (field === "validate" && isRecord(given)) return [given];
  if ((field === "when" || field === "until") && typeof given === "string") return conditionIn(given);
  return given;
}

/** What a task reads it waits for. */
function readBy(values: Record<string, unknown>): readonly string[] {
  const { when, forEach } = values;
  const names = (condition: unknown): string[] => {
    if (!isRecord(condition)) return [];
    if (typeof condition["task"] === "string") return [condition["task"]];
    return ["all", "any", "not"].flatMap((way) => [condition[way] ?? []].flat().flatMap(names));
  };
  return [...names(when), ...(isRecord(forEach) && typeof forEach["task"] === "string" ? [forEach["task"]] : [])];
}

/** Where everything stands in the Markdown. */
class Places implements Source {
  readonly value: unknown;
  readonly #matter: Block;
  readonly #tasks: readonly Task[];
  readonly #content: string;

  constructor(value: unknown, matter: Block, tasks: readonly Task[], content: string) {
    this.value = value;
    this.#matter = matter;
    this.#tasks = tasks;
    this.#content = content;
  }

  fault(steps: readonly Step[], path: string, message: string, at: "key" | "value" = "value"): PlanFileFault {
    const said = inItsWords(message);
    const [of, index, field, ...rest] = steps;
    const task = of === "tasks" && typeof index === "number" ? this.#tasks[index] : undefined;
    if (task === undefined) {
      if (of === "tasks") return { line: lastLine(this.#content), column: 1, path, message: said };
      return this.#matter.source.fault(steps, path, said, at);
    }
    const key = KEYS[String(field)] ?? String(field);
    if (task.fields && isRecord(task.fields.source.value) && Object.hasOwn(task.fields.source.value, key))
      return task.fields.source.fault([key, ...rest], path, said, at);
    if (field === "phase") return { ...markOf(task.phase.title), path, message: said };
    if (field === "description") return { ...markOf(task.title), path, message: said };
    if (field === "prompt") return { line: task.prompt.line, column: 1, path, message: said };
    const isShared = DEFAULTS.some((name) => name === key) || field === "reads";
    if (isShared && isRecord(this.#matter.source.value) && Object.hasOwn(this.#matter.source.value, key))
      return this.#matter.source.fault([key, ...rest], path, said, at);
    return { ...markOf(task.heading), path, message: said };
  }

  faultAt(steps: readonly Step[], characters: string, path: string, message: string): PlanFileFault {
    const [of, index, field] = steps;
    const task = of === "tasks" && typeof index === "number" ? this.#tasks[index] : undefined;
    if (task === undefined) return this.#matter.source.faultAt(steps, characters, path, message);
    if (
      task.fields &&
      field !== undefined &&
      isRecord(task.fields.source.value) &&
      Object.hasOwn(task.fields.source.value, String(field))
    )
      return task.fields.source.faultAt([field], characters, path, message);
    if (field === "description") {
      const { line, column, text } = task.title;
      return { line, column: column + Math.max(0, text.indexOf(characters)), path, message };
    }
    // What the phase says to all of its tasks stands below its heading.
    for (const { line, lines } of [task.prompt, task.phase]) {
      const below = lines.findIndex((one) => one.includes(characters));
      if (below >= 0)
        return { line: line + below, column: (lines[below] ?? "").indexOf(characters) + 1, path, message };
    }
    return { ...markOf(task.heading), path, message };
  }
}

const markOf = ({ line, column }: Mark) => ({ line, column });
const lastLine = (text: string): number => text.trimEnd().split("\n").length;

/** The checks speak of fields as plans have them. */
const inItsWords = (message: string): string =>
  message.replaceAll("'agentName'", "'agent'").replaceAll("'dependencies", "'needs");
