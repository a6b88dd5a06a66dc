/**
 * One home of Tutti on one machine, as the command line and the server use it: settings, agents and workflows, the
 * journal of all runs, and the runs that this process conducts. What another process conducts is steered by its inbox.
 */
import { join } from "node:path";
import { resultsOf } from "../core/results.ts";
import { type RunState, statusOf } from "../core/state.ts";
import { TuttiError } from "../domain/error.ts";
import type { Command } from "../domain/facts.ts";
import type { AgentTask, Parent, Rehearsal } from "../domain/plan.ts";
import type { Files, Journal, People, RunEntry, RunQuery, Runtime } from "../domain/ports.ts";
import { load } from "../drivers/local/load.ts";
import { createSqliteJournal } from "../journal/sqlite.ts";
import { CATALOG, type Loaded, loadAgents } from "../library/catalog.ts";
import { loadSettings, type Settings } from "../library/settings.ts";
import { type Delta, modelRuntime } from "../runtimes/model/runtime.ts";
import { type CostOf, loadPrices } from "../runtimes/prices.ts";
import { needsIn } from "../runtimes/rehearsal/needs.ts";
import { rehearsalRuntime } from "../runtimes/rehearsal/runtime.ts";
import { isEnded } from "../scheduling/life.ts";
import { builtInWorkflows } from "../workflows/built-in.ts";
import type { WorkflowRegistry } from "../workflows/registry.ts";
import { repositoryFiles } from "../workspace/files.ts";
import { type Chosen, chooseModels, definitionOf } from "./crew-of-files.ts";
import { type Forecast, forecast } from "./forecast.ts";
import type { RunHandle } from "./handle.ts";
import { type Histories, learn } from "./history.ts";
import { createLimits } from "./limits.ts";
import type { Branch } from "./lineage.ts";
import type { OrchestratorConfig } from "./options.ts";
import { AgentOrchestrator } from "./orchestrator.ts";
import { type OrderConfig, type Planned, planOf } from "./order.ts";
import { systemClock } from "./system.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { Busy, passTime } from "./virtual-run.ts";
import { type Results, wholeResults } from "./whole.ts";

export interface HostOptions {
  /** `$TUTTI_HOME`. */
  readonly home: string;
  readonly env: { readonly [name: string]: string | undefined };
  /** Where tasks may read files. Default: nowhere. */
  readonly repository?: string;
  readonly onDelta?: (delta: Delta) => void;
}

export interface Prepared extends Planned, Chosen {}

export interface Shown extends Results {
  readonly workflow: string;
  readonly startedAt: number;
  readonly parent?: Parent;
}

export interface OpenGate {
  readonly run: string;
  readonly gate: string;
  readonly taskId: string;
  readonly agentName: string;
  readonly question: string;
  readonly at: number;
}

/** In an object, because a handle is awaitable: a promise of one would be a promise of its results. */
export interface Begun {
  readonly handle: RunHandle;
}

async function begun(handle: RunHandle): Promise<Begun> {
  await handle.opened();
  return { handle };
}

const PLACES = 5;
/** Attempts at once with one provider, over all runs of this process. */
const PER_PROVIDER = 50;

export class Host {
  readonly home: string;
  readonly settings: Settings;
  readonly library: Loaded;
  readonly workflows: WorkflowRegistry;
  readonly journal: Journal;
  readonly costOf: CostOf;
  readonly #options: HostOptions;
  readonly #limits = createLimits({ anthropic: PER_PROVIDER, openai: PER_PROVIDER, google: PER_PROVIDER });
  #history: Histories | undefined;
  readonly #handles = new Map<string, { readonly handle: RunHandle; readonly orchestrator: AgentOrchestrator }>();

  private constructor(options: HostOptions, settings: Settings, library: Loaded, costOf: CostOf) {
    this.#options = options;
    this.home = options.home;
    this.settings = settings;
    this.library = library;
    this.costOf = costOf;
    this.workflows = builtInWorkflows();
    this.journal = createSqliteJournal({ path: join(options.home, "runs"), index: join(options.home, "host.db") });
  }

