/** Finds the words of a question in a text in one pass, without cutting the text into words. */

import { ASCII_KINDS, continues, DIGIT, IDEOGRAPH, kindOf, OTHER, stem } from "../domain/words.ts";
import { NUMBER, PLACE } from "./concepts.ts";
import { ASCII_COST, costOf } from "./tokens.ts";

export interface Scanned {
  /** In 14ths of a token. */
  cost: number;
  /** Bits of concepts.ts: what the text holds. */
  flags: number;
  /** Terms in the order found, each time they are found. */
  terms: number[];
}
interface Known {
  readonly term: number;
  readonly flags: number;
}

const NOTHING: Known = { term: -1, flags: 0 };
const SLASH = 47;
/** No word of a question is longer. */
const LONGEST = 64;
const NONE: number[] = [];

export class Lexicon {
  readonly #terms: ReadonlyMap<string, number>;
  readonly #pairs: ReadonlyMap<number, number>;
  readonly #marks: ReadonlyMap<string, number>;
  /** By word as written, in lower case. Lives as long as one assembly. */
  readonly #known = new Map<string, Known>();
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
    for (const word of [...terms.keys(), ...marks.keys()]) this.#starts[startOf(word, 0, word.length)] = 1;
  }

  scan(text: string, from: number, to: number): Scanned {
    const found: Scanned = { cost: 0, flags: 0, terms: NONE };
    const starts = this.#starts;
    // Almost all is ASCII: that is counted at once, and only what differs by the character.
    let cost = ASCII_COST * (to - from);
    let flags = 0;
    let index = 0;
    let lastTerm = -1;
    let lastIndex = -2;
    for (let i = from; i < to; ) {
      const start = i;
      const code = text.charCodeAt(i++);
      const first = code < 128 ? (ASCII_KINDS[code] as number) : kindOf(code);
      if (code >= 128) cost += costOf(code) - ASCII_COST;
      if (first === OTHER) {
        if (code === SLASH) flags |= PLACE;
        continue;
      }
      if (first === IDEOGRAPH) {
        const two = i < to ? this.#terms.get(text.slice(start, i + 1)) : undefined;
        if (two !== undefined) found.terms = [...found.terms, two];
        continue;
      }
      if (first === DIGIT) flags |= NUMBER;
      for (let before = first; i < to; i++) {
        const next = text.charCodeAt(i);
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
      if (found.terms === NONE) found.terms = [];
      found.terms.push(known.term);
      const pair = lastIndex === index - 1 ? this.#pairs.get(pairKey(lastTerm, known.term)) : undefined;
      if (pair !== undefined) found.terms.push(pair);
      lastTerm = known.term;
      lastIndex = index;
    }
    found.cost = cost;
    found.flags = flags;
    return found;
  }

  #look(text: string, from: number, to: number): Known {
    if (to - from > LONGEST) return NOTHING;
    const word = text.slice(from, to).toLowerCase();
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

/** Two words side by side, as one number. */
export const pairKey = (a: number, b: number): number => a * 65_536 + b;

/** Three letters, in one case, as a number. Those that share one only cost a look. */
function startOf(text: string, from: number, to: number): number {
  let start = 0;
  for (let i = from; i < from + 3; i++) {
    const code = i < to ? text.charCodeAt(i) : 0;
    start = (start << 5) | (code < 128 ? code & 31 : 31);
  }
  return start;
}
