/** What the world owes the run: attempts to perform or to stop, persons to ask, a time to be told. */
import type { Effect, Perform } from "../domain/effects.ts";
import type { RunEvent } from "../domain/events.ts";
import { nextRetry } from "../recovery/tries.ts";
import { limitAt } from "../scheduling/worktime.ts";
import type { RunState } from "./state.ts";

/**
 * All that is owed; with `since`, of attempts and gates only what these events brought or changed. Told after every
 * append, the parts add up to the whole. The wake-up is always told: a new one takes the place of the last.
 */
export function pending(state: RunState, since?: readonly RunEvent[]): readonly Effect[] {
  const { places, gates } = state;
  const all = since === undefined || since.some(changesAll) ? [...gates.open.values()] : since;
  const effects: Effect[] = all === since ? [] : [...places.running.keys()].map((task) => performOf(state, task));
  for (const event of all) {
    if (event.type === "agent:invoke" && places.running.has(event.taskId)) effects.push(performOf(state, event.taskId));
    if (event.type !== "gate:opened" || !gates.open.has(event.gate)) continue;
    effects.push({ kind: "ask", taskId: event.taskId, gate: event.gate, question: event.question });
  }
  const at = wakeAt(state);
  if (at !== undefined) effects.push({ kind: "wake", at });
  return effects;
}

const changesAll = ({ type }: RunEvent) => type === "workflow:stopping" || type === "workflow:resumed";

function performOf(state: RunState, taskId: string): Perform {
  const tries = state.recovery.tries.get(taskId);
  const stop = state.life.stop && state.life.stop.stop !== "pause" ? { stop: state.life.stop.reason } : {};
  return { kind: "perform", taskId, attempt: tries?.attempt ?? 0, restart: tries?.restart ?? 0, ...stop };
}

function wakeAt(state: RunState): number | undefined {
  if (state.life.stage !== "running") return undefined;
  const limit = state.life.stop ? undefined : limitAt(state.worktime);
  const retry = state.life.stop ? undefined : nextRetry(state.recovery);
  if (limit === undefined || retry === undefined) return limit ?? retry;
  return Math.min(limit, retry);
}
