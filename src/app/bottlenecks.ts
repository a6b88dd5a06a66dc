/** Where a run's time and money went, from its events, and what would help, each with the figure behind it. */
import type { RunEvent } from "../domain/events.ts";
import { LANE } from "../domain/landing.ts";

export interface Stretch {
  readonly taskId: string;
  readonly agentName: string;
  /** Milliseconds of the run's own way from start to end: at work, waiting for a place, for a retry, for a person. */
  readonly working: number;
  readonly queued: number;
  readonly retrying: number;
  readonly gated: number;
}
export interface Bottlenecks {
  /** From the first event to the last. */
  readonly duration: number;
  /** The chain of tasks of which each began when the one before it was done; nothing else made the run longer. */
  readonly path: readonly Stretch[];
  readonly totals: Omit<Stretch, "taskId" | "agentName">;
  readonly wastedTokens: number;
  readonly wastedUsd: number | null;
  readonly recommendations: readonly string[];
}

interface Seen {
  readonly agentName: string;
  readonly dependencies: readonly string[];
  readonly addedAt: number;
  startedAt?: number;
  endedAt?: number;
  working: number;
  retrying: number;
  gatedAt?: number;
  gated: number;
  /** Gates of its attempt that are open, since when, and how long it has waited at such. */
  readonly asking: Set<string>;
  askedAt?: number;
  asked: number;
  wastedTokens: number;
  wastedUsd: number | null;
  attempts: number;
  status?: "complete" | "failed";
}

/** Told a run's events one after another. */
export class Stopwatch {
  readonly #tasks = new Map<string, Seen>();
  #first = 0;
  #last = 0;

