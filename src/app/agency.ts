/** Who there is on this machine, and who does a task best: by words, and by what the runs of this home say. */
import { join } from "node:path";
import { type Proposal, proposalsOf, type TeamChange } from "../agents/proposals.ts";
import { AgentRegistry } from "../agents/registry.ts";
import { type RouteContext, type Routed, Router, type RouteTask } from "../agents/router.ts";
import type { Journal } from "../domain/ports.ts";
import { CATALOG, type Loaded, loadAgents, withAgents } from "../library/catalog.ts";
import { TeamBook } from "../library/team.ts";
import { type Repository, repositoryAt } from "../library/trust.ts";
import type { AgentFor } from "../workflows/agent-for.ts";
import { Experience } from "./experience.ts";
import { Roster } from "./roster.ts";
import { systemClock } from "./system.ts";

export type { Candidate } from "../agents/router.ts";
export type RouteOptions = Omit<RouteContext, "trackOf" | "loadOf">;

export class Agency {
  readonly registry = new AgentRegistry();
  /** Agents that the repository defines, and whether they count. */
  readonly repository: Repository | undefined;
  readonly library: Loaded;
  readonly roster: Roster;
  readonly experience: Experience;
  readonly team: TeamBook;
  /** Of the team, as somebody accepted them. */
  readonly changes: readonly TeamChange[];
  readonly #router: Router;

  constructor(home: string, repository: string | undefined, journal: Journal) {
    const folder = join(home, "agents");
    const own = loadAgents([{ path: folder }]);
    this.repository = repository === undefined ? undefined : repositoryAt(repository, home);
    const shipped = loadAgents([CATALOG]);
    const behind =
      this.repository?.trust.is === "trusted" ? withAgents(shipped, this.repository.offer.loaded) : shipped;
    const all = withAgents(behind, own);
    for (const agent of all.agents.values()) this.registry.put(agent);
    this.library = { ...all, agents: this.registry.all };
    this.roster = new Roster(this.registry, {
      folder,
      own: own.agents.keys(),
      behind: behind.agents,
      clock: systemClock,
    });
    this.team = new TeamBook(home);
    this.changes = this.team.list().map(({ change }) => change);
    this.experience = new Experience(journal);
    this.#router = new Router(this.registry);
  }

  /** By what is known of past runs so far; `experience.refresh()` looks at new ones. */
  route(task: RouteTask, options: RouteOptions = {}): Routed {
    const { performance } = this.experience;
    const retired = this.changes.flatMap((one) =>
      one.do === "retire" && (one.kind === undefined || one.kind === task.kind) ? [one.agent] : [],
    );
    return this.#router.route(task, {
      trackOf: (agent, kind) => performance.track(agent, kind),
      loadOf: (agent) => ({ busy: this.roster.stateOf(agent).busy, waiting: 0, places: PLACES }),
      ...options,
      exclude: [...retired, ...(options.exclude ?? [])],
    });
  }

  /** For tasks of a plan that name nobody. */
  readonly agentFor: AgentFor = (task) => {
    const { agent, reasoning } = this.route(task);
    return agent === null ? { nobody: reasoning } : { agentName: agent, agentReason: reasoning.slice(0, MOST_REASON) };
  };

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
