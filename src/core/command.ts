/** What persons and other programs ask of a run. */
import { gateFault } from "../coordination/gates.ts";
import type { Command } from "../domain/facts.ts";
import { defined } from "../domain/json.ts";
import { rejected } from "../recovery/ladders.ts";
import { orderFault } from "../scheduling/life.ts";
import { agentOf, emit, fail, NOTHING, order, refuse, type Telling } from "./telling.ts";

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
