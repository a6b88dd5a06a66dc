/**
 * Scores the units of texts by what a task asks. Rare words count more than frequent ones; the words of a unit count
 * fully, those of what it stands under or beside for a part; each facet of the question has a ranking of its own, so
 * that a long prompt does not drown a short question.
 */
import { NUMBER, TIME } from "./concepts.ts";
import type { Doc } from "./entries.ts";
import type { Focus } from "./focus.ts";
import { type Marks, marksOf } from "./marks.ts";
import { ASCII_COST } from "./tokens.ts";
import type { Unit } from "./units.ts";

export interface Candidate {
  readonly unit: number;
  readonly score: number;
}
export interface Surveyed {
  readonly doc: Doc;
  /** Of each unit, in 14ths of a token before correction. */
  readonly costs: Uint32Array;
  readonly cost: number;
  readonly marks: Marks;
  /** For each facet its best units, best first. */
  readonly tops: readonly (readonly Candidate[])[];
  /** How much it has to say to what the task asks; comparable within one survey. */
  readonly relevance: number;
}

const NO_TERMS: readonly number[] = [];
const TOPS = 24;
const CONTEXT = 0.4;
const PARENT = 0.6;
const NEIGHBOUR = 0.3;
/** Share of a further word for a slot that is filled: `password` and `bcrypt` say more than `password`. */
const ALSO = 0.3;
/** Cost of a unit of middling length. */
const MIDDLE = 30 * 14;

interface Counted {
  readonly doc: Doc;
  readonly costs: Uint32Array;
  readonly flags: Uint8Array;
  readonly terms: readonly (readonly number[])[];
  readonly marks: Marks;
}

export function survey(docs: readonly Doc[], focus: Focus): Surveyed[] {
  const frequency = new Uint32Array(focus.uses.length);
  const counted = docs.map((doc) => count(doc, focus, frequency));
  let total = 0;
  for (const doc of docs) total += doc.units.length;
  const rarity = Float64Array.from(frequency, (df) => (df === 0 ? 0 : Math.log(1 + (total - df + 0.5) / (df + 0.5))));
  const scorer = new Scorer(focus, rarity);
  return counted.map((one) => scorer.rank(one));
}

function count(doc: Doc, focus: Focus, frequency: Uint32Array): Counted {
  const { length } = doc.units;
  const costs = new Uint32Array(length);
  const flags = new Uint8Array(length);
  const terms = new Array<readonly number[]>(length).fill(NO_TERMS);
  countUnits(doc, focus, { costs, flags, terms, frequency });
  return { doc, costs, flags, terms, marks: marksOf(doc, flags) };
}

/** Nothing but the loop: what would stand behind it throws away what was compiled of it, each time that it ends. */
function countUnits(
  { units, text }: Doc,
  { lexicon }: Focus,
  into: { costs: Uint32Array; flags: Uint8Array; terms: (readonly number[])[]; frequency: Uint32Array },
): void {
  const { costs, flags, terms, frequency } = into;
  for (let i = 0; i < units.length; i++) {
    const unit = units[i] as Unit;
    if (unit.kind === "gap") {
      // Looked at before, and found not worth it: only its size counts, and that need not be exact.
      costs[i] = ASCII_COST * (unit.end - unit.start);
      continue;
    }
    const found = lexicon.scan(text, unit.start, unit.end);
    costs[i] = lexicon.cost;
    flags[i] = lexicon.flags;
    terms[i] = found;
    for (let k = 0; k < found.length; k++) {
      const term = found[k] as number;
      frequency[term] = (frequency[term] as number) + 1;
    }
  }
}

/** Loops count by number here: before they are compiled, each step of an iterator makes an object. */
class Scorer {
  readonly #focus: Focus;
  readonly #rarity: Float64Array;
  /** Of each slot: how well the unit at hand fills it, and the best that any could. */
  readonly #filled: Float64Array;
  readonly #facets: Float64Array;
  readonly #most: Float64Array;
  /** What `focus` has as objects, in rows: the uses of a term lie between two numbers of `#firstUse`. */
  readonly #firstUse: Uint32Array;
  readonly #useSlots: Uint32Array;
  readonly #useFacets: Uint32Array;
  readonly #useWeights: Float64Array;
  readonly #slotWeights: Float64Array;

