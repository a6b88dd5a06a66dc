/** What persons and other programs ask of a run. */
import { spawnFault } from "../budget/ledger.ts";
import { gateFault } from "../coordination/gates.ts";
import type { Command } from "../domain/facts.ts";
import { defined } from "../domain/json.ts";
import { planFaults } from "../graph/check.ts";
import { inTopologicalOrder } from "../graph/critical-path.ts";
import { removalFault, removedFrom } from "../graph/report.ts";
import { rejected } from "../recovery/ladders.ts";
import { isFinal, orderFault } from "../scheduling/life.ts";
import { addTask, agentOf, emit, fail, NOTHING, order, refuse, type Telling } from "./telling.ts";

type Of<T extends Command["type"]> = Extract<Command, { type: T }>;

/** Pause, resume or cancel. */
export function steer(telling: Telling, command: Of<"pause"> | Of<"resume"> | Of<"cancel">): void {
  const fault = orderFault(telling.state.life, command.type);
  if (fault !== undefined) return refuse(telling, command.type, fault);
  if (command.type !== "resume") return order(telling, command.type, command.reason ?? "somebody asked for it");
  emit(telling, "workflow:resumed", defined({ budget: command.budget, globalTimeout: command.globalTimeout }));
}

export function decideGate(telling: Telling, command: Of<"decide">): void {
  const { state } = telling;
  const fault = gateFault(state.gates, command.gate);
  const opened = state.gates.open.get(command.gate);
  const node = opened && state.graph.nodes.get(opened.taskId);
  if (fault !== undefined || !node)
    return refuse(telling, "decide", fault ?? `gate '${command.gate}' belongs to no task`);
  const { gate, note, edited, by } = command;
  const decision = command.decision === "approve" ? "approve" : "reject";
  const { attempt } = opened;
  const who = { taskId: node.id, agentName: agentOf(state, node), ...defined({ attempt }) };
  emit(telling, "gate:decided", { ...who, gate, decision, ...defined({ note, edited, by }) });
  if (decision === "approve" || attempt !== undefined) return;
  const { isSkipped, ...end } = rejected(state.recovery.tries.get(node.id), gate, node.id, note);
  if (isSkipped) emit(telling, "task:skipped", { ...who, how: "condition", reason: end.reason });
  else fail(telling, node, { ...NOTHING, attempt: 0, ...end });
}

export function change(telling: Telling, command: Of<"change">): void {
  const { state } = telling;
  const fault = changeFault(telling, command);
  if (fault !== undefined) return refuse(telling, "change", fault);
  const { add = [], remove = [], budget, agents, reason = "somebody asked for it" } = command;
  const added = add.map((task) => task.id);
  emit(telling, "plan:changed", { added, removed: remove, reason, ...defined({ budget, agents }) });
  for (const id of remove) {
    const node = state.graph.nodes.get(id);
    const why = `removed from the plan: ${reason}`;
    if (node) emit(telling, "task:cancelled", { taskId: id, agentName: agentOf(state, node), reason: why });
  }
  for (const task of inTopologicalOrder(add)) addTask(telling, task);
}

/** Why a change does not fit, or undefined. Only what has not begun and nobody waits for can be removed. */
function changeFault(telling: Telling, { add = [], remove = [], agents }: Of<"change">): string | undefined {
  const { state } = telling;
  if (isFinal(state.life)) return `the run is stopping: ${state.life.stop?.reason}`;
  const known = { ...state.places.agents, ...agents };
  const existing = new Set(state.graph.nodes.keys());
  const here = { agents: new Set(Object.keys(known)), existing, removed: removedFrom(state.graph, remove) };
  const [first] = add.length > 0 ? planFaults(add, here) : [];
  const fault = first?.message ?? spawnFault(state.ledger, add.length);
  return fault ?? removalFault(state.graph, remove, (id) => state.recovery.tries.has(id));
}
