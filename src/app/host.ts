/**
 * One home of Tutti on one machine, as the command line and the server use it: settings, agents and workflows, the
 * journal of all runs, and the runs that this process conducts. What another process conducts is steered by its inbox.
 */
import { join } from "node:path";
import type { TeamChange } from "../agents/proposals.ts";
import { commandFault } from "../coordination/command-shape.ts";
import type { RunState } from "../core/state.ts";
import { TuttiError } from "../domain/error.ts";
import type { RunEvent } from "../domain/events.ts";
import type { Command } from "../domain/facts.ts";
import { defined } from "../domain/json.ts";
import type { Journal, RunQuery } from "../domain/ports.ts";
import { createSqliteJournal } from "../journal/sqlite.ts";
import type { Loaded } from "../library/catalog.ts";
import { RepositoryGuidance } from "../library/guides.ts";
import { loadSettings, type Settings } from "../library/settings.ts";
import { TeamBook } from "../library/team.ts";
import { TrustBook } from "../library/trust.ts";
import type { WatchOptions } from "../library/watch.ts";
import type { Delta } from "../runtimes/model/runtime.ts";
import { type CostOf, loadPrices } from "../runtimes/prices.ts";
import { isEnded } from "../scheduling/life.ts";
import { checkBegin } from "./admission.ts";
import { isOwned, tidy, Unsettled } from "./afterwards.ts";
import { Agency } from "./agency.ts";
import { type AtHand, atHand, checkCommands, counted as countedAt } from "./at-hand.ts";
import { attend, type Conducted, guided, LIFE, REHEARSED_PEOPLE, settingsFor, settingsOf } from "./conducted.ts";
import { type Chosen, callable, checkPrices, chooseModels, type Known } from "./crew-of-files.ts";
import { crewOfRun, modelsNeeded, standIns, TO_DO } from "./crew-of-run.ts";
import { type Admission, counted, Days } from "./day.ts";
import { type DryRun, dryRuns } from "./dry-run.ts";
import { FileWorkflows } from "./file-workflows.ts";
import { type Forecast, forecast } from "./forecast.ts";
import type { RunHandle } from "./handle.ts";
import { type Histories, learn } from "./history.ts";
import type { Branch } from "./lineage.ts";
import { AgentOrchestrator } from "./orchestrator.ts";
import { type Planned, planOf } from "./order.ts";
import { gatesOf, listRuns, type OpenGate, openGates, type Shown, shownOf } from "./overview.ts";
import { addedBy } from "./own-agents.ts";
import { escalated } from "./persons.ts";
import { needsPast, unnamedIn } from "./readying.ts";
import { replannerFor } from "./replanner.ts";
import { type Means, runtimesOf, Warm } from "./runtimes-of-run.ts";
import { scouting } from "./scouting.ts";
import { States } from "./states.ts";
import { systemClock } from "./system.ts";
import { checkTalk } from "./talk-check.ts";
import { PER_PROVIDER, trafficBy } from "./traffic.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { Busy, passTime } from "./virtual-run.ts";

export interface HostOptions {
  /** `$TUTTI_HOME`. */
  readonly home: string;
  readonly env: { readonly [name: string]: string | undefined };
  /** Where tasks may read files. Default: nowhere. */
  readonly repository?: string;
  /** Whether tasks that ask for the result of its tests may run them. */
  readonly evidenceCommands?: boolean;
  readonly onDelta?: (delta: Delta) => void;
}

export interface Prepared extends Planned, Chosen, Partial<Pick<Admission, "claim">> {}

export type { OpenGate, Shown } from "./overview.ts";

/** In an object, because a handle is awaitable: a promise of one would be a promise of its results. */
export interface Begun {
  readonly handle: RunHandle;
}

async function begun(handle: RunHandle): Promise<Begun> {
  await handle.opened();
  return { handle };
}

const PLACES = 5;

export class Host {
  readonly home: string;
  readonly settings: Settings;
  readonly workflows: FileWorkflows;
  readonly journal: Journal;
  readonly #states: States;
  readonly costOf: CostOf;
  readonly #options: HostOptions;
  readonly #places: number;
  readonly #handed = new Map<string, AtHand>();
  readonly #traffic = trafficBy(systemClock);
  readonly #warm = new Warm();
  readonly #tidying = new Unsettled();
  readonly #days = new Days(this, systemClock.now);
  #agency: Agency | undefined;
  #history: Histories | undefined;
  readonly #handles = new Map<string, { readonly handle: RunHandle; readonly orchestrator: AgentOrchestrator }>();

