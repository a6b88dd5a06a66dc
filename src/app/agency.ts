/** Who there is on this machine, and who does a task best: by words, and by what the runs of this home say. */
import { join } from "node:path";
import type { AgentFile } from "../agents/definition.ts";
import { type Proposal, proposalsOf, type TeamChange } from "../agents/proposals.ts";
import { AgentRegistry, type Query } from "../agents/registry.ts";
import { type Reranked, unmerged } from "../agents/rerank.ts";
import { type RouteContext, type Routed, Router, type RouteTask } from "../agents/router.ts";
import { CHECKER } from "../domain/check-result.ts";
import { reasonOf } from "../domain/error.ts";
import type { Journal } from "../domain/ports.ts";
import { CATALOG, type Loaded, loadAgents, withAgents } from "../library/catalog.ts";
import type { Settings } from "../library/settings.ts";
import { TeamBook } from "../library/team.ts";
import type { Repository } from "../library/trust.ts";
import { type Watching, type WatchOptions, watchPaths } from "../library/watch.ts";
import type { AgentFor } from "../workflows/agent-for.ts";
import { agentsOf, newsOf, type Places, pathsOf, readSources, type Sources } from "./agent-sources.ts";
import { Experience } from "./experience.ts";
import { Reranking } from "./reranking.ts";
import { Roster } from "./roster.ts";
import { systemClock } from "./system.ts";

export type { Candidate } from "../agents/router.ts";
export type RouteOptions = Omit<RouteContext, "trackOf" | "loadOf">;

interface Asked {
  readonly tasks: number;
  readonly tokensUsed: number;
  readonly costUsd: number | null;
  /** Of the last. */
  readonly model?: string;
  readonly failed?: string;
}

export class Agency {
  readonly registry = new AgentRegistry();
  #repository: Repository | undefined;
  #library: Loaded;
  readonly roster: Roster;
  readonly experience: Experience;
  readonly team: TeamBook;
  /** Of the team, as somebody accepted them. */
  readonly changes: readonly TeamChange[];
  readonly reranking: Reranking;
  readonly #decided = new Map<string, Routed>();
  #asked: Asked = { tasks: 0, tokensUsed: 0, costUsd: 0 };
  readonly #router: Router;
  readonly #places: Places;
  readonly #shipped = loadAgents([CATALOG]);
  #sources: Sources;
  #watching: Watching | undefined;

  constructor(home: string, repository: string | undefined, journal: Journal, settings: Settings) {
    this.#places = { home, ...(repository !== undefined && { repository }) };
    this.#sources = readSources(this.#places, this.#shipped);
    const { own, behind } = this.#sources;
    const all = withAgents(behind, own);
    for (const agent of all.agents.values()) this.registry.put(agent);
    this.#repository = this.#sources.repository;
    this.#library = { ...all, agents: this.registry.all };
    this.roster = new Roster(this.registry, {
      folder: agentsOf(home),
      own: own.files,
      behind: behind.agents,
      clock: systemClock,
    });
    this.team = new TeamBook(home);
    this.changes = this.team.list().map(({ change }) => change);
    this.experience = new Experience(journal);
    this.#router = new Router(this.registry);
    const file = join(home, "host.db");
    this.reranking = new Reranking({ settings, registry: this.registry, clock: systemClock, file });
  }

  /** Agents that the repository defines, and whether they count. */
  get repository(): Repository | undefined {
    return this.#repository;
  }
  /** Whom a plan may name: all of them, and who performs checks. */
  get names(): ReadonlySet<string> {
    return new Set([...this.registry.names(), CHECKER]);
  }
  get library(): Loaded {
    return this.#library;
  }

  /** Takes over what changes on disk from now on, until it is closed. `tell` hears of faults, a line each. */
  watch(tell: (line: string) => void = () => {}, options: WatchOptions = {}): void {
    this.#watching ??= watchPaths(pathsOf(this.#places), () => this.#reread(tell), options);
    // What changed between the first reading and the watching.
    this.#reread(tell);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching?.close();
    this.#watching = undefined;
    await this.reranking.close().catch(() => {});
  }

  #reread(tell: (line: string) => void): void {
    const before = this.#sources;
    try {
      const now = readSources(this.#places, this.#shipped, before);
      this.#sources = now;
      this.#repository = now.repository;
      this.#library = { ...withAgents(now.behind, now.own), agents: this.registry.all };
      this.roster.take(now.own, now.behind.agents);
      for (const line of newsOf(before, now)) tell(line);
    } catch (error) {
      // Such as a list of trust that cannot be read: everybody stays as they are.
      tell(`warning: agents were not read again: ${reasonOf(error)}`);
    }
  }

