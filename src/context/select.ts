/**
 * Which units of a text are kept within a number of tokens: findings of high severity, decisions, what the task asks
 * about, and the text's outline; of a text that is pruned also its start and its end.
 */
import type { Focus } from "./focus.ts";
import type { Surveyed } from "./survey.ts";
import { TOKEN } from "./tokens.ts";
import type { Unit } from "./units.ts";

export interface Grant {
  /** Tokens in all, but for findings of high severity. */
  readonly tokens: number;
  /** Tokens for those findings; they never take the place of what is asked about. */
  readonly severe: number;
  /** Share of the tokens for the start, and again for the end. */
  readonly edges?: number;
}
export interface Selection {
  readonly kept: Uint8Array;
  /** Units shown only up to so many characters. */
  readonly clipped: ReadonlyMap<number, number>;
  /** Findings of high severity for which there was no room. */
  readonly severeLeft: number;
}

/** What a marker of a gap costs. */
const MARKER = 9 * TOKEN;
/** The least that a finding can be told in. */
const SHORTEST = 24 * TOKEN;
const DECISIONS = 0.2;
const OUTLINE = 0.1;
/** Each further unit for the same facet is worth less, so that every facet gets its turn. */
const AGAIN = 0.65;
/** Below this part of the best a unit says too little to be worth its tokens. */
const FLOOR = 0.03;

export function select(surveyed: Surveyed, focus: Focus, grant: Grant, factor: number): Selection {
  const chooser = new Chooser(surveyed);
  const room = (grant.tokens * TOKEN) / factor;
  const { severeLeft, used } = chooser.severe((grant.severe * TOKEN) / factor);
  // Findings have room of their own; what they use beyond it, and part of what they use within, is taken from the rest.
  let left = Math.max(room * 0.6, room - used);
  if (grant.edges) left -= chooser.edges(left * grant.edges);
  left -= chooser.list(surveyed.marks.decisions, left * DECISIONS);
  left -= chooser.list(outlineOf(surveyed), left * OUTLINE);
  left -= chooser.asked(focus, left);
  left -= chooser.list(outlineOf(surveyed), Math.min(left, room * OUTLINE));
  // What nobody asked about may still matter where it stands: the rest goes to more of the start and the end.
  if (grant.edges) chooser.edges(left / 2);
  chooser.fillGaps();
  return { kept: chooser.kept, clipped: chooser.clipped, severeLeft };
}

class Chooser {
  readonly kept: Uint8Array;
  readonly clipped = new Map<number, number>();
  readonly #surveyed: Surveyed;

  constructor(surveyed: Surveyed) {
    this.#surveyed = surveyed;
    this.kept = new Uint8Array(surveyed.doc.units.length);
  }