  private constructor(options: HostOptions, settings: Settings, costOf: CostOf) {
    this.#options = options;
    this.home = options.home;
    this.costOf = costOf;
    this.workflows = new FileWorkflows(options, () => this.agency.who);
    this.journal = createSqliteJournal({ path: join(options.home, "runs"), index: join(options.home, "host.db") });
    this.#states = new States(this.journal);
    const changes = new TeamBook(options.home).list().map(({ change }) => change);
    const models = changes.flatMap((one) => (one.do === "model" ? [[one.agent, one.model] as const] : []));
    this.settings = { ...settings, agentModels: { ...Object.fromEntries(models), ...settings.agentModels } };
    this.#places = changes.findLast((one) => one.do === "places")?.places ?? PLACES;
  }

  /** Read when it is first asked for: whoever only looks at runs needs no agents. */
  get agency(): Agency {
    this.#agency ??= new Agency(this.#options.home, this.#options.repository, this.journal, this.settings);
    return this.#agency;
  }

  get library(): Loaded {
    return this.agency.library;
  }

  /** For a process that lives long: agents that come, change and go on disk do so here. `tell` hears of faults. */
  watchAgents(tell?: (line: string) => void, options?: WatchOptions): void {
    this.agency.watch(tell, options);
  }

  static async open(options: HostOptions): Promise<Host> {
    return new Host(options, ...(await Promise.all([loadSettings(options.home, options.env), loadPrices()])));
  }

  /** Looks at past runs where they decide something in this order, and asks a model where that is set; before it is prepared. */
  async ready(order: unknown): Promise<void> {
    if (needsPast(order, this.agency.registry)) await this.agency.experience.refresh();
    if (this.settings.route?.rerank) await this.agency.decide(unnamedIn(order));
  }

