/**
 * A conversation on the terminal, or over lines of any program.
 *
 * M1. One thing at a time: entries are taken in their order. `/stop` counts as soon as it is read; on a terminal, and
 *     where an exchange waits for a person, so do the commands that only look or decide.
 * M2. Whatever goes wrong is said, and the conversation goes on; off a terminal the first of it is the exit code.
 */
import { join } from "node:path";
import { type Asking, CHAT, type Chat, NO_ANSWER } from "../../app/chat.ts";
import { letGo } from "../../app/conducting.ts";
import type { Host, Prepared } from "../../app/host.ts";
import type { Prompts } from "../../app/prompts.ts";
import { secretsIn } from "../../app/scrubbed.ts";
import { CONDUCTOR } from "../../conductor/agent.ts";
import { scrubber } from "../../runtimes/model/secrets.ts";
import { mayPay } from "../begin.ts";
import { EXIT } from "../exit.ts";
import { tell as tellFault } from "../faults.ts";
import type { Io } from "../io.ts";
import { agentOf } from "../known-agent.ts";
import { shortRun } from "../plain.ts";
import type { Completable } from "./completion.ts";
import { typedIn } from "./entry.ts";
import { Exchange } from "./exchange.ts";
import { History } from "./history.ts";
import { Keyboard } from "./keyboard.ts";
import { Lines } from "./lines.ts";
import { type AskingOne, preparedFor } from "./preparing.ts";
import { namesFor, perform } from "./slash.ts";
import type { Speaker } from "./speaker.ts";
import type { Talk } from "./talk.ts";
import { Watch } from "./watch.ts";

export interface SessionOptions {
  readonly io: Io;
  readonly host: Host;
  readonly chat: Chat;
  readonly prompts: Prompts;
  readonly speaker: Speaker;
  readonly isJson: boolean;
  readonly yes: boolean;
}

/** Commands that may be performed while an exchange is under way, because they begin nothing. */
const LOOKS: ReadonlySet<string> = new Set([
  "stop",
  "approve",
  "reject",
  "gates",
  "runs",
  "show",
  "cost",
  "agents",
  "help",
]);
const DECIDES: ReadonlySet<string> = new Set(["stop", "approve", "reject", "gates"]);
/** Milliseconds that runs have, when the conversation is left, to come to the end of a turn. */
const FAREWELL = 1500;
const MOST_NOTES = 200;
const RUNS_PROPOSED = 20;

export class Session implements Talk {
  readonly io: Io;
  readonly host: Host;
  readonly chat: Chat;
  readonly prompts: Prompts;
  readonly watch: Watch;
  readonly isJson: boolean;
  readonly yes: boolean;
  planned: Talk["planned"];
  /** `io` as it was handed in: what is said there is said each time. */
  readonly #raw: Io;
  readonly #speaker: Speaker;
  readonly #lines = new Lines();
  readonly #keyboard: Keyboard;
  readonly #told = new Set<string>();
  #exchange: Exchange | undefined;
  /** A command of others is at work, which hears of Ctrl-C itself. */
  #isBusy = false;
  #isLeaving = false;
  readonly #left = Promise.withResolvers<void>();
  #code: number = EXIT.done;

