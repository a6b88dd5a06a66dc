/** One text of an index, for whoever asks about many words of it. Words are the numbers of their stems. */
import type { Near } from "./nearest.ts";
import { type Doc, NO_DOC, type Together } from "./postings.ts";
import { placeIn } from "./sorted.ts";

export class Text {
  readonly doc: Doc;
  readonly #near: Near;
  readonly #together: Together | undefined;

  constructor(doc: Doc, near: Near, together: Together | undefined) {
    this.doc = doc;
    this.#near = near;
    this.#together = together;
  }

  /** Where its words have this one, or -1. */
  placeOf(stem: number): number {
    return placeIn(this.doc.stems, stem);
  }

  /** Of all that the texts most like it say, the liker the more; where there are none, `usual`. */
  shareNear(stem: number, usual: number): number {
    const { docs, shares } = this.#near;
    let share = 0;
    for (let i = 0; i < docs.length; i++) {
      const doc = docs[i] ?? NO_DOC;
      const at = placeIn(doc.stems, stem);
      if (at >= 0) share += ((shares[i] as number) * (doc.weights[at] as number)) / doc.length;
    }
    return docs.length === 0 ? usual : share;
  }

  /** Of all that the texts of its group say. */
  shareInGroup(stem: number): number {
    const { length, weights } = this.#together ?? NOBODY;
    return length === 0 ? 0 : Math.max(0, weights[stem] ?? 0) / length;
  }
}

const NOBODY: Together = { length: 0, weights: new Float64Array() };
