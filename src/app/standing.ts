/** How the plan of a run stands, for whoever is asked to change it. */
import type { Remedy, Standing, StandingTask } from "../conductor/remedy.ts";
import type { RunState } from "../core/state.ts";
import { agentOf } from "../core/telling.ts";
import type { Json } from "../domain/json.ts";
import { isBlobRef } from "../domain/plan.ts";
import type { Attempt } from "../domain/ports.ts";
import { isSettled, type Node } from "../graph/dag.ts";
import { taskOf } from "../graph/expand.ts";
import { limitAt } from "../scheduling/worktime.ts";
import { LANE } from "./landing.ts";

const MOST_SAID = 300;

export function standingOf(state: RunState, { task, messages }: Attempt, now: number): Standing {
  const nodes = [...state.graph.nodes.values()];
  const failed = nodes.find(({ id }) => id === task.replans);
  const said = messages.map(({ from, content }) => ({ from, text: textOf(content) }));
  return {
    ...{ goal: state.start?.workflow ?? "", said, left: leftIn(state, now) },
    tasks: nodes.filter(isOfPlan).map((node) => standingTask(state, node)),
    taken: new Set(nodes.map(({ id }) => id)),
    ...(failed ? { failed: failedOf(state, failed) } : {}),
  };
}

/** What somebody planned: not its items and repetitions, what brings it together, or who plans anew. */
const isOfPlan = ({ spec, removed, how }: Node): boolean =>
  spec !== undefined &&
  spec.of === undefined &&
  spec.replans === undefined &&
  spec.agentName !== LANE &&
  !removed &&
  how !== "replaced";

function standingTask(state: RunState, node: Node): StandingTask {
  const { replaces: _, ...task } = taskOf(node.spec as NonNullable<Node["spec"]>);
  const before = node.dependsOn.flatMap((one) => one.spec?.of ?? (isOfPlan(one) ? one.id : []));
  const said = saidOf(node);
  return {
    task: {
      ...task,
      agentName: agentOf(state, node),
      dependencies: [...new Set(before)].filter((id) => id !== node.id),
    },
    // Looked at already, or tried before: it has begun.
    status: node.status === "pending" && state.recovery.tries.has(node.id) ? "running" : node.status,
    ...(said === undefined ? {} : { said }),
  };
}

function saidOf({ output, reason }: Node): string | undefined {
  if (reason !== undefined) return reason.slice(0, MOST_SAID);
  if (output === undefined || isBlobRef(output)) return undefined;
  return textOf(output).replace(/\s+/g, " ").slice(0, MOST_SAID);
}

const textOf = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

function failedOf({ recovery }: RunState, { id, spec }: Node): NonNullable<Standing["failed"]> {
  const tries = recovery.tries.get(id);
  const { failure = "error", reason = "nobody knows why" } = tries?.failed ?? {};
  const fallbacks = spec?.fallbacks?.slice(0, tries?.fallback ?? 0) ?? [];
  const all = [spec?.agentName, ...fallbacks, tries?.agentName].filter((name) => name !== undefined);
  return { id, failure, reason, agents: [...new Set(all)] };
}

function leftIn({ ledger, worktime, recovery, start }: RunState, now: number): readonly string[] {
  const { usd, tokens } = ledger.caps;
  const until = limitAt(worktime);
  const left = [
    usd === undefined ? [] : `${Math.max(0, usd - ledger.knownUsd).toFixed(2)} of ${usd} usd`,
    tokens === undefined ? [] : `${Math.max(0, tokens - ledger.total.tokensUsed)} of ${tokens} tokens`,
    until === undefined ? [] : `${Math.max(0, Math.floor((until - now) / 60_000))} minutes of working time`,
    `${Math.max(0, (start?.options.replan?.most ?? MOST) - recovery.replans)} more changes of this plan`,
  ];
  return left.flat();
}
const MOST = 3;

/** What is to land waits for new work too: those new tasks that nobody waits for come before the lane. */
export function hooked({ graph }: RunState, remedy: Remedy): Remedy {
  const { add = [], instead = {} } = remedy;
  const lane = [...graph.nodes.values()].find((node) => node.spec?.agentName === LANE && !isSettled(node));
  const taken = new Set([...add.flatMap(({ dependencies = [] }) => dependencies), ...Object.values(instead).flat()]);
  const loose = add.filter(({ id }) => !taken.has(id)).map(({ id }) => id);
  const before = lane?.dependsOn.find((one) => one.dependents.every((other) => other === lane));
  if (loose.length === 0 || before === undefined || Object.hasOwn(instead, before.id)) return remedy;
  return { ...remedy, instead: { ...instead, [before.id]: [before.id, ...loose] } };
}
