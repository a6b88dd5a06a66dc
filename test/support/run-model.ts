/** Random plans and random facts, told to the real core, with what must be true after each of them. */
import { expect } from "vitest";
import { decide } from "../../src/core/decide.ts";
import { evolve } from "../../src/core/evolve.ts";
import { pending } from "../../src/core/pending.ts";
import { createState, type RunState, statusOf } from "../../src/core/state.ts";
import type { Effect } from "../../src/domain/effects.ts";
import type { RunEvent } from "../../src/domain/events.ts";
import type { Fact } from "../../src/domain/facts.ts";
import type { AgentCards, RunOptions } from "../../src/domain/plan.ts";
import { isEnded } from "../../src/scheduling/life.ts";
import { isOfTask, must, Witness } from "./run-witness.ts";

const RUN = "01arz3ndektsv4rrffq69g5fav";

/** `b` has one place, `c` shares a provider that has two. */
export const CARDS: AgentCards = {
  a: { runtime: "function" },
  b: { runtime: "function", places: 1, hash: "h", model: "m" },
  c: { runtime: "function", provider: "p", hash: "g", choices: [{ model: "m", provider: "p" }, { model: "n" }] },
};

export function optionsOf(more: Partial<RunOptions> = {}): RunOptions {
  return {
    maxParallelAgents: 3,
    providers: { p: 2 },
    enableCommunication: true,
    contextStrategy: "shared",
    pruningThreshold: 150_000,
    retryDelay: 1000,
    maxRestarts: 2,
    seed: 7,
    ...more,
  };
}

/** All that must be the same whether it was lived through or read back. */
function projection(state: RunState): object {
  const { graph, recovery, ledger, gates, talk, places, life, worktime } = state;
  const nodes = [...graph.nodes.values()].map((node) => ({
    id: node.id,
    status: node.status,
    output: node.output,
    reason: node.reason,
    open: node.open,
    wave: node.wave,
    rank: node.rank,
    waitsFor: node.dependsOn.map((one) => one.id),
  }));
  return {
    seq: state.seq,
    status: statusOf(state),
    life,
    nodes,
    unsettled: graph.unsettled,
    tries: [...recovery.tries],
    waiting: [...recovery.waiting],
    parked: [...recovery.parked],
    alone: recovery.alone,
    running: [...places.running],
    chosen: [...places.chosen],
    perProvider: [...places.perProvider],
    ledger: {
      ...ledger,
      tasks: [...ledger.tasks],
      reserved: [...ledger.reserved],
      unheard: [...ledger.unheard],
    },
    gates: { open: [...gates.open.keys()], decided: [...gates.decided.keys()] },
    talk: { board: [...talk.board], waiting: [...talk.waiting], given: [...talk.given] },
    worked: worktime.before + (worktime.since === undefined ? 0 : state.at - worktime.since),
    working: worktime.since !== undefined,
    limit: worktime.limit,
  };
}

/** Compared as text, which is fast, and shown as values where they differ. */
function same(one: RunState, other: RunState): void {
  const [a, b] = [projection(one), projection(other)];
  if (JSON.stringify(a) !== JSON.stringify(b)) expect(a).toEqual(b);
}

const owed = (effect: Effect): string =>
  effect.kind === "perform"
    ? `${effect.taskId}#${effect.attempt}.${effect.restart}`
    : `${effect.kind} ${"gate" in effect ? effect.gate : ""}`;

/** A run under test: every fact is told to it through here. */
export class Played {
  state = createState(RUN);
  /** The same run as somebody sees it who only reads the events. */
  #read = createState(RUN);
  readonly events: RunEvent[] = [];
  readonly #witness = new Witness();
  readonly #owed = new Set<string>();
  now = 1_000_000;

  tell(fact: Fact): readonly RunEvent[] {
    const wasOver = isEnded(this.state.life);
    const events = decide(this.state, fact, this.now);
    must(!wasOver || events.length === 0, "a run that has ended says nothing");
    for (const event of events) {
      this.events.push(event);
      this.#witness.see(event);
      evolve(this.#read, JSON.parse(JSON.stringify(event)));
    }
    same(this.#read, this.state);
    this.#witness.agrees(this.state);
    this.#owes(events, fact.type === "recovered");
    return events;
  }

  /** The host dies and another one reads what stands in the journal; with `recovered` it also says so. */
  reload(): void {
    this.state = createState(RUN);
    for (const event of this.events) evolve(this.state, JSON.parse(JSON.stringify(event)));
    same(this.state, this.#read);
  }

  /** What each list of events asks for adds up to all that is owed. */
  #owes(events: readonly RunEvent[], recovered: boolean): void {
    if (recovered) this.#owed.clear();
    for (const event of events) this.#done(event);
    for (const effect of pending(this.state, events)) if (effect.kind !== "wake") this.#owed.add(owed(effect));
    const all = pending(this.state).filter((effect) => effect.kind !== "wake");
    const [parts, whole] = [[...this.#owed].sort().join(), all.map(owed).sort().join()];
    must(parts === whole, () => `told to do ${parts}, and owed is ${whole}`);
  }

  #done(event: RunEvent): void {
    if (!isOfTask(event)) return;
    const settled = ["task:retry", "task:complete", "task:error", "task:cancelled", "task:skipped", "task:reused"];
    if (settled.includes(event.type))
      for (const id of [...this.#owed])
        if (id.startsWith(`${event.taskId}#`) || id === `ask ${event.taskId}`) this.#owed.delete(id);
    if (event.type === "gate:decided") this.#owed.delete(`ask ${event.gate}`);
  }
}
