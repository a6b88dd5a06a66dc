/** Facts about attempts: how they ended, what they logged, what they said, and that their host died. */
import { lateOf, spawnFault, spentBy } from "../budget/ledger.ts";
import { isKnown } from "../coordination/gates.ts";
import { decideBoard, decideMessage } from "../coordination/talk.ts";
import { EVENT_CLASS, type EventFields, type Spent } from "../domain/events.ts";
import type { Fact } from "../domain/facts.ts";
import { defined, pointer } from "../domain/json.ts";
import { isNeeded, type Node, select } from "../graph/dag.ts";
import { defaultIterations, loopVerdict, nextIteration } from "../graph/expand.ts";
import { handedOver, handoffFault, leftOff } from "../recovery/handoffs.ts";
import { afterFailure, type FailedAttempt } from "../recovery/ladders.ts";
import { askingAnew, askingAround } from "../recovery/replanning.ts";
import { deadLetter, type Tries } from "../recovery/tries.ts";
import { isFinal, wasStopped } from "../scheduling/life.ts";
import { replanned } from "./change.ts";
import { addTask, addTasks, agentOf, cancelTask, emit, fail, refuse, settleLost, type Telling } from "./telling.ts";

type Ended = Extract<Fact, { type: "ended" }>;

/** The attempt that is under way, if it is this one. */
function current(telling: Telling, taskId: string, attempt: number): { node: Node; tries: Tries } | undefined {
  const node = telling.state.graph.nodes.get(taskId);
  const tries = telling.state.recovery.tries.get(taskId);
  return node?.spec && tries?.inFlight && tries.attempt === attempt ? { node, tries } : undefined;
}

const notUnderWay = (fact: { readonly taskId: string; readonly attempt: number }) =>
  `attempt ${fact.attempt} of task '${fact.taskId}' is not under way`;

export function ended(telling: Telling, told: Ended): void {
  const { state } = telling;
  const here = current(telling, told.taskId, told.attempt);
  if (!here) return late(telling, told);
  const { node, tries } = here;
  const fact = handedOver(tries, told);
  const spent = { attempt: fact.attempt, ...spentBy(state.ledger, node.id, fact.spent) };
  const who = { taskId: node.id, agentName: tries.agentName };
  if (state.ledger.reserved.has(node.id)) emit(telling, "budget:settled", { ...who, ...spent });
  if (fact.outcome === "ok") return succeeded(telling, node, fact, spent);
  if (isFinal(state.life))
    return emit(telling, "task:cancelled", { ...who, ...spent, reason: state.life.stop?.reason ?? fact.reason });
  const { outcome, reason } = fact;
  const wasOrdered = wasStopped(state.life, tries.startedAt);
  if (outcome === "stopped")
    return retry(telling, node, tries, { ...spent, failure: outcome, reason, ...leftOff(tries, wasOrdered) });
  const { failure, needs } = fact;
  if (failure !== "budget" || fact.retry === "never") return failed(telling, node, tries, spent, fact);
  retry(telling, node, tries, { ...spent, failure, reason, delay: 0, counts: false, ...defined({ needs }) });
}

type Charged = Spent & { readonly attempt: number };

function succeeded(telling: Telling, node: Node, fact: Extract<Ended, { outcome: "ok" }>, spent: Charged): void {
  const { graph, ledger, recovery } = telling.state;
  const output = fact.blob ?? fact.output;
  const verdict = loopVerdict(graph, node, (path) => pointer(fact.output, path));
  const next = verdict === "again" && !isFinal(telling.state.life) ? nextIteration(graph, node) : [];
  const usedUp = `after ${defaultIterations(node.spec ?? {})} repetitions its 'until' does not hold`;
  const reason = verdict === "used-up" ? usedUp : spawnFault(ledger, next.length);
  if (reason !== undefined) return fail(telling, node, { ...spent, failure: "until", reason, output });
  const selected = fact.blob ? select(graph, node, fact.output) : undefined;
  const who = { taskId: node.id, agentName: recovery.tries.get(node.id)?.agentName ?? "" };
  const complete = { ...who, ...spent, success: true as const, output, ...defined({ changes: fact.changes }) };
  emit(telling, "task:complete", selected === undefined ? complete : { ...complete, selected });
  addTasks(telling, next);
  if (node.spec?.replans !== undefined && !isFinal(telling.state.life)) replanned(telling, node);
}

function failed(telling: Telling, node: Node, tries: Tries, spent: Charged, fact: FailedAttempt): void {
  const { start, places } = telling.state;
  if (!node.spec || !start) return;
  const { choices } = places.agents[tries.agentName] ?? {};
  const means = { ...start.options, choices, asking: askingAround(telling.state, node.spec, isNeeded(node)) };
  const { step, to, gate, ask, ...how } = afterFailure(tries, node.spec, fact, means);
  const { failure, reason } = fact;
  if (step === undefined) return fail(telling, node, { ...spent, failure, reason });
  retry(telling, node, tries, { ...spent, failure, reason, ...how, counts: true, step });
  const who = { taskId: node.id, agentName: tries.agentName };
  if (to !== undefined) emit(telling, "task:fallback", { ...who, to, reason });
  if (gate) emit(telling, "gate:opened", { ...who, ...gate });
  if (ask) addTask(telling, ask);
}

