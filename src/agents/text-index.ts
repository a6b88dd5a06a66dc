/**
 * Texts found by their words: BM25 over weighted fields, with words cut to their stems. Numbers instead of objects
 * inside, so that ten thousand agents are asked in a few milliseconds.
 */
import { isStop, stem, wordsOf } from "../domain/words.ts";

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
  /** Bits that tell where a word stood. */
  readonly marks?: number;
}
/** A word of one text. */
export interface Seen {
  readonly marks: number;
  readonly weight: number;
}
/** The words of a text, sorted by their stems. */
interface Doc {
  readonly stems: Uint32Array;
  readonly marks: Uint32Array;
  readonly weights: Float32Array;
  readonly length: number;
  readonly group: string;
}
const NO_DOC: Doc = {
  ...{ stems: new Uint32Array(), marks: new Uint32Array(), weights: new Float32Array(), length: 0, group: "" },
};
export interface Hit {
  readonly id: string;
  readonly score: number;
}
/** What a question asks for: stems, each with how much it counts. */
export type Question = ReadonlyMap<string, number>;

/** A stem, the texts that have it, and how much of it. */
interface Posting {
  readonly word: string;
  readonly docs: number[];
  readonly weights: number[];
  /** All weights together. */
  total: number;
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
  readonly #groups = new Map<string, { length: number; readonly weights: number[] }>();
  #length = 0;
  #scores = new Float64Array(0);
  /** Of the text that is being put, by stem. */
  readonly #weighing: number[] = [];
  readonly #marking: number[] = [];

  get size(): number {
    return this.#numbers.size;
  }

  put(id: string, fields: readonly Field[], group = ""): void {
    this.delete(id);
    const [weighing, marking] = [this.#weighing, this.#marking];
    const touched: number[] = [];
    let length = 0;
    for (const { text, weight, marks = 0 } of fields)
      for (const stem of this.#numbersOf(text)) {
        const before = weighing[stem] ?? 0;
        if (before === 0) touched.push(stem);
        weighing[stem] = before + weight;
        marking[stem] = (marking[stem] ?? 0) | marks;
        length += weight;
      }
    const stems = Uint32Array.from(touched).sort();
    const weights = Float32Array.from(stems, (stem) => weighing[stem] as number);
    const marks = Uint32Array.from(stems, (stem) => marking[stem] as number);
    const number = this.#free.pop() ?? this.#ids.length;
    const together = this.#groups.get(group) ?? { length: 0, weights: [] };
    this.#groups.set(group, together);
    together.length += length;
    for (const [i, stem] of stems.entries()) {
      const weight = weights[i] as number;
      const posting = this.#postings[stem] as Posting;
      posting.docs.push(number);
      posting.weights.push(weight);
      posting.total += weight;
      together.weights[stem] = (together.weights[stem] ?? 0) + weight;
      weighing[stem] = 0;
      marking[stem] = 0;
    }
    this.#ids[number] = id;
    this.#numbers.set(id, number);
    this.#docs[number] = { stems, marks, weights, length, group };
    this.#length += length;
  }

  delete(id: string): boolean {
    const number = this.#numbers.get(id);
    if (number === undefined) return false;
    const { stems, length, group } = this.#docs[number] ?? NO_DOC;
    const together = this.#groups.get(group);
    if (together) together.length -= length;
    for (const stem of stems) {
      const posting = this.#postings[stem] as Posting;
      const at = posting.docs.indexOf(number);
      const weight = posting.weights[at] ?? 0;
      posting.total -= weight;
      if (together) together.weights[stem] = (together.weights[stem] ?? 0) - weight;
      posting.docs.splice(at, 1);
      posting.weights.splice(at, 1);
    }
    this.#length -= length;
    this.#numbers.delete(id);
    this.#ids[number] = undefined;
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
      number = this.#postings.push({ word: cut as string, docs: [], weights: [], total: 0 }) - 1;
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
    const count = this.#postingOf(word)?.docs.length ?? 0;
    return count === 0 ? 0 : Math.log(1 + (this.size - count + 0.5) / (count + 0.5));
  }

  /** All weights of a text, and the group that it is in. */
  sizeOf(id: string): { readonly length: number; readonly group: string } {
    return this.#docs[this.#numbers.get(id) ?? -1] ?? NO_DOC;
  }

  /** Where and how much a text has a word. */
  seen(id: string, word: string): Seen | undefined {
    const { stems, marks, weights } = this.#docs[this.#numbers.get(id) ?? -1] ?? NO_DOC;
    const stem = this.#stems.get(word);
    if (stem === undefined) return undefined;
    let [low, high] = [0, stems.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((stems[middle] as number) < stem) low = middle + 1;
      else high = middle;
    }
    return stems[low] === stem ? { marks: marks[low] as number, weight: weights[low] as number } : undefined;
  }

  /** Of all that all texts say, how much is this word. */
  share(word: string): number {
    return (this.#postingOf(word)?.total ?? 0) / this.#length;
  }

  /** Of all that the texts of a group say. */
  shareIn(group: string, word: string): number {
    const { length = 0, weights } = this.#groups.get(group) ?? {};
    return length === 0 ? 0 : Math.max(0, weights?.[this.#stems.get(word) ?? -1] ?? 0) / length;
  }

  /** How well each text answers, best first. */
  search(question: Question, limit: number): readonly Hit[] {
    if (this.#scores.length < this.#ids.length) this.#scores = new Float64Array(2 * this.#ids.length);
    const scores = this.#scores.fill(0, 0, this.#ids.length);
    for (const [word, asked] of question) {
      const posting = this.#postingOf(word);
      if (posting === undefined) continue;
      const worth = asked * this.rarity(word);
      const { docs, weights } = posting;
      for (let i = 0; i < docs.length; i++) {
        const number = docs[i] as number;
        scores[number] = (scores[number] as number) + worth * this.#gain(number, weights[i] as number);
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
    const average = this.#length / this.size;
    const held = weight / (1 - LENGTH + (LENGTH * (this.#docs[number] ?? NO_DOC).length) / average);
    return held / (SATURATION + held);
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
