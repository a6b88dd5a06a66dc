/**
 * A second try beside a straggler: whoever is done first counts, the other is asked to stop, and both are paid for. Only
 * for agents that change nothing; and not under a budget, of the run or of the task, which has set aside what one of them
 * may use. Where a budget comes while both are under way, what they use counts together.
 */
import type { RunState } from "../../core/state.ts";
import { reasonOf } from "../../domain/error.ts";
import type { Needs } from "../../domain/events.ts";
import { defined } from "../../domain/json.ts";
import type { Budget } from "../../domain/plan.ts";
import type { Attempt, AttemptWorld, Outcome, Runtime, Usage } from "../../domain/ports.ts";
import { type Inside, insideOf, sumOf } from "./aside.ts";
import { attemptLog } from "./attempt-log.ts";

/** Fewer say nothing of how long an agent usually takes. */
const LEAST_KNOWN = 8;

/** A runtime that hedges the attempts of this task; the runtime itself where there is nothing to hedge. */
export function hedging(runtime: Runtime, driver: Inside, taskId: string, hedge: number | "p95" | undefined): Runtime {
  const { ledger, graph } = driver.state;
  if (hedge === undefined || isCapped(ledger.caps) || isCapped(graph.nodes.get(taskId)?.spec?.budget)) return runtime;
  return {
    ...(runtime.converses ? { converses: true as const } : {}),
    perform: (attempt, world) => {
      const after = hedge === "p95" ? usualOf(driver.state, attempt.agentName) : hedge;
      return after === undefined ? runtime.perform(attempt, world) : race(runtime, driver, after, attempt, world);
    },
  };
}

const isCapped = ({ usd, tokens, turns }: Budget = {}) => (usd ?? tokens ?? turns) !== undefined;

/** How long all but the slowest twentieth of the agent's tasks took in this run. */
function usualOf({ graph, ledger, recovery }: RunState, agentName: string): number | undefined {
  const times: number[] = [];
  for (const { id, status } of graph.nodes.values()) {
    const account = ledger.tasks.get(id);
    if (status !== "complete" || !account?.attempts || recovery.tries.get(id)?.agentName !== agentName) continue;
    times.push(account.duration / account.attempts);
  }
  if (times.length < LEAST_KNOWN) return undefined;
  return times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * 0.95))];
}

async function race(
  runtime: Runtime,
  driver: Inside,
  after: number,
  attempt: Attempt,
  world: AttemptWorld,
): Promise<Outcome> {
  const stops = [new AbortController(), new AbortController()] as const;
  const signalOf = (stop: AbortController) => AbortSignal.any([world.signal, stop.signal]);
  const used: [Usage?, Usage?] = [];
  const turnOf = (i: 0 | 1) => (own: Usage, needs: Needs) => {
    used[i] = own;
    return world.turn(sumOf(used[0], used[1]) ?? own, needs);
  };
  const inside = insideOf(world, { signal: signalOf(stops[0]), turn: turnOf(0) });
  const first = runtime.perform(attempt, inside).catch(broke);
  const { clock, limits } = driver.world;
  const late = Promise.withResolvers<undefined>();
  const cancel = clock.at(clock.now() + after, () => late.resolve(undefined));
  const early = await Promise.race([first, late.promise]).finally(cancel);
  if (early !== undefined || world.signal.aborted) return early ?? first;
  const apart = insideOf(world, { signal: signalOf(stops[1]), turn: turnOf(1) });
  const second = beside(runtime, driver, attempt, apart, limits);
  const [faster, slower] = await Promise.race([
    first.then((got) => [got, 1] as const),
    second.then((got) => [got, 0] as const),
  ]);
  if (faster.ok) stops[slower].abort(new Error("the other one was done first"));
  // What it used counts, and one that failed may yet be made good by the other.
  const other = await (slower === 1 ? second : first);
  const [good, spare] = faster.ok || !other.ok ? [faster, other] : [other, faster];
  return { ...good, ...defined({ usage: sumOf(good.usage, spare.usage) }) };
}

/** One that breaks must leave the other its chance. */
const broke = (error: unknown): Outcome => ({ ok: false, failure: "bug", reason: reasonOf(error), retry: "never" });

/** The second one waits for its own place at the provider, and has a part of the log to itself. */
async function beside(
  runtime: Runtime,
  driver: Inside,
  attempt: Attempt,
  world: AttemptWorld,
  limits: Inside["world"]["limits"],
): Promise<Outcome> {
  const { signal } = world;
  let leave: ((got?: Outcome) => void) | undefined;
  let got: Outcome | undefined;
  try {
    leave = await limits?.enter(attempt.agent, signal);
    const log = { whole: attemptLog(driver, attempt.task.id, attempt.attempt), by: "hedge" };
    const own = { ...attempt, effectId: `${attempt.effectId}.hedge` };
    got = await runtime.perform(own, insideOf(world, { log }));
    return got;
  } catch (error) {
    if (!signal.aborted) return broke(error);
    return { ok: false, failure: "stopped", reason: "the other one was done first", retry: "safe" };
  } finally {
    leave?.(got);
  }
}
