/**
 * Which texts are most like a text: by words that few texts have, because those tell most, and are soon gone through.
 * A request asks about forty texts, and each must be found in some hundredths of a millisecond.
 */
import { type Doc, NO_DOC, type Posting, rarityOf } from "./postings.ts";

/** Texts next to a text that speak for it, and the most texts that may have a word by which they are found. */
const NEAREST = 10;
const MOST_SHARING = 64;

export interface Near {
  readonly docs: readonly Doc[];
  /** Of 1. */
  readonly shares: readonly number[];
}

export class Nearest {
  readonly #docs: readonly Doc[];
  readonly #postings: readonly Posting[];
  /** Of each text, found when somebody asks and forgotten when a text changes. */
  readonly #near = new Map<number, Near>();
  /** Of the postings that were gone through, the logarithms of their weights. */
  readonly #logs = new Map<Posting, Float64Array>();
  /** By text; all zero between two searches. */
  #likeness = new Float64Array(0);

  /** Both are the index's own, and change under its hands. */
  constructor(docs: readonly Doc[], postings: readonly Posting[]) {
    this.#docs = docs;
    this.#postings = postings;
  }

  forget(): void {
    this.#near.clear();
    this.#logs.clear();
  }

  /** `texts`: how many there are. */
  of(number: number, texts: number): Near {
    const known = this.#near.get(number);
    if (known !== undefined) return known;
    const near = this.#find(number, texts);
    this.#near.set(number, near);
    return near;
  }

  #find(number: number, texts: number): Near {
    const { stems, weights } = this.#docs[number] ?? NO_DOC;
    if (this.#likeness.length < this.#docs.length) this.#likeness = new Float64Array(2 * this.#docs.length);
    const likeness = this.#likeness;
    const found: number[] = [];
    for (let i = 0; i < stems.length; i++) {
      const posting = this.#postings[stems[i] as number] as Posting;
      const { docs } = posting;
      if (docs.length > MOST_SHARING) continue;
      const rarity = rarityOf(docs.length, texts);
      const own = Math.log(1 + (weights[i] as number)) * rarity * rarity;
      const logs = this.#logsOf(posting);
      for (let k = 0; k < docs.length; k++) {
        const other = docs[k] as number;
        const before = likeness[other] as number;
        if (before === 0) found.push(other);
        likeness[other] = before + own * (logs[k] as number);
      }
    }
    return this.#bestOf(found, number);
  }

  #logsOf(posting: Posting): Float64Array {
    const known = this.#logs.get(posting);
    if (known !== undefined) return known;
    const { weights } = posting;
    const logs = new Float64Array(weights.length);
    for (let i = 0; i < weights.length; i++) logs[i] = Math.log(1 + (weights[i] as number));
    this.#logs.set(posting, logs);
    return logs;
  }

  /** The best, best first, of equals the one with the lower number; and leaves no likeness behind. */
  #bestOf(found: readonly number[], self: number): Near {
    const likeness = this.#likeness;
    const docs: number[] = [];
    const scores: number[] = [];
    for (let i = 0; i < found.length; i++) {
      const one = found[i] as number;
      const score = (likeness[one] as number) / Math.sqrt((this.#docs[one] ?? NO_DOC).length);
      likeness[one] = 0;
      if (one === self) continue;
      let at = docs.length;
      while (at > 0 && isBehind(scores[at - 1] as number, docs[at - 1] as number, score, one)) at--;
      if (at === NEAREST) continue;
      const last = Math.min(docs.length, NEAREST - 1);
      for (let k = last; k > at; k--) {
        docs[k] = docs[k - 1] as number;
        scores[k] = scores[k - 1] as number;
      }
      docs[at] = one;
      scores[at] = score;
    }
    const all = scores.reduce((sum, score) => sum + score, 0);
    return {
      docs: docs.map((one) => this.#docs[one] ?? NO_DOC),
      shares: scores.map((score) => score / all),
    };
  }
}

const isBehind = (score: number, text: number, other: number, otherText: number): boolean =>
  score < other || (score === other && text > otherText);
