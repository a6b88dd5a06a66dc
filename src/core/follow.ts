/**
 * What follows from where a run stands, to a fixpoint: tasks that became free are looked at, groups reported,
 * ready tasks begun while places and budget last, and the run ended or paused when nothing is left to wait for.
 */
import { decideWay, type Modelled } from "../budget/downgrade.ts";
import { contentKey, uncacheable } from "../context/key.ts";
import { messagesOf } from "../coordination/talk.ts";
import { defined } from "../domain/json.ts";
import type { Inherited } from "../domain/plan.ts";
import { shownHashes } from "../graph/ancestors.ts";
import { hasOutput, type Node, promptOf, questionOf, readOutput, takeArrivals } from "../graph/dag.ts";
import { itemsOf, loopVerdict, nextIteration } from "../graph/expand.ts";
import { dueReports, endStatus, waveToOpen } from "../graph/report.ts";
import { verdictOf } from "../graph/verdict.ts";
import { shownBy } from "../recovery/ladders.ts";
import { noWayAround } from "../recovery/replanning.ts";
import { takeDue, toldTo } from "../recovery/tries.ts";
import { modelFor, waysOf } from "../scheduling/model-choice.ts";
import { nextTicket, offer, withdraw } from "../scheduling/places.ts";
import { spare } from "./change.ts";
import { resultsOf, summaryOf } from "./results.ts";
import type { RunState } from "./state.ts";
import { addTasks, agentOf, emit, fail, NOTHING, order, refuse, type Telling } from "./telling.ts";

export function follow(telling: Telling): void {
  const { state } = telling;
  for (let arrivals = takeArrivals(state.graph); arrivals.length > 0; arrivals = takeArrivals(state.graph)) {
    for (const node of arrivals) if (node.status === "pending" && node.open === 0) look(telling, node);
  }
  for (const { type, fields } of dueReports(state.graph)) emit(telling, type, fields as never);
  if (state.life.stage === "running" && !state.life.stop) begin(telling);
  conclude(telling);
}

/** A task whose dependencies have settled: left out, taken over, held at a gate, expanded, joined or made ready. */
function look(telling: Telling, node: Node): void {
  const { state } = telling;
  const { spec } = node;
  if (!spec) return;
  if (node.around !== undefined) {
    const found = readOutput(state.graph, node.around, "/reason").value ?? state.graph.nodes.get(node.around)?.reason;
    return fail(telling, node, { ...NOTHING, attempt: 0, ...noWayAround(state.recovery.tries.get(node.id), found) });
  }
  const who = { taskId: node.id, agentName: agentOf(state, node) };
  const verdict = verdictOf(state.graph, node);
  if (!verdict.go) {
    const because = verdict.because === undefined ? {} : { because: verdict.because };
    return emit(telling, "task:skipped", { ...who, how: verdict.how, reason: verdict.reason, ...because });
  }
  const kept = state.inherited.byTask.get(node.id);
  if (kept?.keep) return reuse(telling, node, kept, "kept as it was");
  if (spec.gate && !node.passed) {
    return emit(telling, "gate:opened", { ...who, gate: node.id, question: questionOf(spec) });
  }
  if (spec.forEach && !node.items) return expand(telling, node);
  if (node.items && !spec.forEach?.reduce) return join(telling, node, node.items);
  if (state.inherited.byKey.size > 0) {
    const { key } = keyOf(state, node);
    const same = key === undefined ? undefined : state.inherited.byKey.get(key);
    if (same) return reuse(telling, node, same, "made from the same");
  }
  makeReady(state, node);
}

function makeReady(state: RunState, node: Node): void {
  const { id, rank, order, spec } = node;
  offer(state.places, { id, rank, order, agentName: agentOf(state, node), priority: spec?.priority ?? 5 });
}

function reuse(telling: Telling, node: Node, from: Inherited, reason: string): void {
  emit(telling, "task:reused", {
    taskId: node.id,
    agentName: agentOf(telling.state, node),
    output: from.output,
    ...defined({ key: from.key, selected: from.selected, changes: from.changes }),
    from: telling.state.start?.parent?.run ?? telling.state.run,
    reason,
    tokensSaved: from.tokensUsed,
    costSavedUsd: from.costUsd,
  });
  if (loopVerdict(telling.state.graph, node, (path) => readOutput(telling.state.graph, node.id, path)) !== "again")
    return;
  const fault = addTasks(telling, nextIteration(telling.state.graph, node));
  if (fault !== undefined) refuse(telling, "repetition", fault, node.id);
}

function expand(telling: Telling, node: Node): void {
  const found = itemsOf(telling.state.graph, node);
  const reason = "fault" in found ? found.fault : addTasks(telling, found.tasks);
  if (reason !== undefined) return fail(telling, node, { ...NOTHING, attempt: 0, failure: "for-each", reason });
  if ("tasks" in found && found.tasks.length === 0) join(telling, node, []);
}

/** The items' outputs, in order, are the result; what failed under `continue` is null. */
function join(telling: Telling, node: Node, items: readonly Node[]): void {
  const who = { taskId: node.id, agentName: agentOf(telling.state, node) };
  start(telling, node);
  const output = items.map((item) => (hasOutput(item) ? (item.output ?? null) : null));
  emit(telling, "task:complete", { ...who, ...NOTHING, attempt: 0, success: true, output: output as never });
}

