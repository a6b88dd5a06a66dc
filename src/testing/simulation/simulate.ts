/**
 * One seeded run of the real core, driver and app in virtual time, in a world that fails. A seed that finds a
 * violation finds it every time.
 */

import type { RunHandle } from "../../app/handle.ts";
import { createLimits } from "../../app/limits.ts";
import { AgentOrchestrator } from "../../app/orchestrator.ts";
import { settled } from "../../app/virtual-clock.ts";
import type { RunState } from "../../core/state.ts";
import { TuttiError } from "../../domain/error.ts";
import type { RunEvent } from "../../domain/events.ts";
import type { Command } from "../../domain/facts.ts";
import type { AgentTask, Budget } from "../../domain/plan.ts";
import { random } from "../../domain/random.ts";
import { AGENTS, between, chance, PLANNER, pick, randomPlan } from "./plans.ts";
import { PRICES, randomCaps, spendingPlan } from "./spending.ts";
import { Watch } from "./watch.ts";
import { type Crash, type CrashPoint, Process, World } from "./world.ts";

export interface SimulationOptions {
  /** Die here and nowhere else, in a world without other faults than failing attempts. */
  readonly crashes?: readonly Crash[];
  /** Fold the journal and compare with the live state at every publication, not only at some. */
  readonly strict?: boolean;
  /** Agents spend turn by turn under random caps of money, tokens and turns, of runs and tasks. */
  readonly budgets?: boolean;
}

export interface Simulated {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly events: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly crashes: ReadonlyMap<CrashPoint, number>;
  /** How often each crash point was passed, for the sweep. */
  readonly passed: ReadonlyMap<CrashPoint, number>;
  /** Of all events; equal for equal seeds. Costs time, hence a call. */
  readonly hash: () => string;
}

/** Longer than any run of these plans takes, in timers fired. */
const MOST_STEPS = 20_000;

/** Lets the simulation look at the state that a process lives in. */
class Inspectable extends AgentOrchestrator {
  stateOf(run: string): RunState | undefined {
    return this.drivers.get(run)?.state;
  }
}

