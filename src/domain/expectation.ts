/** What success may be expected of somebody, from attempts that count and the successes among them. */
import { random, seedOf } from "./random.ts";

export interface Counts {
  readonly attempts: number;
  readonly successes: number;
}

/** How many attempts the usual success counts for, before an agent's own are known. */
const PRIOR = 2;
const USUAL = 0.8;
/** How much less is tried out than chance would have it: what is lost by trying counts more here than what is learned. */
const SOBER = 4;

export const logOdds = (p: number): number => Math.log(p / (1 - p));

/** What may be expected: its own successes, and the usual where they are few. */
export function successOf({ successes, attempts }: Counts, usual = USUAL): number {
  const expected = (successes + PRIOR * usual) / (attempts + PRIOR);
  return Math.min(0.99, Math.max(0.01, expected));
}

/** Drawn from what its success may be (Thompson): the less is known of it, the further it may lie from the expected. */
export function sampled(track: Counts, usual: number, seed: number, agent: string): number {
  const chance = random(seedOf(`${seed} ${agent}`));
  const a = SOBER * (track.successes + PRIOR * usual);
  const b = SOBER * (track.attempts - track.successes + PRIOR * (1 - usual));
  const x = gamma(Math.max(a, 0.05), chance);
  const y = gamma(Math.max(b, 0.05), chance);
  return Math.min(0.99, Math.max(0.01, x / (x + y)));
}

/** Marsaglia and Tsang's way. */
function gamma(shape: number, chance: () => number): number {
  if (shape < 1) return gamma(shape + 1, chance) * chance() ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - chance()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
