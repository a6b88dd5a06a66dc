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
  weights: [1.211, 1.336, 0.83, -1.597, 2.029, 0.791, 5.364, 1.619, 4.412, -0.609, -0.535, -0.131, 2.633, 1.5],
  sure: [-5.241, 0.537, -1.639, -4.08, 1.161, 0.252, -4.047, 0.387],
  fits: [-8.806, 0.603, -6.19, -4.545, 3.347, 0.453, -8.954],
  least: -1.081,
};

export const dot = (weights: readonly number[], values: readonly number[]): number =>
  values.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0);

export const probability = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds));
