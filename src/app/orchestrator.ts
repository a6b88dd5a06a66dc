/**
 * The one class that a user constructs. It checks what it is given before anything is stored, opens the journal,
 * and hands each run to a driver.
 */

import { resultsOf } from "../core/results.ts";
import { createState, type RunState } from "../core/state.ts";
import { TuttiError } from "../domain/error.ts";
import type { EventOf, EventType, RunEvent } from "../domain/events.ts";
import type { Command, Fact } from "../domain/facts.ts";
import { isRunId, runId } from "../domain/ids.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { Clock, Journal, RunWriter } from "../domain/ports.ts";
import type { Random } from "../domain/random.ts";
import { LocalDriver } from "../drivers/local/driver.ts";
import { load } from "../drivers/local/load.ts";
import { checkPlan, planFaults } from "../graph/check.ts";
import { createMemoryJournal } from "../journal/memory.ts";
import { createSqliteJournal } from "../journal/sqlite.ts";
import { isEnded } from "../scheduling/life.ts";
import { type Crew, crewOf } from "./agents.ts";
import { colleaguesBy } from "./colleagues.ts";
import { type Opened, RunHandle } from "./handle.ts";
import { checkHedges } from "./hedges.ts";
import { type Branch, blobsOf, branchOf, type Descent, editOf } from "./lineage.ts";
import { namesIn } from "./names-in.ts";
import { checkConfig, type OrchestratorConfig, runOptions } from "./options.ts";
import { systemChance, systemClock } from "./system.ts";

export interface ExecuteOptions {
  /** The plan; default: the tasks that were added. */
  readonly tasks?: readonly AgentTask[];
  readonly workflow?: string;
  /** Take over from this run whatever is made from the same. */
  readonly parent?: string;
  readonly signal?: AbortSignal;
  /** This orchestrator was made for this run alone: disposing of the handle disposes of it. */
  readonly alone?: boolean;
}

type Listener = (event: RunEvent) => void;

export class AgentOrchestrator {
  readonly journal: Journal;
  readonly #config: OrchestratorConfig;
  readonly #crew: Crew;
  readonly #clock: Clock;
  readonly #chance: Random;
  readonly #ownJournal: boolean;
  readonly #tasks: AgentTask[] = [];
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #watchers = new Map<string, Set<() => void>>();
  /** Runs that are open here. */
  protected readonly drivers = new Map<string, LocalDriver>();
  #disposed = false;

  constructor(config: OrchestratorConfig = {}) {
    checkConfig(config);
    this.#config = config;
    this.#clock = config.clock ?? systemClock;
    this.#chance = config.chance ?? systemChance;
    this.#crew = crewOf(config.agents ?? {}, config.runtimes ?? {});
    const { journal = "memory" } = config;
    this.#ownJournal = journal === "memory" || "path" in journal;
    this.journal =
      journal === "memory" ? createMemoryJournal() : "path" in journal ? createSqliteJournal(journal) : journal;
  }

  /** Adds a task to the plan that `execute` runs. Throws for a field that cannot be. */
  addTask(task: AgentTask): this {
    const own = planFaults([task]).find(
      ({ message }) => !/ depends on | reads |which is not a task of this plan/.test(message),
    );
    if (own) throw new TuttiError("BAD_INPUT", own.message, { path: own.path });
    this.#tasks.push(copyOf(task));
    return this;
  }

  /** Listens to one type of event, or to all (`*`), of every run; after it is durable. Returns what ends it. */
  on<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void;
  on(type: "*", listener: Listener): () => void;
  on(type: string, listener: (event: never) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    listeners.add(listener as Listener);
    return () => listeners.delete(listener as Listener);
  }

  /** Messages of every run to one agent (`*` among them), once they are durable. */
  readonly messageBus = {
    subscribe: (agent: string, listener: (message: EventOf<"message:sent">) => void): (() => void) =>
      this.on("message:sent", (event) => {
        if (event.to === agent || event.to === "*") listener(event);
      }),
  };

