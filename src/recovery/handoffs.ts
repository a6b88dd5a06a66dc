/**
 * Work that one agent passes on to another.
 *
 * R5. An agent passes its own task on, with a package, to another agent of the run, and a task is passed on a few times
 *     only: whoever comes last does it or fails.
 * R6. Once passed on it stays so: however the attempt ends then, the next one is by the heir. Only the end of the run,
 *     or of its host once too often, comes before that.
 */
import type { Ending, Fact } from "../domain/facts.ts";
import { HANDOFF_LIMITS, packageFault } from "../domain/handoff.ts";
import { defined } from "../domain/json.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentCards, RunOptions } from "../domain/plan.ts";
import type { Tries } from "./tries.ts";

type Handing = Extract<Fact, { type: "handed" }>;
interface Of {
  readonly start?: { readonly options: RunOptions };
  readonly places: { readonly agents: AgentCards };
}

/** Why a task cannot be passed on like this, or undefined. */
export function handoffFault(
  { agentName, heir, handoffs = 0 }: Tries,
  { to, package: handoff }: Omit<Handing, "type">,
  { start, places }: Of,
): string | undefined {
  const { enableCommunication = true, maxHandoffs = HANDOFF_LIMITS.ofTask } = start?.options ?? {};
  const names = Object.keys(places.agents);
  if (!enableCommunication) return "this run has no communication between agents: do the task yourself";
  if (heir !== undefined) return `the task has been handed over to '${heir}' already: end your work now`;
  if (to === agentName) return `you are '${to}' yourself: a task is handed over to another agent`;
  if (!names.includes(to)) return `there is no agent '${to}' in this run${didYouMean(to, names)}`;
  if (handoffs >= maxHandoffs)
    return `this task has been handed over ${handoffs} times, and ${maxHandoffs} is the limit: do it yourself, or say what stands against it`;
  return packageFault(handoff);
}

type Ended = Extract<Fact, { type: "ended" }>;

/** Of a task that was passed on, the end of the attempt says no more than what it used. */
export function handedOver({ heir }: Tries, fact: Ended): Ended {
  if (heir === undefined) return fact;
  const { type, taskId, attempt, spent } = fact;
  const ending: Ending = { outcome: "stopped", reason: `handed over to '${heir}'` };
  return { type, taskId, attempt, spent, ...ending };
}

/** An attempt that left off has not failed where it was ordered to, or where it passed its task on. */
export function leftOff({ heir }: Tries, wasOrdered: boolean) {
  return { delay: 0, counts: !wasOrdered && heir === undefined, ...defined({ handedTo: heir }) };
}
