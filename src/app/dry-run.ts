/** What a change of the team would do: the last run that it would have changed, rehearsed as it was and with the change. */
import type { TeamChange } from "../agents/proposals.ts";
import type { Routed, RouteTask } from "../agents/router.ts";
import type { RunState } from "../core/state.ts";
import { reasonOf } from "../domain/error.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { Journal } from "../domain/ports.ts";
import { taskOf } from "../graph/expand.ts";
import { settingsOf } from "./conducted.ts";
import { type Chosen, callable, chooseModels, definitionOf, type Known } from "./crew-of-files.ts";
import { crewOfRun } from "./crew-of-run.ts";
import type { Forecast } from "./forecast.ts";
import type { Histories } from "./history.ts";
import { namesIn } from "./names-in.ts";
import type { Planned } from "./order.ts";

/** The middle of many rehearsals. */
export interface Middle {
  /** Milliseconds. */
  readonly duration: number;
  readonly tokens: number;
  /** Absent where a price is unknown. */
  readonly costUsd?: number;
}
export type DryRun =
  | {
      readonly run: string;
      readonly workflow: string;
      /** Rehearsals of each. */
      readonly rehearsals: number;
      /** Both by what agents really took, or, where that is not known of the change, both by the list of prices. */
      readonly by: "history" | "prices";
      readonly before: Middle;
      readonly after: Middle;
    }
  | { readonly cannot: string };

type Prepared = Planned & Chosen;
/** What of a host it takes. */
interface Stage {
  readonly journal: Journal;
  readonly agency: { route(task: RouteTask, options: { readonly exclude: readonly string[] }): Routed };
  state(run: string): Promise<RunState>;
  forecast(prepared: Prepared, runs: number, byHistory: boolean): Promise<Forecast>;
  histories(): Promise<Histories>;
}

/** Newest runs that are looked at, rehearsals of each plan, and proposals that are rehearsed at all. */
const [RUNS, REHEARSALS, MOST] = [20, 30, 10];

export async function dryRuns(host: Stage, known: Known, changes: readonly TeamChange[]): Promise<readonly DryRun[]> {
  const plans = await newestPlans(host);
  const before = new Map<string, Promise<Forecast>>();
  const made: DryRun[] = [];
  for (const [i, change] of changes.entries())
    made.push(
      i < MOST ? await dryRun(host, known, change, plans, before) : { cannot: `only ${MOST} are rehearsed at once` },
    );
  return made;
}

async function dryRun(
  host: Stage,
  known: Known,
  change: TeamChange,
  plans: readonly RunState[],
  before: Map<string, Promise<Forecast>>,
): Promise<DryRun> {
  const state = plans.find((plan) => touches(change, plan));
  if (state === undefined)
    return {
      cannot:
        plans.length === 0
          ? "no run with real agents has ended yet"
          : `none of the last ${plans.length} runs would have been another`,
    };
  try {
    const plan = planOf(state, known);
    const changed = withChange(plan, change, host, known);
    if ("cannot" in changed) return changed;
    const by = (await isLearned(host, plan, changed)) ? "history" : "prices";
    const as = before.get(`${state.run} ${by}`) ?? host.forecast(plan, REHEARSALS, by === "history");
    before.set(`${state.run} ${by}`, as);
    const [was, is] = [middle(await as), middle(await host.forecast(changed, REHEARSALS, by === "history"))];
    return { run: state.run, workflow: plan.workflow, rehearsals: REHEARSALS, by, before: was, after: is };
  } catch (error) {
    return { cannot: reasonOf(error) };
  }
}

/** Measured and guessed figures cannot be compared: of whoever comes in, as much must be known as of the others. */
async function isLearned(host: Stage, plan: Prepared, changed: Prepared): Promise<boolean> {
  const history = await host.histories();
  const pairsOf = ({ tasks, agents }: Prepared) =>
    tasks.map(({ agentName, model }) => [agentName, model ?? agents[agentName]?.model ?? ""] as const);
  const old = new Set(pairsOf(plan).map(String));
  return pairsOf(changed).every((pair) => old.has(String(pair)) || history(...pair) !== undefined);
}

/** Of ended runs with real agents, the newest first; one that cannot be read is left out. */
async function newestPlans(host: Stage): Promise<readonly RunState[]> {
  const entries = await host.journal.list({ limit: 10 * RUNS });
  const ended = entries.filter(({ status, rehearsed }) => !rehearsed && (status === "complete" || status === "failed"));
  const states = await Promise.all(ended.slice(0, RUNS).map(({ run }) => host.state(run).catch(() => undefined)));
  return states.filter((state) => state !== undefined);
}

function touches(change: TeamChange, state: RunState): boolean {
  const tasks = authored(state);
  switch (change.do) {
    case "places":
      return tasks.length > 1 && state.start?.options.maxParallelAgents !== change.places;
    case "model":
      return tasks.some((task) => task.model === undefined && namesIn(task).includes(change.agent));
    case "retire":
      return tasks.some((task) => isOf(task, change));
  }
}

const isOf = ({ agentName, phase }: AgentTask, { agent, kind }: Extract<TeamChange, { do: "retire" }>) =>
  agentName === agent && (kind === undefined || kind === phase);

/** Without what expanders made of it: they make it again. */
const authored = ({ graph }: RunState): readonly AgentTask[] =>
  [...graph.nodes.values()].flatMap(({ spec, removed }) =>
    spec && !removed && spec.of === undefined && spec.joins === undefined ? [taskOf(spec)] : [],
  );

function planOf(state: RunState, known: Known): Prepared {
  const agents = crewOfRun(state, known, () => false);
  const { maxParallelAgents, contextStrategy, enableCommunication, pruningThreshold } = settingsOf(state).config;
  const set = Object.entries({ maxParallelAgents, contextStrategy, enableCommunication, pruningThreshold });
  const config = Object.fromEntries(set.filter(([, value]) => value !== undefined));
  return { workflow: state.start?.workflow ?? "", tasks: authored(state), agents, config, models: new Map() };
}

function withChange(
  plan: Prepared,
  change: TeamChange,
  host: Stage,
  known: Known,
): Prepared | { readonly cannot: string } {
  const { agents, tasks, config } = plan;
  if (change.do === "places") return { ...plan, config: { ...config, maxParallelAgents: change.places } };
  if (change.do === "model") {
    const { text } = callable(change.model, "model", known.settings);
    const one = definitionOf(known.files.get(change.agent), text, {
      rehearse: true,
      settings: known.settings,
    });
    return { ...plan, agents: { ...agents, [change.agent]: one } };
  }
  const moved: AgentTask[] = [];
  for (const task of tasks) {
    if (!isOf(task, change)) continue;
    const { id, description, prompt, phase: kind } = task;
    const { agent } = host.agency.route(
      { description, prompt, ...(kind !== undefined && { kind }) },
      { exclude: [change.agent] },
    );
    if (agent === null) return { cannot: `nobody else fits task '${id}'` };
    moved.push({ ...task, agentName: agent });
  }
  const others = chooseModels(moved, known, { rehearse: true }).agents;
  const all = tasks.map((task) => moved.find(({ id }) => id === task.id) ?? task);
  return { ...plan, tasks: all, agents: { ...others, ...agents } };
}

function middle({ duration, tokens, costUsd }: Forecast): Middle {
  return { duration: duration.p50, tokens: tokens.p50, ...(costUsd && { costUsd: costUsd.p50 }) };
}