  /** By what is known of past runs so far; `experience.refresh()` looks at new ones. */
  route(task: RouteTask, options: RouteOptions = {}): Routed {
    const { performance } = this.experience;
    const retired = this.changes.flatMap((one) =>
      one.do === "retire" && (one.kind === undefined || one.kind === task.kind) ? [one.agent] : [],
    );
    return this.#router.route(task, {
      trackOf: (agent, kind) => performance.track(agent, kind),
      loadOf: (agent) => {
        const { places = PLACES } = this.registry.find(agent);
        return { busy: this.roster.stateOf(agent).busy, waiting: 0, places };
      },
      ...options,
      exclude: [...retired, ...(options.exclude ?? [])],
    });
  }

  /** Best first: by words, of those that the query takes. */
  search(words: string, { query, most }: { readonly query: Query; readonly most: number }): readonly AgentFile[] {
    const { registry } = this;
    const asked = new Map(registry.index.stems(words.slice(0, 1000)).map((word) => [word, 1]));
    const may = new Set(registry.list(query));
    const found = registry.search(asked, most).map(({ id }) => registry.find(id));
    return found.filter((agent) => may.has(agent));
  }

  /** With what a model says of the best of them, which is paid for: only for whoever asked for that. */
  async rerank(task: RouteTask, options: RouteOptions = {}, model?: string): Promise<Reranked> {
    return this.reranking.rerank(task, this.route(task, options), model);
  }

  /**
   * Asks a model about tasks that name nobody, before a plan is checked; `agentFor` then knows. Where the model fails
   * the rest goes by words, without asking it again and again. All of it is forgotten sooner or later.
   */
  async decide(tasks: readonly RouteTask[]): Promise<void> {
    const all = [...new Map(tasks.map((task) => [nameOf(task), task])).values()].slice(0, MOST_DECIDED);
    for (let i = 0; i < all.length; i += AT_ONCE) {
      const some = all.slice(i, i + AT_ONCE);
      const said = await Promise.all(some.map(({ description, prompt = "" }) => this.rerank({ description, prompt })));
      for (const [at, routed] of said.entries()) this.#keep(some[at] as RouteTask, routed);
      const { failed, model = "" } = said.find(({ rerank }) => rerank.failed !== undefined)?.rerank ?? {};
      if (failed === undefined) continue;
      const none = { model, cached: false, tokensUsed: 0, costUsd: 0, failed };
      for (const { description, prompt = "" } of all.slice(i + AT_ONCE))
        this.#remember({ description, prompt }, unmerged(this.route({ description, prompt }), none));
      return;
    }
  }

  #remember(task: RouteTask, routed: Routed): void {
    const name = nameOf(task);
    this.#decided.delete(name);
    this.#decided.set(name, routed);
    const [oldest] = this.#decided.keys();
    if (this.#decided.size > MOST_KEPT && oldest !== undefined) this.#decided.delete(oldest);
  }

  #keep(task: RouteTask, routed: Reranked): void {
    this.#remember(task, routed);
    const { tasks, tokensUsed, costUsd } = this.#asked;
    const { rerank } = routed;
    const cost = costUsd === null || rerank.costUsd === null ? null : costUsd + rerank.costUsd;
    const last = { model: rerank.model, ...(rerank.failed !== undefined && { failed: rerank.failed }) };
    this.#asked = { tasks: tasks + 1, tokensUsed: tokensUsed + rerank.tokensUsed, costUsd: cost, ...last };
  }

  /** What asking a model about tasks that name nobody took here so far. */
  get asked(): Asked {
    return this.#asked;
  }

  /** For tasks of a plan that name nobody. */
  readonly agentFor: AgentFor = (task) => {
    const decided = this.#decided.get(nameOf(task));
    const isThere = decided !== undefined && (decided.agent === null || this.registry.has(decided.agent));
    const { agent, reasoning } = isThere ? decided : this.route(task);
    return agent === null ? { nobody: reasoning } : { agentName: agent, agentReason: reasoning.slice(0, MOST_REASON) };
  };

  /** Who there is, for plans that are checked. */
  get who(): { readonly agents: ReadonlySet<string>; readonly agentFor: AgentFor } {
    return { agents: this.names, agentFor: this.agentFor };
  }

  /** What would make the team better. Nothing is changed. */
  async proposals(): Promise<readonly Proposal[]> {
    const { statistics, waiting } = await this.experience.refresh();
    const accepted = new Set(this.team.list().map(({ id }) => id));
    return proposalsOf(statistics, this.registry, waiting).filter(({ id }) => !accepted.has(id));
  }
}

/** Attempts that one agent does at once before it counts as busy. */
const PLACES = 5;
const MOST_REASON = 2000;
/** Tasks of one plan that a model is asked about; the others are chosen by words. */
const MOST_DECIDED = 50;
const AT_ONCE = 5;
const MOST_KEPT = 1000;

const nameOf = ({ description, prompt = "" }: RouteTask) => JSON.stringify([description, prompt]);
