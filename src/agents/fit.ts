/**
 * How sure words alone make us. The numbers were fitted by `bench/routing.ts` to requests that were labelled beforehand;
 * it prints them anew, and measures them on requests that it did not see.
 */
export interface Fit {
  /** One for each of FEATURES. */
  readonly weights: readonly number[];
  /** From SIGNS to the log-odds that the best is right. */
  readonly sure: readonly number[];
  /** Below this nobody fits. */
  readonly least: number;
}

export const FIT: Fit = {
  weights: [1.599, 1.954, -0.203, 0.949, 0.8, 2.715, 0.995, 0.197, -0.174, -0.925, 0.869, 1.257, 1.88],
  sure: [-1.814, 0.346, 0.469, -2.245],
  least: 0.2,
};

/** What tells how sure a candidate is: its value, its lead over the next best, and how much of the task nobody knows. */
export const signsOf = (value: number, lead: number, unknown: number): readonly number[] => [1, value, lead, unknown];

export const dot = (weights: readonly number[], values: readonly number[]): number =>
  values.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0);

export const probability = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds));
export const logOdds = (p: number): number => Math.log(p / (1 - p));
