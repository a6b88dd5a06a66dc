/** Sums over observations, by whatever they are grouped by: agent, model, workflow or kind. */
import type { RunLesson } from "./experience.ts";
import type { Observation } from "./performance.ts";

export interface Statistics {
  readonly attempts: number;
  /** Of 1. */
  readonly success: number;
  /** Of 1: tasks that were done by the first attempt and not sent back. */
  readonly firstApproval: number;
  /** Of 1, where somebody judged it. */
  readonly quality?: number;
  /** Milliseconds; of nine in ten attempts at most the second. */
  readonly duration: { readonly p50: number; readonly p90: number };
  readonly tokens: number;
  readonly costUsd: number | null;
}
/** `agent/model` and `agent/kind` are written `name → model`. */
export type Grouping = "agent" | "model" | "workflow" | "kind" | "agent/model" | "agent/kind";
export const PAIR = " → ";

interface Sums {
  attempts: number;
  ok: number;
  first: number;
  firstOk: number;
  judged: number;
  quality: number;
  tokens: number;
  costUsd: number | null;
  readonly durations: number[];
}
/** Newest durations that are kept of each group. */
const DURATIONS = 500;

export class StatisticsBook {
  readonly #groups: { readonly [of in Grouping]: Map<string, Sums> } = {
    agent: new Map(),
    model: new Map(),
    workflow: new Map(),
    kind: new Map(),
    "agent/model": new Map(),
    "agent/kind": new Map(),
  };

  add({ workflow, observations }: RunLesson): void {
    for (const one of observations) {
      this.#note("agent", one.agent, one);
      this.#note("model", one.model, one);
      this.#note("workflow", workflow, one);
      this.#note("kind", one.kind, one);
      this.#note("agent/model", one.model === undefined ? undefined : one.agent + PAIR + one.model, one);
      this.#note("agent/kind", one.kind === undefined ? undefined : one.agent + PAIR + one.kind, one);
    }
  }

  /** Those with most attempts first. */
  by(grouping: Grouping): ReadonlyMap<string, Statistics> {
    const sorted = [...this.#groups[grouping]].sort(([a, x], [b, y]) => y.attempts - x.attempts || (a < b ? -1 : 1));
    return new Map(sorted.map(([name, sums]) => [name, statisticsOf(sums)]));
  }

  #note(grouping: Grouping, name: string | undefined, one: Observation & { readonly first: boolean }): void {
    if (name === undefined) return;
    const group = this.#groups[grouping];
    const sums = group.get(name) ?? empty();
    group.set(name, sums);
    const { quality = 1 } = one;
    sums.attempts++;
    if (one.ok) sums.ok++;
    if (one.first) sums.first++;
    if (one.first && one.ok && quality >= 0.75) sums.firstOk++;
    if (one.quality !== undefined) {
      sums.judged++;
      sums.quality += one.quality;
    }
    sums.tokens += one.tokens;
    sums.costUsd = sums.costUsd === null || one.costUsd === null ? null : sums.costUsd + one.costUsd;
    sums.durations.push(one.duration);
    if (sums.durations.length > DURATIONS) sums.durations.shift();
  }
}

const empty = (): Sums => ({
  attempts: 0,
  ok: 0,
  first: 0,
  firstOk: 0,
  judged: 0,
  quality: 0,
  tokens: 0,
  costUsd: 0,
  durations: [],
});

function statisticsOf(sums: Sums): Statistics {
  const sorted = sums.durations.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return {
    attempts: sums.attempts,
    success: sums.ok / sums.attempts,
    firstApproval: sums.first === 0 ? 0 : sums.firstOk / sums.first,
    ...(sums.judged > 0 && { quality: sums.quality / sums.judged }),
    duration: { p50: at(0.5), p90: at(0.9) },
    tokens: sums.tokens,
    costUsd: sums.costUsd,
  };
}
