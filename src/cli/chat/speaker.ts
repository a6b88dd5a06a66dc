/**
 * A reply as it comes in: its words at once where whoever is asked streams them, and what is missing of them at the end.
 * Where output is for programs, each piece is a `turn:delta` of its own.
 */
import type { Delta } from "../../runtimes/model/runtime.ts";
import type { Io } from "../io.ts";
import { harmless } from "../text.ts";

/** Characters that are remembered of what was said, for the conversation, should the reply be broken off. */
const MOST_KEPT = 20_000;

export class Speaker {
  readonly #io: Io;
  readonly #isJson: boolean;
  readonly #task: string;
  #run: string | undefined;
  #attempt = 0;
  /** Of the turn under way, as it came. */
  #turn = "";
  #kept = "";
  #isInLine = false;
  #mustBreak = false;

  constructor(io: Io, task: string, isJson: boolean) {
    this.#io = io;
    this.#task = task;
    this.#isJson = isJson;
  }

  /** What was heard so far of the reply under way. */
  get heard(): string {
    return this.#kept;
  }

  begin(run: string): void {
    this.#run = run;
    this.#attempt = 0;
    this.#turn = "";
    this.#kept = "";
  }

  hear({ run, taskId, attempt, text }: Delta): void {
    if (run !== this.#run || taskId !== this.#task) return;
    if (this.#isJson) this.#io.json({ type: "turn:delta", run, taskId, attempt, text });
    if (attempt !== this.#attempt && this.#attempt > 0) this.turnEnded();
    if (this.#mustBreak) {
      this.#turn = "";
      this.newLine();
    }
    this.#mustBreak = false;
    this.#attempt = attempt;
    this.#turn += text;
    if (this.#kept.length < MOST_KEPT) this.#kept += text;
    this.#say(text);
  }

  /** What comes next is another turn. */
  turnEnded(): void {
    this.#mustBreak = true;
  }

  /** The whole reply: what is not there yet is said, such as what was held back because a key could have begun so. */
  finish(output: string): void {
    const turn = this.#turn.trimStart();
    if (output.startsWith(turn)) this.#say(output.slice(turn.length));
    else if (!turn.endsWith(output.trimEnd())) {
      this.newLine();
      this.#say(output);
    }
    this.newLine();
  }

  newLine(): void {
    if (this.#isInLine) this.#write("\n");
  }

  #say(text: string): void {
    // Off a terminal it is as it is: a program may want to read it.
    this.#write(this.#io.isLive ? harmless(text) : text);
  }

  #write(text: string): void {
    if (text === "" || this.#isJson) return;
    this.#io.write(text);
    this.#isInLine = !text.endsWith("\n");
  }
}
