/** What became of one task, told in order: who was asked, what was done, how it ended, what it cost. Pure. */
import type { RunEvent } from "../domain/events.ts";
import type { Json } from "../domain/json.ts";
import { isRecord } from "../domain/shape.ts";
import { eventWords } from "./plain.ts";
import { cut, oneLine } from "./text.ts";
import { moneyText, plural, timeText, tokensText } from "./units.ts";

export interface StoryLine {
  readonly at: number;
  readonly attempt?: number;
  readonly text: string;
  /** Of what lies inside an attempt: its turns and what they did. */
  readonly isInside?: true;
}

/** Of a longer story the beginning and the end are told. */
const FIRST = 60;
const LAST = 140;
const LONGEST = 160;

export class Story {
  readonly #task: string;
  readonly #first: StoryLine[] = [];
  readonly #last: StoryLine[] = [];
  #left = 0;
  readonly #calls = new Calls();
  readonly #turns = new Map<number, number>();

  constructor(task: string) {
    this.#task = task;
  }

  note(event: RunEvent): void {
    if (!("taskId" in event) || event.taskId !== this.#task) return;
    const attempt = "attempt" in event && event.attempt ? { attempt: event.attempt } : {};
    const inside = this.#insideOf(event);
    const text = inside ?? outsideOf(event);
    if (text === undefined) return;
    this.#add({ at: event.at, ...attempt, text, ...(inside === undefined ? {} : { isInside: true as const }) });
  }

  /** In order, with a word where some are left out. */
  lines(): readonly StoryLine[] {
    const gap = this.#last[0] ?? this.#first.at(-1);
    if (this.#left === 0 || gap === undefined) return [...this.#first, ...this.#last];
    return [...this.#first, { at: gap.at, text: `… ${this.#left} more …` }, ...this.#last];
  }

  #add(line: StoryLine): void {
    if (this.#first.length < FIRST) this.#first.push(line);
    else this.#last.push(line);
    if (this.#last.length <= LAST) return;
    this.#last.shift();
    this.#left++;
  }

  #insideOf(event: RunEvent): string | undefined {
    switch (event.type) {
      case "turn:complete": {
        const turn = (this.#turns.get(event.attempt) ?? 0) + 1;
        this.#turns.set(event.attempt, turn);
        return `${asideOf(event.entry)}${turnText(turn, event.entry)}`;
      }
      case "tool:call":
      case "tool:result":
        return this.#calls.note(event);
      case "workspace:committed":
        return keptText(event.entry);
      case "workspace:conflict":
        return short(givenBackText(event.entry));
      case "workspace:merged":
        return short(
          `landed: ${text(event.entry, "as")} ${text(event.entry, "name")} at ${text(event.entry, "after").slice(0, 12)}`,
        );
      default:
        return undefined;
    }
  }
}

/** Calls of tools, each told in one line when it ends: what was called, and how that went. */
export class Calls {
  readonly #open = new Map<string, string>();

  note(event: RunEvent): string | undefined {
    if (event.type !== "tool:call" && event.type !== "tool:result") return undefined;
    const { entry } = event;
    const id = `${event.taskId} ${event.attempt} ${text(entry, "id")}`;
    if (event.type === "tool:call") {
      if (this.#open.size < 1000)
        this.#open.set(id, short(proofText(entry) ?? `${text(entry, "name")} ${argument(entry)}`));
      return undefined;
    }
    const call = this.#open.get(id);
    // It waits for a person, and is told again when it is done.
    if (!isRecord(entry) || entry["undone"] !== true) this.#open.delete(id);
    return resultText(call, entry);
  }
}

function outsideOf(event: RunEvent): string | undefined {
  if (event.type === "agent:invoke") {
    const restart = event.restart === undefined ? "" : `, begun again after a crash (${event.restart})`;
    const cheaper = event.downgradedFrom === undefined ? "" : `, ${oneLine(event.modelReason ?? "")}`;
    return `attempt ${event.attempt} by ${oneLine(event.agentName)} with ${oneLine(event.model)}${cheaper}${restart}`;
  }
  if (event.type === "task:retry" || event.type === "task:error") {
    const cost = `${timeText(event.duration)}, ${tokensText(event.tokensUsed)} tokens, ${moneyText(event.costUsd)}`;
    return `${eventWords(event)} (${cost})`;
  }
  return eventWords(event);
}

function givenBackText(entry: Json): string {
  const files = isRecord(entry) && Array.isArray(entry["files"]) ? entry["files"].map(String).join(", ") : "";
  const why = files === "" ? "the gates are red with it" : `it conflicts in ${files}`;
  return `gave '${text(entry, "task")}' back to ${text(entry, "agentName")}: ${why}`;
}

function turnText(turn: number, entry: Json): string {
  const usage = isRecord(entry) && isRecord(entry["usage"]) ? entry["usage"] : {};
  const count = (field: string) => (typeof usage[field] === "number" ? usage[field] : 0);
  const cost = usage["costUsd"];
  const calls = isRecord(entry) && Array.isArray(entry["calls"]) ? entry["calls"] : [];
  const names = calls.map((call) => (isRecord(call) ? String(call["name"]) : "?"));
  const asked = names.length === 0 ? `said: ${text(entry, "reply")}` : `asked for ${counted(names)}`;
  const spent = `${tokensText(count("input"))} in, ${tokensText(count("output"))} out, ${moneyText(typeof cost === "number" ? cost : null)}`;
  return short(`turn ${turn} (${spent}) ${asked}`);
}

function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, n]) => (n === 1 ? name : `${name} ×${n}`)).join(", ");
}

function resultText(call: string | undefined, entry: Json): string {
  const what = call ?? text(entry, "name");
  const { fault, undone, asks } = isRecord(entry) ? entry : {};
  if (asks === true) return short(`${what}: a person is asked first`);
  if (undone === true) return short(`${what}: left off before anything was done`);
  // Of the merge lane, which says how its gates ended.
  if (text(entry, "name") === "prove" && call?.startsWith(PROOF))
    return short(fault === undefined ? `${what}: green` : `${what}: red: ${text(entry, "text")}`);
  if (typeof fault !== "string") return `${what}: done`;
  return short(`${what}: ${fault === "refused" ? "not allowed" : "failed"}: ${text(entry, "text")}`);
}

const PROOF = "proved ";

/** What the merge lane runs before anything lands. */
function proofText(entry: Json): string | undefined {
  const { commit, gates } = isRecord(entry) && isRecord(entry["input"]) ? entry["input"] : {};
  if (typeof commit !== "string" || !Array.isArray(gates) || text(entry, "name") !== "prove") return undefined;
  return `${PROOF}${commit.slice(0, 12)} with ${gates.map((one) => `'${String(one)}'`).join(", ")}`;
}

function keptText(entry: Json): string {
  const files = isRecord(entry) && Array.isArray(entry["files"]) ? entry["files"] : [];
  const paths = files.map((file) => (isRecord(file) ? String(file["path"]) : "?"));
  return short(`kept ${plural(files.length, "file")} under ${text(entry, "ref")}: ${paths.join(", ")}`);
}

/** What a call is about: the first of its arguments that is short. */
function argument(entry: Json): string {
  const input = isRecord(entry) ? entry["input"] : undefined;
  if (!isRecord(input)) return "";
  const [first] = ["path", "command", "pattern", "query", "url", "to", "question"].flatMap((name) =>
    typeof input[name] === "string" ? [input[name]] : [],
  );
  // Of the lane: what must end with 0.
  const gates = Array.isArray(input["gates"]) ? input["gates"].map((one) => `'${String(one)}'`) : [];
  return first ?? gates.join(" and ");
}

/** Turns of another agent who was asked within the attempt: its review, or what to do. */
const asideOf = (entry: Json): string => {
  const by = text(entry, "by");
  return by === ""
    ? ""
    : `${oneLine(by)
        .replace(/ \d+$/, "")
        .replace(/^help \S+/, "help by")}: `;
};

const text = (entry: Json, field: string): string =>
  isRecord(entry) && typeof entry[field] === "string" ? entry[field] : "";
const short = (words: string): string => cut(oneLine(words.slice(0, 4 * LONGEST)), LONGEST).trimEnd();
