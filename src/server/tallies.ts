/** What the agents have done and are doing, over the newest runs of the home, whoever conducts them. */
import { setImmediate as turn } from "node:timers/promises";
import type { Host } from "../app/host.ts";
import { resultsOf } from "../core/results.ts";
import type { RunState } from "../core/state.ts";
import type { RunStatus } from "../domain/events.ts";
import { isEnded } from "../scheduling/life.ts";

export interface Tally {
  readonly done: number;
  readonly successful: number;
  /** Milliseconds of all that are done. */
  readonly duration: number;
  readonly running: number;
}
interface OfRun {
  readonly status: RunStatus;
  readonly queue: number;
  readonly agents: ReadonlyMap<string, Tally>;
}
export interface Measured {
  readonly queue: number;
  readonly running: number;
  readonly agents: ReadonlyMap<string, Tally>;
  readonly runs: ReadonlyMap<RunStatus, number>;
}

const NEWEST = 200;
const NONE: Tally = { done: 0, successful: 0, duration: 0, running: 0 };

export class Tallies {
  readonly #host: Pick<Host, "journal" | "state">;
  /** Of ended runs, which do not change. */
  #ended = new Map<string, OfRun>();
  #under: Promise<Measured> | undefined;

  constructor(host: Pick<Host, "journal" | "state">) {
    this.#host = host;
  }

  /** Who asks while it is being measured gets the same. */
  measure(): Promise<Measured> {
    this.#under ??= this.#measure().finally(() => {
      this.#under = undefined;
    });
    return this.#under;
  }

  async #measure(): Promise<Measured> {
    const entries = await this.#host.journal.list({ limit: NEWEST });
    const ended = new Map<string, OfRun>();
    const all: OfRun[] = [];
    for (const { run } of entries) {
      const known = this.#ended.get(run);
      // A run that cannot be read is named by whoever asks for it; the others still count.
      const state = known ? undefined : await this.#host.state(run).catch(() => undefined);
      // Reading a journal never waits, so without this nobody else would be served before the last of them.
      if (!known) await turn();
      const one = known ?? (state && tallyOf(state));
      if (one === undefined) continue;
      all.push(one);
      if (known || (state && isEnded(state.life))) ended.set(run, one);
    }
    this.#ended = ended;
    return sumOf(all);
  }
}

function tallyOf(state: RunState): OfRun {
  const { tasks, status } = resultsOf(state, state.at);
  const agents = new Map<string, Tally>();
  let queue = 0;
  for (const [id, { status: of, duration }] of Object.entries(tasks)) {
    const name = state.graph.nodes.get(id)?.spec?.agentName ?? "";
    const isLive = !isEnded(state.life);
    if (of === "pending" && isLive) queue++;
    const done = of === "complete" || of === "failed";
    if (!done && of !== "running") continue;
    const own = { done: done ? 1 : 0, successful: of === "complete" ? 1 : 0, duration: done ? duration : 0 };
    agents.set(name, plus(agents.get(name), { ...own, running: of === "running" && isLive ? 1 : 0 }));
  }
  return { status, queue, agents };
}

function sumOf(all: readonly OfRun[]): Measured {
  const agents = new Map<string, Tally>();
  const runs = new Map<RunStatus, number>();
  for (const one of all) {
    runs.set(one.status, (runs.get(one.status) ?? 0) + 1);
    for (const [name, tally] of one.agents) agents.set(name, plus(agents.get(name), tally));
  }
  const running = [...agents.values()].reduce((sum, tally) => sum + tally.running, 0);
  return { queue: all.reduce((sum, { queue }) => sum + queue, 0), running, agents, runs };
}

function plus(a: Tally = NONE, b: Tally): Tally {
  return {
    done: a.done + b.done,
    successful: a.successful + b.successful,
    duration: a.duration + b.duration,
    running: a.running + b.running,
  };
}
