/**
 * Texts found by their words: BM25 over weighted fields, with words cut to their stems. Numbers instead of objects
 * inside, so that ten thousand agents are asked in a few milliseconds.
 */
import { isStop, stem, wordsOf } from "../domain/words.ts";
import { Nearest } from "./nearest.ts";
import { Phrases, pairsOf } from "./phrases.ts";
import { type Doc, NO_DOC, type Posting, rarityOf, type Together } from "./postings.ts";
import { placeIn } from "./sorted.ts";
import { Text } from "./text.ts";

/** How often a word may count before more of it says little, and how much long texts are held back. */
const SATURATION = 1.2;
const LENGTH = 0.4;
const MOST_WORDS = 2000;
/** Words as they were written that are remembered with their stems. */
const REMEMBERED = 200_000;
const SAYS_NOTHING = -1;

export interface Field {
  readonly text: string;
  readonly weight: number;
  /** Bits that tell where a word stood; those from FIRST_PASSAGE on, in which of its first passages. */
  readonly marks?: number;
  /** Whether words side by side in it mean something together. */
  readonly isProse?: boolean;
}
export const FIRST_PASSAGE = 8;
export const MOST_PASSAGES = 16;

/** A word of one text. */
export interface Seen {
  readonly marks: number;
  readonly weight: number;
}
export interface Hit {
  readonly id: string;
  readonly score: number;
}
/** What a question asks for: stems, each with how much it counts. */
export type Question = ReadonlyMap<string, number>;

const roomFor = (size: number) => size + (size >> 1);

function grown<A extends Float64Array | Uint32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

export class TextIndex {
  /** By number; a number whose text is gone is given to the next. */
  readonly #ids: (string | undefined)[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #docs: Doc[] = [];
  readonly #postings: Posting[] = [];
  readonly #stems = new Map<string, number>();
  /** The number of the stem of a word as it was written: cutting costs more than finding. */
  readonly #written = new Map<string, number>();
  /** What the texts of a group say together, by stem. */
  readonly #groups = new Map<string, Together>();
  readonly #phrases = new Phrases();
  readonly #nearest = new Nearest(this.#docs, this.#postings);
  #passages = 0;
  #length = 0;
  #scores = new Float64Array(0);
  #norms: Float64Array | undefined;
  /** Of the text that is being put, by stem. */
  #weighing = new Float64Array();
  #marking = new Uint32Array();

  get size(): number {
    return this.#numbers.size;
  }