  constructor(focus: Focus, rarity: Float64Array) {
    this.#focus = focus;
    this.#rarity = rarity;
    this.#filled = new Float64Array(focus.slots.length);
    this.#facets = new Float64Array(focus.facets.length);
    const uses = focus.uses.flat();
    this.#useSlots = Uint32Array.from(uses, ({ slot }) => slot);
    this.#useFacets = Uint32Array.from(uses, ({ facet }) => facet);
    this.#useWeights = Float64Array.from(uses, ({ weight }) => weight);
    this.#slotWeights = Float64Array.from(focus.slots);
    this.#firstUse = new Uint32Array(focus.uses.length + 1);
    for (const [term, one] of focus.uses.entries())
      this.#firstUse[term + 1] = (this.#firstUse[term] as number) + one.length;
    const best = new Float64Array(focus.slots.length);
    for (const [term, uses] of focus.uses.entries())
      for (const { slot, weight } of uses) best[slot] = Math.max(best[slot] ?? 0, weight * (rarity[term] ?? 0));
    this.#most = Float64Array.from(focus.facets, ({ slots }) =>
      slots.reduce((sum, slot) => sum + (best[slot] ?? 0) * (focus.slots[slot] ?? 0), 0),
    );
  }

  rank(counted: Counted): Surveyed {
    const { doc, costs, marks } = counted;
    const tops: Candidate[][] = this.#focus.facets.map(() => []);
    this.#rankUnits(counted, tops);
    const cost = costs.reduce((sum, one) => sum + one, 0);
    const relevance = tops.reduce((sum, [first]) => sum + (first?.score ?? 0), 0);
    return { doc, costs, cost, marks, tops, relevance };
  }

  /** Nothing but the loop, as in `countUnits`. */
  #rankUnits({ doc, costs, flags, terms }: Counted, tops: readonly Candidate[][]): void {
    const above = new Map<number, Chain>();
    const slots: number[] = [];
    const touched: number[] = [];
    for (let i = 0; i < doc.units.length; i++) {
      const unit = doc.units[i] as Unit;
      const own = terms[i] ?? NO_TERMS;
      const flag = flags[i] ?? 0;
      if (unit.kind === "fence" || doc.quiet?.[i] === 1 || (own.length === 0 && (flag & NUMBER) === 0)) continue;
      this.#fill(own, 1, slots, touched);
      if (i > 0 && (doc.units[i - 1] as Unit).block === unit.block)
        this.#fill(terms[i - 1] as readonly number[], NEIGHBOUR, slots, touched);
      if (i + 1 < doc.units.length && (doc.units[i + 1] as Unit).block === unit.block)
        this.#fill(terms[i + 1] as readonly number[], NEIGHBOUR, slots, touched);
      if (unit.head >= 0) this.#fill(terms[unit.head] ?? NO_TERMS, CONTEXT, slots, touched);
      if (unit.section >= 0) {
        const chain = chainOf(unit.section, doc.units, terms, above);
        for (let k = 0; k < chain.terms.length; k++)
          this.#fillOne(chain.terms[k] as number, chain.weights[k] as number, slots, touched);
      }
      const length = 1 / (0.8 + (0.2 * (costs[i] ?? 0)) / MIDDLE);
      for (let k = 0; k < touched.length; k++) {
        const facet = touched[k] as number;
        const score = this.#score(facet, flag) * length;
        if (score > 0) offer(tops[facet] as Candidate[], i, score);
        this.#facets[facet] = 0;
      }
      for (let k = 0; k < slots.length; k++) this.#filled[slots[k] as number] = 0;
      slots.length = 0;
      touched.length = 0;
    }
  }

  #fill(terms: readonly number[], share: number, slots: number[], touched: number[]): void {
    for (let k = 0; k < terms.length; k++) this.#fillOne(terms[k] as number, share, slots, touched);
  }

  /** A slot counts by the best word that fills it, and a little by each other of the unit's own. */
  #fillOne(term: number, share: number, slots: number[], touched: number[]): void {
    const worth = (this.#rarity[term] as number) * share;
    if (worth <= 0) return;
    const last = this.#firstUse[term + 1] as number;
    for (let i = this.#firstUse[term] as number; i < last; i++) {
      const slot = this.#useSlots[i] as number;
      const facet = this.#useFacets[i] as number;
      const filled = this.#filled[slot] as number;
      const one = worth * (this.#useWeights[i] as number);
      const more = share < 1 ? one : Math.max(one, filled) + ALSO * Math.min(one, filled);
      if (more <= filled) continue;
      if (filled === 0) slots.push(slot);
      this.#filled[slot] = more;
      const sum = this.#facets[facet] as number;
      if (sum === 0) touched.push(facet);
      this.#facets[facet] = sum + (more - filled) * (this.#slotWeights[slot] as number);
    }
  }

  #score(facet: number, flags: number): number {
    const sum = this.#facets[facet] ?? 0;
    const most = this.#most[facet] ?? 0;
    const { wants, weight } = this.#focus.facets[facet] ?? { wants: 0, weight: 0 };
    const covered = most > 0 ? sum / most : 0;
    return sum * (0.4 + 0.6 * covered) * weight * answers(wants, flags);
  }
}

/** Whether a unit holds the sort of thing that is asked for. */
function answers(wants: number, flags: number): number {
  if (wants === 0) return flags & NUMBER ? 1.05 : 1;
  const asked = wants & TIME ? wants | NUMBER : wants;
  if ((asked & flags) === asked) return 1.35;
  return asked & flags ? 1.1 : 0.8;
}

interface Chain {
  readonly terms: readonly number[];
  readonly weights: readonly number[];
}

/** The words of the headings above, the nearer the heavier. */
function chainOf(
  section: number,
  units: readonly Unit[],
  terms: readonly (readonly number[])[],
  above: Map<number, Chain>,
): Chain {
  const known = above.get(section);
  if (known) return known;
  const chain = new Map<number, number>();
  let share = CONTEXT;
  for (let here = section, deep = 0; here >= 0 && deep < 7; deep++) {
    for (const term of terms[here] ?? NO_TERMS) if (!chain.has(term)) chain.set(term, share);
    share *= PARENT;
    here = units[here]?.section ?? -1;
  }
  const made = { terms: [...chain.keys()], weights: [...chain.values()] };
  above.set(section, made);
  return made;
}

/** Keeps the best of a facet, in order; of equals the earlier. */
function offer(tops: Candidate[], unit: number, score: number): void {
  if (tops.length === TOPS && (tops[TOPS - 1] as Candidate).score >= score) return;
  const candidate = { unit, score };
  if (tops.length < TOPS) tops.push(candidate);
  let at = tops.length - 1;
  for (; at > 0 && (tops[at - 1] as Candidate).score < score; at--) tops[at] = tops[at - 1] as Candidate;
  tops[at] = candidate;
}
