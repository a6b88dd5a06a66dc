/** Sums over observations, by whatever they are grouped by: agent, model, workflow or kind. */
import type { Conducting, RunLesson } from "./experience.ts";
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
/** Of two they are written `name → model`. */
export const GROUPINGS = [
  ...(["agent", "model", "workflow", "kind"] as const),
  ...(["agent/model", "agent/workflow", "agent/kind"] as const),
] as const;
export type Grouping = (typeof GROUPINGS)[number];
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
    "agent/workflow": new Map(),
    "agent/kind": new Map(),
  };

  add({ workflow, observations }: RunLesson): void {
    for (const one of observations) {
      this.#note("agent", one.agent, one);
      this.#note("model", one.model, one);
      this.#note("workflow", workflow, one);
      this.#note("kind", one.kind, one);
      this.#note("agent/model", one.model === undefined ? undefined : one.agent + PAIR + one.model, one);
      this.#note("agent/workflow", one.agent + PAIR + workflow, one);
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

/** What conducting these runs came to. */
export interface ConductedRuns {
  readonly runs: number;
  /** Tasks that agents tried; that named nobody and got an agent; that came after the start. */
  readonly delegated: number;
  readonly routed: number;
  readonly added: number;
  readonly retried: number;
  /** To another agent, when one had used up its attempts. */
  readonly handedOver: number;
  readonly messages: number;
  readonly gates: number;
  readonly planChanges: number;
  /** Milliseconds from a start to its first task, of half of the runs at most. */
  readonly decomposition: number;
}

export function conductedIn(lessons: readonly RunLesson[]): ConductedRuns {
  const all = lessons.map(({ conducting }) => conducting);
  const sum = (of: keyof Conducting) => all.reduce((total, one) => total + one[of], 0);
  const times = all.map(({ decomposition }) => decomposition).sort((a, b) => a - b);
  return {
    ...{ runs: all.length, delegated: sum("delegated"), routed: sum("routed"), added: sum("added") },
    ...{ retried: sum("retried"), handedOver: sum("fellBack"), messages: sum("messages") },
    ...{ gates: sum("gates"), planChanges: sum("planChanges") },
    decomposition: times[Math.max(0, Math.ceil(times.length / 2) - 1)] ?? 0,
  };
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
