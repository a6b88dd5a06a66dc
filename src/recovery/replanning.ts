/**
 * Asking for another plan: whoever can, looks for a way around a task that failed for good, or at the plan as a whole
 * when something was found out. That is a task of the run like any other, so it is journaled, paid and bounded as such.
 *
 * R5. A failed task is asked about once, and a run asks so many times at most, whatever comes of it.
 */
import type { EventOf } from "../domain/events.ts";
import type { Json } from "../domain/json.ts";
import type { Budget, PlannedTask, Replanning } from "../domain/plan.ts";
import { type Recovery, type Tries, WHOLE } from "./tries.ts";

const MOST = 3;
/** What of a run it goes by. */
interface Around {
  readonly recovery: Recovery;
  readonly start?: { readonly options: { readonly replan?: Replanning } };
  readonly places: { readonly agents: { readonly [name: string]: unknown } };
  readonly graph: { readonly nodes: { has(id: string): boolean } };
  readonly ledger: { readonly caps: Budget; readonly spawns: number };
}

/** The task that looks for a way around this failed one; undefined where nobody may be asked any more. */
export function askingAround(around: Around, spec: EventOf<"task:added">, isNeeded: boolean): PlannedTask | undefined {
  // Repetitions and items are made by an expander, which would not know of what takes their place.
  const isMade = spec.of !== undefined || spec.until !== undefined || spec.forEach !== undefined;
  const isOptional = spec.brief?.optional === true;
  const isOver = spec.onFailure === "continue" || spec.replans !== undefined || isMade;
  if (isOver || !(isNeeded || isOptional || spec.brief?.kind === "verify")) return undefined;
  const { taskId, description } = spec;
  return asking(around, {
    replans: taskId,
    description: `Find a way around the failure of '${taskId}'`,
    prompt: `Task '${taskId}' has failed for good: ${description}. Others need it: say how the plan goes on without it.`,
  });
}

/** The task that looks at the plan because somebody said something to whoever plans; one hears of all that was said before it. */
export function askingAnew(around: Around, to: string): PlannedTask | undefined {
  if (to !== around.start?.options.replan?.by || around.recovery.looking !== undefined) return undefined;
  return asking(around, {
    replans: WHOLE,
    description: "Look at the plan again: something was found out",
    prompt: "Somebody at work says that the plan is wrong. Say what has to change of what has not begun, if anything.",
  });
}

function asking(
  { recovery: { replans }, start, places, graph, ledger }: Around,
  task: Pick<PlannedTask, "replans" | "description" | "prompt">,
): PlannedTask | undefined {
  const { replan } = start?.options ?? {};
  if (!replan || !Object.hasOwn(places.agents, replan.by) || replans >= (replan.most ?? MOST)) return undefined;
  // It is a task that is added like others.
  if (ledger.spawns >= (ledger.caps.spawns ?? Number.POSITIVE_INFINITY)) return undefined;
  let n = replans + 1;
  while (graph.nodes.has(`replan-${n}`)) n++;
  return { id: `replan-${n}`, agentName: replan.by, ...task, priority: 10, retries: 1, phase: "Replanning" };
}

/** How a task fails that nobody found a way around. `found`: what was said of it. */
export function noWayAround(tries: Tries | undefined, found: Json | undefined) {
  const { failure = "error", reason = "" } = tries?.failed ?? {};
  const said = found === undefined ? "" : `: ${typeof found === "string" ? found : JSON.stringify(found)}`;
  return { failure, reason: `${reason}; no way around it was found${said.slice(0, 1000)}` } as const;
}
