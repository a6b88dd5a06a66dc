/**
 * How sure words alone make us. The numbers were fitted by `bench/routing.ts` to requests that were labelled beforehand;
 * it prints them anew, and measures them on requests that it did not see.
 */
export interface Fit {
  /** One for each of FEATURES: from them to the value of a candidate. */
  readonly weights: readonly number[];
  /** From its signs to the log-odds that the best is right. */
  readonly sure: readonly number[];
  /** From its signs, without the lead, to a number below `least` where nobody fits. */
  readonly fits: readonly number[];
  readonly least: number;
}

export const FIT: Fit = {
  weights: [
    1.508, 1.1, 0.495, -1.61, 0.979, 0.713, 4.139, -1.534, 4.095, -1.58, -1.162, 0.632, 1.676, 1.4, 3.703, 2.993, 0.711,
  ],
  sure: [-4.254, 0.504, -1.644, -4.967, 0.534, 0.455, -2.916, 0.385],
  fits: [-8.895, 0.82, -6.237, -6.554, 3.448, 0.222, -8.876],
  least: -1.253,
};

export const dot = (weights: readonly number[], values: readonly number[]): number =>
  values.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0);

export const probability = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds));
