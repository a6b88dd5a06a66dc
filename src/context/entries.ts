/** A JSON value as a text of entries, `path: value` a line, so that it can be kept in parts as prose can. */
import type { Json } from "../domain/json.ts";
import { cutText, type Unit } from "./units.ts";

/** A text and the units it can be kept in. */
export interface Doc {
  readonly text: string;
  readonly units: readonly Unit[];
  /** Of each unit 1 where it is there for its findings only, and is not asked what else it has to say. */
  readonly quiet?: Uint8Array;
}

/** An entry of at most so many characters is kept or left out as a whole. */
const ENTRY = 640;
const DEEPEST = 100;
const KEY = 120;

export function docOf(output: Json): Doc {
  const value = typeof output === "string" ? (parsed(output) ?? output) : output;
  if (typeof value === "string") return { text: value, units: cutText(value) };
  return new Entries().take(value);
}

/** What an output is as a text when it is shown whole. */
export function textOf(output: Json): string {
  if (typeof output === "string") return output;
  try {
    return JSON.stringify(output);
  } catch {
    // Deeper than the stack; its entries can still be shown.
    return docOf(output).text;
  }
}

/** A text that is JSON, bare or in one fence. */
function parsed(text: string): Json | undefined {
  const inner = text.trim();
  const fenced = inner.startsWith("```") && inner.endsWith("```") ? inner.replace(/^`{3,}\w*\n|\n`{3,}$/g, "") : inner;
  if (!/^[[{]/.test(fenced) || !/[\]}]$/.test(fenced)) return undefined;
  try {
    return JSON.parse(fenced) as Json;
  } catch {
    return undefined;
  }
}

class Entries {
  #lines: string[] = [];
  #length = 0;
  readonly #units: Unit[] = [];

  take(value: Json): Doc {
    this.#walk("", value, -1, 0, severityOf(value));
    return { text: this.#lines.join("\n"), units: this.#units };
  }

  #walk(path: string, value: Json, head: number, depth: number, severity: number): void {
    if (depth > DEEPEST) {
      this.#line(path, "[too deep to show]", head, 0);
    } else if (isShort(value, ENTRY)) {
      this.#line(path, JSON.stringify(value), head, severity);
    } else if (typeof value === "string") {
      this.#prose(path, value, head);
    } else if (Array.isArray(value)) {
      const order = [...value.keys()];
      const ranks = value.map(severityOf);
      // The worst first; within a rank as their author had them. The path keeps the place.
      if (ranks.some((rank) => rank > 0)) order.sort((a, b) => (ranks[b] ?? 0) - (ranks[a] ?? 0) || a - b);
      for (const i of order) this.#walk(`${path}[${i}]`, value[i] as Json, head, depth + 1, ranks[i] ?? 0);
    } else if (value !== null && typeof value === "object") {
      this.#object(path, value as { readonly [key: string]: Json }, head, depth, severity);
    } else this.#line(path, JSON.stringify(value), head, 0);
  }

  /** Short fields stand together in one entry; each long one follows by itself. */
  #object(path: string, value: { readonly [key: string]: Json }, head: number, depth: number, severity: number): void {
    let together: Record<string, Json> = {};
    let room = ENTRY;
    let first = -1;
    const close = () => {
      if (Object.keys(together).length === 0) return;
      const at = this.#line(path, JSON.stringify(together), first < 0 ? head : first, first < 0 ? severity : 0);
      if (first < 0) first = at;
      together = {};
      room = ENTRY;
    };
    const long: [string, Json][] = [];
    for (const [key, inner] of Object.entries(value)) {
      // Without a prototype to set: a field may be called `__proto__`.
      const isField = (typeof inner !== "object" || inner === null) && isShort(inner, ENTRY / 2) && key !== "__proto__";
      if (!isField) {
        long.push([key, inner]);
        continue;
      }
      const size = key.length + (typeof inner === "string" ? inner.length : 10) + 6;
      if (size > room) close();
      room -= size;
      together[key] = inner;
    }
    close();
    for (const [key, inner] of long) {
      const name = key.slice(0, KEY);
      const at = path === "" ? name : `${path}.${name}`;
      this.#walk(at, inner, first < 0 ? head : first, depth + 1, severityOf(inner));
    }
  }

  #line(path: string, json: string, head: number, severity: number): number {
    const start = this.#length;
    const line = path === "" ? json : `${path}: ${json}`;
    this.#push(line);
    const block = this.#units.length;
    const kind = "entry";
    const end = start + line.length;
    this.#units.push({ start, end, kind, level: 0, section: -1, head, block, severity });
    return block;
  }

  /** A long string is prose of its own, below a line that names it. */
  #prose(path: string, text: string, head: number): void {
    const start = this.#length;
    const line = path === "" ? "text:" : `${path}:`;
    this.#push(line);
    const section = this.#units.length;
    this.#units.push({
      start,
      end: start + line.length,
      kind: "heading",
      level: 0,
      section: -1,
      head,
      block: section,
    });
    const from = this.#length;
    this.#push(text);
    // Units are cut in the text alone and then moved to where it stands.
    for (const unit of cutText(text)) {
      const moved = {
        start: unit.start + from,
        end: unit.end + from,
        section: unit.section < 0 ? section : unit.section + section + 1,
        head: unit.head < 0 ? -1 : unit.head + section + 1,
        block: unit.block + section + 1,
      };
      this.#units.push({ ...unit, ...moved });
    }
  }

  #push(line: string): void {
    this.#lines.push(line);
    this.#length += line.length + 1;
  }
}

/** Whether its JSON is about that short; looks no further than it has to. */
function isShort(value: Json, most: number): boolean {
  let left = most;
  const todo: Json[] = [value];
  for (let here = todo.pop(); here !== undefined; here = todo.pop()) {
    if (typeof here === "string") left -= here.length + 3;
    else if (here === null || typeof here !== "object") left -= 6;
    else if (Array.isArray(here)) {
      if (here.length > left) return false;
      left -= 2;
      todo.push(...here);
    } else {
      left -= 2;
      for (const key in here) {
        left -= key.length + 4;
        if (left < 0) return false;
        todo.push((here as { readonly [key: string]: Json })[key] as Json);
      }
    }
    if (left < 0) return false;
  }
  return true;
}

const SEVERITY_KEY = /^(?:severity|risk|level|impact|criticality|priority|rating|risk_?level)$/i;
const RANKS: readonly (readonly [RegExp, number])[] = [
  [/^\W*(?:critical|blocker|p0|sev-?0)\b/i, 2],
  [/^\W*(?:high|severe|p1|sev-?1)\b/i, 1],
];

/** 2 critical, 1 high, 0 anything else. */
function severityOf(value: Json): number {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return 0;
  let rank = 0;
  for (const key in value) {
    if (!SEVERITY_KEY.test(key)) continue;
    const said = (value as { readonly [key: string]: Json })[key];
    if (typeof said !== "string") continue;
    for (const [pattern, high] of RANKS) if (pattern.test(said)) rank = Math.max(rank, high);
  }
  return rank;
}
