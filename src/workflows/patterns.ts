/**
 * Patterns of cooperation as pure functions that yield tasks. Each returns a plan's part: put several together with
 * `[...a, ...b]`, and let the second wait for the first through the `dependencies` of its steps.
 */
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask, Condition, ForEach } from "../domain/plan.ts";

/** A task as one writes it in a pattern: the description may be left out, the pattern adds its own dependencies. */
export type Part = Omit<AgentTask, "description"> & { readonly description?: string };

const after = (part: Part, ids: readonly string[] = []): AgentTask => {
  const dependencies = [...new Set([...(part.dependencies ?? []), ...ids])];
  const task = { ...part, description: part.description ?? part.id };
  return dependencies.length > 0 ? { ...task, dependencies } : task;
};

const idsOf = (parts: readonly { readonly id: string }[]): readonly string[] => parts.map(({ id }) => id);

/** One after another. The processor, where there is one, gets the outputs of all steps and makes the result of them. */
export function sequence(steps: readonly Part[], processor?: Part): readonly AgentTask[] {
  const chain = steps.map((one, i) => after(one, idsOf(steps.slice(Math.max(0, i - 1), i))));
  return processor ? [...chain, after(processor, idsOf(steps))] : chain;
}

/** All at once. */
export function parallel(steps: readonly Part[]): readonly AgentTask[] {
  return steps.map((one) => after(one));
}

/** One task prepares, the branches work at once on what it found, one joins their outputs. */
export function forkJoin(fork: Part, branches: readonly Part[], join: Part): readonly AgentTask[] {
  return [after(fork), ...branches.map((one) => after(one, [fork.id])), after(join, idsOf(branches))];
}

/** Stages in order; the parts of a stage run at once, and each sees all outputs of the stage before. */
export function pipeline(stages: readonly (Part | readonly Part[])[]): readonly AgentTask[] {
  let before: readonly string[] = [];
  return stages.flatMap((stage) => {
    const parts = [stage].flat() as readonly Part[];
    const tasks = parts.map((one) => after(one, before));
    if (parts.length > 0) before = idsOf(parts);
    return tasks;
  });
}

export interface MapReduce {
  /** Its output holds the list: at `path`, or as a whole. */
  readonly source: Part;
  readonly path?: string;
  /** Done once for each entry, all at once. Its result is what `reduce` makes of the outputs. */
  readonly map: Part;
  readonly reduce: NonNullable<ForEach["reduce"]>;
  /** More entries are a failure. */
  readonly max?: number;
}

export function mapReduce({ source, path, map, reduce, max }: MapReduce): readonly AgentTask[] {
  const forEach = {
    task: source.id,
    ...(path !== undefined && { path }),
    ...(max !== undefined && { max }),
    reduce,
  };
  return [after(source), { ...after(map, [source.id]), forEach }];
}

export interface Capable {
  readonly name: string;
  readonly capabilities: readonly string[];
}

export interface Delegated extends Omit<Part, "agentName"> {
  /** Matched exactly; a near miss is an error, not a guess. */
  readonly capability: string;
}

export interface Hierarchy {
  /** Briefs the workers, and compiles their outputs into the answer. */
  readonly supervisor: string;
  readonly goal: string;
  readonly agents: readonly Capable[];
  readonly work: readonly Delegated[];
  /** Put before the ids of the supervisor's two tasks. Default: `supervise`. */
  readonly id?: string;
}

/** The supervisor plans, workers chosen by capability work at once, the supervisor compiles the answer. */
export function hierarchy({ supervisor, goal, agents, work, id = "supervise" }: Hierarchy): readonly AgentTask[] {
  const load = new Map<string, number>();
  const brief: AgentTask = {
    id: `${id}-brief`,
    agentName: supervisor,
    description: "Brief the workers",
    prompt: [
      `Goal: ${JSON.stringify(goal)}.`,
      "You lead the following pieces of work; they are done at the same time by others, who see only your brief and their own prompt:",
      ...work.map((one) => `- ${one.id} (${one.capability}): ${one.description ?? one.prompt.slice(0, 200)}`),
      "Give each piece what it needs to serve the goal: scope, border to the others, what its answer must contain. Do not do the work.",
    ].join("\n"),
  };
  const workers = work.map(({ capability, ...part }) => {
    const agentName = workerFor(capability, agents, load);
    return after({ ...part, agentName }, [brief.id]);
  });
  const compile: AgentTask = {
    id: `${id}-compile`,
    agentName: supervisor,
    description: "Compile the answer",
    dependencies: [brief.id, ...idsOf(workers)],
    prompt: [
      `Goal: ${JSON.stringify(goal)}.`,
      `Compile one answer from the results of ${idsOf(workers).join(", ")}, which you get as context.`,
      "Settle contradictions and say how; name what no worker answered. Do not add what no worker found.",
    ].join("\n"),
  };
  return [brief, ...workers, compile];
}

/** Of those who can, the one with the least to do; the order given decides between equals. */
function workerFor(capability: string, agents: readonly Capable[], load: Map<string, number>): string {
  let best: Capable | undefined;
  for (const agent of agents)
    if (agent.capabilities.includes(capability) && (!best || loadOf(load, agent) < loadOf(load, best))) best = agent;
  if (!best)
    throw new TuttiError(
      "BAD_INPUT",
      `no agent has the capability '${capability}'${didYouMean(
        capability,
        agents.flatMap((agent) => agent.capabilities),
      )}`,
      { path: "work", data: { capability, agents: agents.map(({ name }) => name) } },
    );
  load.set(best.name, loadOf(load, best) + 1);
  return best.name;
}

const loadOf = (load: ReadonlyMap<string, number>, { name }: Capable): number => load.get(name) ?? 0;

export interface ReviewLoop {
  readonly work: Part;
  /** Its output must be JSON that the condition can read. */
  readonly review: Part;
  /** Where the review says yes. Default: `/approved`. */
  readonly path?: string;
  /** A condition of one's own, in place of `path` being true. */
  readonly until?: Condition;
  /** Rounds of work and review. Default 5; when they are used up the review fails, its output kept. */
  readonly maxIterations?: number;
}

/** Work and review repeat until the review approves; each round sees the review before it. */
export function reviewUntilApproved({ work, review, path = "/approved", ...rest }: ReviewLoop): readonly AgentTask[] {
  const until = rest.until ?? { task: review.id, path, op: "eq" as const, value: true };
  const most = rest.maxIterations === undefined ? {} : { maxIterations: rest.maxIterations };
  return [after(work), { ...after(review, [work.id]), until, repeats: [work.id], ...most }];
}

/** Stages put together step by step: `stages().next(a).next(b, c).tasks()`. Every step returns a new one. */
export interface Stages {
  next(...parts: readonly Part[]): Stages;
  tasks(): readonly AgentTask[];
}

export function stages(done: readonly (readonly Part[])[] = []): Stages {
  return { next: (...parts) => stages([...done, parts]), tasks: () => pipeline(done) };
}
