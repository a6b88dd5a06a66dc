/**
 * An attempt enters what all runs of the host share. Where its model is left alone because it keeps failing, it goes to
 * another model or agent if its task allows one that is not held, and waits otherwise; its own time does not run yet.
 */
import type { RunState } from "../../core/state.ts";
import type { BreakerNews } from "../../domain/breaker.ts";
import type { Fact } from "../../domain/facts.ts";
import type { AgentCard } from "../../domain/plan.ts";
import type { Limits, Outcome } from "../../domain/ports.ts";
import { afterFailure } from "../../recovery/ladders.ts";
import { isHeld, isNews } from "../../scheduling/places.ts";

interface Driver {
  readonly state: RunState;
  post(fact: Fact): void;
}
export type Entered = { readonly leave: (got?: Outcome) => void } | { readonly outcome: Outcome };

export async function enter(
  driver: Driver,
  limits: Limits,
  { taskId, card }: { readonly taskId: string; readonly card: AgentCard },
  signal: AbortSignal,
): Promise<Entered> {
  const away = new AbortController();
  let outcome: Outcome | undefined;
  const hear = (news: BreakerNews) => {
    if (isNews(driver.state.places, news)) driver.post({ type: "breaker", ...news });
    if (news.state === "closed" || outcome) return;
    const refusal = refused(news);
    if (!hasElsewhere(driver.state, taskId, refusal)) return;
    outcome = refusal;
    away.abort();
  };
  try {
    return { leave: await limits.enter(card, AbortSignal.any([signal, away.signal]), hear) };
  } catch (error) {
    if (outcome) return { outcome };
    throw error;
  }
}

type Failed = Extract<Outcome, { ok: false }>;

function refused({ provider, model, until, reason }: BreakerNews): Failed {
  const what = model === "" ? provider : model;
  const said = `${what} keeps failing and is left alone until ${new Date(until).toISOString()}: ${reason}`;
  return { ok: false, failure: "overloaded", reason: said, retry: "never" };
}

/** Whether the task's ladder leads to a model or an agent that is not held. */
function hasElsewhere({ graph, recovery, places, start }: RunState, taskId: string, refusal: Failed): boolean {
  const spec = graph.nodes.get(taskId)?.spec;
  const tries = recovery.tries.get(taskId);
  if (!spec || !tries || !start) return false;
  const { choices } = places.agents[tries.agentName] ?? {};
  const { step, to = "" } = afterFailure(tries, spec, refusal, { ...start.options, choices });
  const free = (card: AgentCard) => (card.choices ?? [card]).some((one) => !isHeld(places, one));
  const card = places.agents[to];
  if (step === "fallback") return card !== undefined && free(card);
  const left = choices?.filter(({ model }) => model !== tries.model && !tries.left.includes(model)) ?? [];
  return step === "switch-model" && left.some((one) => !isHeld(places, one));
}
