/**
 * One attempt under way.
 *
 * Modes: begun → (asked to stop) → ended. It ends by what its runtime says, or, when it was asked to stop and the
 * grace is over, without it; what such an attempt used is told late.
 */

import { messagesOf } from "../../coordination/talk.ts";
import type { RunState } from "../../core/state.ts";
import type { Perform } from "../../domain/effects.ts";
import { LeftOff, reasonOf, TuttiError } from "../../domain/error.ts";
import type { RunEvent, Spent } from "../../domain/events.ts";
import type { Ending, Fact, LogEntry } from "../../domain/facts.ts";
import type { Handed } from "../../domain/handoff.ts";
import { effectId } from "../../domain/ids.ts";
import { asJson, defined, type Json, sha256 } from "../../domain/json.ts";
import type { BlobRef } from "../../domain/plan.ts";
import type { Answer, Attempt, BoardEntry, Outcome, Runtime } from "../../domain/ports.ts";
import { type Node, promptOf } from "../../graph/dag.ts";
import { taskOf } from "../../graph/expand.ts";
import { cardFor } from "../../scheduling/places.ts";
import { sumOf } from "./aside.ts";
import { orThrow } from "./attempt-log.ts";
import { WorldOfAttempt } from "./attempt-world.ts";
import { heard, type Said, shownBefore, showTo } from "./converse.ts";
import { enter } from "./entering.ts";
import { followed } from "./followed.ts";
import { hedging } from "./hedging.ts";
import { Helping } from "./helping.ts";
import { largeText, resultsFor, spentOf } from "./outputs.ts";
import { Place } from "./place.ts";
import type { World } from "./world.ts";

/** The driver, as an attempt needs it. */
export interface Host {
  readonly run: string;
  readonly world: World;
  readonly state: RunState;
  readonly board: ReadonlyMap<string, BoardEntry>;
  tell(fact: Fact, blobs?: ReadonlyMap<string, string>): Promise<readonly RunEvent[]>;
  /** Tells a fact that nobody waits for; `done` is called when it is durable, or when the run was let go. */
  post(fact: Fact, blobs?: ReadonlyMap<string, string>, done?: () => void): void;
  resolve(output: Json | BlobRef): Promise<Json>;
  decision(gate: string): Promise<Answer>;
  readonly inFlight: Map<string, { tokens: number; usd: number; turns: number }>;
  release(effect: Perform): void;
}

/** Still longer ones are refused by name: a result must fit into the memory of whoever reads it. */
const LARGEST_OUTPUT = 64 * 1024 * 1024;

export class Performance {
  readonly #driver: Host;
  readonly #effect: Perform;
  readonly #startedAt: number;
  #controller: AbortController | undefined;
  #stopped: string | undefined;
  #timeout: Ending | undefined;
  #giveUp: ((ending: Ending) => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  /** Milliseconds that it still has, counted from `armedAt`. */
  #left: number | undefined;
  #armedAt = 0;
  /** Persons and limits that it waits for, since when, and how long it has so far: that was no work. */
  #asks = 0;
  #restsSince = 0;
  #rested = 0;
  #isOver = false;
  #gone: (() => void) | undefined;
  #abandoned = false;
  #helping: Helping | undefined;
  #place: Place | undefined;

  constructor(driver: Host, effect: Perform) {
    this.#driver = driver;
    this.#effect = effect;
    this.#startedAt = driver.world.clock.now();
  }

