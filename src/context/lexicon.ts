/** Finds the words of a question in a text in one pass, without cutting the text into words. */

import { ASCII_KINDS, continues, DIGIT, IDEOGRAPH, kindOf, LOWER, OTHER, stem } from "../domain/words.ts";
import { NUMBER, PLACE } from "./concepts.ts";
import { ASCII_COST, costOf } from "./tokens.ts";

interface Known {
  readonly term: number;
  readonly flags: number;
}

interface Entry {
  readonly word: string;
  readonly known: Known;
}

const NOTHING: Known = { term: -1, flags: 0 };
const SLASH = 47;
/** Makes a letter of ASCII small and leaves a digit. */
const SMALL = 32;
/** No word of a question is longer. */
const LONGEST = 64;
const PLACES = 4096;
const NO_ENTRY: Entry = { word: "", known: NOTHING };

export class Lexicon {
  readonly #terms: ReadonlyMap<string, number>;
  readonly #pairs: ReadonlyMap<number, number>;
  readonly #marks: ReadonlyMap<string, number>;
  /** By word as written, in lower case. Lives as long as one assembly. */
  readonly #known = new Map<string, Known>();
  /**
   * The same for words of ASCII, each at the place of its hash: most of a text is looked at without a copy of it. Two of
   * one place turn each other out: to look further would be a way that is taken so seldom that the compiler throws its
   * work away when it is.
   */
  readonly #table: Entry[] = new Array<Entry>(PLACES).fill(NO_ENTRY);
  /** Of each term the number of the scan that found it last. */
  readonly #seen: Uint32Array;
  #scans = 0;
  /**
   * With which three letters a word of interest can begin, numbered, and by that number, as bits, which may come fourth:
   * most words are passed over by this alone. The last number is for all that are too many to have one.
   */
  readonly #starts = new Uint8Array(32 * 32 * 32);
  readonly #fourths = new Int32Array(256);
  #kinds = 0;
  /** Of the text that was scanned last: what it costs in 14ths of a token, and what it holds, in bits of concepts.ts. */
  cost = 0;
  flags = 0;

  constructor(
    terms: ReadonlyMap<string, number>,
    pairs: ReadonlyMap<number, number>,
    marks: ReadonlyMap<string, number>,
  ) {
    this.#terms = terms;
    this.#pairs = pairs;
    this.#marks = marks;
    this.#seen = new Uint32Array(terms.size + pairs.size);
    for (const word of [...terms.keys(), ...marks.keys()]) this.#awaits(word);
  }

  /** The stem of a word is how it begins, but for a last y, and three letters of it are always kept. */
  #awaits(stemmed: string): void {
    const start = startOf(stemmed, 0, stemmed.length);
    this.#starts[start] ||= Math.min(255, ++this.#kinds);
    const kind = this.#starts[start] as number;
    const isSure = stemmed.length > 4 || (stemmed.length === 4 && !stemmed.endsWith("y"));
    this.#fourths[kind] = (this.#fourths[kind] as number) | (isSure ? 1 << letterOf(stemmed.charCodeAt(3)) : -1);
  }

  /** The terms that a part of a text holds, in the order found, each once. `cost` and `flags` say the rest of it. */
  scan(text: string, from: number, to: number): readonly number[] {
    const [starts, fourths] = [this.#starts, this.#fourths];
    const found: number[] = [];
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
      const kind = starts[startOf(text, start, i)] as number;
      if (kind === 0) continue;
      if (i - start > 3 && ((fourths[kind] as number) & (1 << letterOf(text.charCodeAt(start + 3)))) === 0) continue;
      const known = this.#look(text, start, i);
      flags |= known.flags;
      if (known.term < 0) continue;
      this.#add(found, known.term);
      const pair = lastIndex === index - 1 ? this.#pairs.get(pairKey(lastTerm, known.term)) : undefined;
      if (pair !== undefined) this.#add(found, pair);
      lastTerm = known.term;
      lastIndex = index;
    }
    this.cost = cost;
    this.flags = flags;
    return found;
  }

  #add(found: number[], term: number): void {
    if (this.#seen[term] === this.#scans) return;
    this.#seen[term] = this.#scans;
    found.push(term);
  }

  #look(text: string, from: number, to: number): Known {
    if (to - from > LONGEST) return NOTHING;
    let hash = to - from;
    let codes = 0;
    for (let i = from; i < to; i++) {
      const code = text.charCodeAt(i);
      codes |= code;
      hash = Math.imul(hash ^ (code | SMALL), 0x01000193);
    }
    if (codes >= 128) return this.#lookUp(text.slice(from, to).toLowerCase());
    const at = (hash ^ (hash >>> 15)) & (PLACES - 1);
    const entry = this.#table[at] as Entry;
    if (isWord(entry.word, text, from, to)) return entry.known;
    const word = text.slice(from, to).toLowerCase();
    const known = this.#lookUp(word);
    this.#table[at] = { word, known };
    return known;
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