  /** Starts a run. The handle is there at once; bad input rejects it before anything is stored. */
  execute(options: ExecuteOptions = {}): RunHandle {
    const id = runId(this.#clock.now(), this.#chance);
    const { parent, workflow = "custom", signal, alone = false } = options;
    const plan = this.#checked(options.tasks ?? this.#tasks);
    return this.#handle(
      id,
      async () => {
        const release = alone ? { release: () => this[Symbol.asyncDispose]() } : {};
        const tasks = plan();
        if (parent === undefined) return { ...(await this.#start(id, { tasks }, workflow)), ...release };
        const state = await this.#read(parent);
        return this.#start(id, editOf(state, tasks), workflow);
      },
      signal,
    );
  }

  /** Goes on with a run, also in another process after a crash. Of a finished run it gives the same results again. */
  resume(run: string, options: { readonly signal?: AbortSignal; readonly first?: Command } = {}): RunHandle {
    return this.#handle(
      run,
      async () => {
        const open = this.drivers.get(run);
        if (open && !isEnded(open.state.life)) return { driver: open };
        const known = await this.#read(run);
        if (isEnded(known.life)) return { results: known.results ?? resultsOf(known, known.at) };
        this.#checkCrew(known);
        const writer = await this.journal.claim(run);
        const state = await load(this.journal, run);
        const driver = this.#drive(state, writer);
        try {
          await driver.takeUp(options.first);
        } catch (error) {
          // What was asked cannot be: the run is left as it was, for others to take up.
          this.drivers.delete(run);
          await driver.close();
          throw error;
        }
        return { driver };
      },
      options.signal,
    );
  }

  /** A new run out of an ended one: what was done stays, the rest (and `from` with all that follows it) is done again. */
  retry(run: string, branch: Branch = {}, options: { readonly signal?: AbortSignal } = {}): RunHandle {
    return this.#branch(run, "retry", branch, options.signal);
  }

  /** A new run that goes on from `run` or from a checkpoint `run@seq`, leaving the old one as it is. */
  fork(point: string, branch: Branch = {}, options: { readonly signal?: AbortSignal } = {}): RunHandle {
    return this.#branch(point, "fork", branch, options.signal);
  }

  /** Lets every run go, to be resumed later, and closes what was opened here. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await Promise.all([...this.drivers.values()].map((driver) => driver.close()));
    if (this.#ownJournal) await this.journal[Symbol.asyncDispose]();
  }

  /** Checks and copies a plan now, so that its author may go on changing it; the outcome is given later. */
  #checked(input: unknown): () => readonly AgentTask[] {
    try {
      const tasks = checkPlan(input, { agents: new Set(Object.keys(this.#crew.cards)) }).map(copyOf);
      checkHedges(tasks, this.#config.agents ?? {});
      return () => tasks;
    } catch (error) {
      return () => {
        throw error;
      };
    }
  }

  #branch(point: string, how: "retry" | "fork", branch: Branch, signal: AbortSignal | undefined): RunHandle {
    const id = runId(this.#clock.now(), this.#chance);
    return this.#handle(
      id,
      async () => {
        const [run = "", seq] = point.split("@");
        const to = seq === undefined ? undefined : Number(seq);
        if (to !== undefined && !(Number.isInteger(to) && to > 0))
          throw new TuttiError("BAD_INPUT", `a checkpoint is written run@seq, and '${point}' is not`, { path: "run" });
        const state = await this.#read(run, to);
        const descent = branchOf(state, how, branch);
        checkPlan(descent.tasks, { agents: new Set(Object.keys(this.#crew.cards)) });
        return this.#start(id, descent, state.start?.workflow ?? "custom");
      },
      signal,
    );
  }

  async #read(run: string, to?: number): Promise<RunState> {
    if (!isRunId(run)) throw new TuttiError("BAD_INPUT", `'${run}' is not the id of a run`, { path: "run" });
    const state = await load(this.journal, run, to);
    if (!state.start) throw new TuttiError("NOT_FOUND", `there is no run ${run} in this journal`, { path: "run" });
    return state;
  }

  async #start(
    run: string,
    plan: { readonly tasks: readonly AgentTask[] } & Partial<Descent>,
    workflow: string,
  ): Promise<Opened> {
    const blobs = new Map<string, string>();
    for (const ref of blobsOf(plan.inherited ?? []))
      blobs.set(ref.$blob, await this.journal.blob(plan.parent?.run ?? run, ref.$blob));
    const options = runOptions(this.#config, Math.floor(this.#chance() * 2 ** 32));
    const fact: Fact = { type: "submitted", workflow, agents: this.#crew.cards, options, ...plan };
    const writer = await this.journal.create(run);
    const driver = this.#drive(createState(run), writer);
    await driver.tell(fact, blobs);
    return { driver };
  }

  #drive(state: RunState, writer: RunWriter): LocalDriver {
    const {
      limits,
      people,
      files,
      evidence,
      guidance,
      checks,
      colleagues,
      grace = 5000,
      patience = 60_000,
    } = this.#config;
    const driver = new LocalDriver(state, writer, {
      journal: this.journal,
      clock: this.#clock,
      runtimeOf: this.#crew.runtimeOf,
      publish: (events) => this.#publish(state.run, events),
      isReachable: (this.#config.journal ?? "memory") !== "memory",
      grace,
      patience,
      ...(limits === undefined ? {} : { limits }),
      ...(people === undefined ? {} : { people }),
      ...(files === undefined ? {} : { files }),
      ...(evidence === undefined ? {} : { evidence }),
      ...(guidance === undefined ? {} : { guidance }),
      ...(colleagues === undefined ? {} : { colleagues: colleaguesBy(colleagues, this.#crew.join) }),
      ...(checks === undefined ? {} : { checks }),
    });
    this.drivers.set(state.run, driver);
    return driver;
  }

  /** A run goes on only where all of its agents are. */
  #checkCrew(state: RunState): void {
    for (const node of state.graph.nodes.values()) {
      for (const name of node.spec ? namesIn(node.spec) : [])
        if (!this.#crew.runtimeOf(name))
          throw new TuttiError(
            "BAD_INPUT",
            `run ${state.run} needs agent '${name}', which is not here${didYouMean(name, Object.keys(this.#crew.cards))}`,
            {
              path: `agents.${name}`,
            },
          );
    }
  }

  #handle(id: string, open: () => Promise<Opened>, signal: AbortSignal | undefined): RunHandle {
    const opened = this.#disposed
      ? Promise.reject(new TuttiError("JOURNAL_CLOSED", "this orchestrator has been disposed of"))
      : Promise.resolve().then(open);
    const handle = new RunHandle(id, this.journal, opened, (run, call) => this.#watch(run, call));
    if (signal) {
      const cancel = () => void handle.cancel(String(signal.reason?.message ?? "aborted")).catch(() => {});
      if (signal.aborted) cancel();
      else signal.addEventListener("abort", cancel, { once: true });
      const forget = () => signal.removeEventListener("abort", cancel);
      handle.then(forget, forget);
    }
    return handle;
  }

  #watch(run: string, call: () => void): () => void {
    const watchers = this.#watchers.get(run) ?? new Set();
    this.#watchers.set(run, watchers);
    watchers.add(call);
    return () => {
      watchers.delete(call);
      if (watchers.size === 0) this.#watchers.delete(run);
    };
  }

  #publish(run: string, events: readonly RunEvent[]): void {
    if (this.#listeners.size > 0)
      for (const event of events) {
        for (const listener of this.#listeners.get(event.type) ?? []) call(listener, event);
        for (const listener of this.#listeners.get("*") ?? []) call(listener, event);
      }
    for (const watcher of this.#watchers.get(run) ?? []) watcher();
    const driver = this.drivers.get(run);
    if (driver && isEnded(driver.state.life)) this.drivers.delete(run);
  }
}

/** Deep where a task is deep, which most are not. */
function copyOf(task: AgentTask): AgentTask {
  const { context, when, until, forEach, gate, dependencies, fallbacks, repeats, reads, evidence, output } = task;
  const { recovery, validate, budget, downgrade } = task;
  const lists = fallbacks || repeats || reads || evidence || downgrade;
  const isDeep = context || when || until || forEach || lists || output || recovery || validate || budget;
  if (isDeep || typeof gate === "object") return structuredClone(task);
  return dependencies ? { ...task, dependencies: dependencies.slice() } : { ...task };
}

/** A listener that throws is its author's fault and must not touch the run: it is warned about, and the run goes on. */
function call(listener: Listener, event: RunEvent): void {
  try {
    listener(event);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error), { type: "TuttiListenerWarning" });
  }
}
