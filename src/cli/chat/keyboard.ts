/**
 * Where entries come from: a terminal with history and completion, or any stream of lines. One reader of standard input
 * for the whole conversation, questions included, so that no line goes to the wrong one.
 */
import { clearLine, createInterface, cursorTo, type Interface } from "node:readline";
import type { Io } from "../io.ts";
import { type Completable, complete } from "./completion.ts";
import { EntryReader } from "./entry.ts";
import type { History } from "./history.ts";
import { type Lines, MOST_WAITING } from "./lines.ts";

export interface KeyboardOptions {
  readonly lines: Lines;
  readonly history: History;
  readonly known: () => Promise<Completable>;
  /** Ctrl-C, where the terminal gives it as a key. */
  readonly interrupted: () => void;
}

const HISTORY = 1000;
const GOES_ON = "… ";

export class Keyboard {
  readonly #io: Io;
  readonly #reader: Interface;
  readonly #options: KeyboardOptions;
  readonly #entry = new EntryReader();
  #prompt = "";
  #isPrompting = false;
  #answer: ((text: string | undefined) => void) | undefined;

  constructor(io: Io, options: KeyboardOptions) {
    this.#io = io;
    this.#options = options;
    const { history, lines, interrupted } = options;
    const terminal = {
      ...{ output: process.stdout, terminal: true, history: history.load(), historySize: HISTORY },
      completer: (line: string, done: (error: null, found: [string[], string]) => void) => this.#complete(line, done),
    };
    this.#reader = createInterface({ input: io.input, ...(io.canAsk ? terminal : { terminal: false }) });
    this.#reader.on("line", (line) => this.#take(line));
    this.#reader.on("SIGINT", interrupted);
    if (io.canAsk) this.#reader.on("history", (all: string[]) => this.#keep(all));
    this.#reader.once("close", () => {
      if (this.#entry.isOpen) lines.push(this.#entry.end());
      this.#answer?.(undefined);
      lines.end();
    });
  }

  /** Says whose turn it is, on a terminal. */
  prompt(text: string): void {
    this.#prompt = text;
    // Whoever waited for room may go on.
    if (this.#options.lines.isOver) return;
    if (this.#options.lines.size < MOST_WAITING) this.#reader.resume();
    this.#show(text);
  }

  /** What is typed from now on is for later. */
  rest(): void {
    this.#isPrompting = false;
    this.#prompt = "";
    this.#reader.setPrompt("");
  }

  /** A line above what is being typed. */
  above(print: () => void): void {
    if (!this.#isPrompting || this.#options.lines.isOver) return print();
    cursorTo(process.stdout, 0);
    clearLine(process.stdout, 0);
    print();
    this.#reader.prompt(true);
  }

  /** Undefined where the input has ended, or nobody wants to answer. */
  async ask(question: string): Promise<string | undefined> {
    if (!this.#io.canAsk || this.#options.lines.isOver) return undefined;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#answer = resolve;
    this.#show(question);
    const text = await promise;
    this.#answer = undefined;
    this.#isPrompting = false;
    return text?.trim();
  }

  /** Nobody wants to answer. False where nothing was asked. */
  refuse(): boolean {
    if (this.#answer === undefined) return false;
    this.#answer(undefined);
    this.#io.write("\n");
    return true;
  }

  /** Takes away what was begun on a terminal; false where nothing was. */
  clear(): boolean {
    if (!this.#io.canAsk || this.#options.lines.isOver) return false;
    const isEmpty = this.#reader.line === "" && !this.#entry.isOpen;
    this.#entry.end();
    if (!isEmpty) {
      this.#io.write("\n");
      this.#reader.write(null, { ctrl: true, name: "e" });
      this.#reader.write(null, { ctrl: true, name: "u" });
      this.#show(this.#prompt);
    }
    return !isEmpty;
  }

  close(): void {
    this.#reader.close();
  }

  #take(line: string): void {
    this.#isPrompting = false;
    if (this.#answer) return this.#answer(line);
    const { lines } = this.#options;
    const entry = this.#entry.take(line);
    if (entry === undefined) this.#show(GOES_ON);
    else if (entry.trim() === "") this.#show(this.#prompt);
    else lines.push(entry);
    if (lines.size >= MOST_WAITING && !this.#io.canAsk) this.#reader.pause();
  }

  #show(prompt: string): void {
    if (!this.#io.canAsk || (prompt === "" && this.#prompt === "")) return;
    this.#isPrompting = true;
    this.#reader.setPrompt(prompt);
    this.#reader.prompt();
  }

  /** The newest stands first. */
  #keep(all: string[]): void {
    const [newest = ""] = all;
    const kept = this.#answer ? undefined : this.#options.history.add(newest);
    if (kept === undefined) all.shift();
    else all[0] = kept;
  }

  #complete(line: string, done: (error: null, found: [string[], string]) => void): void {
    this.#options.known().then(
      (known) => done(null, complete(line, known)),
      () => done(null, [[], line]),
    );
  }
}
