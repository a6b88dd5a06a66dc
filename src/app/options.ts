/** The options of an orchestrator, with their defaults and limits. */
import { TuttiError } from "../domain/error.ts";
import type { Ladders } from "../domain/failures.ts";
import { didYouMean } from "../domain/nearest.ts";
import {
  type Budget,
  CONTEXT_STRATEGIES,
  type ContextStrategy,
  type Rehearsal,
  type Replanning,
  type RunOptions,
} from "../domain/plan.ts";
import type { Checks, Clock, Evidence, Files, Guidance, Journal, Limits, People, Runtime } from "../domain/ports.ts";
import type { Random } from "../domain/random.ts";
import { isRecord } from "../domain/shape.ts";
import { ladders } from "../graph/fields.ts";
import type { Agents } from "./agents.ts";
import type { Scouting } from "./colleagues.ts";

export interface OrchestratorConfig {
  readonly agents?: Agents;
  /** Runtimes that agents may name, besides functions. */
  readonly runtimes?: { readonly [name: string]: Runtime };
  /** `memory` (default), a folder that holds one file a run, or a journal of your own. */
  readonly journal?: "memory" | { readonly path: string; readonly synchronous?: "full" | "normal" } | Journal;
  /** For models of Anthropic; nothing here reads the environment. */
  readonly apiKey?: string;
  /** 1–1,000. Default 3. */
  readonly maxParallelAgents?: number;
  /** Places per provider, by its name. */
  readonly providers?: { readonly [name: string]: number };
  /** Milliseconds of working time; Infinity for none. Default 300,000. */
  readonly globalTimeout?: number;
  readonly enableCommunication?: boolean;
  readonly contextStrategy?: ContextStrategy;
  /** Tokens of one prompt. Default 150,000. */
  readonly pruningThreshold?: number;
  readonly budget?: Budget;
  /** Milliseconds before the first retry. Default 1,000. */
  readonly retryDelay?: number;
  /** How often an attempt is begun again after its host died. Default 3. */
  readonly maxRestarts?: number;
  /** How often one task may be handed over by its agents. Default 3. */
  readonly maxHandoffs?: number;
  /** What is done about failed attempts, by the class of their failure; a task's own ladder wins. */
  readonly recovery?: Ladders;
  /** Somebody answers gates, so that failures may be asked about. Default: whether there are `people`. */
  readonly attended?: boolean;
  /** One of the agents changes the plan where a task fails for good or something is found out; it answers with a change. */
  readonly replan?: Replanning;
  /** For jitter. Default: drawn anew for each run. */
  readonly seed?: number;
  /** Where an agent has several models, those that are little known get their chance. */
  readonly explore?: boolean;
  /** What models cost, by their names: a cheaper one may stand in where `downgrade` allows it. */
  readonly prices?: RunOptions["prices"];
  /** Asked about every gate that opens. */
  readonly people?: People;
  /** Places that several orchestrators share. */
  readonly limits?: Limits;
  /** Agents beyond those of the plan: who helps, or takes a task over. Default: those of the plan, by their names. */
  readonly colleagues?: Scouting;
  /** The repository that tasks may read from. */
  readonly files?: Files;
  /** Programs that look at it, for tasks that name them. */
  readonly evidence?: Evidence;
  /** Commands that results may be checked with, by name. */
  readonly checks?: Checks;
  /** Kept with the run: where it was begun. */
  readonly folder?: string;
  /** Kept with the run: how what its tasks write is to land. */
  readonly deliver?: RunOptions["deliver"];
  /** Kept with the run: whether its reply is posted, and where. */
  readonly post?: RunOptions["post"];
  /** The list that its tasks come from. */
  readonly list?: RunOptions["list"];
  /** What that says to every agent that is a model. */
  readonly guidance?: Guidance;
  /** Marks every event and result as rehearsed; runtimes that simulate are handed in under `runtimes`. */
  readonly rehearsal?: Rehearsal;
  /** Milliseconds an attempt may take to end after it was asked to. Default 5,000. */
  readonly grace?: number;
  /** Milliseconds to wait for a full disk before a run is given up, to be resumed later. Default 60,000. */
  readonly patience?: number;
  readonly clock?: Clock;
  /** Where ids and seeds come from. Default: the system's. */
  readonly chance?: Random;
}

const MOST_REPLANS = 20;
const BUDGET: readonly (keyof Budget)[] = ["usd", "tokens", "turns", "spawns"];
const NAMES: { readonly [K in keyof Required<OrchestratorConfig>]: true } = {
  agents: true,
  runtimes: true,
  journal: true,
  apiKey: true,
  maxParallelAgents: true,
  providers: true,
  globalTimeout: true,
  enableCommunication: true,
  contextStrategy: true,
  pruningThreshold: true,
  budget: true,
  retryDelay: true,
  maxRestarts: true,
  maxHandoffs: true,
  recovery: true,
  attended: true,
  replan: true,
  seed: true,
  explore: true,
  prices: true,
  people: true,
  limits: true,
  colleagues: true,
  files: true,
  evidence: true,
  checks: true,
  folder: true,
  deliver: true,
  post: true,
  list: true,
  guidance: true,
  rehearsal: true,
  grace: true,
  patience: true,
  clock: true,
  chance: true,
};

