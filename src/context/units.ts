/**
 * A text in units that can be kept or left out: headings, sentences, list items with what is indented below them, table
 * rows, pieces of code. One pass; together the units hold all that is not blank.
 */
import { whole } from "./tokens.ts";

export type UnitKind = "heading" | "sentence" | "item" | "row" | "code" | "fence" | "entry" | "gap";

export interface Unit {
  readonly start: number;
  end: number;
  readonly kind: UnitKind;
  /** Of a heading 1–7; of an item its indentation. */
  readonly level: number;
  /** The heading it stands under, or -1. */
  readonly section: number;
  /** What it cannot be understood without: its table's head, the item or sentence above a list, its fence; or -1. */
  readonly head: number;
  /** Units of one paragraph have the same. */
  readonly block: number;
  /** Known from the form of a JSON entry: 2 critical, 1 high. */
  readonly severity?: number;
}

/** Longer ones are cut at a line or a word. */
const LONGEST = 480;
const CODE_LINES = 8;

const HEADING = /^ {0,3}(#{1,6})\s/;
const BOLD = /^\s*\*\*[^*]{2,90}\*\*:?\s*$/;
const ITEM = /^([ \t]*)(?:[-*+•]|\d{1,4}[.)])\s+\S/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const RULE = /^[\s|:=_*-]*$/;

const BLANK = -1;
const [HASH, STAR, BACKTICK, BAR, TILDE] = [35, 42, 96, 124, 126];

/** Looking at the first character is cheaper than a pattern for each line. */
function mayBegin(code: number): boolean {
  return code === 45 || code === STAR || code === 43 || code === 0x2022 || (code >= 48 && code <= 57);
}

/** Cuts `text` from `from` to `to`; `units` may already hold others, whose numbers stay. */
export function cutText(text: string, units: Unit[] = [], from = 0, to = text.length, section = -1): Unit[] {
  new Cutter(text, units, section).cut(from, to);
  return units;
}

class Cutter {
  readonly #text: string;
  readonly #units: Unit[];
  readonly #base: number;
  #headings: { level: number; at: number }[] = [];
  #block = 0;
  /** Items that the next line may belong to, outermost first. */
  #items: { level: number; at: number }[] = [];
  #intro = -1;
  #table = -1;
  readonly #marks = /[.!?\u3002\uff01\uff1f]/g;
  #nextMark = -1;

  constructor(text: string, units: Unit[], section: number) {
    this.#text = text;
    this.#units = units;
    this.#base = section;
    this.#block = units.length;
  }

  cut(from: number, to: number): void {
    let at = from;
    let paragraph = -1;
    const close = (end: number) => {
      if (paragraph >= 0) this.#sentences(paragraph, end);
      paragraph = -1;
    };
    while (at < to) {
      const end = this.#lineEnd(at, to);
      const line = this.#text.slice(at, Math.min(end, at + 200));
      const trimmed = line.trimStart();
      const begins = trimmed === "" ? BLANK : trimmed.charCodeAt(0);
      const fence = begins === BACKTICK || begins === TILDE ? FENCE.exec(line)?.[1] : undefined;
      if (fence !== undefined) {
        close(at);
        at = this.#code(at, end, to, fence);
        continue;
      }
      const next = end + 1;
      if (begins === BLANK) {
        close(at);
        this.#table = -1;
        at = next;
        continue;
      }
      const item = mayBegin(begins) ? ITEM.exec(line) : null;
      const heading = begins === HASH ? HEADING.exec(line) : null;
      if (heading || (begins === STAR && BOLD.test(line))) {
        close(at);
        this.#heading(at, end, heading?.[1]?.length ?? 7);
      } else if (begins === BAR) {
        close(at);
        this.#row(at, end, line);
      } else if (item) {
        close(at);
        at = this.#item(at, end, to, (item[1] ?? "").length);
        continue;
      } else if (paragraph < 0) {
        paragraph = at;
        if (!/^[ \t]/.test(line)) this.#items = [];
      }
      at = next;
    }
    close(to);
  }

