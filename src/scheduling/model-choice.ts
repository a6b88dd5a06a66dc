/**
 * Which of several models an agent uses for an attempt: where there is a free place, by what the agent did with each
 * so far, old attempts counting less, and by how busy each is now. The same input gives the same choice.
 */
import { logOdds, sampled, successOf } from "../domain/expectation.ts";
import type { RunOptions } from "../domain/plan.ts";
import { type Candidate, choicesOf, type Places, placedOf } from "./places.ts";

interface Modelled {
  readonly model: string;
  readonly modelReason?: string;
  readonly downgradedFrom?: string;
}
interface Of {
  readonly places: Places;
  readonly recovery: {
    readonly tries: ReadonlyMap<
      string,
      {
        readonly failures: number;
        readonly left?: readonly string[];
        readonly model?: string;
        readonly from?: string;
        readonly agentName?: string;
      }
    >;
  };
  readonly start?: { readonly options: { readonly seed: number; readonly explore?: boolean } };
}

/** Of an attempt: its task's model, its agent's, or one of several that its agent may use. */
export function modelFor(
  { places, recovery, start }: Of,
  { taskId, agentName }: { readonly taskId: string; readonly agentName: string },
  ofTask: string | undefined,
  { attempt, restart }: { readonly attempt: number; readonly restart: number },
): Modelled {
  const card = places.agents[agentName];
  const { model: last = "", from: downgradedFrom } = recovery.tries.get(taskId) ?? {};
  // Begun again after a crash it goes on with what it had.
  if (restart > 0 && downgradedFrom !== undefined) return { model: last, downgradedFrom };
  const own = { model: ofTask ?? card?.model ?? card?.runtime ?? "unknown" };
  if (ofTask !== undefined || card?.choices === undefined) return own;
  const all = choicesOf(places, agentName);
  const tries = recovery.tries.get(taskId);
  const kept = all.filter(({ choice }) => !tries?.left?.includes(choice.model));
  // A place was found for one of them all: where those that are left have none, the task goes back to one that failed it.
  const candidates = kept.some(({ isFree }) => isFree) ? kept : all;
  const before = candidates.find(({ choice }) => choice.model === places.chosen.get(taskId))?.choice.model;
  // What died with its host may have been answered already, by the model that it asked.
  if (restart > 0 && before !== undefined) return { model: before };
  const hasFailed = (tries?.failures ?? 0) > 0;
  const { seed = 0, explore = false } = start?.options ?? {};
  const asked = { seed, explore, attempt: `${taskId}#${attempt}` };
  return choose(candidates, hasFailed && before !== undefined ? { ...asked, failed: before } : asked) ?? own;
}

/** The cheaper models that a task may be given now, for want of budget, and what is known of prices. */
export function waysOf(
  {
    graph,
    places,
    recovery,
    start,
  }: Pick<Of, "places" | "recovery"> & {
    readonly graph: { readonly nodes: ReadonlyMap<string, { readonly spec?: Spec | undefined }> };
    readonly start?: { readonly options: Pick<RunOptions, "prices"> };
  },
  task: string,
) {
  const { spec } = graph.nodes.get(task) ?? {};
  const { agentName = spec?.agentName ?? "", model: last = "" } = recovery.tries.get(task) ?? {};
  const allowed = spec?.downgrade ?? places.agents[agentName]?.downgrade ?? [];
  return { last, cheaper: placedOf(places, allowed), prices: start?.options.prices ?? {} };
}
type Spec = { readonly agentName: string; readonly downgrade?: readonly string[] };

interface Asked {
  /** Of the run: only what is tried out hangs on it. */
  readonly seed: number;
  readonly attempt: string;
  /** Success is drawn instead of expected, so that models little used get their chance. */
  readonly explore?: boolean;
  /** The model that just failed at this task. */
  readonly failed?: string;
}

/** What a model loses for each share of the agent's attempts that it is busy with, and for having just failed. */
const BUSY = 0.7;
const FAILED = 1.5;
/** The most that success or speed may say. */
const MOST = 2;

function choose(candidates: readonly Candidate[], asked: Asked): Modelled | undefined {
  const free = candidates.filter(({ isFree }) => isFree);
  const fit = free.filter(({ isHeld }) => !isHeld);
  // A held one is waited for; one without a place must not be taken.
  const may = fit.length > 0 ? fit : free.length > 0 ? free : candidates;
  const tracks = may.map(({ choice: { attempts = 0, successes = 0 } }) => ({ attempts, successes }));
  const all = {
    attempts: tracks.reduce((sum, { attempts }) => sum + attempts, 0),
    successes: tracks.reduce((sum, { successes }) => sum + successes, 0),
  };
  const usual = successOf(all);
  const times = may.flatMap(({ choice: { duration } }) => (duration === undefined ? [] : [duration]));
  const typical = Math.exp(times.reduce((sum, time) => sum + Math.log(Math.max(1, time)), 0) / times.length);
  const busy = may.reduce((sum, one) => sum + one.busy, 0);
  const scored = may.map(({ choice, busy: own }, i) => {
    const track = tracks[i] ?? { attempts: 0, successes: 0 };
    const success = asked.explore
      ? sampled(track, usual, asked.seed, `${asked.attempt} ${choice.model}`)
      : successOf(track, usual);
    const speed = choice.duration === undefined ? 0 : -0.2 * Math.log2(Math.max(1, choice.duration) / typical);
    const load = busy === 0 ? 0 : -BUSY * (own / busy) * may.length;
    const lost = choice.model === asked.failed ? -FAILED : 0;
    return {
      choice,
      success,
      own,
      lost,
      value: bounded(logOdds(success) - logOdds(usual)) + bounded(speed) + load + lost,
    };
  });
  // Of equals the one that its author named first.
  const [best] = scored.toSorted((a, b) => b.value - a.value);
  if (best === undefined) return undefined;
  const { choice, success, own } = best;
  const said = [
    `${asked.explore ? "drawn" : "expected"} ${Math.round(100 * success)} % success after ${Math.round(choice.attempts ?? 0)} attempts that count`,
    ...(choice.duration === undefined ? [] : [`${(choice.duration / 1000).toFixed(1)} s an attempt`]),
    `${own} under way`,
    ...(may.length < candidates.length
      ? [`${candidates.length - may.length} of ${candidates.length} have no free place or are held`]
      : []),
    ...(scored.some(({ lost }) => lost < 0) ? [`${asked.failed} has just failed`] : []),
  ];
  return { model: choice.model, modelReason: `of ${candidates.length} models: ${said.join(", ")}` };
}

const bounded = (value: number) => Math.max(-MOST, Math.min(MOST, value));
