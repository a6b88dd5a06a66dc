/**
 * What agents did so far, folded out of the journals: how often they succeeded, how good it was, how long it took and
 * what it cost, by agent and kind of task. Old attempts count less with each new one of the same agent, so that one who
 * gets worse is noticed, and those who are not asked are not forgotten.
 */
import type { Counts } from "../domain/expectation.ts";

export interface Observation {
  readonly agent: string;
  readonly model?: string;
  readonly kind?: string;
  readonly ok: boolean;
  /** Of 1: what gates, validators or reviews made of it. */
  readonly quality?: number;
  readonly duration: number;
  readonly tokens: number;
  readonly costUsd: number | null;
}
/** Of attempts that count, the older the less. */
export interface Track {
  readonly attempts: number;
  /** Successes, each times its quality. */
  readonly successes: number;
  readonly lately?: { readonly attempts: number; readonly successes: number };
  /** Milliseconds. */
  readonly duration?: number;
  readonly costUsd?: number;
  readonly tokens?: number;
}

/** About forty attempts are remembered. */
const DECAY = 0.975;
/** Of the last six or so; who does this much worse in them than before is judged by them alone. */
const LATELY = 0.85;
const FALLEN = 0.35;
const SETTLED = 15;
const MOST_TRACKS = 100_000;

export class Performance {
  readonly #tracks = new Map<string, Track>();

  note(observation: Observation): void {
    const { agent, model, kind } = observation;
    const keys = new Set([keyOf(agent), keyOf(agent, kind), keyOf(agent, undefined, model), keyOf(agent, kind, model)]);
    for (const key of keys) {
      const before = this.#tracks.get(key);
      if (before === undefined && this.#tracks.size >= MOST_TRACKS) continue;
      this.#tracks.set(key, after(before, observation));
    }
  }

  /** By kind where that is known, else over all kinds. */
  track(agent: string, kind?: string, model?: string): Track | undefined {
    const own = this.#tracks.get(keyOf(agent, kind, model));
    return own ?? this.#tracks.get(keyOf(agent, undefined, model));
  }
}

const keyOf = (agent: string, kind = "", model = "") => `${agent}\n${kind}\n${model}`;

function after(before: Track | undefined, { ok, quality = 1, duration, tokens, costUsd }: Observation): Track {
  const was = before?.attempts ?? 0;
  const mean = (old: number | undefined, value: number) =>
    old === undefined ? value : old + (value - old) / (was * DECAY + 1);
  const cost = costUsd === null ? before?.costUsd : mean(before?.costUsd, costUsd);
  const add = (to: Counts | undefined, decay: number): Counts => ({
    attempts: (to?.attempts ?? 0) * decay + 1,
    successes: (to?.successes ?? 0) * decay + (ok ? quality : 0),
  });
  const all = add(before, DECAY);
  const lately = add(before?.lately, LATELY);
  const hasFallen = all.attempts > SETTLED && shareOf(all) - shareOf(lately) > FALLEN;
  return {
    ...(hasFallen ? lately : all),
    lately,
    duration: mean(before?.duration, duration),
    tokens: mean(before?.tokens, tokens),
    ...(cost !== undefined && { costUsd: cost }),
  };
}

const shareOf = ({ attempts, successes }: Counts) => successes / attempts;
