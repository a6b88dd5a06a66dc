/**
 * How sure words alone make us. The numbers were fitted by `bench/routing.ts` to requests that were labelled beforehand;
 * it prints them anew, and measures them on requests that it did not see.
 */
import { FEATURES } from "./evidence.ts";

interface Fit {
  readonly weights: readonly number[];
  readonly bias: number;
  readonly sure: { readonly bias: number; readonly value: number; readonly lead: number };
  readonly least: number;
}

export const FIT: Fit = {
  /** One for each of FEATURES, and what all begin with. */
  weights: [3, 3, 2, 3, 3, -1, 1, 2, -1],
  bias: -3,
  /** From an agent's own value and its lead over the next best to how often such a one is right. */
  sure: { bias: 0, value: 1, lead: 0.5 },
  /** Below this nobody fits. */
  least: 0.2,
};

export function fitOf(features: readonly number[], fit: Pick<Fit, "weights" | "bias"> = FIT): number {
  let value = fit.bias;
  for (let i = 0; i < FEATURES.length; i++) value += (fit.weights[i] ?? 0) * (features[i] ?? 0);
  return value;
}

export const probability = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds));
export const logOdds = (p: number): number => Math.log(p / (1 - p));
