/** Finds the words of a question in a text in one pass, without cutting the text into words. */

import { ASCII_KINDS, continues, DIGIT, IDEOGRAPH, kindOf, LOWER, OTHER, stem } from "../domain/words.ts";
import { NUMBER, PLACE } from "./concepts.ts";
import { ASCII_COST, costOf } from "./tokens.ts";

export interface Scanned {
  /** In 14ths of a token. */
  cost: number;
  /** Bits of concepts.ts: what the text holds. */
  flags: number;
  /** Terms in the order found, each once. */
  terms: number[];
}
interface Known {
  readonly term: number;
  readonly flags: number;
}

interface Entry {
  readonly word: string;
  readonly hash: number;
  readonly known: Known;
}

const NOTHING: Known = { term: -1, flags: 0 };
const SLASH = 47;
/** Makes a letter of ASCII small and leaves a digit. */
const SMALL = 32;
/** No word of a question is longer. */
const LONGEST = 64;
const NONE: number[] = [];

export class Lexicon {
  readonly #terms: ReadonlyMap<string, number>;
  readonly #pairs: ReadonlyMap<number, number>;
  readonly #marks: ReadonlyMap<string, number>;
  /** By word as written, in lower case. Lives as long as one assembly. */
  readonly #known = new Map<string, Known>();
  /** The same for words of ASCII, found by a hash of their characters: most of a text is looked at without a copy of it. */
  #table: (Entry | undefined)[] = new Array(1024);
  #entries = 0;
  /** Of each term the number of the scan that found it last. */
  readonly #seen: Uint32Array;
  #scans = 0;
  /** With which three letters a word of interest can begin: most words are passed over by this alone. */
  readonly #starts = new Uint8Array(32 * 32 * 32);

  constructor(
    terms: ReadonlyMap<string, number>,
    pairs: ReadonlyMap<number, number>,
    marks: ReadonlyMap<string, number>,
  ) {
    this.#terms = terms;
    this.#pairs = pairs;
    this.#marks = marks;
    this.#seen = new Uint32Array(terms.size + pairs.size);
    for (const word of [...terms.keys(), ...marks.keys()]) this.#starts[startOf(word, 0, word.length)] = 1;
  }

  scan(text: string, from: number, to: number): Scanned {
    const found: Scanned = { cost: 0, flags: 0, terms: NONE };
    const starts = this.#starts;
    this.#scans += 1;
    // Almost all is ASCII: that is counted at once, and only what differs by the character.
    let cost = ASCII_COST * (to - from);
    let flags = 0;
    let index = 0;
    let lastTerm = -1;
    let lastIndex = -2;
    for (let i = from; i < to; ) {
      const start = i;
      const code = text.charCodeAt(i++);
      if (code === 32) continue;
      const first = code < 128 ? (ASCII_KINDS[code] as number) : kindOf(code);
      if (code >= 128) cost += costOf(code) - ASCII_COST;
      if (first === OTHER) {
        if (code === SLASH) flags |= PLACE;
        continue;
      }
      if (first === IDEOGRAPH) {
        const two = i < to ? this.#terms.get(text.slice(start, i + 1)) : undefined;
        if (two !== undefined) this.#add(found, two);
        continue;
      }
      if (first === DIGIT) flags |= NUMBER;
      for (let before = first; i < to; i++) {
        let next = text.charCodeAt(i);
        // Nearly all that follows is small letters, and they go on any word of letters.
        if (first !== DIGIT && next >= 97 && next <= 122) {
          do next = ++i < to ? text.charCodeAt(i) : 0;
          while (next >= 97 && next <= 122);
          before = LOWER;
          if (i >= to) break;
        }
        // What ends most words.
        if (next === 32) break;
        const kind = next < 128 ? (ASCII_KINDS[next] as number) : kindOf(next);
        if (!continues(first, before, kind)) break;
        if (next >= 128) cost += costOf(next) - ASCII_COST;
        before = kind;
      }
      index++;
      if (starts[startOf(text, start, i)] === 0) continue;
      const known = this.#look(text, start, i);
      if (known === NOTHING) continue;
      flags |= known.flags;
      if (known.term < 0) continue;
      this.#add(found, known.term);
      const pair = lastIndex === index - 1 ? this.#pairs.get(pairKey(lastTerm, known.term)) : undefined;
      if (pair !== undefined) this.#add(found, pair);
      lastTerm = known.term;
      lastIndex = index;
    }
    found.cost = cost;
    found.flags = flags;
    return found;
  }

  #add(found: Scanned, term: number): void {
    if (this.#seen[term] === this.#scans) return;
    this.#seen[term] = this.#scans;
    if (found.terms === NONE) found.terms = [];
    found.terms.push(term);
  }

  #look(text: string, from: number, to: number): Known {
    if (to - from > LONGEST) return NOTHING;
    let hash = to - from;
    for (let i = from; i < to; i++) {
      const code = text.charCodeAt(i);
      if (code >= 128) return this.#lookUp(text.slice(from, to).toLowerCase());
      hash = Math.imul(hash ^ (code | SMALL), 0x01000193);
    }
    const mask = this.#table.length - 1;
    let at = (hash ^ (hash >>> 15)) & mask;
    for (let entry = this.#table[at]; entry !== undefined; entry = this.#table[at]) {
      if (entry.hash === hash && isWord(entry.word, text, from, to)) return entry.known;
      at = (at + 1) & mask;
    }
    const word = text.slice(from, to).toLowerCase();
    const known = this.#lookUp(word);
    this.#table[at] = { word, hash, known };
    this.#entries += 1;
    if (2 * this.#entries > this.#table.length) this.#grow();
    return known;
  }

  #grow(): void {
    const table: (Entry | undefined)[] = new Array(4 * this.#table.length);
    for (const entry of this.#table) {
      if (entry === undefined) continue;
      let at = (entry.hash ^ (entry.hash >>> 15)) & (table.length - 1);
      while (table[at] !== undefined) at = (at + 1) & (table.length - 1);
      table[at] = entry;
    }
    this.#table = table;
  }

  #lookUp(word: string): Known {
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const stemmed = stem(word);
    const term = this.#terms.get(stemmed) ?? -1;
    const flags = this.#marks.get(stemmed) ?? 0;
    const made = term < 0 && flags === 0 ? NOTHING : { term, flags };
    this.#known.set(word, made);
    return made;
  }
}

/** Whether a text has a word of small letters and digits there, in whatever case. */
function isWord(word: string, text: string, from: number, to: number): boolean {
  if (word.length !== to - from) return false;
  for (let i = from; i < to; i++) if ((text.charCodeAt(i) | SMALL) !== word.charCodeAt(i - from)) return false;
  return true;
}

/** Two words side by side, as one number. */
export const pairKey = (a: number, b: number): number => a * 65_536 + b;

/** Three letters, in one case, as a number. Those that share one only cost a look. */
function startOf(text: string, from: number, to: number): number {
  const second = from + 1 < to ? text.charCodeAt(from + 1) : 0;
  const third = from + 2 < to ? text.charCodeAt(from + 2) : 0;
  return (letterOf(text.charCodeAt(from)) << 10) | (letterOf(second) << 5) | letterOf(third);
}

const letterOf = (code: number): number => (code < 128 ? code & 31 : 31);
