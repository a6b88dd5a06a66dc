/**
 * A coding agent as a child of ours that speaks the Agent Client Protocol, for as long as one attempt takes, or several
 * that have it one after the other.
 *
 * S1. It is cancelled first, then asked to end, then ended; whatever it began is swept away after it.
 * S2. It must say something now and then, except while somebody of ours is asked.
 * S3. However it ends, whoever waits for it is told why, with its last words.
 */

import { isRecord } from "../../domain/shape.ts";
import { Child, type ChildEnd, endInWords, FOREVER } from "../../process/child.ts";
import type { Environment } from "../../process/environment.ts";
import { Lines } from "../../process/lines.ts";
import type { Lendable } from "../pool.ts";
import { type Introduction, introductionIn, OURS, type Session, sessionIn, VERSION } from "./protocol.ts";
import { answered, Trouble, trouble } from "./trouble.ts";
import { Late, Refusal, RemoteError, RPC, Wire } from "./wire.ts";

export interface Program {
  /** For messages: `OpenCode`. */
  readonly who: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** What a person does where it is not logged in. */
  readonly advice: string;
}
/** What it may ask of us. */
export interface Surroundings {
  updated(update: Record<string, unknown>): void;
  answer(method: string, params: Record<string, unknown>): Promise<unknown>;
}
export interface SessionOptions {
  readonly cwd: string;
  readonly surroundings: Surroundings;
  readonly timers?: Partial<SessionTimers>;
  /** Ends it while it introduces itself; afterwards there is `cancel`. */
  readonly signal?: AbortSignal;
}
export interface SessionTimers {
  /** Milliseconds for its first word, and for a session to be opened. */
  readonly hello: number;
  /** Milliseconds without a word of it. */
  readonly stall: number;
  /** Milliseconds between asking it to stop its turn and to end. */
  readonly cancel: number;
  /** Milliseconds between asking it to end and ending it. */
  readonly grace: number;
  /** Milliseconds for what a session began to go when it is closed; beyond that its program serves nobody else. */
  readonly settle: number;
}
const SESSION_TIMERS: SessionTimers = { hello: 60_000, stall: 600_000, cancel: 2000, grace: 1500, settle: 5000 };

/** Seconds of one process, and bytes that it writes: more than any turn needs, less than a machine has. */
const LIMITS = { wall: FOREVER, idle: FOREVER, cpu: 4 * 3600, output: 512 * 1024 * 1024 };
/** Milliseconds for an agent to leave by itself when its input ends. */
const LEAVE = 1000;

/** Milliseconds between two looks whether what a session began has gone. */
const LOOK = 200;
/** Milliseconds in which one that lay idle says that it is there. */
const PROOF = 2000;
/** Its limits of time and output are of its whole life: who has served so often is begun anew. */
const MOST_LOANS = 20;
/** While nobody has it. */
const NOBODY: Surroundings = {
  updated: () => {},
  answer: () => Promise.reject(new Refusal(RPC.internal, "its session has ended")),
};

export class AgentSession implements AsyncDisposable, Lendable {
  readonly #program: Program;
  readonly #timers: SessionTimers;
  readonly #wire: Wire;
  readonly #lines: Lines;
  #surroundings: Surroundings;
  #child: Child | undefined;
  #end: ChildEnd | undefined;
  #stall: NodeJS.Timeout | undefined;
  #asks = 0;
  #said: Introduction | undefined;
  #id: string | undefined;
  /** What it tells of an old session while that is loaded has been told before. */
  #isDeaf = false;
  /** It was asked to stop, or broke something. */
  #isSpoiled = false;
  /** Processes that it was when it had introduced itself. */
  #first: number | undefined;
  #loans = 1;

