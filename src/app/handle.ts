/**
 * One handle on a run: async-iterable for its events, awaitable for its results.
 *
 * H1. It reads events from the journal, so a slow reader costs no memory and misses nothing.
 * H2. Awaiting it resolves at every end and at every pause; it rejects for bad input or a lost journal only.
 */
import { commandFault } from "../coordination/command-shape.ts";
import { resultsOf } from "../core/results.ts";
import { TuttiError } from "../domain/error.ts";
import type { RunEvent, RunResults, RunStatus } from "../domain/events.ts";
import type { Command } from "../domain/facts.ts";
import type { Json } from "../domain/json.ts";
import type { AgentTask, Budget } from "../domain/plan.ts";
import type { Journal } from "../domain/ports.ts";
import { orThrow } from "../drivers/local/attempt-log.ts";
import type { LocalDriver } from "../drivers/local/driver.ts";
import { type Results, wholeResults } from "./whole.ts";

export interface Opened {
  /** Absent for a run that has ended before. */
  readonly driver?: LocalDriver;
  readonly results?: RunResults;
  /** Closes what was opened for this run alone. */
  readonly release?: () => Promise<void>;
}

export class RunHandle implements AsyncIterable<RunEvent>, PromiseLike<Results> {
  readonly id: string;
  readonly #journal: Journal;
  readonly #opened: Promise<Opened>;
  readonly #published: (run: string, call: () => void) => () => void;
  #driver: LocalDriver | undefined;

  constructor(
    id: string,
    journal: Journal,
    opened: Promise<Opened>,
    published: (run: string, call: () => void) => () => void,
  ) {
    this.id = id;
    this.#journal = journal;
    this.#published = published;
    this.#opened = opened;
    // Whoever awaits or iterates gets the error; a handle that nobody looks at must not end the process.
    opened.then(
      ({ driver }) => {
        this.#driver = driver;
      },
      () => {},
    );
  }

  /** As far as it is durable; undefined until the run is open here. */
  get status(): RunStatus | undefined {
    return this.#driver?.status;
  }

  /** The number of the newest durable event; undefined until the run is open here. */
  get seq(): number | undefined {
    return this.#driver?.seq;
  }

  // biome-ignore lint/suspicious/noThenProperty: being awaitable is what a handle is for
  then<A = Results, B = never>(
    fulfilled?: ((results: Results) => A | PromiseLike<A>) | null,
    rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#results().then(fulfilled, rejected);
  }

  catch<B>(rejected: (error: unknown) => B | PromiseLike<B>): Promise<Results | B> {
    return this.#results().catch(rejected);
  }

  finally(call: () => void): Promise<Results> {
    return this.#results().finally(call);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent, void, undefined> {
    const { driver } = await this.#opened;
    let next = 1;
    // Whoever asks when it is still is kept until then, so this asks once: only to hear that its journal is lost.
    let isAsked = false;
    let lost: { readonly error: unknown } | undefined;
    let wake = () => {};
    const ask = () => {
      isAsked = true;
      driver?.still().then(
        () => {
          isAsked = false;
        },
        (error) => {
          lost = { error };
          wake();
        },
      );
    };
    for (;;) {
      const changed = Promise.withResolvers<void>();
      wake = changed.resolve;
      const forget = this.#published(this.id, changed.resolve);
      try {
        // What is acknowledged while we read is read in the next round; the subscription came first.
        // What is decided and not yet durable has ended nothing: its events are still to come.
        const still = !driver || (driver.isStill && driver.state.seq === driver.seq);
        const last = driver?.seq ?? Number.POSITIVE_INFINITY;
        for await (const page of this.#journal.read(this.id, { from: next })) {
          for (const event of page) {
            if (event.seq > last) break;
            next = event.seq + 1;
            yield event;
          }
        }
        if (still && next > (driver?.seq ?? 0)) return;
        if (driver && next <= driver.seq) continue;
        if (!isAsked) ask();
        if (!lost) await changed.promise;
        if (lost) throw lost.error;
      } finally {
        forget();
      }
    }
  }

  /** No new attempt begins; what is under way ends. Resolves when the order is durable. */
  async pause(reason?: string): Promise<void> {
    await this.command({ type: "pause", ...(reason === undefined ? {} : { reason }) });
  }

  /** Goes on after a pause, with a raised budget or a new time limit if given. */
  async resume(raise: { readonly budget?: Budget; readonly globalTimeout?: number } = {}): Promise<void> {
    await this.command({ type: "resume", ...raise });
  }

  async cancel(reason?: string): Promise<void> {
    await this.command({ type: "cancel", ...(reason === undefined ? {} : { reason }) });
  }

  /** `edited` takes the place of the task's prompt. */
  async approve(
    gate: string,
    how: { readonly note?: string; readonly edited?: string; readonly by?: string } = {},
  ): Promise<void> {
    await this.command({ type: "decide", gate, decision: "approve", ...how });
  }

  async reject(gate: string, how: { readonly note?: string; readonly by?: string } = {}): Promise<void> {
    await this.command({ type: "decide", gate, decision: "reject", ...how });
  }

  /** Adds and removes tasks, or raises the budget, while the run runs. */
  async change(change: {
    readonly add?: readonly AgentTask[];
    readonly remove?: readonly string[];
    readonly budget?: Budget;
    readonly reason?: string;
  }): Promise<void> {
    await this.command({ type: "change", ...change });
  }

  /** A word to an agent of the run (`*`: to all); its next attempt sees it. */
  async message(to: string, content: Json, from = "user"): Promise<void> {
    await this.command({ type: "message", from, to, content });
  }

  /** Marks this point; `fork` with the `run@seq` that it returns goes on from here. */
  async checkpoint(name: string): Promise<string> {
    const events = await this.command({ type: "checkpoint", name });
    const mark = events.find((event) => event.type === "checkpoint");
    return `${this.id}@${mark?.seq}`;
  }

  /** Lets the run go: what is under way here is aborted, and a resume goes on from what is durable. */
  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#opened.catch(() => undefined);
    await opened?.driver?.close();
    await opened?.release?.();
  }

  /** Resolves when the run is open here; rejects where it could not be begun. */
  async opened(): Promise<void> {
    await this.#opened;
  }

  /** Resolves when what others had asked of it before it was opened here has been obeyed or refused. */
  async heeded(): Promise<void> {
    const { driver } = await this.#opened;
    // Who has let it go, or come to its end, has nothing more to heed.
    await driver?.heeded().catch(() => {});
  }

  /** Any command, as the inbox takes it. Resolves with the events that it brought, once they are durable. */
  async command(command: Command): Promise<readonly RunEvent[]> {
    const fault = commandFault(command);
    if (fault !== undefined) throw new TuttiError("BAD_INPUT", `${command.type}: ${fault}`);
    const { driver } = await this.#opened;
    if (!driver) throw new TuttiError("WRONG_STATE", `the run ${this.id} has ended`);
    return orThrow(await driver.tell(command));
  }

  async #results(): Promise<Results> {
    const { driver, results } = await this.#opened;
    if (!driver) return wholeResults(this.#journal, results as RunResults);
    await driver.still();
    const { state } = driver;
    return wholeResults(this.#journal, state.results ?? resultsOf(state, state.at));
  }
}
