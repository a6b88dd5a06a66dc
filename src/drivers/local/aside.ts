/**
 * Another agent is asked something within an attempt: to review its result, what to do about its failure, or for help.
 * Its turns stand in the attempt's log under its name, and what it uses counts as the attempt's.
 */
import type { RunState } from "../../core/state.ts";
import { TuttiError } from "../../domain/error.ts";
import type { Needs, RunEvent } from "../../domain/events.ts";
import type { Fact } from "../../domain/facts.ts";
import { effectId } from "../../domain/ids.ts";
import { defined, type Json } from "../../domain/json.ts";
import type { BlobRef, PlannedTask } from "../../domain/plan.ts";
import type { Attempt, AttemptLog, AttemptWorld, Outcome, Usage } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
import { taskOf } from "../../graph/expand.ts";
import { attemptLog } from "./attempt-log.ts";
import { Place } from "./place.ts";
import type { World } from "./world.ts";

export interface Inside {
  readonly run: string;
  readonly state: RunState;
  readonly world: World;
  tell(fact: Fact, blobs?: ReadonlyMap<string, string>): Promise<readonly RunEvent[]>;
  resolve(output: Json | BlobRef): Promise<Json>;
}
export interface Question {
  readonly taskId: string;
  readonly attempt: number;
  readonly restart: number;
  /** Who is asked, and what for: the name under which it works. */
  readonly agentName: string;
  readonly role: string;
  readonly prompt: string;
  /** What the attempt has used so far: of the budget it counts together with what is asked now. */
  readonly spent?: Usage | undefined;
  /** What the answer must look like. Absent: words. */
  readonly schema?: { readonly [key: string]: Json };
  /** Attempts that this one goes on with: what was asked there has been paid. */
  readonly continues?: readonly number[];
  /** What of its world is not as that of an attempt. */
  readonly inner?: (place: Place, world: AttemptWorld) => Pick<AttemptWorld, "help">;
}

/** A transient fault of whoever is asked is tried once more: what it is asked about has been paid for. */
const TRIES = 2;

export async function askAside(driver: Inside, world: AttemptWorld, question: Question): Promise<Outcome> {
  const { agentName, role } = question;
  const { agents } = driver.state.places;
  const runtime = driver.world.runtimeOf(agentName);
  const agent = agents[agentName] ?? { runtime: "unknown" };
  if (!runtime) return { ok: false, failure: "bug", reason: `there is no agent '${agentName}' here`, retry: "never" };
  let usage: Usage | undefined;
  for (let n = 1; ; n++) {
    const enter = async () => {
      const entering = driver.world.limits?.enter(agent, world.signal);
      return entering && (world.rest?.(entering) ?? entering);
    };
    const place = new Place(await enter(), enter);
    let got: Outcome | undefined;
    try {
      const log = { whole: attemptLog(driver, question.taskId, question.attempt), by: `${role} ${agentName} ${n}` };
      // The attempt's own work is among what came before.
      const turn = (used: Usage, needs: Needs) => world.turn(sumOf(sumOf(question.spent, usage), used) ?? used, needs);
      const changed = { log, turn, before: () => [...world.before(), question.taskId], handOver: notItsOwn };
      const ours = insideOf(world, { ...changed, help: alone });
      const own = insideOf(world, { ...changed, help: question.inner?.(place, ours).help ?? alone });
      got = await runtime.perform(attemptOf(driver, question, agent), own);
    } finally {
      place.end(got);
    }
    usage = sumOf(usage, got.usage);
    // What has no room in the budget has none the second time either.
    const isLost = !got.ok && (got.retry === "never" || got.failure === "stopped" || got.failure === "budget");
    const isOver = got.ok || isLost || n >= TRIES || world.signal.aborted;
    if (isOver) return usage === undefined ? got : { ...got, usage };
  }
}

const notItsOwn = () => Promise.reject(new TuttiError("BAD_INPUT", "only whose task it is hands it over: answer"));
const alone = () => Promise.reject(new TuttiError("BAD_INPUT", "whoever is asked here asks nobody else: answer"));

function attemptOf(driver: Inside, question: Question, agent: Attempt["agent"]): Attempt {
  const { taskId, attempt, restart, agentName, role, prompt, schema, continues } = question;
  const spec = driver.state.graph.nodes.get(taskId)?.spec;
  // A name that no task can have, so that its files are not those of the attempt or of another task.
  const id = `${taskId}+${role.replaceAll(" ", ".")}`;
  const { priority, phase } = spec ? taskOf(spec) : {};
  const task: PlannedTask = {
    ...{ id, agentName, description: `${role} of ${taskId}`, prompt, ...defined({ output: schema }) },
    ...(priority === undefined ? {} : { priority }),
    ...(phase === undefined ? {} : { phase }),
  };
  const named = { run: driver.run, effectId: effectId(driver.run, id, attempt), task, agentName, agent };
  return { ...named, prompt, attempt, restart, results: {}, messages: [], ...defined({ continues }) };
}

interface Changed {
  readonly signal?: AbortSignal;
  /** A part of the attempt's log for this one alone. */
  readonly log?: { readonly whole: AttemptLog; readonly by: string };
  readonly before?: () => readonly string[];
  readonly turn?: AttemptWorld["turn"];
  readonly help?: AttemptWorld["help"];
  readonly handOver?: AttemptWorld["handOver"];
}

/** The attempt's world with some of it changed; whatever else an attempt may ask of it is passed on as it is. */
export function insideOf(world: AttemptWorld, { log, ...others }: Changed): AttemptWorld {
  const changed: Partial<AttemptWorld> = defined({ ...others, log: log && partOf(log) });
  return new Proxy(world, {
    get: (of, name) => {
      const own = changed[name as keyof AttemptWorld] ?? of[name as keyof AttemptWorld];
      return typeof own === "function" ? own.bind(of) : own;
    },
  });
}

function partOf({ whole, by }: NonNullable<Changed["log"]>): AttemptLog {
  return {
    read: async (of) =>
      (await whole.read(of)).flatMap((one) => (isRecord(one.entry) && one.entry["by"] === by ? [one] : [])),
    append: (...entries) =>
      whole.append(
        ...entries.map(({ type, entry }) => ({ type, entry: isRecord(entry) ? { ...entry, by } : { by, entry } })),
      ),
  };
}

/** The part of a log that the attempt itself wrote. */
export const ownOf = (log: AttemptLog): AttemptLog => ({
  read: async (of) => (await log.read(of)).filter(({ entry }) => !(isRecord(entry) && typeof entry["by"] === "string")),
  append: (...entries) => log.append(...entries),
});

export function sumOf(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const costUsd = one.costUsd === null || other.costUsd === null ? null : one.costUsd + other.costUsd;
  const turns = (one.turns ?? 0) + (other.turns ?? 0);
  const known = knownOf(one) + knownOf(other);
  const more = { ...(turns > 0 ? { turns } : {}), ...(costUsd === null && known > 0 ? { knownUsd: known } : {}) };
  return { tokensUsed: one.tokensUsed + other.tokensUsed, costUsd, ...more };
}

const knownOf = ({ costUsd, knownUsd = 0 }: Usage): number => costUsd ?? knownUsd;
