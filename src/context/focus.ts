/**
 * What a task asks about, taken from its prompt: facets (sentences and clauses), each a list of slots (words), each
 * with the words that may fill it in an answer.
 */

import { isInstruction, isStop, stem, wordsOf } from "../domain/words.ts";
import { cuesOf, MARKS, related } from "./concepts.ts";
import { Lexicon, pairKey } from "./lexicon.ts";

const FOCUS_LIMITS = { facets: 64, characters: 20_000, slots: 24 } as const;

export interface Use {
  readonly slot: number;
  readonly facet: number;
  readonly weight: number;
}
export interface Facet {
  readonly slots: readonly number[];
  /** What an answer must hold: bits of concepts.ts. */
  readonly wants: number;
  readonly weight: number;
}
export interface Focus {
  readonly facets: readonly Facet[];
  /** Weight of each slot. */
  readonly slots: readonly number[];
  /** By term: the slots that it fills. */
  readonly uses: readonly (readonly Use[])[];
  readonly lexicon: Lexicon;
}

const RELATED = 0.5;
const QUESTION =
  /\?|\b(?:how|what|which|who|when|where|why|whether|state|confirm|recall|quote|respect|mention|according)\b/i;

export function focusOf(...texts: readonly string[]): Focus {
  const facets: Facet[] = [];
  const slots: number[] = [];
  const uses: Use[][] = [];
  const terms = new Map<string, number>();
  const pairs = new Map<number, number>();
  const termOf = (word: string): number => {
    const known = terms.get(word);
    if (known !== undefined) return known;
    terms.set(word, uses.length);
    uses.push([]);
    return uses.length - 1;
  };
  for (const clause of clausesOf(texts)) {
    const facet = facets.length;
    const mine: number[] = [];
    const seen = new Set<string>();
    const slot = (weight: number, fill: readonly (readonly [number, number])[]) => {
      for (const [term, share] of fill) uses[term]?.push({ slot: slots.length, facet, weight: share });
      mine.push(slots.length);
      slots.push(weight);
    };
    let before: string | undefined;
    for (const word of wordsOf(clause)) {
      if (mine.length >= FOCUS_LIMITS.slots) break;
      if (isStop(word)) {
        before = undefined;
        continue;
      }
      const stemmed = stem(word);
      if (!seen.has(stemmed)) {
        seen.add(stemmed);
        const others = related(stemmed).map((other) => [termOf(other), RELATED] as const);
        slot(isInstruction(stemmed) ? 0.25 : 1, [[termOf(stemmed), 1], ...others]);
      }
      if (before !== undefined && before !== stemmed) {
        const key = pairKey(termOf(before), termOf(stemmed));
        let pair = pairs.get(key);
        if (pair === undefined) {
          pair = uses.length;
          uses.push([]);
          pairs.set(key, pair);
        }
        slot(0.5, [[pair, 1]]);
      }
      before = stemmed;
    }
    if (mine.length > 0) facets.push({ slots: mine, wants: cuesOf(clause), weight: QUESTION.test(clause) ? 1.3 : 1 });
  }
  return { facets, slots, uses, lexicon: new Lexicon(terms, pairs, MARKS) };
}

/** Sentences, and the clauses of those that ask for several things; bounded, the middle of a very long prompt left out. */
function clausesOf(texts: readonly string[]): readonly string[] {
  const clauses = new Set<string>();
  const most = FOCUS_LIMITS.characters / 2;
  for (const text of texts) {
    const short = text.length <= 2 * most ? text : `${text.slice(0, most)}\n${text.slice(-most)}`;
    for (const line of short.split("\n")) {
      for (const sentence of line.split(/(?<=[.!?;:。！？])\s+/)) {
        const parts = sentence.split(/,\s|\s(?:and|or|but|then|plus)\s|\s[–—-]\s|[;()]/);
        if (sentence.trim().length > 2) clauses.add(sentence.slice(0, 1000));
        if (parts.length > 1) for (const part of parts) if (part.trim().length > 8) clauses.add(part.slice(0, 1000));
      }
    }
  }
  const all = [...clauses];
  if (all.length <= FOCUS_LIMITS.facets) return all;
  // Of too many, those that ask come first; of the rest the first and the last.
  const asking = all.filter((clause) => clause.includes("?"));
  const rest = all.filter((clause) => !clause.includes("?"));
  const room = Math.max(0, FOCUS_LIMITS.facets - asking.length);
  const chosen = [...asking, ...rest.slice(0, Math.ceil(room / 2)), ...rest.slice(rest.length - Math.floor(room / 2))];
  return chosen.slice(0, FOCUS_LIMITS.facets);
}
