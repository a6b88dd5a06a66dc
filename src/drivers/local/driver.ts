/**
 * The one loop. Facts come in, the core decides, the journal acknowledges, and only then is anybody told and
 * anything performed; what happens comes back as the next facts.
 *
 * V1. Facts that arrive while an append is under way are decided together afterwards, in one commit.
 * V2. Nothing is published or performed before the append that holds it was acknowledged (I2).
 * V3. After a failed append the state in memory is dropped and read again; the facts are told again unless the
 *     batch turns out to have landed. A result that was paid for is kept until it can be written.
 * V4. An attempt is performed at most once at a time, and ends by one fact.
 */

import { commandFault } from "../../coordination/command-shape.ts";
import { asking } from "../../coordination/gates.ts";
import { decide } from "../../core/decide.ts";
import { pending } from "../../core/pending.ts";
import { type RunState, statusOf } from "../../core/state.ts";
import type { Perform } from "../../domain/effects.ts";
import { LeftOff, reasonOf, TuttiError } from "../../domain/error.ts";
import type { EventOf, RunEvent, RunStatus } from "../../domain/events.ts";
import type { Command, Fact } from "../../domain/facts.ts";
import { defined, type Json } from "../../domain/json.ts";
import { type BlobRef, isBlobRef } from "../../domain/plan.ts";
import type { Answer, Batch, BoardEntry, RunWriter } from "../../domain/ports.ts";
import { isEnded, orderFault } from "../../scheduling/life.ts";
import { load } from "./load.ts";
import { holdsBlob } from "./outputs.ts";
import { type Host, Performance } from "./performance.ts";
import type { World } from "./world.ts";

/** More than this is not taken from whoever does not wait for answers; how attempts end is always taken. */
const MOST_TOLD = 10_000;
/** How often a run that only waits for others looks up. */
const LONG = 3_600_000;

interface Told {
  readonly fact: Fact;
  readonly blobs: ReadonlyMap<string, string> | undefined;
  /** Number of the command in the inbox that it came as. */
  readonly command: number | undefined;
  readonly resolve: ((events: readonly RunEvent[]) => void) | undefined;
  readonly reject: ((error: unknown) => void) | undefined;
}

