/** What a run would take, from many rehearsals of it by the real core in virtual time. Nothing is stored. */

import type { AgentTask } from "../domain/plan.ts";
import type { FileSet, Files } from "../domain/ports.ts";
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
  readonly files?: Files;
  readonly runs?: number;
}

const RUNS = 200;
const BEGIN = Date.UTC(2026, 0, 1);

export async function forecast(input: ForecastInput, given: ForecastWith): Promise<Forecast> {
  const { runs = RUNS } = given;
  const files = given.files && (await readAhead(given.files, input.tasks));
  const all: Results[] = [];
  const seed = input.config.seed ?? 1;
  for (let i = 0; i < runs; i++) all.push(await rehearse(input, { ...given, ...(files && { files }) }, seed + i));
  const modelOf = (task: string) => {
    const planned = input.tasks.find(({ id }) => id === task || task.startsWith(`${id}.`));
    return planned?.model ?? input.agents[planned?.agentName ?? ""]?.model ?? "unknown";
  };
  const models = [...new Set(all.flatMap(({ tasks }) => Object.keys(tasks).map(modelOf)))];
  const costs = all.map(({ summary }) => summary.totalCostUsd);
  return {
    runs,
    success: all.filter(({ status }) => status === "complete").length / runs,
    duration: rangeOf(all.map(({ summary }) => summary.totalDuration)),
    sequential: rangeOf(all.map(({ tasks }) => sum(Object.values(tasks).map(({ duration }) => duration)))),
    tokens: rangeOf(all.map(({ summary }) => summary.totalTokens)),
    ...costRange(costs),
    models: models.map((model) => {
      const own = all.map(({ tasks }) =>
        Object.entries(tasks)
          .filter(([id]) => modelOf(id) === model)
          .map(([, task]) => task),
      );
      const cost = own.map((tasks) =>
        tasks.some(({ costUsd }) => costUsd === null) ? null : sum(tasks.map(({ costUsd }) => costUsd ?? 0)),
      );
      return {
        model,
        tasks: input.tasks.filter(({ id }) => modelOf(id) === model).length,
        tokens: rangeOf(own.map((tasks) => sum(tasks.map(({ tokensUsed }) => tokensUsed)))),
        ...costRange(cost),
      };
    }),
  };
}

/** Every task's files, read once: waiting for a disk would let virtual time run ahead. */
async function readAhead(files: Files, tasks: readonly AgentTask[]): Promise<Files> {
  const read = new Map<string, FileSet>();
  for (const { reads } of tasks) {
    const key = JSON.stringify(reads);
    if (reads?.length && !read.has(key)) read.set(key, await files.read(reads));
  }
  return { read: (globs) => Promise.resolve(read.get(JSON.stringify(globs)) ?? { files: [], leftOut: [] }) };
}

async function rehearse(input: ForecastInput, given: ForecastWith, seed: number): Promise<Results> {
  const { tasks, config } = input;
  const { costOf, prices, instructionsOf, history, places, files } = given;
  const clock = new VirtualClock(BEGIN);
  const agents = Object.fromEntries(
    Object.entries(input.agents).map(([name, one]) => [name, { ...one, runtime: "rehearsal" }]),
  );
  const runtime = rehearsalRuntime({
    ...{ clock, seed, costOf, instructionsOf, needs: needsIn(tasks), chaos: config.chaos ?? 0 },
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
    seed,
    rehearsal: { speed: "max", chaos: config.chaos ?? 0 },
    ...(files && { files }),
    people: { ask: () => Promise.resolve({ decision: "approve", by: "rehearsal" }) },
    ...(config.contextStrategy && { contextStrategy: config.contextStrategy }),
    ...(config.pruningThreshold !== undefined && { pruningThreshold: config.pruningThreshold }),
  });
  const handle = orchestrator.execute({ tasks });
  const [results] = await Promise.all([handle, passTime(clock, handle)]);
  return results;
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
