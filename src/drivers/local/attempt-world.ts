/** What a runtime sees of the run; made on demand, since most attempts use little of it. */

import { hasCheaper } from "../../budget/downgrade.ts";
import { agentShortage, type InFlight, taskShortage, turnShortage } from "../../budget/ledger.ts";
import { concerned } from "../../conductor/replanner.ts";
import type { RunState } from "../../core/state.ts";
import type { Perform } from "../../domain/effects.ts";
import { TuttiError } from "../../domain/error.ts";
import type { MessageKind, Needs, RunEvent } from "../../domain/events.ts";
import type { Fact } from "../../domain/facts.ts";
import { packageFault, type Wanted } from "../../domain/handoff.ts";
import { asJson, defined, type Json } from "../../domain/json.ts";
import type { Work } from "../../domain/landing.ts";
import type { BlobRef } from "../../domain/plan.ts";
import type {
  Answer,
  Asking,
  AttemptLog,
  AttemptWorld,
  Board,
  BoardEntry,
  MayTurn,
  Message,
  Usage,
} from "../../domain/ports.ts";
import { ancestorsOf } from "../../graph/ancestors.ts";
import { waysOf } from "../../scheduling/model-choice.ts";
import { askAside, ownOf } from "./aside.ts";
import { askAtGate } from "./asking.ts";
import { attemptLog, orThrow } from "./attempt-log.ts";
import { colleagueFor } from "./colleagues.ts";
import type { Helping } from "./helping.ts";
import type { Place } from "./place.ts";
import type { World } from "./world.ts";

/** The driver, as this needs it. */
interface Host {
  readonly run: string;
  readonly world: World;
  readonly state: RunState;
  readonly board: ReadonlyMap<string, BoardEntry>;
  readonly inFlight: Map<string, { tokens: number; usd: number; turns: number }>;
  tell(fact: Fact, blobs?: ReadonlyMap<string, string>): Promise<readonly RunEvent[]>;
  resolve(output: Json | BlobRef): Promise<Json>;
  decision(gate: string): Promise<Answer>;
}
/** The attempt under way, as far as its world needs it. */
interface Performer {
  readonly signal: AbortSignal;
  readonly helping: Helping;
  readonly place: Place;
  /** Its own time stands still until the result is called. */
  hold(): () => void;
}

export class WorldOfAttempt implements AttemptWorld {
  readonly #driver: Host;
  readonly #effect: Perform;
  readonly #performer: Performer;
  /** Whatever was sent up to this event it has been told, or was not meant for it. */
  #heardTo: number;

  constructor(driver: Host, effect: Perform, performer: Performer) {
    this.#driver = driver;
    this.#heardTo = driver.state.seq;
    this.#effect = effect;
    this.#performer = performer;
  }

  get signal(): AbortSignal {
    return this.#performer.signal;
  }