  /** Checks an order whole. Throws BAD_INPUT; nothing has been stored or paid. */
  prepare(order: unknown): Prepared {
    const ordered = planOf(order, this.surroundings);
    const planned = { ...ordered, tasks: escalated(ordered.tasks, this.library.agents) };
    const config = { ...(this.settings.budget && { budget: this.settings.budget }), ...planned.config };
    const chosen = chooseModels(planned.tasks, this.#known, config);
    checkCommands(planned.tasks, this.settings, this.#options);
    if (!config.rehearse) checkPrices(chosen.models.keys(), config.budget, "config.budget.usd", this);
    return {
      ...planned,
      config,
      ...chosen,
      agents: { ...chosen.agents, ...replannerFor(planned.tasks, config, this) },
    };
  }

  /** As it may begin now: within what is left of the day's budget. Throws where nothing is, or something else is not there. */
  async admit(prepared: Prepared): Promise<Prepared> {
    await checkBegin(prepared, this.settings, this.#options);
    if (prepared.config.rehearse) return prepared;
    const { budget, claim } = await this.#days.admit(prepared.config.budget, prepared.models.keys());
    return { ...prepared, config: { ...prepared.config, ...defined({ budget }) }, ...defined({ claim }) };
  }

  start(prepared: Prepared, options: { readonly signal?: AbortSignal } = {}): RunHandle {
    const { config, tasks, workflow, claim } = prepared;
    const rehearsal = config.rehearse ? { speed: config.speed ?? 1, chaos: config.chaos ?? 0 } : undefined;
    const handle = this.#conduct({ agents: prepared.agents, config, rehearsal, tasks }, (orchestrator) =>
      orchestrator.execute({ tasks, workflow, ...options }),
    );
    return counted(handle, claim);
  }

  /** What plans are checked against. */
  get surroundings() {
    return { workflows: this.workflows, registry: this.workflows, ...this.agency.who };
  }

  /** Looks at past runs, so that rehearsals and forecasts go by what agents really took. */
  async learn(): Promise<void> {
    this.#history = await learn(this.journal);
  }

  /** How long agents took with models, and what they used. */
  async histories(): Promise<Histories> {
    this.#history ??= await learn(this.journal);
    return this.#history;
  }

  /** What it would take, from rehearsals in virtual time; by what agents really took, or by the list of prices alone. */
  async forecast(prepared: Prepared, runs?: number, byHistory = true): Promise<Forecast> {
    const history = byHistory ? await this.histories() : undefined;
    const { costOf, settings, library } = this;
    const instructionsOf = (name: string) => library.agents.get(name);
    const given = {
      ...{ costOf, prices: settings.prices, places: this.#places, instructionsOf },
      ...(history && { history }),
      ...this.#atHand(),
      ...defined({ guidance: this.guidance() }),
    };
    return forecast(prepared, runs === undefined ? given : { ...given, runs });
  }

  /** What changes of the team would do, by rehearsal; in their order. */
  dryRuns(changes: readonly TeamChange[]): Promise<readonly DryRun[]> {
    return dryRuns(this, this.#known, changes);
  }

  /** One for each folder: its files are looked at once for all runs. */
  #atHand(repository = this.#options.repository): AtHand {
    if (repository === undefined) return {};
    const known = this.#handed.get(repository) ?? atHand({ ...this.#options, repository }, this.settings);
    this.#handed.set(repository, known);
    return known;
  }

  /** What the repository says to every agent, as it lies there now. */
  guidance(repository = this.#options.repository): RepositoryGuidance | undefined {
    if (repository === undefined || this.settings.agentsMd === false) return undefined;
    const book = new TrustBook(this.home);
    return new RepositoryGuidance(repository, (root) => book.guides(root));
  }

  /** Goes on with a run that nobody conducts; `first` is obeyed before anything is begun again. */
  async resume(run: string, first?: Command): Promise<Begun> {
    const state = this.#handles.has(run) ? undefined : await this.state(run);
    const order = first && (await this.#ordered(state ?? (await this.state(run)), first));
    // Somebody here may have asked for the same meanwhile.
    const handle = this.#handles.get(run)?.handle;
    if (handle === undefined && state !== undefined) return begun(this.#again(state, order));
    if (handle === undefined) return this.resume(run, first);
    await handle.opened();
    if (order !== undefined) await handle.command(order);
    return { handle };
  }

  async retry(run: string, branch: Branch = {}): Promise<Begun> {
    return this.#branch(await this.state(run), branch, (one) => one.retry(run, branch));
  }

  async fork(run: string, branch: Branch = {}): Promise<Begun> {
    const [of = run, seq] = run.split("@");
    const state = await this.state(of);
    if (Number(seq) > state.seq)
      throw new TuttiError("BAD_INPUT", `run ${of} has no event ${seq} to fork from`, { path: "run" });
    return this.#branch(state, branch, (one) => one.fork(run, branch));
  }

  /** Steers a run, whoever conducts it. Says whether it was obeyed here or handed to the run's owner. */
  async command(run: string, asked: Command): Promise<"obeyed" | "handed-over"> {
    const fault = commandFault(asked);
    if (fault !== undefined) throw new TuttiError("BAD_INPUT", `${asked.type}: ${fault}`, { path: "command" });
    const state = await this.state(run);
    if (isEnded(state.life)) throw new TuttiError("WRONG_STATE", `run ${run} has ended: it is ${state.life.stage}`);
    const command = await this.#ordered(state, asked);
    const own = this.#handles.get(run)?.handle;
    const isOrder = command.type === "cancel" || command.type === "resume" || command.type === "pause";
    if (own === undefined && !isOrder) checkTalk(state, command);
    const obeying = own ? own.command(command) : isOrder ? this.#takeOver(state, command) : undefined;
    if (obeying && (await this.#isObeyed(run, obeying))) return "obeyed";
    await this.journal.command(run, command, systemClock.now());
    return "handed-over";
  }

  async #takeOver(state: RunState, command: Command): Promise<void> {
    // A run whose host died while it worked is not paused: taking it up is all that a resume can ask for.
    const isLost = command.type === "resume" && state.life.stage !== "paused";
    const { handle } = await this.resume(state.run, isLost ? undefined : command);
    if (isLost && command.budget !== undefined) await handle.command({ type: "change", budget: command.budget });
  }

  /** False where the run has an owner that lives, who obeys its inbox, whatever else stands against taking it over. */
  async #isObeyed(run: string, asked: Promise<unknown>): Promise<boolean> {
    try {
      await asked;
      return true;
    } catch (error) {
      if (error instanceof TuttiError && error.code === "RUN_OWNED") return false;
      if (this.#handles.has(run)) throw error;
      if (await isOwned(this.journal, run)) return false;
      throw error;
    }
  }

  /** A run as its journal has it, whoever conducts it. */
  async state(run: string): Promise<RunState> {
    const state = await this.#states.of(run);
    if (!state.start)
      throw new TuttiError("NOT_FOUND", `there is no run ${run}`, { path: "run", hint: "tutti runs lists them" });
    return state;
  }

  async show(run: string): Promise<Shown> {
    return shownOf(this.journal, await this.state(run), systemClock.now());
  }

  /** The entry of every run, its status as it really is: one that waits at a gate says so. */
  list(query: RunQuery = {}) {
    return listRuns(this.journal, this.#states, query, systemClock.now());
  }

  /** Gates that wait for somebody, of one run or of all. */
  async gates(run?: string): Promise<readonly OpenGate[]> {
    return run === undefined ? openGates(this.journal, this.#states) : gatesOf(await this.state(run));
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
    await this.#agency?.[Symbol.asyncDispose]();
    await Promise.allSettled(
      [...this.#handles.values()].map(({ orchestrator }) => orchestrator[Symbol.asyncDispose]()),
    );
    await Promise.all([this.#tidying.settled(), this.#warm[Symbol.asyncDispose]()]);
    this.#days.close();
    await this.journal[Symbol.asyncDispose]();
  }

  /** With the agents, models and settings that the run began with. */
  #again(state: RunState, first: Command | undefined): RunHandle {
    const begin = (one: AgentOrchestrator) => one.resume(state.run, first === undefined ? {} : { first });
    const isOver = isEnded(state.life) || first?.type === "cancel";
    const crew = isOver ? standIns(state) : { agents: crewOfRun(state, this.#known, TO_DO.rest) };
    return this.#conduct({ ...settingsOf(state), ...crew }, begin);
  }

  async #branch(state: RunState, branch: Branch, begin: (orchestrator: AgentOrchestrator) => RunHandle) {
    const toDo = branch.from === undefined ? TO_DO.unfinished : TO_DO.all;
    const { model } = branch.set ?? {};
    // A new run begins now, however far a rehearsal ran ahead of the clock, and is paid today.
    const { at: _, config, ...settings } = settingsOf(state);
    if (model !== undefined && !settings.rehearsal) callable(model, "set.model", this.settings);
    const models = [...modelsNeeded(state, toDo).map((one) => one.model), ...(model === undefined ? [] : [model])];
    const { budget, claim } = settings.rehearsal ? {} : await this.#days.admit(config.budget, models);
    const agents = { ...crewOfRun(state, this.#known, toDo), ...addedBy(branch, state) };
    const more = defined({ budget, deliver: branch.land, post: branch.post });
    const of = { ...settings, config: { ...config, ...more }, agents };
    return begun(counted(this.#conduct(of, begin), claim));
  }

  get #known(): Known {
    const { performance } = this.agency.experience;
    const trackOf = (agent: string, model: string) => performance.track(agent, undefined, model);
    return { files: this.library.agents, settings: this.settings, trackOf };
  }

  #means(repository: string | undefined): Means {
    const { settings, library, costOf } = this;
    const { onDelta, env, evidenceCommands: ownAreAllowed } = this.#options;
    const { pace } = this.#traffic;
    const own = { settings, library, costOf, env, pace, home: this.home, warm: this.#warm, fleet: this };
    return { ...own, ...defined({ onDelta, repository, ownAreAllowed, history: this.#history }) };
  }

  #conduct(of: Conducted, begin: (orchestrator: AgentOrchestrator) => RunHandle): RunHandle {
    const { agents, config, rehearsal, folder = this.#options.repository } = of;
    const isVirtual = rehearsal?.speed === "max";
    const clock = isVirtual ? new VirtualClock(Math.max(systemClock.now(), of.at ?? 0)) : systemClock;
    const busy = new Busy();
    const handed = this.#atHand(folder);
    const guidance = this.guidance(folder);
    const runtimes = of.runtimes ?? runtimesOf({ ...of, clock, seed: config.seed ?? 1 }, this.#means(folder));
    const orchestrator = new AgentOrchestrator({
      ...settingsFor(of, this.#places, this),
      ...{ agents: guided(agents, guidance?.at([])), runtimes, clock, ...defined({ folder, guidance }) },
      journal: isVirtual ? busy.journal(this.journal) : this.journal,
      colleagues: scouting(this, { known: () => this.#known, conducted: of, guide: () => guidance?.at([]) }),
      // Told to the run too, so that it passes over a model whose provider has no place.
      providers: PER_PROVIDER,
      // A rehearsal calls no provider and takes nobody's place there.
      limits: (rehearsal ? trafficBy(clock) : this.#traffic).limits,
      ...(isVirtual ? countedAt(handed, busy) : handed),
      // In virtual time nobody could answer a gate.
      ...(isVirtual && { people: REHEARSED_PEOPLE }),
    });
    const handle = begin(orchestrator);
    this.#handles.set(handle.id, { handle, orchestrator });
    for (const type of LIFE) orchestrator.on(type, (event) => this.agency.roster.note(event as RunEvent));
    const pass = clock instanceof VirtualClock ? () => passTime(clock, handle, busy) : async () => {};
    const ended = () => {
      if (this.#handles.get(handle.id)?.handle === handle) this.#handles.delete(handle.id);
    };
    const attending = attend({ handle, orchestrator, folder, home: this.home, of }, pass, ended, this.#tidying.over);
    this.#tidying.add(attending.then(() => tidy(folder, this.home, handle)));
    return handle;
  }

  /** With prices that hold its budget, and no more of that than is left of the day. */
  async #ordered(state: RunState, command: Command): Promise<Command> {
    const models = modelsNeeded(state, TO_DO.rest).map(({ model }) => model);
    if (command.type === "resume" || command.type === "change") checkPrices(models, command.budget, "budget.usd", this);
    return this.#days.ordered(state, command);
  }
}