  private constructor(program: Program, surroundings: Surroundings, timers: SessionTimers) {
    this.#program = program;
    this.#surroundings = surroundings;
    this.#timers = timers;
    this.#wire = new Wire({
      send: (line) => void this.#child?.write(line),
      answer: (method, params) => this.#answer(method, params),
      heard: (method, params) => this.#heard(method, params),
    });
    this.#lines = new Lines(
      (line) => this.#wire.take(line),
      () => this.#broken(trouble("invalid-output", "never", `${program.who} sent a line that is too long`)),
    );
  }

  /** Begins it and lets it introduce itself. Throws Trouble. */
  static async begin(program: Program, options: SessionOptions): Promise<AgentSession> {
    const { cwd, surroundings, timers, signal } = options;
    const session = new AgentSession(program, surroundings, { ...SESSION_TIMERS, ...timers });
    await session.#begin(cwd);
    const stop = () => void session.#child?.stop();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      if (signal?.aborted) stop();
      await session.#hello();
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  get introduction(): Introduction {
    return this.#said as Introduction;
  }

  async open(cwd: string, mcpServers: readonly object[] = []): Promise<Session> {
    const session = sessionIn(await this.#request("session/new", { cwd, mcpServers }, this.#timers.hello));
    if (session.id === undefined)
      throw trouble("invalid-output", "never", `${this.#program.who} opened a session without an id`);
    this.#id = session.id;
    return session;
  }

  /** Goes on with a session of before. Undefined where it cannot. */
  async reopen(id: string, cwd: string, mcpServers: readonly object[] = []): Promise<Session | undefined> {
    const { canResume, canLoad } = this.introduction;
    const method = canResume ? "session/resume" : canLoad ? "session/load" : undefined;
    if (method === undefined) return undefined;
    this.#isDeaf = true;
    this.#id = id;
    try {
      const told = await this.#wire.request(method, { sessionId: id, cwd, mcpServers }, this.#timers.hello);
      return { ...sessionIn(told), id };
    } catch (error) {
      // It has forgotten it: a new one does as well. Whoever broke the wire is found out by that.
      if (error instanceof RemoteError || error instanceof Late) return undefined;
      throw this.#told(method, error);
    } finally {
      this.#isDeaf = false;
    }
  }

  async setModel(configId: string, value: string): Promise<void> {
    await this.#request("session/set_config_option", { sessionId: this.#id, configId, value }, this.#timers.hello);
  }

  /** One turn, to its end. What it answers is given as it came. */
  async prompt(text: string): Promise<Record<string, unknown>> {
    this.#watch();
    try {
      const prompt = [{ type: "text", text }];
      const told = await this.#request("session/prompt", { sessionId: this.#id, prompt });
      return isRecord(told) ? told : {};
    } finally {
      clearTimeout(this.#stall);
      this.#stall = undefined;
    }
  }

  /** Asks it to stop its turn; whoever waits for the prompt sees how it ends. */
  cancel(): void {
    this.#isSpoiled = true;
    this.#wire.notify("session/cancel", { sessionId: this.#id });
    setTimeout(() => void this.#child?.stop(), this.#timers.cancel).unref();
  }

  /** While somebody of ours is asked, it may be silent. */
  async asking<T>(act: () => Promise<T>): Promise<T> {
    this.#asks++;
    try {
      return await act();
    } finally {
      this.#asks--;
      this.#stall?.refresh();
    }
  }

  /** Counts what it is before it works, so that it can be told later whether it is so again. */
  async remember(): Promise<void> {
    this.#first ??= await this.#child?.members();
  }

  /** Ends its session, and stays for another. False where it cannot. */
  async leave(): Promise<boolean> {
    if (this.#isSpoiled || this.#end || this.#id === undefined || this.#first === undefined) return false;
    if (!this.introduction.canClose) return false;
    try {
      await this.#wire.request("session/close", { sessionId: this.#id }, LEAVE);
    } catch {
      return false;
    }
    this.#id = undefined;
    this.#surroundings = NOBODY;
    return true;
  }

  /** For the next: what asks and tells is heard by him. */
  lendTo(surroundings: Surroundings): void {
    this.#surroundings = surroundings;
    this.#loans++;
  }

  /** What a session began takes a while to go. */
  async settled(): Promise<boolean> {
    for (let waited = 0; waited < this.#timers.settle; waited += LOOK) {
      if (await this.isAsNew()) return true;
      await new Promise((resolve) => setTimeout(resolve, LOOK).unref());
    }
    return false;
  }

  async isAsNew(): Promise<boolean> {
    if (this.#isSpoiled || this.#end || this.#id !== undefined || this.#loans >= MOST_LOANS) return false;
    const isAlone = this.#first !== undefined && (await this.#child?.members()) === this.#first;
    return isAlone && (await this.#answers());
  }

  /** To what nobody knows it must answer with an error: that it answers is what counts. */
  async #answers(): Promise<boolean> {
    const asked = this.#wire.request("_tutti/well", {}, PROOF);
    return asked.then(
      () => true,
      (error) => error instanceof RemoteError,
    );
  }

  hold(isHeld: boolean): void {
    this.#child?.hold(isHeld);
  }

  close(): Promise<void> {
    return this[Symbol.asyncDispose]();
  }

  /** It and all that it began are gone then. */
  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (!child || this.#end) return;
    if (this.#said?.canClose && this.#id !== undefined)
      await this.#wire.request("session/close", { sessionId: this.#id }, LEAVE).catch(() => {});
    this.#wire.break(new Error("it was let go"));
    child.closeInput();
    const late = setTimeout(() => void child.stop(), LEAVE);
    await child.ended;
    clearTimeout(late);
  }

  async #begin(cwd: string): Promise<void> {
    const { file, args, env } = this.#program;
    const onOutput = (piece: Buffer) => {
      this.#stall?.refresh();
      this.#lines.push(piece);
    };
    try {
      this.#child = await Child.begin({
        ...{ file, args, env, cwd, onOutput, limits: LIMITS, grace: this.#timers.grace, talks: true },
        onOutputEnd: () => void this.#silent(),
      });
    } catch (error) {
      throw trouble("error", "never", `${this.#program.who} cannot be begun: ${(error as Error).message}`);
    }
    void this.#child.ended.then((end) => {
      this.#end = end;
      this.#lines.end();
      this.#broken(this.#gone(end));
    });
  }

  async #hello(): Promise<void> {
    const said = introductionIn(await this.#request("initialize", OURS, this.#timers.hello));
    const { who } = this.#program;
    if (said.version !== VERSION)
      throw trouble(
        "error",
        "never",
        `${who} speaks version ${said.version ?? "unknown"} of the Agent Client Protocol, and Tutti version ${VERSION}: install a release of it that does`,
      );
    this.#said = said;
  }

  #heard(method: string, params: unknown): void {
    if (method !== "session/update" || this.#isDeaf || !isRecord(params) || params["sessionId"] !== this.#id) return;
    if (isRecord(params["update"])) this.#surroundings.updated(params["update"]);
  }

  async #answer(method: string, params: unknown): Promise<unknown> {
    const asked = isRecord(params) ? params : {};
    const { sessionId } = asked;
    // Of a session of before, whose attempt has ended.
    if (sessionId !== undefined && sessionId !== this.#id && this.#loans > 1)
      throw new Refusal(RPC.badParams, "that session has ended");
    return this.#surroundings.answer(method, asked);
  }

  async #request(method: string, params: unknown, time?: number): Promise<unknown> {
    try {
      return await this.#wire.request(method, params, time);
    } catch (error) {
      throw this.#told(method, error);
    }
  }

  #told(method: string, error: unknown): Trouble {
    const { who, advice } = this.#program;
    if (error instanceof Trouble) return error;
    if (error instanceof RemoteError) return new Trouble(answered(who, method, error, advice));
    if (error instanceof Late) return trouble("timeout", "safe", `${who}: ${error.message}${this.#words()}`);
    return trouble("invalid-output", "safe", `${who}: ${(error as Error).message}`);
  }

  #watch(): void {
    const { stall } = this.#timers;
    this.#stall = setTimeout(() => {
      if (this.#asks > 0) this.#stall?.refresh();
      else this.#broken(trouble("stalled", "safe", `${this.#program.who} said nothing for ${stall} ms`));
    }, stall);
  }

  /** Its output has ended: either it is about to go, or it can be talked to no longer. */
  async #silent(): Promise<void> {
    const late = setTimeout(
      () => this.#broken(trouble("error", "safe", `${this.#program.who} closed its output and went on running`)),
      LEAVE,
    );
    await this.#child?.ended;
    clearTimeout(late);
  }

  /** There is no more to be had of it. */
  #broken(fault: Trouble): void {
    this.#isSpoiled = true;
    this.#wire.break(fault);
    if (!this.#end) void this.#child?.stop();
  }

  #gone(end: ChildEnd): Trouble {
    const swept = end.swept > 0 ? `; ${end.swept} processes that it had left behind were ended` : "";
    const reason = `${this.#program.who}: ${endInWords(end, LIMITS)} before its turn did${swept}${this.#words(end)}`;
    return trouble("error", "safe", reason);
  }

  /** What it said beside the protocol, the end of it. */
  #words(end?: ChildEnd): string {
    const said = end?.stderr.trim() || this.#wire.garbage;
    return said ? `: ${said.slice(-600)}` : "";
  }
}
