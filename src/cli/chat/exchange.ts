/** One exchange while it is under way: what is heard of it, how it is stopped, and what came of it. */
import type { RunHandle } from "../../app/handle.ts";
import type { Results } from "../../app/whole.ts";
import type { RunEvent } from "../../domain/events.ts";
import { isRunId } from "../../domain/ids.ts";
import { isRecord } from "../../domain/shape.ts";
import { changeLines } from "../changes-text.ts";
import { EXIT, exitOfRun } from "../exit.ts";
import type { Io } from "../io.ts";
import { eventWords, shortRun } from "../plain.ts";
import { createProgress, fold, type Progress } from "../progress.ts";
import { outputText } from "../report.ts";
import { Calls } from "../story.ts";
import { oneLine } from "../text.ts";
import { gateLines } from "./desk.ts";
import type { Speaker } from "./speaker.ts";

export interface Hearing {
  readonly io: Io;
  readonly speaker: Speaker;
  readonly task: string;
  readonly isJson: boolean;
  /** A line beside the reply. */
  readonly tell: (line: string) => void;
  /** It has begun a run of its own. */
  readonly began: (run: string) => void;
  /** It stands otherwise now: what may be typed can be another. */
  readonly changed: () => void;
}
export interface Ended {
  readonly code: number;
  /** Absent where nothing was answered. */
  readonly reply?: string;
}

/** What is told of an exchange beside its words. */
const TOLD: ReadonlySet<RunEvent["type"]> = new Set([
  ...(["task:retry", "task:fallback", "handoff", "budget:exceeded", "breaker:opened", "fact:refused"] as const),
]);

export class Exchange {
  readonly #handle: RunHandle;
  readonly #hearing: Hearing;
  readonly #gone = Promise.withResolvers<"gone">();
  #isGone = false;
  #interrupts = 0;
  #isCut = false;

  constructor(handle: RunHandle, hearing: Hearing) {
    this.#handle = handle;
    this.#hearing = hearing;
  }

  get run(): string {
    return this.#handle.id;
  }
  /** Only a person can let it go on. */
  get isWaiting(): boolean {
    return this.#handle.status === "waiting";
  }
  /** Whoever waits for it has said that it should end. */
  get isInterrupted(): boolean {
    return this.#interrupts > 0;
  }

  /** Once: the turn under way may end, and it can be resumed. Twice: it is cut off. It may be ending just now. */
  interrupt(): void {
    this.#interrupts++;
    const { speaker, tell } = this.#hearing;
    speaker.newLine();
    if (this.#interrupts > 1) return this.cut("stopped by Ctrl-C");
    tell("stopping: what is under way may end. Ctrl-C again cuts it off.");
    this.#handle.pause("stopped by Ctrl-C").catch(() => {});
  }

  cut(reason: string): void {
    this.#isCut = true;
    this.#handle.cancel(reason).catch(() => {});
  }

  /** Nobody is there any more who could answer at a gate. */
  abandon(): void {
    this.#isGone = true;
    this.#gone.resolve("gone");
  }

  async heard(): Promise<Ended> {
    const handle = this.#handle;
    const progress = createProgress();
    const calls = new Calls();
    const events = handle[Symbol.asyncIterator]();
    let coming = events.next();
    let hasHeard = false;
    for (;;) {
      const next = await (hasHeard ? coming : Promise.race([coming, this.#gone.promise]));
      if (next === "gone") hasHeard = true;
      else if (next.done) break;
      else this.#take(next.value, progress, calls);
      const isAtEnd = next === "gone" || next.value.seq >= (handle.seq ?? Number.POSITIVE_INFINITY);
      if (this.#isGone && this.isWaiting && isAtEnd) return this.#leave(events);
      if (next !== "gone") coming = events.next();
    }
    return this.#end(await handle, progress);
  }

  #take(event: RunEvent, progress: Progress, calls: Calls): void {
    const { io, speaker, task, isJson, tell, began, changed } = this.#hearing;
    fold(progress, event);
    if (isJson) io.json(event);
    if (event.type === "turn:complete" && event.taskId === task) speaker.turnEnded();
    const call = calls.note(event);
    const words = call ?? (TOLD.has(event.type) ? eventWords(event) : undefined);
    if (words !== undefined) tell(`· ${words}`);
    if (event.type === "agent:progress") {
      const run = isRecord(event.entry) ? event.entry["run"] : undefined;
      if (typeof run === "string" && isRunId(run)) began(run);
      tell(`· ${eventWords(event) ?? ""}`);
    }
    if (event.type === "gate:opened") for (const line of gateLines(event)) tell(line);
    if (event.type === "gate:opened" || event.type === "gate:decided") changed();
  }

  async #leave(events: AsyncGenerator<RunEvent>): Promise<Ended> {
    // It may be waiting for an event, and ends with the run's being let go.
    void events.return(undefined).catch(() => {});
    await this.#handle[Symbol.asyncDispose]();
    this.#hearing.tell(`it waits for a person: ${this.#hearing.io.me} gates ${shortRun(this.run)}`);
    return { code: EXIT.gate };
  }

  #end({ status, tasks, reason }: Results, progress: Progress): Ended {
    const { io, speaker, task, tell, isJson } = this.#hearing;
    const { output, reason: why = reason } = tasks[task] ?? {};
    const isOurs = (this.isInterrupted || this.#isCut) && (status === "paused" || status === "cancelled");
    const code = isOurs ? EXIT.interrupted : exitOfRun(status);
    if (output !== undefined) {
      const text = outputText(output);
      speaker.finish(text);
      if (!isJson) for (const line of changeLines(progress.tasks.values())) tell(line);
      return { code, reply: text };
    }
    speaker.newLine();
    if (status === "paused") {
      const raise = progress.cause === "budget" ? " --budget AMOUNT" : "";
      tell(
        `${isOurs ? "stopped" : oneLine(why ?? "stopped")}; ${io.me} resume ${shortRun(this.run)}${raise} goes on with it`,
      );
    } else tell(status === "cancelled" ? "stopped" : `no answer: ${oneLine(why ?? "the run was stopped")}`);
    const { heard } = speaker;
    return { code, ...(heard !== "" && { reply: `${heard}\n[it was broken off here]` }) };
  }
}
