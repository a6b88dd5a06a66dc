/**
 * Which words stand side by side in which text. `race condition` tells more than a race and a condition. A pair is kept
 * as a hash of its stems, and how many texts have it is counted in a table of fixed size: two pairs that share a place
 * only count as less rare than they are.
 */
const PLACES = 1 << 20;
const MOST = 65_535;

export class Phrases {
  /** Of each text its pairs, sorted. */
  readonly #pairs: Uint32Array[] = [];
  readonly #counts = new Uint16Array(PLACES);

  /** `runs`: stems as they follow each other; what stands in different runs is not side by side. */
  put(text: number, runs: readonly (readonly number[])[]): void {
    const found: number[] = [];
    for (const run of runs)
      for (let i = 1; i < run.length; i++) found.push(pairOf(run[i - 1] as number, run[i] as number));
    const pairs = unique(found);
    this.#pairs[text] = pairs;
    for (let i = 0; i < pairs.length; i++) this.#count(pairs[i] as number, 1);
  }

  delete(text: number): void {
    const pairs = this.#pairs[text] ?? NONE;
    for (let i = 0; i < pairs.length; i++) this.#count(pairs[i] as number, -1);
    this.#pairs[text] = NONE;
  }

  /** How rare the pairs are that a text has, all together. */
  worth(text: number, asked: Uint32Array, texts: number): number {
    const pairs = this.#pairs[text] ?? NONE;
    let worth = 0;
    for (let i = 0; i < asked.length; i++) {
      const pair = asked[i] as number;
      if (!has(pairs, pair)) continue;
      worth += Math.max(0, Math.log(texts / Math.max(1, this.#counts[placeOf(pair)] as number)));
    }
    return worth;
  }

  /** A place that was full once stays so: its pairs count as known to all. */
  #count(pair: number, by: number): void {
    const at = placeOf(pair);
    const count = this.#counts[at] as number;
    if (count < MOST) this.#counts[at] = count + by;
  }
}

const NONE = new Uint32Array();
const placeOf = (pair: number): number => pair >>> 12;

export const pairsOf = (run: readonly number[]): Uint32Array =>
  unique(run.slice(1).map((stem, i) => pairOf(run[i] as number, stem)));

function pairOf(first: number, second: number): number {
  const mixed = Math.imul(Math.imul(first + 1, 0x9e3779b1) ^ (second + 1), 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) >>> 0;
}

function unique(all: readonly number[]): Uint32Array {
  const sorted = Uint32Array.from(all).sort();
  let size = 0;
  for (let i = 0; i < sorted.length; i++) {
    const one = sorted[i] as number;
    if (size === 0 || sorted[size - 1] !== one) sorted[size++] = one;
  }
  return sorted.slice(0, size);
}

function has(sorted: Uint32Array, one: number): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < one) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === one;
}
