/** What is kept of a text, and of a word that texts have. Numbers instead of objects, so that ten thousand are soon gone through. */

/** The words of a text, sorted by their stems. */
export interface Doc {
  readonly stems: Uint32Array;
  readonly marks: Uint32Array;
  readonly weights: Float32Array;
  readonly length: number;
  readonly group: string;
  /** Of each passage how much a word of it counts: less, the more words it has. */
  readonly passages: Float64Array;
}
export const NO_DOC: Doc = {
  ...{ stems: new Uint32Array(), marks: new Uint32Array(), weights: new Float32Array(), length: 0, group: "" },
  passages: new Float64Array(),
};

/** What the texts of a group say, by stem. */
export interface Together {
  length: number;
  weights: Float64Array;
}

/** A stem, the texts that have it, and how much of it. */
export interface Posting {
  readonly word: string;
  readonly docs: number[];
  readonly weights: number[];
  /** All weights together. */
  total: number;
  /** In how many passages of all texts. */
  passages: number;
}

/** How rare a word is that so many of all texts have. */
export const rarityOf = (texts: number, all: number): number =>
  texts === 0 ? 0 : Math.log(1 + (all - texts + 0.5) / (texts + 0.5));
