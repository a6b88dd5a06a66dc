/** What a run would take, from many rehearsals of it by the real core in virtual time. Nothing is stored. */

import type { EvidenceSet } from "../domain/evidence.ts";
import { defined } from "../domain/json.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { Evidence, FileSet, Files, Guidance } from "../domain/ports.ts";
import { createMemoryJournal } from "../journal/memory.ts";
import type { CostOf, Prices } from "../runtimes/prices.ts";
import { needsIn } from "../runtimes/rehearsal/needs.ts";
import type { History } from "../runtimes/rehearsal/predict.ts";
import { rehearsalRuntime } from "../runtimes/rehearsal/runtime.ts";
import type { AgentDefinition } from "./agents.ts";
import { AgentOrchestrator } from "./orchestrator.ts";
import type { Planned } from "./order.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { passTime } from "./virtual-run.ts";
import type { Results } from "./whole.ts";

export interface Range {
  readonly p50: number;
  readonly p90: number;
}
export interface Forecast {
  readonly runs: number;
  /** Of 1: runs in which every task completed. */
  readonly success: number;
  /** Milliseconds of wall time, and of the same tasks one after another. */
  readonly duration: Range;
  readonly sequential: Range;
  readonly tokens: Range;
  /** Absent where a price is unknown. */
  readonly costUsd?: Range;
  readonly models: readonly {
    readonly model: string;
    readonly tasks: number;
    readonly tokens: Range;
    readonly costUsd?: Range;
  }[];
}

export interface ForecastInput extends Planned {
  readonly agents: { readonly [name: string]: AgentDefinition };
}
export interface ForecastWith {
  readonly costOf: CostOf;
  readonly prices?: Prices;
  readonly places: number;
  readonly instructionsOf: (agentName: string) => { readonly instructions?: string } | undefined;
  readonly history?: (agentName: string, model: string) => History | undefined;
  /** What tasks read is part of what they cost. */
  readonly files?: Files;
  readonly evidence?: Evidence;
  readonly guidance?: Guidance;
  readonly runs?: number;
}

/** The model of a task's last attempt, where its agent has several. */
interface Rehearsed extends Results {
  readonly chosen: ReadonlyMap<string, string>;
}

const RUNS = 200;
const BEGIN = Date.UTC(2026, 0, 1);

export async function forecast(input: ForecastInput, given: ForecastWith): Promise<Forecast> {
  const { runs = RUNS } = given;
  const all: Rehearsed[] = [];
  const seed = input.config.seed ?? 1;
  const files = given.files && (await readOnce(input.tasks, given.files));
  const evidence = given.evidence && (await lookOnce(input.tasks, given.evidence));
  const read = defined({ files, evidence });
  for (let i = 0; i < runs; i++) all.push(await rehearse(input, { ...given, ...read }, seed + i));
  const planned = modelsOf(input);
  const modelOf = (id: string, { chosen }: Rehearsed) => chosen.get(id) ?? planned(id);
  const models = [...new Set(all.flatMap((one) => Object.keys(one.tasks).map((id) => modelOf(id, one))))];
  const costs = all.map(({ summary }) => summary.totalCostUsd);
  return {
    runs,
    success: all.filter(({ status }) => status === "complete").length / runs,
    duration: rangeOf(all.map(({ summary }) => summary.totalDuration)),
    sequential: rangeOf(all.map(({ tasks }) => sum(Object.values(tasks).map(({ duration }) => duration)))),
    tokens: rangeOf(all.map(({ summary }) => summary.totalTokens)),
    ...costRange(costs),
    models: models.map((model) => {
      const own = all.map((one) =>
        Object.entries(one.tasks)
          .filter(([id]) => modelOf(id, one) === model)
          .map(([, task]) => task),
      );
      const cost = own.map((tasks) =>
        tasks.some(({ costUsd }) => costUsd === null) ? null : sum(tasks.map(({ costUsd }) => costUsd ?? 0)),
      );
      return {
        model,
        tasks: rangeOf(all.map((one) => input.tasks.filter(({ id }) => modelOf(id, one) === model).length)).p50,
        tokens: rangeOf(own.map((tasks) => sum(tasks.map(({ tokensUsed }) => tokensUsed)))),
        ...costRange(cost),
      };
    }),
  };
}