export class LocalDriver implements Host {
  readonly world: World;
  #state: RunState;
  #writer: RunWriter;
  #told: Told[] = [];
  #pumping = false;
  #closed: TuttiError | undefined;
  #isLost = false;
  #hasEnded = false;
  #status: RunStatus;
  #seq: number;
  #wake: { at: number; cancel: () => void } | undefined;
  readonly #performing = new Map<string, Performance>();
  /** What attempts under way have used, by task. */
  readonly inFlight = new Map<string, { tokens: number; usd: number; turns: number }>();
  readonly #asking = new Map<string, AbortController>();
  /** Attempts that wait for a decision, by its gate. */
  readonly #deciding = new Map<string, PromiseWithResolvers<Answer> & { readonly stays: boolean }>();
  readonly #board = new Map<string, BoardEntry>();
  #listening: (() => void) | undefined;
  #heard = 0;
  #heeding: Promise<unknown> = Promise.resolve();
  #waiters: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(state: RunState, writer: RunWriter, world: World) {
    this.world = world;
    this.#state = state;
    this.#writer = writer;
    this.#status = statusOf(state);
    this.#seq = state.seq;
    for (const [key, entry] of state.talk.board) this.#board.set(key, entry);
    this.#listen();
  }

  get run(): string {
    return this.#state.run;
  }

  get state(): RunState {
    return this.#state;
  }

  /** As the last acknowledged events left it. */
  get status(): RunStatus {
    return this.#status;
  }

  /** Number of the last acknowledged event. */
  get seq(): number {
    return this.#seq;
  }

  get board(): ReadonlyMap<string, BoardEntry> {
    return this.#board;
  }

  /** Nothing more happens by itself: the run has ended or is paused. */
  get isStill(): boolean {
    return isEnded(this.#state.life) || this.#state.life.stage === "paused";
  }

  /** Tells a fact. Resolves with the events that it brought, once they are durable. */
  tell(fact: Fact, blobs?: ReadonlyMap<string, string>, command?: number): Promise<readonly RunEvent[]> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (this.#hasEnded) return Promise.reject(new TuttiError("WRONG_STATE", `the run ${this.run} has ended`));
    if (this.#told.length >= MOST_TOLD && command === undefined) {
      const what = `${MOST_TOLD} facts wait to be written for run ${this.run}`;
      return Promise.reject(new TuttiError("WRONG_STATE", `${what}; await what you send`, { retry: "safe" }));
    }
    return new Promise((resolve, reject) => this.#take({ fact, blobs, command, resolve, reject }));
  }

  post(fact: Fact, blobs?: ReadonlyMap<string, string>, done?: () => void): void {
    if (this.#closed || this.#hasEnded) done?.();
    else this.#take({ fact, blobs, command: undefined, resolve: done, reject: done });
  }

  #take(told: Told): void {
    this.#told.push(told);
    if (this.#pumping) return;
    this.#pumping = true;
    // One microtask later, so that attempts that ended together share a commit.
    queueMicrotask(() => void this.#pump());
  }

  /** Takes up what the journal says is owed, after a load; `first` is obeyed before anything is begun again. */
  async takeUp(first?: Command): Promise<void> {
    const { life } = this.#state;
    if (isEnded(life)) return;
    const fault = first && isOrder(first) ? orderFault(life, first.type) : undefined;
    if (fault !== undefined) throw new TuttiError("WRONG_STATE", fault);
    const obeyed = first && this.tell(first);
    if (this.#state.life.stage !== "paused") await this.tell({ type: "recovered" });
    else if (obeyed === undefined) this.#carryOut(undefined);
    await obeyed;
  }

  /** Resolves at the end of the run and at every pause; rejects when the journal is lost. */
  async still(): Promise<void> {
    if (this.isStill && !this.#pumping && !this.#isLost) return;
    if (this.#closed) throw this.#closed;
    await new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Resolves when what lay in the inbox has been obeyed or refused. */
  async heeded(): Promise<void> {
    await this.#writer.heard?.();
    await this.#heeding;
  }

  /** Stops without a word in the journal: what is under way is aborted and will be begun again by a resume. */
  async close(
    reason: TuttiError = new TuttiError("JOURNAL_CLOSED", "the run was let go; resume it to go on"),
  ): Promise<void> {
    if (this.#closed || this.#hasEnded) return;
    this.#closed = reason;
    this.#wake?.cancel();
    this.#listening?.();
    for (const asked of this.#asking.values()) asked.abort();
    const ending = [...this.#performing.values()].map((one) => one.abandon(reason.message));
    for (const { reject } of this.#told.splice(0)) reject?.(reason);
    for (const { reject } of this.#waiters.splice(0)) reject(reason);
    await Promise.all(ending);
    await this.#writer.close();
  }

  async #pump(): Promise<void> {
    while (this.#told.length > 0 && !this.#closed) {
      const told = this.#told;
      this.#told = [];
      try {
        await this.#turn(told);
      } catch (error) {
        const lost =
          error instanceof TuttiError
            ? error
            : new TuttiError("BUG", `the run ${this.run} broke: ${error}`, { cause: error });
        for (const one of told) one.reject?.(lost);
        // What was decided last is in the state and may not be in the journal: it must not be believed.
        this.#isLost = true;
        await this.close(lost);
        break;
      }
    }
    this.#pumping = false;
    if (this.isStill && !this.#isLost) await this.#rest();
  }

  /** One commit: decide on all that was told, append, then publish and perform. */
  async #turn(told: readonly Told[]): Promise<void> {
    for (let failures = 0; ; failures++) {
      const expected = this.#state.seq;
      const { batch, lists } = this.#decide(told);
      try {
        if (batch.events.length > 0 || batch.consumed !== undefined) await this.#writer.append(batch);
      } catch (error) {
        await this.#recover(error, failures);
        // The commit may have landed before it was called a failure.
        if (this.#state.seq < expected + batch.events.length) continue;
      }
      // Let go in the meantime: what was written will be taken up by whoever resumes the run.
      if (this.#closed) throw this.#closed;
      if (failures > 0) this.world.onBlocked?.(undefined);
      this.#answer(batch.events);
      for (let i = 0; i < told.length; i++) told[i]?.resolve?.(lists[i] ?? []);
      return;
    }
  }

  #decide(told: readonly Told[]): { batch: Batch; lists: (readonly RunEvent[])[] } {
    const expected = this.#state.seq;
    const lists: (readonly RunEvent[])[] = [];
    const events: RunEvent[] = [];
    let blobs: Map<string, string> | undefined;
    let consumed: number | undefined;
    for (const { fact, blobs: more, command } of told) {
      const list = decide(this.#state, fact, this.world.clock.now());
      lists.push(list);
      for (const event of list) events.push(event);
      if (more) blobs = new Map([...(blobs ?? []), ...more]);
      if (command !== undefined) consumed = command;
    }
    const batch: Batch = { expected, events };
    return { batch: blobs || consumed !== undefined ? { ...batch, ...defined({ blobs, consumed }) } : batch, lists };
  }

  /** What was acknowledged becomes known, and what it asks for is done. */
  #answer(events: readonly RunEvent[]): void {
    this.#seq = this.#state.seq;
    this.#status = statusOf(this.#state);
    for (const event of events)
      if (event.type === "board:set") this.#board.set(event.key, { value: event.value, version: event.version });
    if (events.length > 0) this.world.publish(events);
    this.#carryOut(events);
  }

  #carryOut(events: readonly RunEvent[] | undefined): void {
    let wake: number | undefined;
    for (const effect of pending(this.#state, events)) {
      if (effect.kind === "perform") {
        const known = this.#performing.get(nameOf(effect));
        if (known) known.stop(effect.stop);
        else this.#begin(effect);
      } else if (effect.kind === "ask") this.#ask(effect.gate, effect.question);
      else wake = effect.at;
    }
    for (const event of events ?? []) {
      if (event.type === "gate:decided") this.#decided(event);
      if (event.type === "workflow:stopping") this.#letOff(event.reason);
    }
    // A task that ended closes its gates: whoever is still asked need not answer.
    for (const [gate, asked] of this.#asking) if (!this.#state.gates.open.has(gate)) asked.abort();
    // Somebody else may still decide: the process must not end for want of anything to do.
    const { life, places, gates } = this.#state;
    const waits = this.world.isReachable && life.stage === "running" && places.running.size === asking(gates);
    if (waits) wake ??= this.world.clock.now() + LONG;
    this.#wakeAt(wake);
  }

  #begin(effect: Perform): void {
    const performance = new Performance(this, effect);
    this.#performing.set(nameOf(effect), performance);
    performance.begin();
  }

  /** An output whole, wherever it lies. */
  async resolve(output: Json | BlobRef): Promise<Json> {
    if (isBlobRef(output)) return JSON.parse(await this.world.journal.blob(this.run, output.$blob)) as Json;
    if (Array.isArray(output) && holdsBlob(output)) return Promise.all(output.map((one) => this.resolve(one as Json)));
    return output as Json;
  }

  /** Called by a performance when how it ended is durable; until then the run still counts it as under way. */
  release(effect: Perform): void {
    this.#performing.delete(nameOf(effect));
    this.inFlight.delete(effect.taskId);
  }

  #wakeAt(at: number | undefined): void {
    if (this.#wake?.at === at) return;
    this.#wake?.cancel();
    this.#wake = undefined;
    if (at === undefined || this.#closed) return;
    const cancel = this.world.clock.at(at, () => {
      this.#wake = undefined;
      this.tell({ type: "timer" }).catch(() => {});
    });
    this.#wake = { at, cancel };
  }

  decision(gate: string, stays = false): Promise<Answer> {
    const before = this.#state.gates.decided.get(gate);
    if (before) return Promise.resolve(before);
    const { stop } = this.#state.life;
    if (stop && !stays) return Promise.reject(new LeftOff(stop.reason));
    const deciding = this.#deciding.get(gate) ?? { ...Promise.withResolvers<Answer>(), stays };
    this.#deciding.set(gate, deciding);
    return deciding.promise;
  }

  #decided(event: EventOf<"gate:decided">): void {
    this.#asking.get(event.gate)?.abort();
    this.#deciding.get(event.gate)?.resolve(event);
    this.#deciding.delete(event.gate);
  }

  /** A stop that waited for a person would never end: whoever asks leaves off, and asks again when the run goes on. */
  #letOff(reason: string): void {
    for (const [gate, { promise, reject, stays }] of this.#deciding) {
      if (stays) continue;
      this.#deciding.delete(gate);
      // Its attempt may have ended since.
      promise.catch(() => {});
      reject(new LeftOff(reason));
    }
  }

  #ask(gate: string, question: string): void {
    const { people } = this.world;
    if (!people || this.#asking.has(gate)) return;
    const asked = new AbortController();
    this.#asking.set(gate, asked);
    Promise.resolve()
      .then(() => people.ask({ run: this.run, gate, question }, asked.signal))
      .then((answer) => {
        const command = { type: "decide" as const, gate, ...answer };
        // An answer that is none leaves the gate open, as silence does.
        const fits = answer !== undefined && commandFault(command) === undefined;
        return fits && !asked.signal.aborted ? this.tell(command as Fact) : undefined;
      })
      // Nobody answered: the gate stays open for another way.
      .catch(() => {})
      .finally(() => this.#asking.delete(gate));
  }

  /**
   * The append failed: a new writer, and a fresh look at what stands there. An I/O error is tried once more, on a new
   * handle; a full disk is waited for. Whatever else went wrong loses the journal.
   */
  async #recover(error: unknown, failures: number): Promise<void> {
    const { clock, journal } = this.world;
    const until = clock.now() + this.world.patience;
    let last = error;
    for (let wait = 250 * 2 ** failures; ; wait *= 2) {
      const code = last instanceof TuttiError ? last.code : undefined;
      if (code !== "JOURNAL_FULL" && (code !== "JOURNAL_IO" || failures > 0)) throw last;
      if (clock.now() > until || this.#closed) throw last;
      if (code === "JOURNAL_FULL") {
        this.world.onBlocked?.(reasonOf(last));
        await new Promise<void>((resolve) => clock.at(clock.now() + Math.min(wait, 5000), resolve));
      }
      try {
        await this.#writer.close();
        this.#writer = await journal.claim(this.run);
        this.#state = await load(journal, this.run);
        this.#listen();
        return;
      } catch (again) {
        last = again;
      }
    }
  }

  #listen(): void {
    this.#listening?.();
    this.#listening = this.#writer.commands((commands) => {
      for (const { id, command } of commands) {
        if (id <= this.#heard) continue;
        this.#heard = id;
        const reason = commandFault(command);
        const fact: Fact = reason === undefined ? command : { type: "unfit", what: "command", reason };
        this.#heeding = Promise.allSettled([this.#heeding, this.tell(fact, undefined, id)]);
      }
    });
  }

  /** Nothing more happens by itself: whoever waits is told, and an ended run is given back. */
  async #rest(): Promise<void> {
    for (const { resolve } of this.#waiters.splice(0)) resolve();
    if (!isEnded(this.#state.life) || this.#closed || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#wake?.cancel();
    this.#listening?.();
    await this.#writer.close().catch(() => {});
  }
}

function isOrder(command: Command): command is Extract<Command, { type: "pause" | "resume" | "cancel" }> {
  return command.type === "pause" || command.type === "resume" || command.type === "cancel";
}

function nameOf({ taskId, attempt }: Perform): string {
  return `${taskId}#${attempt}`;
}