  static async open(options: HostOptions): Promise<Host> {
    const folders = [CATALOG, join(options.home, "agents")];
    const loading = [loadSettings(options.home, options.env), loadAgents(folders), loadPrices()] as const;
    return new Host(options, ...(await Promise.all(loading)));
  }

  /** Checks an order whole. Throws BAD_INPUT; nothing has been stored or paid. */
  prepare(order: unknown): Prepared {
    const planned = planOf(order, { workflows: this.workflows, agents: new Set(this.library.agents.keys()) });
    const config = { ...(this.settings.budget && { budget: this.settings.budget }), ...planned.config };
    const chosen = chooseModels(planned.tasks, { files: this.library.agents, settings: this.settings }, config);
    this.#checkPrices(chosen, config);
    return { ...planned, config, ...chosen };
  }

  start(prepared: Prepared, options: { readonly signal?: AbortSignal } = {}): RunHandle {
    const { config, tasks, workflow } = prepared;
    const rehearsal = config.rehearse ? { speed: config.speed ?? 1, chaos: config.chaos ?? 0 } : undefined;
    return this.#conduct(prepared.agents, config, rehearsal, tasks, (orchestrator) =>
      orchestrator.execute({ tasks, workflow, ...options }),
    );
  }

  /** Looks at past runs, so that rehearsals and forecasts go by what agents really took. */
  async learn(): Promise<void> {
    this.#history = await learn(this.journal);
  }

  /** What it would take, from rehearsals in virtual time. */
  async forecast(prepared: Prepared, runs?: number): Promise<Forecast> {
    if (this.#history === undefined) await this.learn();
    const { costOf, settings, library } = this;
    const instructionsOf = (name: string) => library.agents.get(name);
    const given = { costOf, prices: settings.prices, places: PLACES, instructionsOf, ...this.#known, ...this.#files };
    return forecast(prepared, runs === undefined ? given : { ...given, runs });
  }

  get #files(): { readonly files?: Files } {
    const { repository } = this.#options;
    return repository === undefined ? {} : { files: repositoryFiles(repository) };
  }

  get #known(): { readonly history?: Histories } {
    return this.#history === undefined ? {} : { history: this.#history };
  }

  /** Goes on with a run that nobody conducts; `first` is obeyed before anything is begun again. */
  async resume(run: string, first?: Command): Promise<Begun> {
    const open = this.#handles.get(run);
    if (open !== undefined && first === undefined) return { handle: open.handle };
    const options = first === undefined ? {} : { first };
    return begun(this.#again(await this.state(run), (orchestrator) => orchestrator.resume(run, options)));
  }

  async retry(run: string, branch: Branch = {}): Promise<Begun> {
    return begun(this.#again(await this.state(run), (orchestrator) => orchestrator.retry(run, branch)));
  }

  async fork(run: string, branch: Branch = {}): Promise<Begun> {
    const state = await this.state(run.split("@")[0] ?? run);
    return begun(this.#again(state, (orchestrator) => orchestrator.fork(run, branch)));
  }

  /** Steers a run, whoever conducts it. Says whether it was obeyed here or handed to the run's owner. */
  async command(run: string, command: Command): Promise<"obeyed" | "handed-over"> {
    const own = this.#handles.get(run);
    if (own && command.type !== "resume") {
      await own.handle.command(command);
      return "obeyed";
    }
    const state = await this.state(run);
    if (isEnded(state.life)) throw new TuttiError("WRONG_STATE", `run ${run} has ended: it is ${state.life.stage}`);
    const isPaused = state.life.stage === "paused";
    if (own === undefined && (command.type === "cancel" || (isPaused && command.type === "resume"))) {
      try {
        await this.resume(run, command);
        return "obeyed";
      } catch (error) {
        if (!(error instanceof TuttiError && error.code === "RUN_OWNED")) throw error;
      }
    }
    if (own) {
      await own.handle.command(command);
      return "obeyed";
    }
    await this.journal.command(run, command, systemClock.now());
    return "handed-over";
  }

  /** A run as its journal has it, whoever conducts it. */
  async state(run: string): Promise<RunState> {
    const state = await load(this.journal, run);
    if (!state.start)
      throw new TuttiError("NOT_FOUND", `there is no run ${run}`, { path: "run", hint: "tutti runs lists them" });
    return state;
  }

  async show(run: string): Promise<Shown> {
    const state = await this.state(run);
    const { start } = state;
    const results = state.results ?? resultsOf(state, isEnded(state.life) ? state.at : systemClock.now());
    const whole = await wholeResults(this.journal, { ...results, status: statusOf(state) });
    return {
      ...whole,
      workflow: start?.workflow ?? "",
      startedAt: start?.at ?? 0,
      ...(start?.parent && { parent: start.parent }),
    };
  }

  /** The entry of every run, its status as it really is: one that waits at a gate says so. */
  async list(query: RunQuery = {}): Promise<readonly RunEntry[]> {
    const { status, ...rest } = query;
    const asked = status === "waiting" || status === "running" ? { ...rest, status: "running" as const } : query;
    const entries = await this.journal.list(asked);
    const seen = await Promise.all(entries.map((entry) => (entry.status === "running" ? this.#seen(entry) : entry)));
    return status === undefined ? seen : seen.filter((entry) => entry.status === status);
  }

  /** Gates that wait for somebody, of one run or of all. */
  async gates(run?: string): Promise<readonly OpenGate[]> {
    const runs =
      run === undefined
        ? (await this.journal.list({ limit: 200 }))
            .filter((one) => one.status === "running" || one.status === "paused")
            .map((one) => one.run)
        : [run];
    const found: OpenGate[] = [];
    for (const one of runs) {
      const { gates } = await this.state(one);
      for (const { gate, taskId, agentName, question, at } of gates.open.values())
        found.push({ run: one, gate, taskId, agentName, question, at });
    }
    return found;
  }

  /** The handle of a run that this process conducts. */
  handle(run: string): RunHandle | undefined {
    return this.#handles.get(run)?.handle;
  }

  /** Runs that this process conducts. */
  get conducted(): readonly string[] {
    return [...this.#handles.keys()];
  }

  /** Lets every run go, to be resumed later. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#handles.values()].map(({ orchestrator }) => orchestrator[Symbol.asyncDispose]()));
    await this.journal[Symbol.asyncDispose]();
  }

  async #seen(entry: RunEntry): Promise<RunEntry> {
    const state = await load(this.journal, entry.run).catch(() => undefined);
    return state === undefined ? entry : { ...entry, status: statusOf(state) };
  }

  /** With the agents, models and settings that the run began with. */
  #again(state: RunState, begin: (orchestrator: AgentOrchestrator) => RunHandle): RunHandle {
    const { agents: cards, options } = state.start ?? { agents: {}, options: undefined };
    const servers = Object.keys(this.settings.providers.compatible);
    const agents: Record<string, ReturnType<typeof definitionOf>> = {};
    for (const [name, { runtime, model }] of Object.entries(cards)) {
      if ((runtime !== "model" && runtime !== "rehearsal") || model === undefined)
        throw new TuttiError(
          "BAD_INPUT",
          `run ${state.run} was begun by a program: its agent '${name}' is a ${runtime} of that program`,
          { path: "run", hint: "resume it with the program that began it" },
        );
      agents[name] = definitionOf(this.library.agents.get(name), model, runtime === "rehearsal", servers);
    }
    const { rehearsal, globalTimeout = Number.POSITIVE_INFINITY, ...rest } = options ?? {};
    const tasks = [...state.graph.nodes.values()].flatMap(({ spec }) =>
      spec ? [{ ...spec, id: spec.taskId } as AgentTask] : [],
    );
    return this.#conduct(agents, { ...rest, globalTimeout }, rehearsal, tasks, begin);
  }

  #conduct(
    agents: Chosen["agents"],
    config: OrderConfig & Partial<OrchestratorConfig>,
    rehearsal: Rehearsal | undefined,
    tasks: readonly AgentTask[],
    begin: (orchestrator: AgentOrchestrator) => RunHandle,
  ): RunHandle {
    const isVirtual = rehearsal?.speed === "max";
    const clock = isVirtual ? new VirtualClock(systemClock.now()) : systemClock;
    const busy = new Busy();
    const { files } = this.#files;
    const {
      maxParallelAgents = PLACES,
      contextStrategy,
      enableCommunication,
      globalTimeout,
      pruningThreshold,
      seed,
      budget,
    } = config;
    const made = { contextStrategy, enableCommunication, pruningThreshold, seed, budget, rehearsal };
    const set = Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined));
    const orchestrator = new AgentOrchestrator({
      agents,
      runtimes: this.#runtimes({ clock, rehearsal, seed: seed ?? 1, tasks }),
      journal: isVirtual ? busy.journal(this.journal) : this.journal,
      maxParallelAgents,
      globalTimeout: globalTimeout ?? Number.POSITIVE_INFINITY,
      clock,
      limits: this.#limits,
      ...(files && { files: isVirtual ? busy.files(files) : files }),
      // In virtual time nobody could answer a gate.
      ...(isVirtual && { people: REHEARSED_PEOPLE }),
      ...set,
    });
    const handle = begin(orchestrator);
    this.#handles.set(handle.id, { handle, orchestrator });
    const forget = async () => {
      if (handle.status === "paused" || this.#handles.get(handle.id)?.handle !== handle) return;
      this.#handles.delete(handle.id);
      await orchestrator[Symbol.asyncDispose]();
    };
    if (clock instanceof VirtualClock) void passTime(clock, handle, busy);
    handle.then(forget, forget);
    return handle;
  }

  #runtimes(of: {
    readonly clock: typeof systemClock;
    readonly rehearsal: Rehearsal | undefined;
    readonly seed: number;
    readonly tasks: readonly AgentTask[];
  }): { readonly [name: string]: Runtime } {
    const { clock, rehearsal, seed, tasks } = of;
    const { settings, library, costOf } = this;
    const { onDelta } = this.#options;
    const instructionsOf = (name: string) => library.agents.get(name);
    const shared = { clock, instructionsOf, prices: settings.prices, ...(onDelta && { onDelta }) };
    if (rehearsal === undefined) return { model: modelRuntime({ ...shared, providers: settings.providers }) };
    const speed = rehearsal.speed === "max" ? 1 : rehearsal.speed;
    return {
      rehearsal: rehearsalRuntime({
        ...shared,
        seed,
        speed,
        chaos: rehearsal.chaos,
        costOf,
        ...this.#known,
        needs: needsIn(tasks),
      }),
    };
  }

  /** A model of unknown price cannot be held to a limit of money (I7). */
  #checkPrices({ models }: Chosen, { budget, rehearse }: OrderConfig): void {
    if (budget?.usd === undefined || rehearse) return;
    const usage = { input: 1000, output: 1000, cacheRead: 0, cacheWrite: 0 };
    for (const model of models.keys())
      if (this.costOf(model, usage, { prices: this.settings.prices }) === null)
        throw new TuttiError("BAD_INPUT", `the price of ${model} is not known, so a budget in money cannot hold it`, {
          path: "config.budget.usd",
          hint: `give its price under 'prices' in ${join(this.home, "config.yaml")}, or limit tokens`,
        });
  }
}

const REHEARSED_PEOPLE: People = {
  ask: () => Promise.resolve({ decision: "approve", note: "approved by the rehearsal", by: "rehearsal" }),
};