/** By the authored task; what an expander made of it has its name and more. */
function modelsOf({ tasks, agents }: ForecastInput): (task: string) => string {
  const known = new Map(tasks.map(({ id, model, agentName }) => [id, model ?? agents[agentName]?.model ?? "unknown"]));
  return (task) => {
    for (let id = task; ; id = id.slice(0, id.lastIndexOf("."))) {
      const model = known.get(id);
      if (model !== undefined) return model;
      if (!id.includes(".")) return "unknown";
    }
  };
}

/** Read before any time passes, since virtual time would not wait for a disk; and once for all rehearsals. */
async function readOnce(tasks: readonly AgentTask[], files: Files): Promise<Files> {
  const sets = new Map<string, FileSet>();
  for (const { reads } of tasks) {
    const name = JSON.stringify(reads ?? []);
    if (reads?.length && !sets.has(name)) sets.set(name, await files.read(reads));
  }
  return { read: async (globs) => sets.get(JSON.stringify(globs)) ?? { files: [], leftOut: [] } };
}

/** The same for what programs find; nothing of the repository is run for a forecast. */
async function lookOnce(tasks: readonly AgentTask[], from: Evidence): Promise<Evidence> {
  const sets = new Map<string, EvidenceSet>();
  for (const { evidence = [] } of tasks) {
    const name = JSON.stringify(evidence);
    const looking = evidence.filter((one) => one !== "test-run" && !one.startsWith("command:"));
    if (evidence.length > 0 && !sets.has(name)) sets.set(name, await from.collect(looking));
  }
  return { collect: async (names) => sets.get(JSON.stringify(names)) ?? { findings: [], notes: [] } };
}

async function rehearse(input: ForecastInput, given: ForecastWith, seed: number): Promise<Rehearsed> {
  const { tasks, config } = input;
  const { costOf, prices, instructionsOf, history, places, files, evidence, guidance } = given;
  const clock = new VirtualClock(BEGIN);
  const agents = Object.fromEntries(
    Object.entries(input.agents).map(([name, one]) => [
      name,
      one.runtime === "human" ? one : { ...one, runtime: "rehearsal" },
    ]),
  );
  const runtime = rehearsalRuntime({
    ...{ clock, seed: seed >>> 0, costOf, instructionsOf, needs: needsIn(tasks), chaos: config.chaos ?? 0 },
    ...(prices && { prices }),
    ...(history && { history }),
  });
  await using orchestrator = new AgentOrchestrator({
    agents,
    runtimes: { rehearsal: runtime },
    journal: createMemoryJournal(),
    maxParallelAgents: config.maxParallelAgents ?? places,
    globalTimeout: Number.POSITIVE_INFINITY,
    clock,
    seed: seed >>> 0,
    ...(config.explore !== undefined && { explore: config.explore }),
    rehearsal: { speed: "max", chaos: config.chaos ?? 0 },
    people: { ask: () => Promise.resolve({ decision: "approve", by: "rehearsal" }) },
    ...(config.contextStrategy && { contextStrategy: config.contextStrategy }),
    ...(config.enableCommunication !== undefined && { enableCommunication: config.enableCommunication }),
    ...(files && { files }),
    ...(evidence && { evidence }),
    ...(guidance && { guidance }),
    ...(config.pruningThreshold !== undefined && { pruningThreshold: config.pruningThreshold }),
  });
  const handle = orchestrator.execute({ tasks });
  const chosen = new Map<string, string>();
  orchestrator.on("agent:invoke", ({ taskId, model, modelReason }) => {
    if (modelReason !== undefined) chosen.set(taskId, model);
  });
  const [results] = await Promise.all([handle, passTime(clock, handle)]);
  return { ...results, chosen };
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

function costRange(costs: readonly (number | null)[]): { readonly costUsd?: Range } {
  const known = costs.filter((cost) => cost !== null);
  return known.length === costs.length ? { costUsd: rangeOf(known) } : {};
}

/** The middle one, and the one that nine in ten do not exceed. */
function rangeOf(numbers: readonly number[]): Range {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return { p50: at(0.5), p90: at(0.9) };
}