class Simulation {
  readonly seed: number;
  readonly #watches: Watch[] = [];
  readonly #strict: boolean;
  #watch: Watch;
  #world: World;
  readonly #plan: readonly AgentTask[];
  readonly #config: {
    maxParallelAgents: number;
    budget?: Budget;
    prices?: typeof PRICES;
    globalTimeout: number;
    enableCommunication: boolean;
    providers?: { zoo: number };
    replan?: { by: string; most: number };
  };
  #process: Process;
  #handle: RunHandle | undefined;
  #run: string | undefined;
  #settled = false;
  #steps = 0;
  #told = 0;
  #lineage = 0;
  #raises = 0;
  #zombies: Process[] = [];

  constructor(seed: number, options: SimulationOptions = {}) {
    this.seed = seed;
    this.#strict = options.strict ?? false;
    const spends = options.budgets ?? false;
    this.#watch = new Watch(spends);
    this.#watches.push(this.#watch);
    this.#world = new World(seed, this.#watch, options.crashes);
    this.#world.purse = this.#watch.purse;
    const { random: die } = this.#world;
    this.#plan = spends ? spendingPlan(die) : randomPlan(die, between(die, 1, options.crashes ? 6 : 10));
    this.#config = {
      maxParallelAgents: between(die, 1, 5),
      globalTimeout: chance(die, 0.15) ? between(die, 50, 500) : Number.POSITIVE_INFINITY,
      enableCommunication: chance(die, 0.9),
      ...(chance(die, 0.3)
        ? { budget: { tokens: between(die, 100, 900), ...(chance(die, 0.2) ? { spawns: between(die, 0, 4) } : {}) } }
        : {}),
      ...(chance(die, 0.2) ? { providers: { zoo: between(die, 1, 2) } } : {}),
      ...(spends ? { budget: randomCaps(die, 12), prices: PRICES } : {}),
      // Drawn from nothing, so that all other chances stay as they are.
      ...(!spends && seed % 5 === 0 ? { replan: { by: PLANNER, most: 1 + (seed % 3) } } : {}),
    };
    this.#process = new Process(this.#world);
    this.#world.onDeath = (process) => this.#buried(process);
    this.#start();
    if (spends) this.#plotSpending();
    else if (!options.crashes) this.#plotCommands();
  }

  get done(): boolean {
    return this.#settled || this.#watch.violations.length > 0;
  }

  /** Fires one timer. The caller lets all promises settle in between. */
  step(): void {
    if (this.done) return;
    if (++this.#steps > MOST_STEPS) return this.#watch.violated(`the run does not settle within ${MOST_STEPS} steps`);
    if (this.#steps > MOST_STEPS / 4) this.#world.calm = true;
    if (this.#world.rates.jump > 0 && chance(this.#world.random, this.#world.rates.jump / 10))
      this.#world.skew += between(this.#world.random, -86_400_000, 86_400_000);
    if (!this.#world.clock.step())
      this.#watch.violated(`nothing happens any more, and the run is ${this.#handle?.status ?? "not there"}`);
  }

  report(): Simulated {
    const counts = new Map<string, number>();
    for (const watch of this.#watches)
      for (const [type, n] of watch.counts) counts.set(type, (counts.get(type) ?? 0) + n);
    return {
      seed: this.seed,
      violations: this.#watches.flatMap((watch) => watch.violations),
      events: this.#watches.reduce((sum, watch) => sum + watch.events.length, 0),
      counts,
      crashes: this.#world.crashes,
      passed: this.#world.seen,
      hash: () => this.#watches.map((watch) => watch.hash()).join(),
    };
  }

  #orchestrator(process: Process): Inspectable {
    const sim = (version: string | undefined) => ({
      runtime: "sim",
      provider: "zoo",
      ...(version === undefined ? {} : { version }),
    });
    const names = this.#config.replan ? [...AGENTS, PLANNER] : AGENTS;
    const orchestrator = new Inspectable({
      ...this.#config,
      agents: Object.fromEntries(names.map((name, i) => [name, { ...sim("1"), ...(i === 0 ? { places: 2 } : {}) }])),
      runtimes: { sim: this.#world.runtimeOf(process) },
      journal: this.#world.journalOf(process),
      clock: process.clock,
      chance: random(this.seed + 1 + this.#lineage),
      retryDelay: 20,
      grace: 50,
      patience: 10_000,
      limits: createLimits({}, { clock: process.clock, failures: this.seed % 4 === 0 ? 1 : 4, hold: 30, longest: 100 }),
      people: { ask: ({ gate }) => this.#askPerson(process, gate) },
    });
    return orchestrator;
  }

  #start(): void {
    const process = this.#process;
    const orchestrator = this.#orchestrator(process);
    this.#listen(process, orchestrator);
    // The run is known to the outside once its first events are durable; until then it is started anew.
    this.#run = this.#watch.events[0]?.run;
    this.#handle =
      this.#run === undefined ? orchestrator.execute({ tasks: this.#plan }) : orchestrator.resume(this.#run);
    this.#await(process, this.#handle);
  }

  #listen(process: Process, orchestrator: Inspectable): void {
    this.#watch.reborn();
    let batch: RunEvent[] = [];
    orchestrator.on("*", (event) => {
      if (!process.alive) return;
      batch.push(event);
      if (batch.length > 1) return;
      if (process.crash("publish: acknowledged, nothing performed")) return;
      const state = orchestrator.stateOf(event.run);
      if (state && (this.#strict || ++this.#told % 24 === 0)) this.#watch.compare(state);
      queueMicrotask(() => {
        this.#watch.published(batch);
        batch = [];
      });
    });
  }

  #await(process: Process, handle: RunHandle): void {
    handle.then(
      ({ status }) => {
        if (process.alive) this.#rested(process, handle, status);
      },
      (error) => {
        if (!process.alive) return;
        const code = error instanceof TuttiError ? error.code : undefined;
        // The run is over and one of its large outputs cannot be read: whoever asks for it is told so.
        if (code === "JOURNAL_CORRUPT" && this.#watch.isEnded) return this.#ended(process);
        if (code === "JOURNAL_CORRUPT" && this.#lineage > 0) {
          this.#settled = true;
          return;
        }
        if (code === "JOURNAL_CORRUPT" && handle.status === "paused") return this.#rested(process, handle, "paused");
        if (code === "JOURNAL_FULL" || code === "JOURNAL_IO") return this.#kill(process);
        this.#watch.violated(`the handle was rejected: ${error instanceof Error ? error.stack : error}`);
      },
    );
  }

  #rested(process: Process, handle: RunHandle, status: string): void {
    const { random: die, clock } = this.#world;
    if (status !== "paused") return this.#ended(process);
    // Somebody raises what stopped it and lets it go on, sooner or later.
    clock.at(clock.now() + between(die, 1, 300), () => {
      if (!process.alive) return;
      if (handle.status !== "paused") return this.#await(process, handle);
      const raise = { budget: this.#raised(), ...(chance(die, 0.5) ? { globalTimeout: 100_000_000 } : {}) };
      handle.resume(raise).then(
        () => this.#await(process, handle),
        () => this.#await(process, handle),
      );
    });
  }

  /** At first perhaps too little. */
  #raised(): Budget {
    const { random: die, purse } = this.#world;
    if (purse && ++this.#raises < 8) return randomCaps(die, 12 * this.#raises);
    return { tokens: 1_000_000, ...(purse ? { usd: 1000, turns: 10_000 } : {}) };
  }

  /** The run has ended. Some go on as a new run out of this one. */
  #ended(process: Process): void {
    this.#watch.finished();
    const { random: die } = this.#world;
    const run = this.#watch.events[0]?.run;
    if (
      this.#lineage >= 1 ||
      run === undefined ||
      this.#world.target ||
      this.#world.purse ||
      !chance(die, 0.12) ||
      isEmptied(this.#watch.events) ||
      this.#watch.violations.length > 0
    ) {
      this.#settled = true;
      return;
    }
    this.#lineage++;
    const from = this.#watch.events;
    this.#watch = new Watch();
    this.#watches.push(this.#watch);
    (this.#world as { watch: Watch }).watch = this.#watch;
    this.#world.calm = true;
    const orchestrator = this.#orchestrator(process);
    this.#listen(process, orchestrator);
    const task = chance(die, 0.5) ? pick(die, this.#plan).id : undefined;
    const isOfIt = (type: string, more = (_: RunEvent) => true) =>
      from.some((event) => event.type === type && "taskId" in event && event.taskId === task && more(event));
    // One that gave way to others is no part of the plan any more, and refused.
    const isReplaced = isOfIt("task:skipped", (event) => "how" in event && event.how === "replaced");
    const branch = task === undefined || !isOfIt("task:added") || isReplaced ? {} : { from: task };
    const marks = from.filter((event) => event.type === "checkpoint" || event.type === "task:complete");
    const handle = chance(die, 0.4)
      ? orchestrator.execute({ tasks: this.#plan, parent: run })
      : chance(die, 0.5)
        ? orchestrator.retry(run, branch)
        : orchestrator.fork(marks.length > 0 ? `${run}@${pick(die, marks).seq}` : run, {});
    this.#handle = handle;
    this.#await(process, handle);
  }

  #askPerson(process: Process, gate: string): Promise<{ decision: "approve" | "reject"; note?: string } | undefined> {
    const { random: die, clock } = this.#world;
    if (chance(die, 0.2)) {
      // Not at home; the answer comes through the inbox.
      clock.at(clock.now() + between(die, 1, 500), () => this.#inbox({ type: "decide", gate, decision: "approve" }));
      return Promise.resolve(undefined);
    }
    return new Promise((resolve) =>
      clock.at(
        clock.now() + between(die, 1, 300),
        () => process.alive && resolve({ decision: chance(die, 0.8) ? "approve" : "reject", note: "seen" }),
      ),
    );
  }

  #inbox(command: unknown): void {
    const run = this.#watch.events[0]?.run;
    if (run !== undefined)
      this.#world.journal.command(run, command as Command, this.#world.clock.now()).catch(() => {});
  }

  /** Persons and programs that interfere, some of them badly. */
  #plotCommands(): void {
    const { random: die, clock } = this.#world;
    const plot = (p: number, make: () => unknown) => {
      if (chance(die, p)) clock.at(clock.now() + between(die, 1, 400), () => this.#inbox(make()));
    };
    plot(0.12, () => ({ type: "pause", reason: "a break" }));
    plot(0.06, () => ({ type: "cancel", reason: "enough" }));
    plot(0.08, () => ({ type: "message", from: "user", to: pick(die, AGENTS), content: "hurry" }));
    plot(0.08, () => ({ type: "checkpoint", name: "here" }));
    plot(0.05, () => ({ type: "resume" }));
    plot(0.1, () => ({ type: "change", remove: [pick(die, this.#plan).id], reason: "not needed" }));
    plot(0.1, () => ({
      type: "change",
      budget: { tokens: 5000 },
      add: [
        {
          id: "extra",
          agentName: pick(die, AGENTS),
          description: "",
          prompt: "",
          maxTokens: 100,
          dependencies: chance(die, 0.5) ? [pick(die, this.#plan).id] : [],
        },
      ],
    }));
    if (this.#config.replan)
      plot(0.1, () => ({ type: "message", from: "user", to: PLANNER, content: "the plan is wrong" }));
    plot(0.05, () =>
      pick(die, [
        { type: "decide" },
        { type: "change", remove: "t0" },
        { type: "message", to: 7 },
        { type: "no such thing" },
        {},
        null,
        { type: "change", add: [{ id: 1 }] },
      ]),
    );
  }

  /** A break, and other caps in the middle of the work: less than has been used already is none. */
  #plotSpending(): void {
    const { random: die, clock } = this.#world;
    const plot = (p: number, command: { readonly type: string; readonly budget?: Budget; readonly reason: string }) => {
      if (!chance(die, p)) return;
      clock.at(clock.now() + between(die, 1, 400), () => {
        if (command.budget) this.#watch.purse?.asked(command.budget);
        this.#inbox(command);
      });
    };
    plot(0.2, { type: "pause", reason: "a break" });
    plot(0.05, { type: "cancel", reason: "enough" });
    plot(0.2, { type: "change", budget: randomCaps(die, 12), reason: "another cap" });
  }

  #kill(process: Process): void {
    process.state = "dead";
    this.#buried(process);
  }

  /** The process is gone: the system frees what it owned, and after a while somebody starts it again. */
  #buried(process: Process): void {
    const { random: die, clock } = this.#world;
    clock.at(clock.now() + between(die, 1, 200), () => void this.#restart(process));
  }

  async #restart(process: Process): Promise<void> {
    for (const writer of process.writers) await writer.close();
    if (process.state === "frozen") this.#zombies.push(process);
    this.#process = new Process(this.#world);
    this.#start();
    if (process.state !== "frozen") return;
    const { random: die, clock } = this.#world;
    clock.at(clock.now() + between(die, 1, 100), () => process.thaw?.());
  }
}

/** All of its tasks were taken out again: nothing is left to retry or to fork, and that is refused. */
function isEmptied(events: readonly RunEvent[]): boolean {
  const added = events.filter(({ type }) => type === "task:added").length;
  const removed = events.flatMap((event) => (event.type === "plan:changed" ? event.removed : []));
  return added === new Set(removed).size;
}

/** Runs one seed to its end. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Simulated> {
  const [report] = await simulateAll([seed], options);
  return report as Simulated;
}

/** Runs seeds side by side, so that waiting for promises costs little; their worlds know nothing of each other. */
export async function simulateAll(
  seeds: readonly number[],
  options: SimulationOptions = {},
): Promise<readonly Simulated[]> {
  const all = seeds.map((seed) => new Simulation(seed, options));
  let open = all;
  await settled();
  while (open.length > 0) {
    for (const one of open) one.step();
    await settled();
    open = open.filter((one) => !one.done);
  }
  return all.map((one) => one.report());
}
