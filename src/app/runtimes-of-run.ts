/** What performs the agents of one run of a host: real models, or rehearsed ones. */
import { homedir } from "node:os";
import { parse } from "node:path";
import { CONDUCTOR } from "../conductor/agent.ts";
import { CHECKER } from "../domain/check-result.ts";
import { defined } from "../domain/json.ts";
import type { AgentTask, Rehearsal } from "../domain/plan.ts";
import type { Clock, Runtime } from "../domain/ports.ts";
import type { Loaded } from "../library/catalog.ts";
import type { Settings } from "../library/settings.ts";
import type { Agents } from "../runtimes/acp/lending.ts";
import { laneRuntime } from "../runtimes/lane/runtime.ts";
import type { Connection } from "../runtimes/mcp/connection.ts";
import { mcpTools } from "../runtimes/mcp/servers.ts";
import type { Pace } from "../runtimes/model/pace.ts";
import { type Delta, modelRuntime } from "../runtimes/model/runtime.ts";
import { scrubber } from "../runtimes/model/secrets.ts";
import { outsideRuntime } from "../runtimes/outside-runtime.ts";
import { Pool } from "../runtimes/pool.ts";
import { postingRuntime } from "../runtimes/posting.ts";
import type { CostOf } from "../runtimes/prices.ts";
import { needsIn } from "../runtimes/rehearsal/needs.ts";
import { rehearsalRuntime } from "../runtimes/rehearsal/runtime.ts";
import { isOutside, OUTSIDE } from "../runtimes/runtime-ref.ts";
import { lanes } from "../workspace/lane/lane.ts";
import { pusher } from "../workspace/push.ts";
import { worktrees } from "../workspace/worktrees.ts";
import type { AgentDefinition } from "./agents.ts";
import { checkerOf } from "./checker-runtime.ts";
import { conductorBy } from "./conductor-agent.ts";
import type { FleetHome } from "./fleet-home.ts";
import type { Histories } from "./history.ts";
import { issueSource } from "./issue-sources.ts";
import { mediated } from "./landing.ts";
import type { OrderConfig } from "./order.ts";
import { REPLANNER } from "./replanner.ts";
import { replannerBy } from "./replanner-agent.ts";
import { scrubbedDeltas, scrubbedRuntimes, secretsIn } from "./scrubbed.ts";

/** What a host has for all its runs. */
export interface Means {
  readonly settings: Settings;
  readonly library: Loaded;
  readonly costOf: CostOf;
  readonly history?: Histories;
  /** One pace of calls for all runs. */
  readonly pace: Pace;
  readonly onDelta?: (delta: Delta) => void;
  /** Where agents work that have tools for files. */
  readonly repository?: string;
  /** The repository's own tests may run, where a check names them. */
  readonly ownAreAllowed?: boolean;
  /** What the commands of agents may know of ours is picked out of it. */
  readonly env: { readonly [name: string]: string | undefined };
  /** Programs of others that several attempts have one after the other. */
  readonly warm: Warm;
  /** No agent sees it: keys and journals lie there. */
  readonly home: string;
  /** What a conductor has agents of. */
  readonly fleet: FleetHome;
}

/** Coding agents take hundreds of megabytes each. */
export class Warm implements AsyncDisposable {
  readonly servers = new Pool<Connection>();
  readonly agents: Agents = new Pool({ most: 2 });

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.servers[Symbol.asyncDispose](), this.agents[Symbol.asyncDispose]()]);
  }
}

interface Of {
  readonly clock: Clock;
  readonly rehearsal: Rehearsal | undefined;
  readonly seed: number;
  readonly tasks: readonly AgentTask[];
  /** As they were when the run began here: an edit meanwhile is for the next one. */
  readonly agents: { readonly [name: string]: AgentDefinition };
  readonly config: Pick<OrderConfig, "deliver" | "post">;
}

export function runtimesOf(
  { clock, rehearsal, seed, tasks, agents, config }: Of,
  means: Means,
): { readonly [name: string]: Runtime } {
  const { settings, library, costOf, history, onDelta, repository, env, home, pace, warm } = means;
  const instructionsOf = (name: string) => (Object.hasOwn(agents, name) ? agents[name] : library.agents.get(name));
  const secrets = secretsIn(settings, env);
  const live = onDelta && { onDelta: scrubbedDeltas(onDelta, secrets) };
  const shared = { clock, instructionsOf, prices: settings.prices, ...live };
  if (rehearsal === undefined) {
    const files = isWorkplace(repository) ? { workspaces: worktrees({ folder: repository, home }) } : {};
    const shell = { env, hidden: [home], mustHold: settings.sandbox === "required" };
    const source = mcpTools({ servers: settings.mcpServers, env, pool: warm.servers });
    const model = modelRuntime({ ...shared, ...files, shell, source, pace, secrets, providers: settings.providers });
    const outside = outsideRuntime({ ...shared, ...files, env, settings, agents: warm.agents });
    // A task may name another model than its agent: that decides, whatever its agent is.
    const either: Runtime = {
      converses: true,
      perform: (attempt, world) =>
        (isOutside(attempt.task.model ?? attempt.agent.model ?? "") ? outside : model).perform(attempt, world),
    };
    const all = Object.fromEntries(["model", ...OUTSIDE].map((name) => [name, either]));
    const place = isWorkplace(repository) ? lanes({ folder: repository, home }) : undefined;
    const landing = config.deliver && mediated(config.deliver, library.agents);
    const lane = landing && place ? { lane: laneRuntime({ landing, lanes: place, shell }) } : {};
    const replans = Object.hasOwn(agents, REPLANNER);
    const conducts = Object.values(agents).some(({ runtime }) => runtime === CONDUCTOR);
    const { instructionsOf: _, ...called } = { ...shared, pace, secrets, providers: settings.providers };
    const conductor = conducts
      ? { [CONDUCTOR]: conductorBy(means.fleet)({ ...called, ...defined({ folder: repository }) }) }
      : {};
    const given = { ...called, ...defined({ folder: repository }) };
    const replanner = replans ? { [REPLANNER]: replannerBy(means.fleet)(given) } : {};
    const { post } = config;
    const push = isWorkplace(repository) ? { pusher: pusher({ folder: repository, home }, env) } : {};
    const poster = post && {
      posting: postingRuntime({
        ...{ posting: post, source: issueSource(post.at, settings), scrub: scrubber(secrets) },
        ...push,
      }),
    };
    const checks = Object.hasOwn(agents, CHECKER) && isWorkplace(repository);
    const checker = checks ? { [CHECKER]: checkerOf(repository, means) } : {};
    return scrubbedRuntimes({ ...all, ...lane, ...poster, ...conductor, ...replanner, ...checker }, secrets);
  }
  const { chaos } = rehearsal;
  // Virtual time passes as fast as it can by itself.
  const speed = rehearsal.speed === "max" ? 1 : rehearsal.speed;
  const needs = needsIn(tasks);
  return { rehearsal: rehearsalRuntime({ ...shared, seed, speed, chaos, costOf, needs, ...(history && { history }) }) };
}

/** Somebody's whole home is no repository, wherever a command was typed. */
export function isWorkplace(folder: string | undefined): folder is string {
  return folder !== undefined && folder !== homedir() && folder !== parse(folder).root;
}
