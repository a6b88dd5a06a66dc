/** Who there is on this machine, and who does a task best: by words, and by what the runs of this home say. */
import type { AgentFile } from "../agents/definition.ts";
import { AgentRegistry } from "../agents/registry.ts";
import { type RouteContext, type Routed, Router, type RouteTask } from "../agents/router.ts";
import type { Journal } from "../domain/ports.ts";
import type { AgentFor } from "../workflows/agent-for.ts";
import { Experience } from "./experience.ts";

export type { Candidate } from "../agents/router.ts";
export type RouteOptions = Omit<RouteContext, "trackOf">;

export class Agency {
  readonly registry: AgentRegistry;
  readonly experience: Experience;
  readonly #router: Router;

  constructor(agents: Iterable<AgentFile>, journal: Journal) {
    this.registry = new AgentRegistry(agents);
    this.experience = new Experience(journal);
    this.#router = new Router(this.registry);
  }

  /** By what is known of past runs so far; `experience.refresh()` looks at new ones. */
  route(task: RouteTask, options: RouteOptions = {}): Routed {
    const { performance } = this.experience;
    return this.#router.route(task, { trackOf: (agent, kind) => performance.track(agent, kind), ...options });
  }

  /** For tasks of a plan that name nobody. */
  readonly agentFor: AgentFor = (task) => {
    const { agent, reasoning } = this.route(task);
    return agent === null ? { nobody: reasoning } : { agentName: agent, agentReason: reasoning.slice(0, MOST_REASON) };
  };
}

const MOST_REASON = 2000;