  begin(): void {
    this.#run();
    this.stop(this.#effect.stop);
  }

  /** Asks the attempt to end. */
  stop(reason: string | undefined): void {
    if (reason === undefined || this.#stopped !== undefined) return;
    this.#stopped = reason;
    this.#end(reason, { outcome: "stopped", reason: `${reason}; the attempt did not end when asked` });
  }

  /** The host lets the run go: the attempt is aborted and nobody is told how it ended. */
  abandon(reason: string): Promise<void> {
    this.#abandoned = true;
    if (this.#isOver) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gone = resolve;
    this.#end(reason, { outcome: "stopped", reason });
    return promise;
  }

  #end(reason: string, otherwise: Ending): void {
    const { clock, grace } = this.#driver.world;
    this.#controller?.abort(new TuttiError("WRONG_STATE", reason));
    this.#cancelTimer?.();
    this.#cancelTimer = clock.at(clock.now() + grace, () => this.#giveUp?.(otherwise));
  }

  /** Its time runs, unless it has none, must end anyway, or waits for a person. */
  #arm(): void {
    if (this.#left === undefined || this.#stopped !== undefined || this.#timeout || this.#asks > 0) return;
    const { clock } = this.#driver.world;
    this.#armedAt = clock.now();
    this.#cancelTimer = clock.at(this.#armedAt + this.#left, () => this.#expire());
  }

  #hold(): void {
    if (this.#asks === 0) this.#restsSince = this.#driver.world.clock.now();
    if (this.#asks++ > 0 || this.#left === undefined || this.#stopped !== undefined || this.#timeout) return;
    this.#cancelTimer?.();
    this.#left -= this.#driver.world.clock.now() - this.#armedAt;
  }

  #expire(): void {
    const reason = `it took longer than its timeout of ${this.#node().spec?.timeout} ms`;
    this.#timeout = { outcome: "failed", failure: "timeout", reason, retry: "safe" };
    this.#end(reason, this.#timeout);
  }

  #run(): void {
    this.#giveUp = (ending) => this.#close(ending, undefined);
    this.#perform().then(
      (got) => (this.#isOver ? this.#late(got) : this.#close(this.#endingOf(got), got)),
      (error) => this.#close(this.#broke(error), undefined),
    );
  }

  /** How it ended is told once; until that is durable the run still counts it as under way. */
  #close(ending: Ending, got: Outcome | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer?.();
    const released = () => {
      this.#driver.release(this.#effect);
      this.#gone?.();
    };
    if (this.#abandoned) released();
    else this.#tell(ending, spentOf(this.#worked(), got), released);
  }

  #endingOf(got: Outcome): Ending {
    if (got.ok) return { outcome: "ok", output: got.output, ...(got.changes && { changes: got.changes }) };
    if (this.#timeout) return this.#timeout;
    if (this.#stopped !== undefined) return { outcome: "stopped", reason: this.#stopped };
    const { failure, reason, retry, retryAfter, needs, advice } = got;
    // It left off between two turns because the run is to stand still.
    if (failure === "stopped") return { outcome: "stopped", reason };
    return { outcome: "failed", failure, reason, retry, ...defined({ retryAfter, needs, advice }) };
  }

  /** The runtime threw, or what the attempt needs could not be read. */
  #broke(error: unknown): Ending {
    if (this.#stopped !== undefined) return { outcome: "stopped", reason: this.#stopped };
    const reason = reasonOf(error);
    if (error instanceof LeftOff) return { outcome: "stopped", reason };
    if (error instanceof TuttiError && error.code === "JOURNAL_CORRUPT")
      this.#driver
        .tell({ type: "broken", reason: `a result that task '${this.#effect.taskId}' needs cannot be read: ${reason}` })
        .catch(() => {});
    return { outcome: "failed", failure: "bug", reason, retry: "never" };
  }

  #tell(ending: Ending, spent: Spent, done?: () => void): void {
    const { taskId, attempt } = this.#effect;
    const text = ending.outcome === "ok" ? largeText(ending.output) : undefined;
    if (text !== undefined && text.length > LARGEST_OUTPUT) {
      const reason = `its output has ${text.length} characters of JSON; the limit is ${LARGEST_OUTPUT}`;
      return this.#tell({ outcome: "failed", failure: "invalid-output", reason, retry: "never" }, spent, done);
    }
    if (text === undefined)
      return this.#driver.post({ type: "ended", taskId, attempt, spent, ...ending }, undefined, done);
    const blob: BlobRef = { $blob: sha256(text), bytes: Buffer.byteLength(text) };
    const fact: Fact = {
      type: "ended",
      taskId,
      attempt,
      spent,
      ...(ending as Extract<Ending, { outcome: "ok" }>),
      blob,
    };
    this.#driver.post(fact, new Map([[blob.$blob, text]]), done);
  }

  /** It ended after it had been given up: only what it used still counts (I6). */
  #late(got: Outcome): void {
    if (this.#abandoned || !got.usage) return;
    this.#tell({ outcome: "stopped", reason: "ended too late" }, spentOf(this.#worked(), got));
  }

  /** Milliseconds, without those that it waited for a person or a limit. */
  #worked(): number {
    const now = this.#driver.world.clock.now();
    const resting = this.#asks > 0 ? now - this.#restsSince : 0;
    return Math.max(0, now - this.#startedAt - this.#rested - resting);
  }

  async #perform(): Promise<Outcome> {
    const { limits, runtimeOf } = this.#driver.world;
    const node = this.#node();
    const agentName = this.#agentName();
    const own = runtimeOf(agentName);
    const runtime = own && hedging(own, this.#driver, node.id, node.spec?.hedge);
    if (!runtime) return { ok: false, failure: "bug", reason: `there is no agent '${agentName}' here`, retry: "never" };
    const { places } = this.#driver.state;
    const card = cardFor(places, this.#effect.taskId, places.agents[agentName]) ?? { runtime: "unknown" };
    const entered = limits && (await enter(this.#driver, limits, { taskId: node.id, card }, this.#signal()));
    if (entered && "outcome" in entered) return entered.outcome;
    const again = async () => limits?.enter(card, this.#signal());
    // Its own time stands still while it waits to come back.
    const back = () => new WorldOfAttempt(this.#driver, this.#effect, this).rest(again());
    this.#place = new Place(entered?.leave, back);
    this.#left = node.spec?.timeout;
    this.#arm();
    let got: Outcome | undefined;
    try {
      const found = resultsFor(this.#driver, node);
      const results = found instanceof Promise ? await found : found;
      // It may have been stopped while it waited for a place or for what it needs: then it never begins.
      if (this.#stopped !== undefined || this.#isOver || this.#abandoned)
        return { ok: false, failure: "stopped", reason: this.#stopped ?? "let go", retry: "safe" };
      const attempt = this.#attempt(node, agentName, card, results);
      if (this.#effect.restart > 0) await this.helping.load();
      if (runtime.converses) got = await this.#converse(runtime, node, attempt);
      else got = await runtime.perform(attempt, new WorldOfAttempt(this.#driver, this.#effect, this));
    } finally {
      this.#place.end(got);
    }
    const usage = sumOf(got.usage, this.#helping?.used);
    if (usage) got = { ...got, usage };
    // Whoever takes the task over is not told what is wrong with a result that does not count.
    const isHanded = this.#driver.state.recovery.tries.get(node.id)?.heir !== undefined;
    if (isHanded || (got.ok && !node.spec?.validate)) return got;
    return followed(this.#driver, new WorldOfAttempt(this.#driver, this.#effect, this), this.#effect, got);
  }

  /** What it is shown is in the journal before it is asked; what it says to others is sent before its result counts. */
  async #converse(runtime: Runtime, node: Node, attempt: Attempt): Promise<Outcome> {
    const from = attempt.continues?.[0] ?? (this.#effect.restart > 0 ? attempt.attempt : undefined);
    const before = from === undefined ? undefined : await shownBefore(this.#driver, { ...attempt, attempt: from });
    const shown = before ?? (await showTo(this.#driver, node, attempt));
    const { text, tokens, pieces, evidence } = shown;
    const found = evidence ? { evidence: asJson(evidence) } : {};
    if (!before) await this.#log([{ type: "context:shown", entry: { tokens, pieces, text, ...found } }]);
    const outcome = await runtime.perform({ ...attempt, shown }, new WorldOfAttempt(this.#driver, this.#effect, this));
    // Where agents may not talk, what looks like a message is part of the text.
    if (this.#driver.state.start?.options.enableCommunication === false) return outcome;
    const said = heard(outcome);
    const isSent = await this.#say(said);
    // A message that reached nobody is still in the text: no word that was paid for is lost.
    return isSent ? said.outcome : outcome;
  }

  /** Sends what a reply says to others, each once over all restarts. Says whether all of it arrived. */
  async #say({ messages, faults }: Said): Promise<boolean> {
    const { taskId, attempt } = this.#effect;
    const sent = this.#effect.restart > 0 ? [...this.#driver.state.talk.messages.values()] : [];
    const isSaid = (to: string, content: Json) =>
      sent.some((one) => one.taskId === taskId && one.to === to && one.content === content);
    let isSent = true;
    for (const { to, kind, content } of messages.filter((one) => !isSaid(one.to, one.content))) {
      const events = await this.#driver.tell({ type: "sent", taskId, attempt, to, kind, content });
      if (events.some(({ type }) => type === "fact:refused")) isSent = false;
    }
    for (const reason of faults) await this.#driver.tell({ type: "unfit", what: "sent", reason });
    return isSent;
  }

  #node(): Node {
    return this.#driver.state.graph.nodes.get(this.#effect.taskId) as Node;
  }

  #agentName(): string {
    return this.#driver.state.recovery.tries.get(this.#effect.taskId)?.agentName ?? "";
  }

  #attempt(node: Node, agentName: string, agent: Attempt["agent"], results: Attempt["results"]): Attempt {
    const { run, state } = this.#driver;
    const { taskId, attempt, restart } = this.#effect;
    const spec = node.spec as NonNullable<Node["spec"]>;
    const { from, model } = state.recovery.tries.get(taskId) ?? {};
    // What the budget made of it goes before what its task asks for.
    const task = from === undefined ? taskOf(spec) : { ...taskOf(spec), ...defined({ model }) };
    const messages = state.talk.given.has(taskId) ? messagesOf(state.talk, taskId) : [];
    const made = {
      run,
      effectId: effectId(run, taskId, attempt),
      task,
      agentName,
      agent,
      prompt: promptOf(node),
      attempt,
      restart,
      results,
      messages,
    };
    const { continues, hint, handed } = state.recovery.tries.get(taskId) ?? {};
    if ((node.note ?? continues ?? hint ?? handed) === undefined) return made;
    return { ...made, ...defined({ note: node.note, continues, hint, handed: takenOver(handed, attempt) }) };
  }

  #signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      const reason = this.#stopped;
      if (reason !== undefined) this.#controller.abort(new TuttiError("WRONG_STATE", reason));
    }
    return this.#controller.signal;
  }

  get signal(): AbortSignal {
    return this.#signal();
  }

  /** Most attempts ask nobody. */
  get helping(): Helping {
    this.#helping ??= new Helping(this.#driver, this.#effect);
    return this.#helping;
  }

  get place(): Place {
    this.#place ??= new Place(undefined, async () => undefined);
    return this.#place;
  }

  async #log(entries: readonly LogEntry[]): Promise<void> {
    const { taskId, attempt } = this.#effect;
    orThrow(await this.#driver.tell({ type: "logged", taskId, attempt, entries }));
  }

  /** While a person is asked, the attempt's own time stands still. */
  hold(): () => void {
    this.#hold();
    return () => {
      this.#asks--;
      if (this.#asks === 0) this.#rested += this.#driver.world.clock.now() - this.#restsSince;
      this.#arm();
    };
  }
}

/** Of a package that this attempt makes itself it is told nothing. */
const takenOver = (handed: Handed | undefined, attempt: number) =>
  handed !== undefined && handed.attempt < attempt ? handed : undefined;