  constructor({ io, host, chat, prompts, speaker, isJson, yes }: SessionOptions) {
    this.host = host;
    this.chat = chat;
    this.prompts = prompts;
    this.isJson = isJson;
    this.yes = yes;
    this.#speaker = speaker;
    this.#raw = io;
    // What is said before each run, such as which model is taken, is said once here; beside JSON, on standard error.
    this.io = Object.assign(Object.create(io) as Io, {
      err: (line: string) => (/^(?:model|note): /.test(line) ? this.#note(line) : this.tell(line)),
      ...(isJson && { out: (line: string) => io.err(line), write: (text: string) => io.err(text) }),
    });
    this.watch = new Watch(host, (line) => this.tell(line));
    const history = new History(join(io.home, "chat-history"), scrubber(secretsIn(host.settings, io.env)));
    const interrupted = () => this.#interrupt(true);
    this.#keyboard = new Keyboard(io, { lines: this.#lines, history, known: () => this.#known(), interrupted });
  }

  async run(): Promise<number> {
    const signals = { SIGINT: () => this.#interrupt(false), SIGTERM: () => this.#terminate() };
    for (const [name, take] of Object.entries(signals)) process.on(name, take);
    try {
      await this.#talk();
      // What a script began is done before it ends; a person has said that he wants to leave.
      if (!this.#isLeaving && !this.io.canAsk) await Promise.race([this.watch.settled(), this.#left.promise]);
    } finally {
      await this.#letGo();
      this.#keyboard.close();
      for (const [name, take] of Object.entries(signals)) process.off(name, take);
    }
    return this.#code;
  }

  async #talk(): Promise<void> {
    while (!this.#isLeaving) {
      this.#keyboard.prompt(`${this.chat.agent}> `);
      const entry = await this.#lines.take(() => true);
      if (entry === undefined) return;
      this.#keyboard.rest();
      this.count(await this.#perform(entry));
    }
  }

  async #perform(entry: string): Promise<number> {
    const { command, rest } = typedIn(entry);
    this.#speaker.newLine();
    this.#isBusy = this.#exchange === undefined;
    try {
      return command === undefined ? await this.ask({ words: rest }) : await perform(this, command, rest);
    } catch (error) {
      return tellFault(this.#raw, error, this.isJson);
    } finally {
      this.#isBusy = false;
    }
  }

  readonly says = async (question: string, preset: boolean): Promise<boolean> => {
    const answer = (await this.#keyboard.ask(`${question} ${preset ? "[Y/n]" : "[y/N]"} `))?.toLowerCase();
    if (answer === undefined) return false;
    return answer === "" ? preset : answer.startsWith("y");
  };

  readonly tell = (line: string): void => {
    this.#speaker.newLine();
    this.#keyboard.above(() => this.#raw.err(line));
  };

  /** Once in a conversation. */
  #note(line: string): void {
    if (this.#told.has(line)) return;
    if (this.#told.size < MOST_NOTES) this.#told.add(line);
    this.tell(line);
  }

  cut(): string | undefined {
    this.#exchange?.cut("stopped from the conversation");
    return this.#exchange?.run;
  }

  leave(): void {
    this.#isLeaving = true;
  }

  async ask(asking: Asking): Promise<number> {
    const { host, chat, yes } = this;
    const agent = asking.agent ?? chat.agent;
    if (agent !== CONDUCTOR) agentOf(host, agent);
    const left = await chat.left();
    if (left?.usd === 0 || left?.tokens === 0) {
      this.tell(
        `nothing is left of the budget of this chat: leave it, and go on with ${this.io.me} chat --continue --budget AMOUNT`,
      );
      return EXIT.limit;
    }
    const prepared = await preparedFor(this, { ...asking, agent });
    if (!(await mayPay(this.io, host, prepared, { yes }, this.says))) {
      this.tell("not asked; nothing was paid");
      return EXIT.badInput;
    }
    return this.#exchanged(prepared, { ...asking, agent });
  }

  async #exchanged(prepared: Prepared, { words, agent }: AskingOne): Promise<number> {
    const { host, chat, watch } = this;
    const handle = host.start(prepared);
    this.#speaker.begin(handle.id);
    chat.began(handle.id);
    const exchange = new Exchange(handle, {
      ...{ io: this.#raw, speaker: this.#speaker, task: CHAT, isJson: this.isJson },
      tell: (line) => this.tell(line),
      began: (run) => {
        chat.counts(run);
        watch.add(run);
      },
      changed: () => this.#lines.look(),
    });
    this.#exchange = exchange;
    const over = new AbortController();
    const serving = this.#serve(exchange, over.signal);
    try {
      const { code, reply = NO_ANSWER } = await exchange.heard();
      chat.heard({ run: handle.id, agent, said: words, reply });
      // A script whose exchange somebody stops is stopped with it.
      if (exchange.isInterrupted && code === EXIT.interrupted && !this.io.canAsk) this.#isLeaving = true;
      return code;
    } finally {
      this.#exchange = undefined;
      over.abort();
      await serving;
    }
  }

  /** What may be said while an exchange is under way. */
  async #serve(exchange: Exchange, signal: AbortSignal): Promise<void> {
    const may = (entry: string) => {
      const { command } = typedIn(entry);
      if (command === undefined) return false;
      if (this.io.canAsk) return LOOKS.has(command);
      return command === "stop" || (exchange.isWaiting && DECIDES.has(command));
    };
    for (;;) {
      const entry = await this.#lines.take(may, signal);
      if (entry === undefined) break;
      const code = await this.#perform(entry);
      if (typedIn(entry).command !== "stop") this.count(code);
    }
    if (!signal.aborted) exchange.abandon();
  }

  readonly count = (code: number): void => {
    if (this.#code === EXIT.done && !this.io.canAsk) this.#code = code;
  };

  /** `isKey`: the terminal gave it as a key, and no other part of the program has heard of it. */
  #interrupt(isKey: boolean): void {
    if (this.#keyboard.refuse()) return;
    if (this.#exchange) return this.#exchange.interrupt();
    if (this.#isBusy) {
      if (isKey) process.kill(process.pid, "SIGINT");
      return;
    }
    if (this.#keyboard.clear()) return;
    this.#isLeaving = true;
    if (!isKey) this.#code = EXIT.interrupted;
    this.#lines.end();
    this.#left.resolve();
  }

  #terminate(): void {
    this.#isLeaving = true;
    this.#code = EXIT.interrupted;
    this.#exchange?.interrupt();
    this.#lines.end();
    this.#left.resolve();
  }

  /** What goes on beside the conversation is paused, as by Ctrl-C, and can be resumed. */
  async #letGo(): Promise<void> {
    const statusOf = (run: string) => this.host.handle(run)?.status;
    // One that has ended just now may still be put in order.
    const runs = this.host.conducted.filter((run) => statusOf(run) === "running" || statusOf(run) === "waiting");
    if (runs.length === 0) return;
    if (runs.some((run) => statusOf(run) === "waiting")) this.count(EXIT.gate);
    for (const run of runs) this.#raw.err(`run ${shortRun(run)} goes on with: ${this.io.me} resume ${run}`);
    await letGo(this.host, { within: FAREWELL, reason: "the conversation was left" });
  }

  async #known(): Promise<Completable> {
    const runs = await this.host.journal.list({ limit: RUNS_PROPOSED });
    const gates = await this.host.gates();
    return {
      commands: namesFor(this),
      agents: [...this.host.library.agents.keys()],
      runs: runs.map(({ run }) => run),
      gates: gates.map(({ gate }) => gate),
    };
  }
}
