/**
 * The world of a simulated run: virtual time, processes that die at chosen points, a disk that fails, agents that
 * succeed, fail, hang and answer too late. All chance comes from one seed.
 */

import { VirtualClock } from "../../app/virtual-clock.ts";
import { TuttiError } from "../../domain/error.ts";
import type { RunEvent } from "../../domain/events.ts";
import type { Json } from "../../domain/json.ts";
import type { Attempt, AttemptWorld, Batch, Clock, Journal, Outcome, Runtime, RunWriter } from "../../domain/ports.ts";
import { type Random, random, seedOf } from "../../domain/random.ts";
import { createMemoryJournal } from "../../journal/memory.ts";
import { AGENTS, between, chance, FAILING, pick, wayAround } from "./plans.ts";
import type { Purse } from "./purse.ts";
import { spend } from "./spending.ts";
import type { Watch } from "./watch.ts";

/** Where a process can die. Every one must be reached over a set of seeds. */
export const CRASH_POINTS = [
  "append: before it is written",
  "append: written, not acknowledged",
  "append: frozen before it is written, a zombie afterwards",
  "publish: acknowledged, nothing performed",
  "perform: before the attempt begins",
  "perform: the attempt has begun",
  "ended: the attempt is over, nobody was told",
  "claim: the run is claimed, not read",
  "read: in the middle of a load",
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** Die when this point is passed for the nth time. */
export interface Crash {
  readonly point: CrashPoint;
  readonly nth: number;
}

const never = new Promise<never>(() => {});

/** One incarnation of the program. A dead one's promises never resolve and its calls reach nobody. */
/** What attempts write into their logs. */
const LOGGED = [
  ...(["turn:complete", "tool:call", "tool:result", "context:shown", "agent:progress"] as const),
  ...(["workspace:opened", "workspace:committed", "workspace:conflict", "workspace:merged"] as const),
];

export class Process {
  readonly world: World;
  state: "alive" | "frozen" | "dead" = "alive";
  readonly writers = new Set<RunWriter>();
  thaw: (() => void) | undefined;
  inFlight = 0;

  constructor(world: World) {
    this.world = world;
  }

  get alive(): boolean {
    return this.state === "alive";
  }

  readonly clock: Clock = {
    now: () => this.world.clock.now() + this.world.skew,
    at: (time, call) => this.world.clock.at(time - this.world.skew, () => this.alive && call()),
  };

  /** Whether the process dies here. */
  crash(point: CrashPoint): boolean {
    if (!this.alive || !this.world.dies(point)) return !this.alive;
    this.world.crashes.set(point, (this.world.crashes.get(point) ?? 0) + 1);
    this.state = point.startsWith("append: frozen") ? "frozen" : "dead";
    this.world.onDeath(this);
    return true;
  }
}

export class World {
  readonly random: Random;
  readonly clock = new VirtualClock();
  readonly journal = createMemoryJournal();
  readonly crashes = new Map<CrashPoint, number>();
  readonly watch: Watch;
  readonly seed: number;
  /** How likely each fault is; which are on at all is drawn per seed. */
  readonly rates: {
    readonly crash: number;
    readonly disk: number;
    readonly fail: number;
    readonly hang: number;
    readonly rot: number;
    readonly jump: number;
    readonly pass: number;
  };
  readonly points: ReadonlySet<CrashPoint>;
  /** The wall clock may jump. */
  skew = 0;
  /** Die here and nowhere else, for the sweep. */
  readonly target: readonly Crash[] | undefined;
  readonly seen = new Map<CrashPoint, number>();
  calm = false;
  fullUntil = 0;
  onDeath: (process: Process) => void = () => {};
  /** Attempts spend turn by turn, and this one watches what. */
  purse: Purse | undefined;

  constructor(seed: number, watch: Watch, target?: World["target"]) {
    this.seed = seed;
    this.random = random(seed);
    this.watch = watch;
    this.target = target;
    const on = (p: number, rate: number) => (chance(this.random, p) ? rate : 0);
    this.points = new Set(CRASH_POINTS.filter(() => chance(this.random, 0.6)));
    this.rates = target
      ? { crash: 0, disk: 0, fail: 0.1, hang: 0, rot: 0, jump: 0, pass: 0.05 }
      : {
          crash: on(0.6, 0.03),
          disk: on(0.3, 0.02),
          fail: on(0.7, 0.25),
          hang: on(0.3, 0.1),
          rot: on(0.3, 0.6),
          jump: on(0.2, 0.1),
          // Drawn from nothing, so that all other chances stay as they are.
          pass: seed % 3 === 0 ? 0.1 : 0,
        };
  }

  dies(point: CrashPoint): boolean {
    const n = (this.seen.get(point) ?? 0) + 1;
    this.seen.set(point, n);
    if (this.target) return this.target.some((crash) => crash.point === point && crash.nth === n);
    if (this.calm || !this.points.has(point)) return false;
    const often = point.startsWith("claim") || point.startsWith("read") ? 8 : 1;
    return chance(this.random, this.rates.crash * often);
  }

  /** The journal as one process sees it. */
  journalOf(process: Process): Journal {
    const { journal } = this;
    const guarded = <T>(call: () => Promise<T>): Promise<T> =>
      process.alive ? call().then((got) => (process.alive ? got : never)) : never;
    return {
      create: (run) => guarded(() => journal.create(run)).then((writer) => this.#writer(process, writer)),
      claim: (run) =>
        guarded(() => journal.claim(run)).then((writer) => {
          const mine = this.#writer(process, writer);
          return process.crash("claim: the run is claimed, not read") ? never : mine;
        }),
      read: (run, options) => this.#read(process, run, options),
      tail: (run, from, signal) => journal.tail(run, from, signal),
      blob: (run, hash) => guarded(() => this.#blob(run, hash)),
      command: (run, command, at) => journal.command(run, command, at),
      list: (query) => journal.list(query),
      rebuild: () => journal.rebuild(),
      gc: (retention) => journal.gc(retention),
      [Symbol.asyncDispose]: async () => {},
    };
  }

  async #blob(run: string, hash: string): Promise<string> {
    if (chance(this.random, this.rates.rot))
      throw new TuttiError("JOURNAL_CORRUPT", `blob ${hash} of run ${run} does not match its hash`);
    return this.journal.blob(run, hash);
  }

  async *#read(
    process: Process,
    run: string,
    options: Parameters<Journal["read"]>[1],
  ): AsyncGenerator<readonly RunEvent[]> {
    if (!process.alive) await never;
    for await (const page of this.journal.read(run, options)) {
      if (process.crash("read: in the middle of a load")) await never;
      yield page;
    }
  }

  #writer(process: Process, inner: RunWriter): RunWriter {
    process.writers.add(inner);
    return {
      run: inner.run,
      epoch: inner.epoch,
      head: inner.head,
      append: (batch) => this.#append(process, inner, batch),
      commands: (receive) => inner.commands((commands) => process.alive && receive(commands)),
      close: async () => {
        if (!process.alive) return never;
        process.writers.delete(inner);
        await inner.close();
      },
    };
  }

  async #append(process: Process, inner: RunWriter, batch: Batch): Promise<void> {
    if (process.crash("append: frozen before it is written, a zombie afterwards")) {
      if (process.state === "frozen") await this.#zombie(process, inner, batch);
      return never;
    }
    if (process.crash("append: before it is written")) return never;
    await this.#diskFault(inner, batch);
    await inner.append(batch);
    this.watch.durable(batch.events);
    if (process.crash("append: written, not acknowledged")) return never;
    if (chance(this.random, 0.5)) await this.#wait(between(this.random, 1, 20));
    return process.alive ? undefined : never;
  }

  /** The process wakes up after another took its run over, and goes on where it stood. */
  async #zombie(process: Process, inner: RunWriter, batch: Batch): Promise<void> {
    await new Promise<void>((resolve) => {
      process.thaw = resolve;
    });
    try {
      await inner.append(batch);
      this.watch.violated("an owner that had been replaced could still append");
    } catch (error) {
      if (!(error instanceof TuttiError))
        this.watch.violated(`a replaced owner's append failed without a name: ${error}`);
    }
  }

  async #diskFault(inner: RunWriter, batch: Batch): Promise<void> {
    if (this.calm) return;
    if (this.clock.now() < this.fullUntil)
      throw await this.#failed(inner, new TuttiError("JOURNAL_FULL", "no space left", { retry: "safe" }));
    if (!chance(this.random, this.rates.disk)) return;
    if (chance(this.random, 0.4)) {
      this.fullUntil = this.clock.now() + between(this.random, 100, 20_000);
      throw await this.#failed(inner, new TuttiError("JOURNAL_FULL", "no space left", { retry: "safe" }));
    }
    if (chance(this.random, 0.5)) {
      await inner.append(batch);
      this.watch.durable(batch.events);
    }
    throw await this.#failed(inner, new TuttiError("JOURNAL_IO", "input/output error", { retry: "safe" }));
  }

  async #failed(inner: RunWriter, error: TuttiError): Promise<TuttiError> {
    await inner.close();
    return error;
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.clock.at(this.clock.now() + milliseconds, resolve));
  }

  /** Agents of this world. */
  runtimeOf(process: Process): Runtime {
    return { perform: (attempt, world) => (process.alive ? this.#perform(process, attempt, world) : never) };
  }

  async #perform(process: Process, attempt: Attempt, world: AttemptWorld): Promise<Outcome> {
    if (process.crash("perform: before the attempt begins")) return never;
    // The second one of a hedge takes no place of the run's.
    let counted = !attempt.effectId.endsWith(".hedge");
    if (counted) process.inFlight++;
    this.watch.performed(attempt, process.inFlight);
    if (process.crash("perform: the attempt has begun")) return never;
    const left = () => {
      if (counted) process.inFlight--;
      counted = false;
    };
    // One that does not end when it is asked to gives its place back all the same, after the grace.
    world.signal.addEventListener("abort", left, { once: true });
    const own = random(this.seed ^ seedOf(attempt.effectId));
    const outcome = await (this.purse ? this.#spend(process, attempt, world) : this.#act(own, attempt, world));
    if (process.crash("ended: the attempt is over, nobody was told")) return never;
    left();
    return process.alive ? outcome : never;
  }

  async #spend(process: Process, attempt: Attempt, world: AttemptWorld): Promise<Outcome> {
    const { seed, purse } = this as { readonly seed: number; readonly purse: Purse };
    const dies = () => process.crash("perform: the attempt has begun");
    const own = random(seed ^ seedOf(attempt.effectId));
    const hangs = chance(own, this.rates.hang);
    const got = await spend({ seed, purse, dies, hangs, wait: (time) => this.#wait(time) }, attempt, world);
    if ("ok" in got) return got;
    if (chance(own, this.rates.fail)) return { ...failure(own), ...got };
    return { ok: true, output: answer(seed, attempt), ...got };
  }

  async #act(own: Random, attempt: Attempt, world: AttemptWorld): Promise<Outcome> {
    const usage = { tokensUsed: between(own, 1, 100), costUsd: chance(own, 0.1) ? null : between(own, 1, 100) / 1000 };
    const hangs = chance(own, this.rates.hang);
    const stopped = new Promise<"stopped">((resolve) => {
      if (!hangs) world.signal.addEventListener("abort", () => resolve("stopped"), { once: true });
    });
    if (chance(own, 0.15)) await this.#log(own, attempt, world);
    if (chance(own, 0.15)) await this.#talk(own, attempt, world);
    await this.#passOn(attempt, world);
    const work = this.#wait(hangs ? between(own, 5_000, 30_000) : between(own, 0, 100)).then(() => "done" as const);
    if ((await Promise.race([work, stopped])) === "stopped" && chance(own, 0.7))
      return { ok: false, failure: "stopped", reason: "aborted", retry: "safe", usage };
    if (chance(own, this.rates.fail)) return { ...failure(own), usage };
    const { task } = attempt;
    return { ok: true, output: task.replans === undefined ? answer(this.seed, attempt) : wayAround(own, task), usage };
  }

  /** Writes into the attempt's log; one that was begun again must find what it wrote before. */
  async #log(own: Random, attempt: Attempt, world: AttemptWorld): Promise<void> {
    const before = await world.log.read();
    this.watch.logRead(attempt.effectId, before.length);
    const type = pick(own, LOGGED);
    await world.log.append({ type, entry: { turn: before.length + 1 } }).then(
      () => this.watch.logged(attempt.effectId),
      () => {},
    );
  }

  /** Some pass their task on, and go on as if they had not. Whether it does is drawn apart from all else. */
  async #passOn(attempt: Attempt, world: AttemptWorld): Promise<void> {
    const own = random(this.seed ^ seedOf(`${attempt.effectId} handoff`));
    if (!chance(own, this.rates.pass)) return;
    const to = pick(own, AGENTS);
    await world.handOver?.({ name: to }, { summary: `from ${attempt.effectId}` }).catch(() => {});
  }

  /** Says something or writes on the board; being refused is an answer too. */
  async #talk(own: Random, attempt: Attempt, world: AttemptWorld): Promise<void> {
    const refused = () => {};
    if (chance(own, 0.5))
      return world.send(chance(own, 0.2) ? "*" : pick(own, AGENTS), `from ${attempt.effectId}`).catch(refused);
    const key = pick(own, ["plan", "notes"]);
    const seen = world.board.get(key);
    await world.board
      .set(key, attempt.effectId, chance(own, 0.5) ? (seen?.version ?? 0) : undefined)
      .then((version) => this.watch.boardSet(key, version), refused);
  }
}

function failure(own: Random): Outcome {
  return {
    ok: false,
    failure: pick(own, FAILING),
    reason: "it did not work",
    retry: chance(own, 0.1) ? "never" : "safe",
    ...(chance(own, 0.2) ? { retryAfter: between(own, 1, 5000) } : {}),
  };
}

/** What a task's agent answers: the same for the same task and inputs, however often and by whomever it is asked. */
function answer(
  seed: number,
  attempt: {
    readonly task: { readonly id: string; readonly item?: Json };
    readonly results: { readonly [id: string]: Json };
  },
): Json {
  const { id, item = null } = attempt.task;
  const own = random(seed ^ seedOf(id));
  const made = seedOf(JSON.stringify([id, item, attempt.results]));
  const list = Array.from({ length: between(own, 0, 3) }, (_, i) => `${id}:${i}`);
  const padding = chance(own, 0.05) ? { padding: "x".repeat(9000) } : {};
  return { score: between(own, 0, 9), ok: chance(own, 0.7), list, made, ...padding };
}
