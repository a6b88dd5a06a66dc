/** The outline of a workflow in Markdown: front matter, phases, tasks, each with its place. Code between fences is text. */
import { nearest } from "../domain/nearest.ts";
import { type PlanFileFault, readSource, type Source } from "./source.ts";

export interface Place {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}
export interface Mark extends Place {
  readonly text: string;
}
export interface Part {
  readonly heading: Mark;
  readonly id: string;
  readonly title: Mark;
  /** All below the heading. */
  readonly lines: readonly string[];
}
export interface Phase {
  readonly title: Mark;
  /** Its tasks run one after another. */
  readonly isInOrder: boolean;
  /** What stands before its first task. */
  readonly text: string;
  /** The same as it stands there, from `line` on. */
  readonly lines: readonly string[];
  readonly line: number;
  readonly tasks: readonly Part[];
}
export interface Outline {
  readonly matter: { readonly text: string; readonly line: number };
  readonly phases: readonly Phase[];
  readonly faults: readonly PlanFileFault[];
}
/** YAML that stands somewhere in a file of another kind. */
export interface Block {
  readonly source: Source;
}

const MOST_CHARACTERS = 1024 * 1024;
const MOST_TASKS = 1000;
const BESIDE = ["parallel"];
const IN_ORDER = ["in order", "sequential"];
const PHASE = /^phase(?:\s+\d{1,3})?\s*[:.–—-]\s*(.*)$/i;
const ID = /^([A-Za-z0-9][A-Za-z0-9._-]{0,63})(?:\s*[:–—]\s+(.*))?$/;

export function partsOf(content: string): Outline | readonly PlanFileFault[] {
  const body = content.startsWith("\uFEFF") ? content.slice(1) : content;
  const whole = (message: string) => [{ line: 1, column: 1, path: "", message }];
  if (body.length > MOST_CHARACTERS)
    return whole(`the file has ${body.length} characters; the limit is ${MOST_CHARACTERS}`);
  if (body.includes("\0")) return whole("the file is not text: it holds a NUL character");
  const lines = body.split(/\r?\n/);
  const hasMatter = /^---\s*$/.test(lines[0] ?? "");
  const end = hasMatter ? lines.findIndex((line, i) => i > 0 && /^---\s*$/.test(line)) : 0;
  if (end < 0) return whole("the front matter does not end: put a line with --- below it");
  const matter = { text: lines.slice(1, Math.max(1, end)).join("\n"), line: 2 };
  const outline = new Reader();
  for (const [i, line] of lines.entries()) if (!hasMatter || i > end) outline.take(line, i + 1);
  return { matter: hasMatter ? matter : { text: "", line: 1 }, ...outline.read() };
}

/** YAML of a few lines, its faults placed where they stand in the file. */
export function blockAt(text: string, line: number, column: number): Block | readonly PlanFileFault[] {
  const source = readSource(text, "lines.yaml");
  const moved = (fault: PlanFileFault): PlanFileFault => ({
    ...fault,
    line: fault.line + line - 1,
    column: fault.column + column - 1,
  });
  if (!("value" in source)) return source.map(moved);
  return {
    source: {
      value: source.value,
      fault: (...of) => moved(source.fault(...of)),
      faultAt: (...of) => moved(source.faultAt(...of)),
    },
  };
}

class Reader {
  readonly #phases: { title: Mark; isInOrder: boolean; text: string[]; tasks: (Part & { lines: string[] })[] }[] = [];
  readonly #faults: PlanFileFault[] = [];
  #fence: string | undefined;
  #count = 0;

  take(line: string, number: number): void {
    const fence = /^\s{0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (this.#fence === undefined && fence !== undefined) this.#fence = fence;
    else if (this.#fence !== undefined && fence?.startsWith(this.#fence) && line.trim() === fence)
      this.#fence = undefined;
    const [, marks = "", gap = "", words = ""] =
      this.#fence === undefined ? (/^(#{2,3})(\s+)(.+?)\s*#*\s*$/.exec(line) ?? []) : [];
    const mark = { line: number, column: marks.length + gap.length + 1, text: words };
    if (marks === "##") this.#phase(mark);
    else if (marks === "###") this.#task(mark);
    else this.#text(line);
  }

  read(): Pick<Outline, "phases" | "faults"> {
    if (this.#phases.length === 0 && this.#faults.length === 0)
      this.#fault({ line: 1, column: 1, text: "" }, "a workflow has phases: begin one with '## Phase: Look'");
    for (const { title, tasks } of this.#phases)
      if (tasks.length === 0)
        this.#fault(title, `phase '${title.text}' has no task: begin one with '### id: What it does'`);
    const phases = this.#phases.map(({ text, ...one }) => ({
      ...one,
      ...{ text: text.join("\n").trim(), lines: text, line: one.title.line + 1 },
    }));
    return { phases, faults: this.#faults };
  }

  #phase(mark: Mark): void {
    const [whole, rest = ""] = PHASE.exec(mark.text) ?? [];
    if (whole === undefined)
      return this.#fault(
        mark,
        `'## ${mark.text.slice(0, 80)}' is no phase: write '## Phase: ${mark.text.slice(0, 40)}', or '#### …' for a heading within a prompt`,
      );
    const [, title = "", , way] = /^(.*?)(\s*\(([^()]*)\))?$/.exec(rest) ?? [];
    const known = [...BESIDE, ...IN_ORDER];
    const word = way?.trim().toLowerCase();
    const isWay = word === undefined || known.includes(word);
    const near = word === undefined || isWay ? undefined : nearest(word, known);
    const at = { ...mark, column: mark.column + mark.text.length - rest.length };
    if (near !== undefined)
      this.#fault(at, `a phase is (parallel) or (in order), not (${way}): did you mean '${near}'?`);
    // Other words in parentheses belong to its title.
    const text = (isWay ? title : rest).trim();
    if (text === "") this.#fault(at, "a phase needs a title: '## Phase: Look'");
    if (this.#phases.some((one) => one.title.text.toLowerCase() === text.toLowerCase()))
      this.#fault(at, `there is a phase '${text}' already`);
    const isInOrder = word !== undefined && IN_ORDER.includes(word);
    this.#phases.push({ title: { ...at, text: text || "phase" }, isInOrder, text: [], tasks: [] });
  }

  #task(mark: Mark): void {
    const phase = this.#phases.at(-1);
    if (++this.#count > MOST_TASKS) {
      if (this.#count === MOST_TASKS + 1) this.#fault(mark, `a workflow has at most ${MOST_TASKS} tasks`);
      return;
    }
    if (phase === undefined)
      return this.#fault(
        mark,
        `task '${mark.text.slice(0, 80)}' stands before the first phase: put '## Phase: …' above it`,
      );
    const [named, id = "", words] = ID.exec(mark.text) ?? [];
    const slug = mark.text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 64);
    const its = named === undefined ? slug : id;
    if (its === "")
      return this.#fault(mark, `'${mark.text.slice(0, 80)}' gives no name to the task: '### id: What it does'`);
    const text = named === undefined ? mark.text : (words ?? id);
    const title = { ...mark, column: mark.column + mark.text.lastIndexOf(text), text };
    phase.tasks.push({ heading: mark, id: its, title, lines: [] });
  }

  #text(line: string): void {
    const phase = this.#phases.at(-1);
    // Before the first phase it is for whoever reads the file.
    (phase?.tasks.at(-1)?.lines ?? phase?.text)?.push(line);
  }

  #fault({ line, column }: Mark, message: string): void {
    this.#faults.push({ line, column, path: "", message });
  }
}
