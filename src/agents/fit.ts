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
    1.702, 1.025, 0.607, -1.539, 1.555, 1.138, 4.522, -2.377, 4.568, -0.915, -0.742, 0.388, 0.202, 1.245, 4.018, 3.619,
    0.703,
  ],
  sure: [-4.319, 0.526, -1.742, -4.533, 0.704, 0.243, -2.731, 0.527],
  fits: [-8.422, 0.864, -6.139, -6.761, 3.169, 0.276, -8.816],
  least: -1.238,
};

export const dot = (weights: readonly number[], values: readonly number[]): number =>
  values.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0);

export const probability = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds));
