/** The functional form: the same machine in fewer words. Types of outputs flow along `needs`. */
import type { AgentTask } from "../domain/plan.ts";
import type { AgentFunction, FunctionContext, FunctionTask, Reported } from "../runtimes/function.ts";
import type { Agent } from "./agents.ts";
import type { RunHandle } from "./handle.ts";
import type { OrchestratorConfig } from "./options.ts";
import { AgentOrchestrator } from "./orchestrator.ts";
import type { Results } from "./whole.ts";

type Plain<Output> = Output extends Reported<infer Inner> ? Inner : Output;

/** A task with its agent. What it needs is a task made before, whose type then flows, or just an id. */
export interface NamedTask<Id extends string = string, Output = unknown> {
  readonly id: Id;
  readonly agent: Agent | string;
  readonly needs: readonly string[];
  readonly task: Omit<AgentTask, "agentName">;
  /** Only carries the type. */
  readonly output?: Output;
}

type Need = string | NamedTask;
type IdOf<N extends Need> = N extends NamedTask<infer Id> ? Id : N extends string ? N : never;
type OutputOf<N extends Need, Id> =
  N extends NamedTask<infer Own, infer Output> ? (Own extends Id ? Output : never) : N extends Id ? unknown : never;
type ResultsOf<Needs extends readonly Need[]> = { readonly [Id in IdOf<Needs[number]>]: OutputOf<Needs[number], Id> };

export interface TaskOptions<Output, Needs extends readonly Need[]>
  extends Partial<Omit<AgentTask, "id" | "agentName" | "dependencies">> {
  /** A function, a definition, or the name of an agent given to `run`. */
  readonly agent:
    | ((task: FunctionTask<ResultsOf<Needs>>, context: FunctionContext) => Output | Promise<Output>)
    | Exclude<Agent, AgentFunction>
    | string;
  readonly needs?: Needs;
}

export function task<const Id extends string, Output, const Needs extends readonly Need[] = readonly []>(
  id: Id,
  options: TaskOptions<Output, Needs>,
): NamedTask<Id, Plain<Output>> {
  const { agent, needs = [] as unknown as Needs, description = id, prompt = "", ...rest } = options;
  const ids = needs.map((need) => (typeof need === "string" ? need : need.id));
  return {
    id,
    agent: agent as Agent | string,
    needs: ids,
    task: { id, description, prompt, dependencies: ids, ...rest },
  };
}

type OutputsOf<Plan extends readonly NamedTask[]> = Omit<Results, "tasks"> & {
  readonly tasks: {
    readonly [T in Plan[number] as T["id"]]: Omit<Results["tasks"][string], "output"> & {
      readonly output?: T extends NamedTask<string, infer Output> ? Output : never;
    };
  };
};

export interface RunConfig extends Omit<OrchestratorConfig, "maxParallelAgents"> {
  /** Attempts at once. Default 3. */
  readonly places?: number;
  readonly workflow?: string;
  readonly signal?: AbortSignal;
}

/** Runs a plan. One handle: iterate it for events, await it for results. */
export function run<const Plan extends readonly NamedTask[]>(
  plan: Plan,
  config: RunConfig = {},
): Omit<RunHandle, "then"> & PromiseLike<OutputsOf<Plan>> {
  const { places, workflow, signal, agents = {}, globalTimeout = Number.POSITIVE_INFINITY, ...rest } = config;
  const named = new Map<Agent, string>(Object.entries(agents).map(([name, agent]) => [agent, name]));
  const crew: Record<string, Agent> = { ...agents };
  const tasks = plan.map(({ agent, task: own }): AgentTask => {
    if (typeof agent === "string") return { ...own, agentName: agent };
    let name = named.get(agent);
    if (name === undefined) {
      name = nameOf(agent, own.id, crew);
      named.set(agent, name);
      crew[name] = agent;
    }
    return { ...own, agentName: name };
  });
  const orchestrator = new AgentOrchestrator({
    ...rest,
    agents: crew,
    globalTimeout,
    ...(places === undefined ? {} : { maxParallelAgents: places }),
  });
  const handle = orchestrator.execute({
    tasks,
    alone: true,
    ...(workflow === undefined ? {} : { workflow }),
    ...(signal === undefined ? {} : { signal }),
  });
  return handle as unknown as Omit<RunHandle, "then"> & PromiseLike<OutputsOf<Plan>>;
}

/** A function is called by its own name where it has one that is free. */
function nameOf(agent: Agent, task: string, taken: { readonly [name: string]: Agent }): string {
  const own = typeof agent === "function" ? agent.name : agent.run?.name;
  const name = own === undefined || own === "" || own === "agent" || own === "run" ? task : own;
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? name : `${name}-${i}`;
    if (!Object.hasOwn(taken, candidate)) return candidate;
  }
}