function start(telling: Telling, node: Node): void {
  const wave = waveToOpen(telling.state.graph, node);
  if (wave) emit(telling, "wave:start", wave);
  const dependencies = node.dependsOn.map((one) => one.id);
  const who = { taskId: node.id, agentName: agentOf(telling.state, node) };
  emit(telling, "task:start", { ...who, description: node.spec?.description ?? "", dependencies });
}

/** Begins what may begin. After a crash, attempts that died more than once are begun alone before anything else (R2). */
function begin(telling: Telling): void {
  const { state } = telling;
  const { graph, places, recovery } = state;
  for (const task of takeDue(recovery, telling.at)) {
    const node = graph.nodes.get(task);
    if (node) makeReady(state, node);
  }
  for (const task of [...recovery.parked]) if ((recovery.tries.get(task)?.restart ?? 0) === 0) again(telling, task);
  if (recovery.alone !== undefined) return;
  const [suspect] = recovery.parked;
  if (suspect !== undefined) {
    if (places.running.size === 0) again(telling, suspect);
    return;
  }
  if (spare(telling)) return follow(telling);
  for (let ticket = nextTicket(places); ticket; ticket = nextTicket(places)) {
    const node = graph.nodes.get(ticket.id);
    if (node && node.open > 0) {
      // A repetition took the place of what it depends on; it arrives again.
      withdraw(places, node.id);
      continue;
    }
    const attempt = (recovery.tries.get(ticket.id)?.attempt ?? 0) + 1;
    const modelled = node && afford(telling, node, attempt);
    if (modelled === "spared") return follow(telling);
    if (!modelled) return;
    if (!recovery.tries.has(node.id)) start(telling, node);
    invoke(telling, node, attempt, 0, modelled);
  }
}

function again(telling: Telling, task: string): void {
  const node = telling.state.graph.nodes.get(task);
  const tries = telling.state.recovery.tries.get(task);
  if (node && tries) invoke(telling, node, tries.attempt, tries.restart + 1);
}

/** Sets aside what the attempt may use; if that does not fit, it waits for others, or the run pauses when there are none (I7). */
function afford(telling: Telling, node: Node, attempt: number): Modelled | "spared" | undefined {
  const { state } = telling;
  const who = { taskId: node.id, agentName: agentOf(state, node) };
  const ways = { own: modelFor(state, who, node.spec?.model, { attempt, restart: 0 }), ...waysOf(state, node.id) };
  const way = decideWay(state.ledger, { ...node.spec, taskId: node.id }, ways, state.places.running.size === 0);
  if ("modelled" in way) {
    if (way.need) emit(telling, "budget:reserved", { ...who, attempt, ...way.need });
    return way.modelled;
  }
  if (state.places.running.size > 0 || !way.short) return;
  if (spare(telling, way.short.reason)) return "spared";
  emit(telling, "budget:exceeded", way.short);
  emit(telling, "workflow:paused", { cause: "budget", reason: way.short.reason });
}

function invoke(telling: Telling, node: Node, attempt: number, restart: number, modelled?: Modelled): void {
  const { state } = telling;
  const who = { taskId: node.id, agentName: agentOf(state, node) };
  const waiting = state.talk.waiting.get(who.agentName);
  if (waiting) emit(telling, "message:delivered", { ...who, attempt, messages: waiting });
  emit(telling, "agent:invoke", {
    ...who,
    attempt,
    ...(modelled ?? modelFor(state, who, node.spec?.model, { attempt, restart })),
    ...defined({ maxTokens: node.spec?.maxTokens, restart: restart || undefined }),
    ...keyOf(state, node),
  });
}

/** The key of what a task would be made from now, or why it has none. */
function keyOf(state: RunState, node: Node): { readonly key?: string; readonly uncacheable?: string } {
  const agentName = agentOf(state, node);
  const card = state.places.agents[agentName];
  const why = uncacheable(agentName, card, node.spec);
  if (why !== undefined || !node.spec) return { uncacheable: why ?? "not planned" };
  const tries = state.recovery.tries.get(node.id);
  const how = card?.runtime === "function" ? undefined : shownBy(tries, state.start?.options);
  const shown = shownHashes(node, how?.contextStrategy === "shared");
  const made = { spec: node.spec, agentName, card, prompt: promptOf(node), note: node.note, hint: toldTo(tries) };
  const sample = state.samples.of.get(node.id) ?? 0;
  return { key: contentKey({ ...made, shown, how, messages: messagesOf(state.talk, node.id), sample }) };
}

/** Ends or pauses a run that waits for nothing more. */
function conclude(telling: Telling): void {
  const { state, at } = telling;
  if (state.life.stage !== "running" || state.places.running.size > 0) return;
  const { stop, reason = "" } = state.life.stop ?? {};
  if (stop === "pause" || stop === "time")
    return emit(telling, "workflow:paused", { cause: stop === "time" ? "time" : "user", reason });
  if (state.graph.unsettled > 0) {
    const { gates, recovery, places } = state;
    if ([gates.open, recovery.waiting, recovery.parked, places.tickets].some(({ size }) => size > 0)) return;
    order(telling, "broken", "no task can go on and none is waited for");
    return follow(telling);
  }
  const summary = summaryOf(state, at);
  const status = stop === "cancel" ? "cancelled" : stop === "broken" ? "failed" : endStatus(state.graph);
  emit(telling, "workflow:results", { results: resultsOf(state, at, status, state.life.stop?.reason) });
  if (stop === "cancel") return emit(telling, "workflow:cancelled", { reason, summary });
  if (stop === "broken") return emit(telling, "workflow:error", { reason, summary });
  emit(telling, "workflow:complete", { status: status === "complete" ? "complete" : "failed", summary });
}
