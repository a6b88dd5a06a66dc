/** Changes of a plan under way: those that somebody asks for, ways around a failure, and what is left out for want of room. */
import { roomFor, spawnFault } from "../budget/ledger.ts";
import { commandFault } from "../coordination/command-shape.ts";
import type { Command } from "../domain/facts.ts";
import { defined } from "../domain/json.ts";
import { type Node, readOutput } from "../graph/dag.ts";
import { sparing } from "../graph/optional.ts";
import { fitFault, inPlace, repointed } from "../graph/repointing.ts";
import { isFinal } from "../scheduling/life.ts";
import { limitAt } from "../scheduling/worktime.ts";
import { addTask, agentOf, emit, refuse, type Telling } from "./telling.ts";

type Change = Extract<Command, { type: "change" }>;

export function change(telling: Telling, command: Change): void {
  const fault = changeFault(telling, command);
  return fault === undefined ? apply(telling, command) : refuse(telling, "change", fault);
}

function apply(telling: Telling, command: Change): void {
  const { graph } = telling.state;
  const { add = [], remove = [], budget, agents, reason = "somebody asked for it" } = command;
  const found = repointed(graph, command);
  const more = defined({ changed: found.length > 0 ? found : undefined, budget, agents });
  emit(telling, "plan:changed", { added: add.map((task) => task.id), removed: remove, reason, ...more });
  for (const id of remove) {
    const node = graph.nodes.get(id);
    const why = `removed from the plan: ${reason}`;
    if (node) emit(telling, "task:cancelled", { taskId: id, agentName: agentOf(telling.state, node), reason: why });
  }
  for (const task of inPlace(command)) addTask(telling, task);
}

/** Why a change does not fit, or undefined. Only what has not begun and nobody waits for can be removed. */
function changeFault(telling: Telling, command: Change, failed?: string): string | undefined {
  const { life, graph, places, ledger, recovery } = telling.state;
  if (isFinal(life)) return `the run is stopping: ${life.stop?.reason}`;
  const agents = new Set(Object.keys({ ...places.agents, ...command.agents }));
  const of = { agents, failed, hasBegun: (id: string) => recovery.tries.has(id) };
  return fitFault(graph, command, of) ?? spawnFault(ledger, command.add?.length ?? 0);
}

/** What was found by whoever was asked for another plan, as a change of it; the task that failed gives way to that. */
export function replanned(telling: Telling, node: Node): void {
  const { graph } = telling.state;
  const command = { type: "change", ...(readOutput(graph, node.id, "").value as object) } as Change;
  const failed = graph.nodes.get(node.spec?.replans ?? "");
  const fault = commandFault(command) ?? changeFault(telling, command, failed?.id);
  if (fault !== undefined) return refuse(telling, "replan", fault, failed?.id);
  const { add = [], remove = [], instead = {}, reason = "no reason given" } = command;
  if (add.length + remove.length + Object.keys(instead).length > 0) apply(telling, command);
  if (!failed || !Object.hasOwn(instead, failed.id)) return;
  const who = { taskId: failed.id, agentName: agentOf(telling.state, failed) };
  emit(telling, "task:skipped", { ...who, how: "replaced", reason });
}

/** Before a run stops for want of budget or time, what is optional goes. True where something did. */
export function spare(telling: Telling, short?: string): boolean {
  const { graph, recovery, ledger, worktime, start } = telling.state;
  if (start?.options.replan === undefined || graph.optional.size === 0) return false;
  const begunAt = (id: string) => recovery.tries.get(id)?.startedAt;
  const time = (limitAt(worktime) ?? Infinity) - telling.at;
  const command = sparing(graph, { time, now: telling.at, begunAt, tasks: roomFor(ledger), short });
  if (command) apply(telling, command);
  return command !== undefined;
}