  get log(): AttemptLog {
    return ownOf(attemptLog(this.#driver, this.#effect.taskId, this.#effect.attempt));
  }

  get board(): Board {
    const driver = this.#driver;
    const by = this.#agentName;
    return {
      get: (key) => {
        const entry = driver.board.get(key);
        return entry && { value: entry.value, version: entry.version };
      },
      set: async (key, value, expect) => {
        const fact: Fact = { type: "board", key, value: asJson(value), by, ...defined({ expect }) };
        const events = orThrow(await driver.tell(fact));
        return events.find((event) => event.type === "board:set")?.version ?? 0;
      },
    };
  }

  turn(used: Usage, needs: Needs): MayTurn {
    const { state, inFlight } = this.#driver;
    const { taskId } = this.#effect;
    const { tokensUsed, costUsd, turns = 0, knownUsd = 0 } = this.#performer.helping.counted(used);
    inFlight.set(taskId, { tokens: tokensUsed, usd: costUsd ?? knownUsd, turns });
    const { stop } = state.life;
    const heir = this.heir();
    if (stop || heir !== undefined)
      return { ok: false, failure: "stopped", reason: stop?.reason ?? `handed over to '${heir}'`, retry: "safe" };
    const own = state.graph.nodes.get(taskId)?.spec?.budget;
    const over = own && taskShortage(state.ledger, taskId, own, needs, inFlight);
    if (over !== undefined) {
      const cheaper = hasCheaper(state.ledger, { taskId, budget: own }, waysOf(state, taskId), needs, inFlight);
      if (cheaper) return { ok: false, failure: "budget", reason: over, retry: "safe", needs };
      return { ok: false, failure: "budget", reason: over, retry: "never" };
    }
    const ofAgent = this.#agentShortage(needs);
    if (ofAgent !== undefined) return { ok: false, failure: "budget", reason: ofAgent, retry: "never" };
    const reason = turnShortage(state.ledger, taskId, needs, inFlight satisfies InFlight);
    if (reason !== undefined) return { ok: false, failure: "budget", reason, retry: "safe", needs };
    // Set aside before it is taken: whoever asks meanwhile must not count on the same.
    const usd = (costUsd ?? knownUsd) + needs.usd;
    inFlight.set(taskId, { tokens: tokensUsed + needs.tokens, usd, turns: turns + 1 });
    return undefined;
  }

  #agentShortage(needs: Needs): string | undefined {
    const { state, inFlight } = this.#driver;
    const agent = this.#agentName;
    const caps = state.places.agents[agent]?.budget;
    if (caps === undefined) return undefined;
    const tasks = [...state.recovery.tries].flatMap(([task, { agentName }]) => (agentName === agent ? [task] : []));
    return agentShortage(state.ledger, { agent, tasks, caps }, needs, inFlight);
  }

  /** Who has taken the task over from this very attempt. */
  heir(): string | undefined {
    const tries = this.#driver.state.recovery.tries.get(this.#effect.taskId);
    return tries?.attempt === this.#effect.attempt ? tries.heir : undefined;
  }

  /** Made on demand, so that `{ handOver }` may be taken out of it. */
  get handOver(): NonNullable<AttemptWorld["handOver"]> {
    const { taskId, attempt } = this.#effect;
    return async (wanted, handoff) => {
      const heir = this.heir();
      if (heir !== undefined) return heir;
      const fault = packageFault(handoff);
      if (fault !== undefined) throw new TuttiError("BAD_INPUT", fault);
      const about = [handoff.summary, ...(handoff.left ?? [])].join("\n");
      const to = await colleagueFor(this.#driver, wanted, { by: this.#agentName, about });
      const fact: Fact = { type: "handed", taskId, attempt, to, package: handoff };
      orThrow(await this.#driver.tell(fact));
      return to;
    };
  }

  async found(fact: string): Promise<readonly string[]> {
    const { start, graph } = this.#driver.state;
    const me = this.#agentName;
    const { by } = start?.options.replan ?? {};
    const tasks = [...graph.nodes.values()].flatMap(({ spec, status }) =>
      spec ? [{ task: { ...spec, id: spec.taskId }, status }] : [],
    );
    const names = by !== undefined && by !== me ? [by] : concerned(tasks, fact).filter((name) => name !== me);
    for (const name of names) await this.send(name, fact, "data");
    return names;
  }

  join(wanted: Wanted, about: string): Promise<string> {
    return colleagueFor(this.#driver, wanted, { by: this.#agentName, about });
  }

  get help(): NonNullable<AttemptWorld["help"]> {
    const { helping, place } = this.#performer;
    const asker = () => ({ by: this.#agentName, depth: 0, place, world: this, turn: this.turn.bind(this) });
    return (wanted, question) => helping.ask(asker(), wanted, question);
  }

  get #agentName(): string {
    return this.#driver.state.recovery.tries.get(this.#effect.taskId)?.agentName ?? "";
  }

  before(): readonly string[] {
    const node = this.#driver.state.graph.nodes.get(this.#effect.taskId);
    if (!node) return [];
    // In the order they came into the plan, what a task builds on comes before it.
    const all = [...ancestorsOf(node).keys()].sort((a, b) => a.order - b.order);
    // What another run has written lies under its name.
    return all.map(({ id, status, changes }) => (status === "reused" && changes ? changes.ref : id));
  }

  heard(): readonly Message[] {
    const { state } = this.#driver;
    const me = this.#agentName;
    const since = this.#heardTo;
    this.#heardTo = state.seq;
    return [...state.talk.messages.values()].flatMap(({ seq, from, to, kind, content }) =>
      seq > since && from !== me && (to === me || to === "*") ? [{ seq, from, kind, content }] : [],
    );
  }

  works(): readonly Work[] {
    const { graph, recovery } = this.#driver.state;
    const node = graph.nodes.get(this.#effect.taskId);
    const all = node ? [...ancestorsOf(node).keys()].sort((a, b) => a.order - b.order) : [];
    return all.flatMap((one): Work[] => {
      const { id, spec, changes } = one;
      if (changes === undefined || spec === undefined) return [];
      const { agentName = spec.agentName } = recovery.tries.get(id) ?? {};
      const after = [...ancestorsOf(one).keys()].flatMap((before) => (before.changes ? [before.id] : []));
      return [
        { task: id, agentName, description: spec.description, base: changes.base, commit: changes.commit, after },
      ];
    });
  }

  get commission(): NonNullable<AttemptWorld["commission"]> {
    const driver = this.#driver;
    const { taskId, attempt, restart } = this.#effect;
    const { continues } = driver.state.recovery.tries.get(taskId) ?? {};
    return async ({ agentName: name, role, prompt, spent }) => {
      const agentName = await colleagueFor(driver, { name }, { by: this.#agentName, about: role });
      const question = { taskId, attempt, restart, agentName, role, prompt, spent, ...defined({ continues }) };
      return this.#performer.place.lend(() => askAside(driver, this, question));
    };
  }

  get ask(): AttemptWorld["ask"] {
    return (asked: Asking) => this.rest(askAtGate(this.#driver, this.#effect, asked, this.#performer.signal));
  }

  /** While it waits for a person or for a limit, the attempt's own time stands still. */
  async rest<T>(wait: Promise<T>): Promise<T> {
    const goOn = this.#performer.hold();
    try {
      return await wait;
    } finally {
      goOn();
    }
  }

  /** Made on demand, so that `{ send }` may be taken out of it. */
  get send(): AttemptWorld["send"] {
    const { taskId, attempt } = this.#effect;
    return async (to: string, content: Json, kind: MessageKind = "data") => {
      orThrow(await this.#driver.tell({ type: "sent", taskId, attempt, to, kind, content: asJson(content) }));
    };
  }
}