  note(event: RunEvent): void {
    this.#first ||= event.at;
    this.#last = Math.max(this.#last, event.at);
    see(this.#tasks, event);
  }

  done(): Bottlenecks {
    const path = pathOf(this.#tasks, this.#first);
    const total = (of: keyof Bottlenecks["totals"]) => path.reduce((sum, one) => sum + one[of], 0);
    const totals = {
      ...{ working: total("working"), queued: total("queued") },
      ...{ retrying: total("retrying"), gated: total("gated") },
    };
    const all = [...this.#tasks.values()];
    const wastedTokens = all.reduce((sum, one) => sum + one.wastedTokens, 0);
    const isKnown = all.every((one) => one.wastedUsd !== null);
    const wastedUsd = isKnown ? all.reduce((sum, one) => sum + (one.wastedUsd ?? 0), 0) : null;
    const found = { duration: this.#last - this.#first, path, totals, wastedTokens, wastedUsd };
    return { ...found, recommendations: recommend(found, this.#tasks) };
  }
}

function see(tasks: Map<string, Seen>, event: RunEvent): void {
  if (event.type === "task:added") {
    const { agentName, dependencies, at } = event;
    const none = { working: 0, retrying: 0, gated: 0, asked: 0, wastedTokens: 0, wastedUsd: 0, attempts: 0 };
    tasks.set(event.taskId, { agentName, dependencies, addedAt: at, ...none, asking: new Set() });
    return;
  }
  const task = "taskId" in event && event.taskId !== undefined ? tasks.get(event.taskId) : undefined;
  if (task === undefined) return;
  switch (event.type) {
    case "task:start":
      task.startedAt = event.at;
      break;
    case "agent:invoke":
      task.attempts = Math.max(task.attempts, event.attempt);
      break;
    case "gate:opened":
      if (event.attempt !== undefined) ask(task, event.gate, event.at);
      else task.gatedAt = event.at;
      break;
    case "gate:decided":
      if (event.attempt !== undefined) answered(task, event.at, event.gate);
      else task.gated += event.at - (task.gatedAt ?? event.at);
      break;
    case "task:retry":
      answered(task, event.at);
      if (event.handedTo !== undefined) {
        task.working += event.duration;
        break;
      }
      task.retrying += event.duration + event.delay;
      waste(task, event);
      break;
    case "task:error":
      answered(task, event.at);
      task.endedAt = event.at;
      task.status = "failed";
      task.working += event.duration;
      waste(task, event);
      break;
    case "task:complete":
      task.endedAt = event.at;
      task.status = "complete";
      task.working += event.duration;
      break;
    case "task:reused":
    case "task:skipped":
    case "task:cancelled":
      task.endedAt = event.at;
      break;
    default:
  }
}

/** While an attempt waits for a person it does not work; at several gates at once the time counts once. */
function ask(task: Seen, gate: string, at: number): void {
  if (task.asking.size === 0) task.askedAt = at;
  task.asking.add(gate);
}

/** Without a gate: its attempt ended, and nobody waits any more. */
function answered(task: Seen, at: number, gate?: string): void {
  if (task.asking.size === 0) return;
  if (gate === undefined) task.asking.clear();
  else task.asking.delete(gate);
  if (task.asking.size === 0) task.asked += at - (task.askedAt ?? at);
}

function waste(
  task: Seen,
  { tokensUsed, costUsd }: { readonly tokensUsed: number; readonly costUsd: number | null },
): void {
  task.wastedTokens += tokensUsed;
  task.wastedUsd = task.wastedUsd === null || costUsd === null ? null : task.wastedUsd + costUsd;
}

/** Back from the task that ended last, each time to the dependency that ended last. */
function pathOf(tasks: ReadonlyMap<string, Seen>, first: number): readonly Stretch[] {
  const latest = (ids: Iterable<string>) =>
    [...ids]
      .filter((id) => tasks.get(id)?.startedAt !== undefined && tasks.get(id)?.endedAt !== undefined)
      .reduce<string | undefined>(
        (best, id) => ((tasks.get(id)?.endedAt ?? 0) > (tasks.get(best ?? "")?.endedAt ?? -1) ? id : best),
        undefined,
      );
  const path: Stretch[] = [];
  const walked = new Set<string>();
  for (let id = latest(tasks.keys()); id !== undefined && !walked.has(id); ) {
    walked.add(id);
    const {
      agentName,
      dependencies,
      addedAt,
      startedAt = 0,
      endedAt = 0,
      gated,
      retrying,
      asked,
    } = tasks.get(id) as Seen;
    const before = latest(dependencies);
    const readyAt = Math.max(addedAt, first, before === undefined ? 0 : (tasks.get(before)?.endedAt ?? 0));
    const held = Math.min(gated, Math.max(0, startedAt - readyAt));
    path.unshift({
      ...{ taskId: id, agentName, gated: held + asked, queued: Math.max(0, startedAt - readyAt - held) },
      retrying: Math.min(retrying, endedAt - startedAt),
      working: Math.max(0, endedAt - startedAt - retrying - asked),
    });
    id = before;
  }
  return path;
}

/** Less than this share of the run is not worth a word. */
const WORTH = 0.1;

function recommend(found: Omit<Bottlenecks, "recommendations">, tasks: ReadonlyMap<string, Seen>): readonly string[] {
  const { duration, path, totals, wastedTokens, wastedUsd } = found;
  if (duration === 0) return [];
  const part = (of: number) => `${Math.round((100 * of) / duration)} % of ${secondsOf(duration)}`;
  const said: string[] = [];
  const longest = path.reduce<Stretch | undefined>(
    (best, one) => (one.working > (best?.working ?? 0) ? one : best),
    undefined,
  );
  if (longest && path.length > 1 && longest.working / duration > 0.4)
    said.push(
      longest.agentName === LANE
        ? `Prove faster what lands, or let tasks that write in the same places follow each other: '${longest.taskId}' took ${secondsOf(longest.working)}, ${part(longest.working)}, to bring the work together, prove it and have it mended.`
        : `Split '${longest.taskId}' or give it a faster model: it worked ${secondsOf(longest.working)}, ${part(longest.working)}, while whatever needs it waited.`,
    );
  if (totals.queued / duration > WORTH)
    said.push(
      `Raise --max-parallel: ready tasks on the longest way waited ${secondsOf(totals.queued)} for a place, ${part(totals.queued)}.`,
    );
  if (totals.retrying / duration > WORTH)
    said.push(
      `Look at the retries of ${list(path.filter((one) => one.retrying > 0).map((one) => `'${one.taskId}'`))}: failed attempts and pauses took ${secondsOf(totals.retrying)}, ${part(totals.retrying)}.`,
    );
  if (totals.gated / duration > WORTH)
    said.push(
      `Decide gates sooner or delegate them: the run waited ${secondsOf(totals.gated)} for a person, ${part(totals.gated)}.`,
    );
  const spoilt = [...tasks]
    .filter(([, task]) => task.wastedTokens > 0)
    .sort(([, a], [, b]) => b.wastedTokens - a.wastedTokens);
  if (spoilt[0] && wastedTokens > 0)
    said.push(
      `Failed attempts used ${wastedTokens} tokens${wastedUsd ? ` ($${wastedUsd.toFixed(3)})` : ""}, most of them '${spoilt[0][0]}' by ${spoilt[0][1].agentName} in ${spoilt[0][1].attempts} attempts.`,
    );
  return said;
}

const secondsOf = (ms: number) =>
  ms < 10_000
    ? `${(ms / 1000).toFixed(1)} s`
    : ms < 120_000
      ? `${Math.round(ms / 1000)} s`
      : `${Math.round(ms / 60_000)} min`;
const list = (words: readonly string[]) => words.slice(0, 5).join(", ");