  put(id: string, fields: readonly Field[], group = ""): void {
    this.delete(id);
    const touched: number[] = [];
    let length = 0;
    const runs: (readonly number[])[] = [];
    for (const { text, weight, marks = 0, isProse } of fields) {
      const found = this.#numbersOf(text);
      this.#makeRoom();
      if (isProse) runs.push(found);
      if (weight === 0) continue;
      const [weighing, marking] = [this.#weighing, this.#marking];
      for (const stem of found) {
        const before = weighing[stem] as number;
        if (before === 0) touched.push(stem);
        weighing[stem] = before + weight;
        marking[stem] = (marking[stem] as number) | marks;
        length += weight;
      }
    }
    const [weighing, marking] = [this.#weighing, this.#marking];
    const stems = Uint32Array.from(touched).sort();
    const weights = new Float32Array(stems.length);
    const marks = new Uint32Array(stems.length);
    const number = this.#free.pop() ?? this.#ids.length;
    const together = this.#togetherOf(group);
    together.length += length;
    const sizes = new Float64Array(MOST_PASSAGES);
    for (let i = 0; i < stems.length; i++) {
      const stem = stems[i] as number;
      weights[i] = weighing[stem] as number;
      marks[i] = marking[stem] as number;
      const weight = weights[i] as number;
      const posting = this.#postings[stem] as Posting;
      posting.docs.push(number);
      posting.weights.push(weight);
      posting.total += weight;
      for (let bits = (marks[i] as number) >>> FIRST_PASSAGE, at = 0; bits > 0; bits >>>= 1, at++)
        if (bits & 1) {
          posting.passages += 1;
          sizes[at] = (sizes[at] as number) + 1;
        }
      together.weights[stem] = (together.weights[stem] as number) + weight;
      weighing[stem] = 0;
      marking[stem] = 0;
    }
    this.#ids[number] = id;
    this.#numbers.set(id, number);
    const passages = sizes.map((size) => (size === 0 ? 0 : 1 / Math.sqrt(size)));
    this.#passages += passages.filter((one) => one > 0).length;
    this.#norms = undefined;
    this.#docs[number] = { stems, marks, weights, length, group, passages };
    this.#length += length;
    this.#phrases.put(number, runs);
    this.#nearest.forget();
  }

  /** Numbers by stem are typed and grow by halves: a plain array written far behind its end becomes a slow table. */
  #makeRoom(): void {
    const size = this.#postings.length;
    if (size <= this.#weighing.length) return;
    this.#weighing = grown(this.#weighing, new Float64Array(roomFor(size)));
    this.#marking = grown(this.#marking, new Uint32Array(roomFor(size)));
  }

  #togetherOf(group: string): Together {
    const known = this.#groups.get(group) ?? { length: 0, weights: new Float64Array() };
    this.#groups.set(group, known);
    const size = this.#postings.length;
    if (size > known.weights.length) known.weights = grown(known.weights, new Float64Array(roomFor(size)));
    return known;
  }

  delete(id: string): boolean {
    const number = this.#numbers.get(id);
    if (number === undefined) return false;
    const { stems, marks, length, group, passages } = this.#docs[number] ?? NO_DOC;
    const together = this.#groups.get(group);
    if (together) together.length -= length;
    for (const [i, stem] of stems.entries()) {
      const posting = this.#postings[stem] as Posting;
      for (let bits = (marks[i] as number) >>> FIRST_PASSAGE; bits > 0; bits >>>= 1) posting.passages -= bits & 1;
      const at = posting.docs.indexOf(number);
      const weight = posting.weights[at] ?? 0;
      posting.total -= weight;
      if (together) together.weights[stem] = (together.weights[stem] ?? 0) - weight;
      posting.docs.splice(at, 1);
      posting.weights.splice(at, 1);
    }
    this.#length -= length;
    this.#passages -= passages.filter((one) => one > 0).length;
    this.#phrases.delete(number);
    this.#nearest.forget();
    this.#numbers.delete(id);
    this.#ids[number] = undefined;
    this.#norms = undefined;
    this.#docs[number] = NO_DOC;
    this.#free.push(number);
    return true;
  }

  /** The stems of a question, in order, without words that say nothing. What is asked leaves no trace here. */
  stems(text: string): readonly string[] {
    const found: string[] = [];
    for (const word of wordsOf(text)) {
      const known = this.#written.get(word);
      if (known === undefined && !isStop(word)) found.push(stem(word));
      else if (known !== undefined && known !== SAYS_NOTHING) found.push((this.#postings[known] as Posting).word);
      if (found.length >= MOST_WORDS) break;
    }
    return found;
  }

  #numbersOf(text: string): readonly number[] {
    const found: number[] = [];
    for (const word of wordsOf(text)) {
      const stem = this.#written.get(word) ?? this.#learn(word);
      if (stem !== SAYS_NOTHING) found.push(stem);
      if (found.length >= MOST_WORDS) break;
    }
    return found;
  }

  #learn(word: string): number {
    const cut = isStop(word) ? undefined : stem(word);
    let number = cut === undefined ? SAYS_NOTHING : this.#stems.get(cut);
    if (number === undefined) {
      number = this.#postings.push({ word: cut as string, docs: [], weights: [], total: 0, passages: 0 }) - 1;
      this.#stems.set(cut as string, number);
    }
    if (this.#written.size < REMEMBERED) this.#written.set(word, number);
    return number;
  }

  #postingOf(word: string): Posting | undefined {
    return this.#postings[this.#stems.get(word) ?? -1];
  }

  /** How rare a word is, 0 where no text has it. */
  rarity(word: string): number {
    return rarityOf(this.#postingOf(word)?.docs.length ?? 0, this.size);
  }

  /** The number of a word's stem, or -1 where no text has it. */
  stemOf(word: string): number {
    return this.#stems.get(word) ?? -1;
  }

  text(id: string): Text {
    const number = this.#numbers.get(id) ?? -1;
    const doc = this.#docs[number] ?? NO_DOC;
    return new Text(doc, this.#nearest.of(number, this.size), this.#groups.get(doc.group));
  }

  /** Where and how much a text has a word. */
  seen(id: string, word: string): Seen | undefined {
    const doc = this.#docs[this.#numbers.get(id) ?? -1] ?? NO_DOC;
    const stem = this.#stems.get(word);
    const at = stem === undefined ? -1 : placeIn(doc.stems, stem);
    return at < 0 ? undefined : { marks: doc.marks[at] as number, weight: doc.weights[at] as number };
  }

  /** How rare a word is among passages. */
  rarityInPassages(word: string): number {
    return Math.log(1 + (this.#passages + 1) / ((this.#postingOf(word)?.passages ?? 0) + 0.5));
  }

  /** Words of a question that stand side by side, for `phrases`. */
  pairsOf(stems: readonly string[]): Uint32Array {
    return pairsOf(stems.map((word) => this.#stems.get(word) ?? -1));
  }

  /** How rare those are that a text has side by side too. */
  phrases(id: string, pairs: Uint32Array): number {
    return this.#phrases.worth(this.#numbers.get(id) ?? -1, pairs, this.size);
  }

  /** Of all that all texts say, how much is this word. */
  share(word: string): number {
    return (this.#postingOf(word)?.total ?? 0) / this.#length;
  }

  /** How well each text answers, best first. */
  search(question: Question, limit: number): readonly Hit[] {
    if (this.#scores.length < this.#ids.length) this.#scores = new Float64Array(2 * this.#ids.length);
    const scores = this.#scores.fill(0, 0, this.#ids.length);
    const norms = this.#normsOf();
    for (const [word, asked] of question) {
      const posting = this.#postingOf(word);
      if (posting === undefined) continue;
      const worth = asked * this.rarity(word);
      const { docs, weights } = posting;
      for (let i = 0; i < docs.length; i++) {
        const number = docs[i] as number;
        const held = (weights[i] as number) / (norms[number] as number);
        scores[number] = (scores[number] as number) + (worth * held) / (SATURATION + held);
      }
    }
    return this.#best(scores, limit);
  }

  /** What each word of a question adds to one text, most first. */
  explain(question: Question, id: string): readonly { readonly word: string; readonly gain: number }[] {
    const number = this.#numbers.get(id);
    if (number === undefined) return [];
    const gains = [...question].flatMap(([word, asked]) => {
      const seen = this.seen(id, word);
      return seen ? [{ word, gain: asked * this.rarity(word) * this.#gain(number, seen.weight) }] : [];
    });
    return gains.sort((a, b) => b.gain - a.gain);
  }

  #gain(number: number, weight: number): number {
    const held = weight / (this.#normsOf()[number] as number);
    return held / (SATURATION + held);
  }

  /** Of each text what its length makes of its weights; once for as long as no text comes or goes. */
  #normsOf(): Float64Array {
    const average = this.#length / this.size;
    this.#norms ??= Float64Array.from(this.#docs, (doc) => 1 - LENGTH + (LENGTH * (doc ?? NO_DOC).length) / average);
    return this.#norms;
  }

  /** Only as many as are asked for are kept in order: sorting all would cost more than finding them. */
  #best(scores: Float64Array, limit: number): readonly Hit[] {
    const best: { number: number; score: number }[] = [];
    let least = 0;
    for (let number = 0; number < this.#ids.length; number++) {
      const score = scores[number] as number;
      if (score <= least) continue;
      let at = best.length;
      while (at > 0 && (best[at - 1]?.score ?? 0) < score) at--;
      best.splice(at, 0, { number, score });
      if (best.length > limit) best.pop();
      if (best.length === limit) least = best[limit - 1]?.score ?? 0;
    }
    return best.map(({ number, score }) => ({ id: this.#ids[number] as string, score }));
  }
}