/** Throws BAD_INPUT at the first option that cannot be. */
export function checkConfig(config: OrchestratorConfig): void {
  for (const name of Object.keys(config))
    if (!Object.hasOwn(NAMES, name)) wrong(name, `is not a known option${didYouMean(name, Object.keys(NAMES))}`);
  whole("maxParallelAgents", config.maxParallelAgents, 1, 1000);
  if (config.globalTimeout !== Number.POSITIVE_INFINITY)
    whole("globalTimeout", config.globalTimeout, 1, Number.MAX_SAFE_INTEGER);
  whole("pruningThreshold", config.pruningThreshold, 1, 1e9);
  whole("retryDelay", config.retryDelay, 0, 3_600_000);
  whole("maxRestarts", config.maxRestarts, 0, 100);
  whole("maxHandoffs", config.maxHandoffs, 0, 100);
  whole("seed", config.seed, 0, 2 ** 32 - 1);
  whole("grace", config.grace, 0, 3_600_000);
  whole("patience", config.patience, 0, Number.MAX_SAFE_INTEGER);
  if (config.contextStrategy !== undefined && !CONTEXT_STRATEGIES.includes(config.contextStrategy))
    wrong(
      "contextStrategy",
      `must be one of ${CONTEXT_STRATEGIES.join(", ")}${didYouMean(String(config.contextStrategy), CONTEXT_STRATEGIES)}`,
    );
  if (config.enableCommunication !== undefined && typeof config.enableCommunication !== "boolean")
    wrong("enableCommunication", "must be true or false");
  const found = config.recovery === undefined ? undefined : ladders(config.recovery);
  if (found) wrong(`recovery${found.at}`, found.fault);
  if (config.attended !== undefined && typeof config.attended !== "boolean") wrong("attended", "must be true or false");
  if (config.explore !== undefined && typeof config.explore !== "boolean") wrong("explore", "must be true or false");
  record("replan", config.replan);
  if (config.replan !== undefined && !Object.hasOwn(config.agents ?? {}, config.replan.by))
    wrong("replan.by", `names '${String(config.replan.by)}', which is none of the agents`);
  whole("replan.most", config.replan?.most, 1, MOST_REPLANS);
  record("providers", config.providers);
  for (const [name, places] of Object.entries(config.providers ?? {})) whole(`providers.${name}`, places, 1, 100_000);
  checkBudget(config.budget);
  record("prices", config.prices);
  for (const [name, price] of Object.entries(config.prices ?? {}))
    if (!isRecord(price) || !isAmount(price["input"]) || !isAmount(price["output"]))
      wrong(`prices.${name}`, "must have 'input' and 'output', in dollars for a million tokens");
}

function checkBudget(budget: Budget | undefined): void {
  record("budget", budget);
  for (const [name, cap] of Object.entries(budget ?? {})) {
    if (!BUDGET.includes(name as keyof Budget))
      wrong(`budget.${name}`, `is not a known limit${didYouMean(name, BUDGET)}`);
    if (typeof cap !== "number" || !Number.isFinite(cap) || cap < 0) wrong(`budget.${name}`, "must be a number from 0");
  }
}

const isAmount = (value: unknown) => typeof value === "number" && Number.isFinite(value) && value >= 0;

function record(name: string, value: unknown): void {
  if (value !== undefined && !isRecord(value)) wrong(name, "must be an object");
}

function whole(name: string, value: number | undefined, from: number, to: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= from && value <= to)) return;
  wrong(name, `must be a whole number from ${from} to ${to}, not ${String(value)}`);
}

function wrong(path: string, fault: string): never {
  throw new TuttiError("BAD_INPUT", `option '${path}' ${fault}`, { path });
}

export function runOptions(config: OrchestratorConfig, seed: number): RunOptions {
  const { globalTimeout = 300_000, providers, budget, rehearsal, recovery, people } = config;
  const { attended = people !== undefined } = config;
  return {
    maxParallelAgents: config.maxParallelAgents ?? 3,
    enableCommunication: config.enableCommunication ?? true,
    contextStrategy: config.contextStrategy ?? "shared",
    pruningThreshold: config.pruningThreshold ?? 150_000,
    retryDelay: config.retryDelay ?? 1000,
    maxRestarts: config.maxRestarts ?? 3,
    seed: config.seed ?? seed,
    ...(config.maxHandoffs === undefined ? {} : { maxHandoffs: config.maxHandoffs }),
    ...(config.explore === true ? { explore: true } : {}),
    ...(config.prices === undefined ? {} : { prices: config.prices }),
    ...(config.folder === undefined ? {} : { folder: config.folder }),
    ...(config.deliver === undefined ? {} : { deliver: config.deliver }),
    ...(config.post === undefined ? {} : { post: config.post }),
    ...(config.list === undefined ? {} : { list: config.list }),
    ...(attended ? { attended } : {}),
    ...(config.replan === undefined ? {} : { replan: config.replan }),
    ...(recovery === undefined ? {} : { recovery }),
    ...(providers === undefined ? {} : { providers }),
    ...(globalTimeout === Number.POSITIVE_INFINITY ? {} : { globalTimeout }),
    ...(budget === undefined ? {} : { budget }),
    ...(rehearsal === undefined ? {} : { rehearsal }),
  };
}
