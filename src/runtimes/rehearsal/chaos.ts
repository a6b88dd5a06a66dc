/** The faults that real providers have, for rehearsals that should show what a run does about them. */
import type { Random } from "../../domain/random.ts";
import type { Fault } from "../model/faults.ts";

export interface Mishap extends Fault {
  /** How much of the attempt's time has passed by then, and of its output, which cannot be more than all. */
  readonly part: number;
  /** What was refused at the door costs nothing. */
  readonly isPaid: boolean;
}

type Make = (model: string, random: Random) => Mishap;

const MISHAPS: readonly (readonly [weight: number, make: Make])[] = [
  [5, (model, random) => refused(model, 429, "rate-limit", Math.ceil(500 + random() * 9500))],
  [4, (model) => refused(model, 529, "overloaded")],
  [3, (model) => refused(model, 500, "error")],
  [2, (model) => broken("timeout", `the reply of ${model} stood still for 60000 ms`, 3)],
  [3, (model) => broken("error", `the reply of ${model} was cut before its end`, 0.5)],
  [2, (model) => broken("invalid-output", `the reply of ${model} does not fit its schema`, 1)],
  [1, (model) => ({ ...broken("refused", `${model} refused`, 0.1), retry: "never" })],
];
const SUM = MISHAPS.reduce((sum, [weight]) => sum + weight, 0);

/** Whether this attempt has one, and which. */
export function mishap(random: Random, rate: number, model: string): Mishap | undefined {
  const isHit = random() < rate;
  let left = random() * SUM;
  const found = MISHAPS.find(([weight]) => {
    left -= weight;
    return left < 0;
  });
  if (!isHit || !found) return undefined;
  const made = found[1](model, random);
  return { ...made, reason: `rehearsed fault: ${made.reason}` };
}

function refused(model: string, status: number, failure: Fault["failure"], retryAfter?: number): Mishap {
  const reason = `the provider of ${model} answered ${status}`;
  const wait = retryAfter === undefined ? {} : { retryAfter };
  return { failure, reason, retry: "safe", part: 0.02, isPaid: false, ...wait };
}

function broken(failure: Fault["failure"], reason: string, part: number): Mishap {
  return { failure, reason, retry: "safe", part, isPaid: true };
}