  /** What it takes to show a unit together with what it stands under; 0 if it is shown already. */
  #price(at: number): number {
    const { doc, costs } = this.#surveyed;
    let price = 0;
    for (let i = at, deep = 0; i >= 0 && deep < 4 && this.kept[i] === 0; deep++) {
      price += costs[i] ?? 0;
      const { section, head } = doc.units[i] ?? { section: -1, head: -1 };
      if (section >= 0 && section !== at && this.kept[section] === 0) price += costs[section] ?? 0;
      i = head;
    }
    return price === 0 ? 0 : price + MARKER;
  }

  #keep(at: number): void {
    const { units } = this.#surveyed.doc;
    for (let i = at, deep = 0; i >= 0 && deep < 4 && this.kept[i] === 0; deep++) {
      this.kept[i] = 1;
      const { section, head } = units[i] ?? { section: -1, head: -1 };
      if (section >= 0) this.kept[section] = 1;
      i = head;
    }
  }

  /** Keeps it if it fits. Returns what that took. */
  #try(at: number, room: number): number {
    const price = this.#price(at);
    if (price > room || this.#surveyed.doc.units[at]?.kind === "gap") return 0;
    this.#keep(at);
    this.clipped.delete(at);
    return price;
  }

  list(units: readonly number[], room: number): number {
    let used = 0;
    for (const at of units) used += this.#try(at, room - used);
    return used;
  }

  edges(room: number): number {
    const { units } = this.#surveyed.doc;
    let used = 0;
    for (let i = 0; i < units.length && used < room; i++) {
      const price = this.#try(i, room - used);
      if (price === 0 && this.kept[i] === 0) break;
      used += price;
    }
    let after = 0;
    for (let i = units.length - 1; i >= 0 && after < room; i--) {
      const price = this.#try(i, room - after);
      if (price === 0 && this.kept[i] === 0) break;
      after += price;
    }
    return used + after;
  }

  /** Every finding gets its turn: whole where all fit, else each its share of the room, and at least its beginning. */
  severe(room: number): { used: number; severeLeft: number } {
    const { costs, marks, doc } = this.#surveyed;
    const found: number[] = [];
    for (const rank of [2, 1])
      for (let i = marks.severity.indexOf(rank); i >= 0; i = marks.severity.indexOf(rank, i + 1)) found.push(i);
    let used = 0;
    let todo = found.length;
    for (const at of found) {
      const share = Math.max(SHORTEST, (room - used) / todo);
      const before = used;
      todo--;
      if (this.kept[at] === 0) {
        const around = this.#price(at) - (costs[at] ?? 0);
        const whole = around + (costs[at] ?? 0);
        if (whole > share) {
          const least = Math.min(costs[at] ?? 0, Math.max(SHORTEST, share - around));
          if (used + around + least > room) return { used, severeLeft: todo + 1 };
          const unit = doc.units[at] ?? { start: 0, end: 0 };
          const characters = Math.floor((unit.end - unit.start) * (least / (costs[at] || 1)));
          this.#keep(at);
          if (least < (costs[at] ?? 0)) this.clipped.set(at, characters);
          used += around + least;
        } else {
          if (used + whole > room) return { used, severeLeft: todo + 1 };
          this.#keep(at);
          used += whole;
        }
      }
      for (const next of marks.rest.get(at) ?? []) used += this.#try(next, share - (used - before));
    }
    return { used, severeLeft: 0 };
  }

  /** The facets take turns by what their next unit is worth. */
  asked(focus: Focus, room: number): number {
    const { tops, costs } = this.#surveyed;
    const next = new Uint8Array(focus.facets.length);
    const worth = new Float64Array(focus.facets.length).fill(1);
    let used = 0;
    let best = 0;
    for (;;) {
      let facet = -1;
      let value = 0;
      for (const [f, top] of tops.entries()) {
        const candidate = top[next[f] ?? 0];
        if (!candidate) continue;
        const here = (candidate.score * (worth[f] ?? 0)) / (1 + (costs[candidate.unit] ?? 0) / (150 * TOKEN));
        if (here > value) {
          value = here;
          facet = f;
        }
      }
      best = Math.max(best, value);
      if (facet < 0 || value < best * FLOOR) return used;
      const { unit, score } = tops[facet]?.[next[facet] ?? 0] ?? { unit: 0, score: 0 };
      next[facet] = (next[facet] ?? 0) + 1;
      const wasKept = this.kept[unit] === 1;
      used += this.#try(unit, room - used);
      if (this.kept[unit] === 0) continue;
      worth[facet] = (worth[facet] ?? 0) * AGAIN;
      if (wasKept || score === 0) continue;
    }
  }

  /** A gap that costs no more than its marker is shown instead. */
  fillGaps(): void {
    const { costs } = this.#surveyed;
    let from = -1;
    let gap = 0;
    for (let i = 0; i < this.kept.length; i++) {
      if (this.kept[i] === 0) {
        gap += costs[i] ?? 0;
        continue;
      }
      if (i - from > 1 && gap <= MARKER && this.#surveyed.doc.units[i - 1]?.kind !== "gap")
        this.kept.fill(1, from + 1, i);
      from = i;
      gap = 0;
    }
  }
}

/** The first unit, and below each heading of the two highest levels the first that is said. */
function outlineOf({ doc: { units } }: Surveyed): readonly number[] {
  const levels = new Set<number>();
  for (const unit of units) if (unit.kind === "heading") levels.add(unit.level);
  const [top, second] = [...levels].sort((a, b) => a - b);
  const outline: number[] = [0];
  for (let i = 1; i < units.length; i++) {
    const before = units[i - 1];
    const { kind } = units[i] as Unit;
    if (before?.kind !== "heading" || kind === "heading" || kind === "fence") continue;
    if (before.level === top || before.level === second) outline.push(i);
  }
  return units.length === 0 ? [] : outline;
}
