/**
 * The merge lane: work is brought together in the order in which it builds on each other, proven, and what does not fit
 * goes back to whoever wrote it.
 *
 * N1. Only what all gates were green on counts as landed; each head is proven whole, not its parts.
 * N2. A red batch is halved until the one is found with which it turns red: at most log2(n) + 1 runs of the gates.
 * N3. What conflicts, or turns the batch red, is mended by its owner or left out by name, with all that builds on it;
 *     nothing else waits for it.
 * N4. It ends: each work is mended so many times at most.
 */
import type { Applied, Proof, Work } from "../../domain/landing.ts";

export interface Steps {
  apply(head: string, work: Work): Promise<Applied>;
  /** All gates; the same commit is proven once. */
  prove(head: string): Promise<Proof>;
  /** The work anew, as it fits upon the head; or why nobody could. */
  mend(work: Work, trouble: Trouble): Promise<{ readonly work: Work } | { readonly leftOut: string }>;
}
export type Trouble =
  | { readonly kind: "conflict"; readonly head: string; readonly seed: string; readonly files: readonly string[] }
  | { readonly kind: "red"; readonly head: string; readonly seed: string; readonly output: string };

export interface Landed {
  readonly head: string;
  /** In the order of their commits. */
  readonly landed: readonly { readonly work: Work; readonly commit: string }[];
  readonly leftOut: readonly { readonly work: Work; readonly reason: string }[];
  /** Nothing can be proven upon it: the gates are red without any of the work. */
  readonly red?: string;
}

/** Times that one work is given back. */
export const MOST_MENDED = 3;

interface Stacked {
  readonly work: Work;
  readonly commit: string;
}

export async function integrate(all: readonly Work[], onto: string, steps: Steps): Promise<Landed> {
  const landed: Stacked[] = [];
  const leftOut: { work: Work; reason: string }[] = [];
  const mended = new Map<string, number>();
  let head = onto;
  let queue = [...all];
  while (queue.length > 0) {
    const { stack, aside } = await stackOn(head, queue, steps, leftOut);
    const red = await firstRed(head, stack, steps);
    const green = red === undefined ? stack : stack.slice(0, red.at);
    landed.push(...green);
    head = green.at(-1)?.commit ?? head;
    const rest = red === undefined ? [] : stack.slice(red.at + 1).map(({ work }) => work);
    let trouble: { readonly work: Work; readonly what: Trouble } | undefined;
    if (red !== undefined) {
      if (landed.length === 0) {
        const alone = await steps.prove(onto);
        if (!alone.ok) return { head: onto, landed: [], leftOut, red: alone.output };
      }
      const { work, commit } = stack[red.at] as Stacked;
      trouble = { work, what: { kind: "red", head, seed: commit, output: red.output } };
    } else {
      const first = aside[0];
      const applied = first && (await steps.apply(head, first));
      // Meanwhile something may have landed that it fits.
      if (first && applied && "seed" in applied) {
        const { conflicts, seed } = applied;
        trouble = { work: first, what: { kind: "conflict", head, seed, files: conflicts } };
      }
    }
    const left = [...rest, ...aside].filter((one) => one !== trouble?.work);
    // In the order of the plan again, so that what builds on something comes after it.
    queue = all.flatMap(({ task }) => left.filter((one) => one.task === task));
    if (trouble === undefined) continue;
    const { work, what } = trouble;
    const times = (mended.get(work.task) ?? 0) + 1;
    mended.set(work.task, times);
    const got = times > MOST_MENDED ? { leftOut: tooOften(what) } : await steps.mend(work, what);
    if ("work" in got) queue = [got.work, ...queue];
    else leftOut.push({ work, reason: got.leftOut });
  }
  return { head, landed, leftOut };
}

const tooOften = (what: Trouble): string =>
  what.kind === "red"
    ? `the gates stayed red with it, mended ${MOST_MENDED} times`
    : `it conflicted again after it was mended ${MOST_MENDED} times, in ${what.files.slice(0, 10).join(", ")}`;

/** One upon the other, as far as they fit; the others, and what builds on them, are put aside. */
async function stackOn(
  head: string,
  queue: readonly Work[],
  steps: Steps,
  leftOut: { work: Work; reason: string }[],
): Promise<{ readonly stack: readonly Stacked[]; readonly aside: readonly Work[] }> {
  const stack: Stacked[] = [];
  const aside: Work[] = [];
  const isAside = new Set<string>();
  let at = head;
  for (const work of queue) {
    const lost = work.after.find((task) => leftOut.some((one) => one.work.task === task));
    if (lost !== undefined) {
      leftOut.push({ work, reason: `it builds on '${lost}', which was left out` });
      continue;
    }
    const applied = work.after.some((task) => isAside.has(task)) ? undefined : await steps.apply(at, work);
    if (applied && "commit" in applied) {
      at = applied.commit;
      stack.push({ work, commit: at });
    } else {
      isAside.add(work.task);
      aside.push(work);
    }
  }
  return { stack, aside };
}

/** The first with which it turns red: everything below it is green, and so is the head that it stands on. */
async function firstRed(
  head: string,
  stack: readonly Stacked[],
  steps: Steps,
): Promise<{ readonly at: number; readonly output: string } | undefined> {
  const top = stack.at(-1);
  if (top === undefined || top.commit === head) return undefined;
  const whole = await steps.prove(top.commit);
  if (whole.ok) return undefined;
  let green = 0;
  let red = stack.length;
  let { output } = whole;
  while (red - green > 1) {
    const middle = (green + red) >> 1;
    const proof = await steps.prove((stack[middle - 1] as Stacked).commit);
    if (proof.ok) green = middle;
    else {
      red = middle;
      output = proof.output;
    }
  }
  return { at: red - 1, output };
}
