/** What can go wrong with an attempt, and what may be done about it. */

/** Why an attempt failed; each class has its own ladder of remedies (recovery/ladders.ts). */
export const FAILURES = [
  "error",
  "timeout",
  "rate-limit",
  "overloaded",
  "network",
  "context-window",
  "auth",
  "quota",
  "refused",
  "empty",
  "invalid-output",
  "stalled",
  "tool",
  "budget",
  "crash",
  "rejected",
  "until",
  "for-each",
  "stopped",
  "bug",
] as const;
export type Failure = (typeof FAILURES)[number];

/** What may be done about a failed attempt, one rung of a ladder each. */
export const STEPS = [
  "wait",
  "back-off",
  "reduce-context",
  "repair",
  "switch-model",
  "reset",
  "fallback",
  "ask-agent",
  "person",
  "replan",
] as const;
export type Step = (typeof STEPS)[number];

/** The rungs to try for a class of failures, in their order; the first that can be taken is. */
export type Ladders = { readonly [failure in Failure]?: readonly Step[] };

/** The agent that is asked what to do about a failure, where a run has it. */
export const HELPER = "error-recovery";

/** What it said: whether to try again, and what to do otherwise then. */
export interface Advice {
  readonly again: boolean;
  readonly hint: string;
}