type Retrying = Omit<EventFields["task:retry"], "taskId" | "agentName" | "resumeAt">;
function retry(telling: Telling, node: Node, { agentName }: Tries, fields: Retrying): void {
  emit(telling, "task:retry", { taskId: node.id, agentName, ...fields, resumeAt: telling.at + fields.delay });
}

/** An attempt that had been given up ends after all: its result is too late, what it used is not (I6). */
function late(telling: Telling, fact: Ended): void {
  const node = telling.state.graph.nodes.get(fact.taskId);
  refuse(telling, "ended", notUnderWay(fact), fact.taskId);
  const spent = node && lateOf(telling.state.ledger, fact.taskId, fact.attempt, fact.spent);
  if (!spent) return;
  const who = { taskId: node.id, agentName: agentOf(telling.state, node), attempt: fact.attempt };
  emit(telling, "budget:settled", { ...who, ...spent, late: true });
}

/** What an attempt under way writes into its log or says to others. */
export function logged(telling: Telling, fact: Extract<Fact, { type: "logged" }>): void {
  const here = current(telling, fact.taskId, fact.attempt);
  if (!here) return refuse(telling, "logged", notUnderWay(fact), fact.taskId);
  const wrong = fact.entries.find(({ type }) => EVENT_CLASS[type] !== "attempt");
  if (wrong) return refuse(telling, "logged", `'${wrong.type}' is no entry of a log`, fact.taskId);
  const who = { taskId: fact.taskId, agentName: here.tries.agentName, attempt: fact.attempt };
  for (const { type, entry } of fact.entries) emit(telling, type, { ...who, entry });
}

export function sent(telling: Telling, fact: Extract<Fact, { type: "sent" }>): void {
  const here = current(telling, fact.taskId, fact.attempt);
  if (!here) return refuse(telling, "sent", notUnderWay(fact), fact.taskId);
  if (!telling.state.start?.options.enableCommunication)
    return refuse(telling, "sent", "this run has no communication between agents", fact.taskId);
  const { to, kind, content, taskId } = fact;
  said(telling, "sent", { from: here.tries.agentName, to, kind, content, taskId });
}

/** The same question of the same attempt is the same gate, open or decided: what was not asked about has no consent (A3). */
export function asked(telling: Telling, { type: _, ...gate }: Extract<Fact, { type: "asked" }>): void {
  const here = current(telling, gate.taskId, gate.attempt);
  if (!here) return refuse(telling, "asked", notUnderWay(gate), gate.taskId);
  if (isKnown(telling.state.gates, gate.gate)) return;
  emit(telling, "gate:opened", { agentName: here.tries.agentName, ...gate });
}

export function handed(telling: Telling, { type: _, ...handoff }: Extract<Fact, { type: "handed" }>): void {
  const here = current(telling, handoff.taskId, handoff.attempt);
  if (!here) return refuse(telling, "handed", notUnderWay(handoff), handoff.taskId);
  const fault = handoffFault(here.tries, handoff, telling.state);
  if (fault !== undefined) return refuse(telling, "handed", fault, handoff.taskId);
  emit(telling, "handoff", { agentName: here.tries.agentName, ...handoff });
}

export function said(telling: Telling, fact: string, message: EventFields["message:sent"]): void {
  const decided = decideMessage(telling.state.talk, message);
  if ("fault" in decided) return refuse(telling, fact, decided.fault, message.taskId);
  emit(telling, "message:sent", decided.fields);
  const anew = isFinal(telling.state.life) ? undefined : askingAnew(telling.state, message.to);
  if (anew) addTask(telling, anew);
}

export function board(telling: Telling, fact: Extract<Fact, { type: "board" }>): void {
  const decided = decideBoard(telling.state.talk, fact);
  if ("fault" in decided) return refuse(telling, "board", decided.fault);
  emit(telling, "board:set", decided.fields);
}

/** The last owner died. What was in flight is begun again; what has killed its host too often is a dead letter (I3). */
export function died(telling: Telling): void {
  const { state } = telling;
  emit(telling, "workflow:resumed", { recovered: true });
  for (const task of [...state.recovery.parked]) {
    const node = state.graph.nodes.get(task);
    const tries = state.recovery.tries.get(task);
    if (!node || !tries) continue;
    const reason = deadLetter(tries, state.start?.options.maxRestarts ?? 3);
    if (isFinal(state.life)) cancelTask(telling, node, state.life.stop?.reason ?? "");
    else if (reason !== undefined)
      fail(telling, node, { ...settleLost(telling, node, tries), failure: "crash", reason });
  }
}
