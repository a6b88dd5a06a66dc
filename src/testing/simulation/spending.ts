/** Simulated agents that spend: turn after turn under random caps, with a log, as agents that are models do. */
import type { Needs } from "../../domain/events.ts";
import type { AgentTask, Budget } from "../../domain/plan.ts";
import type { Attempt, AttemptWorld, Outcome, Usage } from "../../domain/ports.ts";
import { type Random, random, seedOf } from "../../domain/random.ts";
import { isRecord } from "../../domain/shape.ts";
import { AGENTS, between, chance, pick } from "./plans.ts";
import type { Cost, Purse } from "./purse.ts";

/** Tokens of the longest turn. */
const LONGEST = 100;
/** What some tasks may be given where the budget has no room for what their agents are: of a third of its price. */
const CHEAP = "zoo/small";
export const PRICES = { sim: { input: 3, output: 15 }, [CHEAP]: { input: 1, output: 5 } };

export function spendingPlan(die: Random): readonly AgentTask[] {
  const tasks: AgentTask[] = [];
  for (let i = 0, size = between(die, 1, 6); i < size; i++)
    tasks.push({
      id: `t${i}`,
      agentName: pick(die, AGENTS),
      description: `task ${i}`,
      prompt: `do ${i}`,
      dependencies: tasks.filter(() => chance(die, 0.2)).map(({ id }) => id),
      ...(chance(die, 0.3) ? { maxTokens: between(die, 1, 2 * LONGEST) } : {}),
      ...(chance(die, 0.3) ? { budget: randomCaps(die, 3, 1) } : {}),
      ...(chance(die, 0.3) ? { hedge: between(die, 1, 60) } : {}),
      ...(chance(die, 0.4) ? { downgrade: [CHEAP] } : {}),
      ...(chance(die, 0.3) ? { fallbacks: [pick(die, AGENTS)] } : {}),
      ...(chance(die, 0.2) ? { timeout: between(die, 30, 300) } : {}),
      ...(chance(die, 0.3) ? { retries: between(die, 0, 2) } : {}),
    });
  return tasks;
}

/** Enough for so many turns, more or less. A task may not be given nothing. */
export function randomCaps(die: Random, turns: number, least = 0): Budget {
  return {
    ...(chance(die, 0.6) ? { tokens: between(die, least, turns * LONGEST) } : {}),
    ...(chance(die, 0.4) ? { usd: between(die, least, turns * LONGEST) / 1000 } : {}),
    ...(chance(die, 0.3) ? { turns: between(die, least, 2 * turns) } : {}),
  };
}

export interface Spending {
  readonly seed: number;
  readonly purse: Purse;
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Whether the process dies now. */
  readonly dies: () => boolean;
  /** It hears nothing while it waits for a reply, and that takes long. */
  readonly hangs: boolean;
}
const never = new Promise<never>(() => {});

/** What has been paid is read from the log, what comes next is asked about first. Whether all went well is for the caller. */
export async function spend(
  { seed, purse, wait, dies, hangs }: Spending,
  attempt: Attempt,
  world: AttemptWorld,
): Promise<Extract<Outcome, { ok: false }> | { readonly usage: Usage }> {
  const { effectId, task, restart, continues = [] } = attempt;
  const before = (await Promise.all(continues.map((one) => world.log.read(one)))).flat();
  const own = restart > 0 ? await world.log.read() : [];
  let used: Usage = { tokensUsed: 0, costUsd: 0, turns: 0, knownUsd: 0 };
  for (const { entry } of own) if (isRecord(entry)) used = more(used, entry["usage"] as unknown as Usage);
  const total = between(random(seed ^ seedOf(task.id)), 1, 6);
  for (let turn = before.length + own.length; turn < total; turn++) {
    const dice = random(seed ^ seedOf(`${effectId}/${turn}`));
    const dollar = (task.model === CHEAP ? 1 / 3 : 1) / 1000;
    const takes: Cost = { tokens: between(dice, 1, LONGEST), usd: between(dice, 1, LONGEST) * dollar, turns: 1 };
    const costUsd = chance(dice, 0.05) ? null : takes.usd;
    // As good a guess as that of anybody who does not know what will be said.
    const needs: Needs = { tokens: between(dice, 1, LONGEST), usd: between(dice, 0, LONGEST) * dollar };
    if (world.signal.aborted) return { ...STOPPED, usage: used };
    const off = world.turn(used, needs);
    if (off) return { ...off, usage: used };
    purse.begin(attempt, needs, { ...takes, usd: costUsd ?? 0 });
    if (dies()) return never;
    const { aborted, forget } = abortOf(world.signal);
    const reply = wait(hangs ? between(dice, 100, 3000) : between(dice, 0, 60)).then(() => true);
    const isDone = await (hangs ? reply : Promise.race([reply, aborted])).finally(forget);
    if (!isDone) {
      purse.lost(effectId);
      return { ...STOPPED, usage: { ...used, costUsd: null, knownUsd: used.costUsd ?? used.knownUsd ?? 0 } };
    }
    const usage = { tokensUsed: takes.tokens, costUsd };
    // Too late for the log of an attempt that was given up; paid all the same.
    await world.log
      .append({ type: "turn:complete", entry: { id: `${effectId}/${turn}`, usage } })
      .catch(() => purse.unlogged(attempt, { ...takes, usd: costUsd ?? 0 }));
    used = more(used, { ...usage, turns: 1 });
  }
  return { usage: used };
}

const STOPPED = { ok: false, failure: "stopped", reason: "aborted", retry: "safe" } as const;

function more(used: Usage, { tokensUsed, costUsd }: Usage): Usage {
  const known = (used.costUsd ?? used.knownUsd ?? 0) + (costUsd ?? 0);
  return {
    tokensUsed: used.tokensUsed + tokensUsed,
    costUsd: used.costUsd === null || costUsd === null ? null : known,
    knownUsd: known,
    turns: (used.turns ?? 0) + 1,
  };
}

function abortOf(signal: AbortSignal): { readonly aborted: Promise<false>; readonly forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<false>();
  const stop = () => resolve(false);
  signal.addEventListener("abort", stop, { once: true });
  return { aborted: promise, forget: () => signal.removeEventListener("abort", stop) };
}