  #lineEnd(at: number, to: number): number {
    const end = this.#text.indexOf("\n", at);
    return end < 0 || end > to ? to : end;
  }

  #section(): number {
    return this.#headings.at(-1)?.at ?? this.#base;
  }

  #add(start: number, end: number, kind: UnitKind, level = 0, head = -1, section = this.#section()): number {
    this.#units.push({ start, end, kind, level, section, head, block: this.#block });
    return this.#units.length - 1;
  }

  #heading(start: number, end: number, level: number): void {
    while ((this.#headings.at(-1)?.level ?? 0) >= level) this.#headings.pop();
    this.#headings.push({ level, at: this.#add(start, Math.min(end, start + LONGEST), "heading", level) });
    if (end > start + LONGEST) this.#pieces(start + LONGEST, end, "sentence", -1);
    this.#items = [];
    this.#intro = -1;
    this.#table = -1;
  }

  #row(start: number, end: number, line: string): void {
    const head = this.#table >= 0 ? this.#units[this.#table] : undefined;
    if (head && RULE.test(line)) {
      head.end = end;
      return;
    }
    this.#block++;
    if (head) this.#pieces(start, end, "row", this.#table);
    else this.#table = this.#pieces(start, end, "row", this.#intro);
  }

  /** An item and what is indented below it are one unit while that is short; else its own lines are. */
  #item(start: number, firstEnd: number, to: number, level: number): number {
    while ((this.#items.at(-1)?.level ?? -1) >= level) this.#items.pop();
    const head = this.#items.at(-1)?.at ?? this.#intro;
    this.#block++;
    let all = firstEnd;
    let own = firstEnd;
    let isOwn = true;
    let isLong = false;
    for (let at = firstEnd + 1; at < to; ) {
      const end = this.#lineEnd(at, to);
      if (end - start > LONGEST) {
        isLong = true;
        if (!isOwn) break;
      }
      const line = this.#text.slice(at, Math.min(end, at + 200));
      if (line.trim() === "" || FENCE.test(line.trimStart()) || HEADING.test(line)) break;
      const indent = line.length - line.trimStart().length;
      const isItem = ITEM.test(line);
      if (indent <= level && (isItem || !isOwn || line.startsWith("|") || BOLD.test(line))) break;
      if (isItem) isOwn = false;
      else if (isOwn) own = end;
      all = end;
      at = end + 1;
    }
    const end = isLong ? own : all;
    const at = this.#pieces(start, end, "item", head, level);
    this.#items.push({ level, at });
    return end + 1;
  }

  #code(start: number, firstEnd: number, to: number, fence: string): number {
    const head = this.#add(start, firstEnd, "fence", 0, this.#intro);
    this.#block++;
    let at = firstEnd + 1;
    let piece = at;
    let lines = 0;
    const close = (end: number) => {
      if (end > piece) this.#pieces(piece, end, "code", head);
      lines = 0;
    };
    while (at < to) {
      const end = this.#lineEnd(at, to);
      const line = this.#text.slice(at, Math.min(end, at + 200)).trim();
      if (line.startsWith(fence) && line.replaceAll(fence[0] ?? "", "") === "") {
        close(at - 1);
        return end + 1;
      }
      lines++;
      if (lines >= CODE_LINES || (line === "" && lines > 2)) {
        close(end);
        piece = end + 1;
      }
      at = end + 1;
    }
    close(to);
    return to;
  }

  #sentences(start: number, end: number): void {
    this.#block++;
    const under = this.#items.at(-1)?.at ?? -1;
    let from = start;
    let last = -1;
    for (let i = this.#mark(start); i < end; i = this.#mark(i + 1)) {
      const code = this.#text.charCodeAt(i);
      const isWide = code === 0x3002 || code === 0xff01 || code === 0xff1f;
      if (!isWide && !((code === 46 || code === 33 || code === 63) && this.#ends(i, from, end))) continue;
      last = this.#pieces(from, i + 1, "sentence", under);
      from = i + 1;
    }
    if (from < end) last = this.#pieces(from, end, "sentence", under) ?? last;
    if (last < 0) return;
    const closing = this.#text.slice(Math.max(start, end - 4), end).trimEnd();
    this.#intro = closing.endsWith(":") || closing.endsWith(":**") ? last : -1;
  }

  /** The next mark that may end a sentence. It is looked for once, however many paragraphs lie before it. */
  #mark(from: number): number {
    if (this.#nextMark < from) {
      this.#marks.lastIndex = from;
      this.#nextMark = this.#marks.test(this.#text) ? this.#marks.lastIndex - 1 : this.#text.length;
    }
    return this.#nextMark;
  }

  /** A dot ends a sentence where white space and something that begins one follow, unless it abbreviates. */
  #ends(i: number, from: number, end: number): boolean {
    const next = this.#text.charCodeAt(i + 1);
    if (i + 1 >= end || !(next === 32 || next === 10)) return false;
    if (next === 10) return true;
    if (/^[a-z]/.test(this.#text.charAt(i + 2))) return false;
    return !/(?:^|[\s(])(?:e\.g|i\.e|vs|cf|etc|no|approx|[A-Z])$/i.test(this.#text.slice(Math.max(from, i - 7), i));
  }

  /** One unit, or several where it is too long: cut at a line, else at a space, never inside a character. Returns the first. */
  #pieces(start: number, end: number, kind: UnitKind, head: number, level = 0): number {
    let from = start;
    let first = -1;
    while (end - from > LONGEST) {
      const window = this.#text.slice(from, from + LONGEST);
      let cut = window.lastIndexOf("\n");
      if (cut < LONGEST / 4) cut = window.lastIndexOf(" ");
      if (cut < LONGEST / 4) cut = LONGEST - 1;
      const next = whole(this.#text, from + cut + 1);
      const at = this.#add(from, next, kind, level, first < 0 ? head : first);
      if (first < 0) first = at;
      from = next;
    }
    if (this.#text.slice(from, Math.min(end, from + LONGEST)).trim() === "") return first;
    const at = this.#add(from, end, kind, level, first < 0 ? head : first);
    return first < 0 ? at : first;
  }
}
