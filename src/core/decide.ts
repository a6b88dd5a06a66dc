/**
 * decide(state, fact) → events: what became true, and all that follows from it.
 *
 * D1. Total: a fact that does not fit is refused into the journal, never thrown over.
 * D2. The state has taken in the events when they are returned (K1).
 * D3. After its end a run says nothing more.
 */
import { messageOf } from "../coordination/talk.ts";
import { JOURNAL_FORMAT, type RunEvent } from "../domain/events.ts";
import type { Fact } from "../domain/facts.ts";
import { defined } from "../domain/json.ts";
import { isEnded } from "../scheduling/life.ts";
import { isNews } from "../scheduling/places.ts";
import { limitAt } from "../scheduling/worktime.ts";
import { asked, board, died, ended, handed, logged, said, sent } from "./attempt.ts";
import { change } from "./change.ts";
import { decideGate, steer } from "./command.ts";
import { follow } from "./follow.ts";
import type { RunState } from "./state.ts";
import { addTask, emit, order, refuse, type Telling } from "./telling.ts";

export function decide(state: RunState, fact: Fact, now: number): readonly RunEvent[] {
  if (isEnded(state.life)) return [];
  // A clock that jumps back must not make later events look earlier.
  const telling: Telling = { state, at: Math.max(now, state.at), events: [] };
  if ((state.life.stage === "unborn") !== (fact.type === "submitted")) {
    if (state.life.stage !== "unborn") refuse(telling, fact.type, "the run has begun already");
    return telling.events;
  }
  (TOLD[fact.type] as (telling: Telling, fact: Fact) => void)(telling, fact);
  follow(telling);
  return telling.events;
}

type Told = { readonly [T in Fact["type"]]: (telling: Telling, fact: Extract<Fact, { type: T }>) => void };
const TOLD: Told = {
  submitted: submit,
  recovered: died,
  ...{ ended, logged, sent, asked, handed, board, breaker, timer },
  broken: (telling, { reason }) => order(telling, "broken", reason),
  ...{ pause: steer, resume: steer, cancel: steer, decide: decideGate, change },
  message: (telling, fact) => said(telling, fact.type, messageOf(fact)),
  checkpoint: (telling, { name }) => emit(telling, "checkpoint", { name: String(name).slice(0, 200) }),
  unfit: (telling, { what, reason }) => refuse(telling, what, reason),
};

function submit(telling: Telling, fact: Extract<Fact, { type: "submitted" }>): void {
  const { workflow, tasks, agents, options, parent, inherited } = fact;
  const start = { workflow, taskCount: tasks.length, format: JOURNAL_FORMAT, agents, options };
  emit(telling, "workflow:start", {
    ...start,
    ...defined({ parent, inherited: inherited?.length ? inherited : undefined }),
  });
  for (const task of tasks) addTask(telling, task);
}

/** A model is held by the host, or no more. Each run is told once. */
function breaker(telling: Telling, news: Extract<Fact, { type: "breaker" }>): void {
  const { state, provider, model, until, reason } = news;
  if (!isNews(telling.state.places, news)) return;
  if (state === "closed") return emit(telling, "breaker:closed", { provider, model });
  emit(telling, "breaker:opened", { provider, model, until, reason });
}

/** The time was told. Waits that are over are looked at by `follow`; the limit of working time is looked at here. */
function timer(telling: Telling): void {
  const { state, at } = telling;
  const limit = state.life.stop ? undefined : limitAt(state.worktime);
  if (limit === undefined || at < limit) return;
  order(telling, "time", `the run has worked for ${state.worktime.limit} ms, its limit`);
}
