/** Which model and runtime each agent of a plan gets, checked before anything is stored or paid. */
import { join } from "node:path";
import { type AgentFile, isPerson } from "../agents/definition.ts";
import type { Track } from "../agents/performance.ts";
import { CHECKER } from "../domain/check-result.ts";
import { TuttiError } from "../domain/error.ts";
import { defined } from "../domain/json.ts";
import type { AgentTask, Budget, ModelChoice, ModelPrice } from "../domain/plan.ts";
import { DEFAULT_MODELS, defaultModel, type Settings } from "../library/settings.ts";
import { installedAgents } from "../runtimes/acp/agents.ts";
import type { CostOf } from "../runtimes/prices.ts";
import { type AgentDefinition, powersOf } from "./agents.ts";
import { checkerFor } from "./checker.ts";
import { helpersIn, namesIn } from "./names-in.ts";
import type { OrderConfig } from "./order.ts";
import { ownAgent } from "./own-agents.ts";
import { addressOf, type Performer, performerFault, performerOf, tellsPrice } from "./performers.ts";
import { personOf } from "./persons.ts";

/** What a rehearsal takes for granted where no model is configured. */
export const ASSUMED = DEFAULT_MODELS["anthropic"] ?? "";

const NO_MODEL = "no model is configured";

export interface Chosen {
  readonly agents: { readonly [name: string]: AgentDefinition };
  /** Every model that the plan would call, with the tasks that call it. */
  readonly models: ReadonlyMap<string, readonly string[]>;
}
export interface Known {
  readonly files: ReadonlyMap<string, AgentFile>;
  readonly settings: Settings;
  /** What an agent did with a model so far. */
  readonly trackOf?: (agent: string, model: string) => Track | undefined;
}
/** A model, and who named it. */
interface Named {
  readonly model: string;
  readonly path: string;
}

export function chooseModels(tasks: readonly AgentTask[], known: Known, config: OrderConfig): Chosen {
  const { settings, files } = known;
  const isReal = config.rehearse !== true;
  const agents = new Map<string, AgentDefinition>();
  const models = new Map<string, string[]>();
  const use = (named: Named | undefined, agent: string, task: string): string => {
    if (named === undefined)
      throw new TuttiError("BAD_INPUT", `${NO_MODEL}, and agent '${agent}' needs one`, {
        path: "config.model",
        hint: `set ANTHROPIC_API_KEY (or another provider's key), name a model with --model provider/id${orAgents(settings)}, or rehearse with --rehearse`,
      });
    const { text } = isReal
      ? callable(named.model, named.path, settings)
      : performerOf(named.model, named.path, settings);
    models.set(text, [...(models.get(text) ?? []), task]);
    return text;
  };
  for (const [i, task] of tasks.entries()) {
    for (const one of task.downgrade ?? []) (isReal ? callable : performerOf)(one, `tasks[${i}].downgrade`, settings);
    const helpers = helpersIn(task, config.recovery).filter((name) => files.has(name));
    for (const name of new Set([...namesIn(task), ...helpers])) {
      const ours = ownAgent(name);
      if (ours) {
        agents.set(name, ours);
        continue;
      }
      if (name === CHECKER) {
        agents.set(name, checkerFor(!isReal));
        continue;
      }
      const file = files.get(name);
      if (file && isPerson(file)) {
        agents.set(name, personOf(file));
        continue;
      }
      const several = severalOf(name, file, known, isReal);
      const own = namedFor(name, several[0] ?? file?.model ?? file?.models?.[0], settings, config);
      const choices = own?.path === fileModel(name) && several.length > 1 ? several : [];
      const ofTask = task.model === undefined ? undefined : { model: task.model, path: `tasks[${i}].model` };
      const model = use(ofTask ?? own, name, task.id);
      if (ofTask === undefined)
        for (const one of choices.slice(1)) use({ model: one, path: fileModel(name) }, name, task.id);
      if (agents.has(name)) continue;
      const its = ofTask && own ? performerOf(own.model, own.path, settings).text : model;
      const of = { rehearse: !isReal, settings, choices: choicesOf(name, choices, known) };
      agents.set(name, definitionOf(file, its, of));
    }
  }
  for (const name of Object.keys(config.agentModels ?? {}))
    if (!agents.has(name))
      throw new TuttiError("BAD_INPUT", `no task of this plan is for agent '${name}'`, {
        path: `config.agentModels.${name}`,
      });
  return { agents: Object.fromEntries(agents), models };
}

/** Coding agents that are named where a model is missing. */
const MOST_NAMED = 3;

/** A coding agent that is installed needs no key of ours. */
function orAgents({ codingAgents, path }: Settings): string {
  const found = installedAgents(codingAgents, path).slice(0, MOST_NAMED);
  return found.map(({ name, who }) => `, let ${who} do the work with --model acp/${name}`).join("");
}

/** The nearest wins: what the order says of this agent, of all, what the user has set, what the agent's file says. */
function namedFor(
  name: string,
  ofFile: string | undefined,
  settings: Settings,
  config: OrderConfig,
): Named | undefined {
  const { agentModels = {}, model } = config;
  const preset = defaultModel(settings) ?? (config.rehearse ? ASSUMED : undefined);
  const all: readonly (readonly [string | undefined, string])[] = [
    [Object.hasOwn(agentModels, name) ? agentModels[name] : undefined, `config.agentModels.${name}`],
    [model, "config.model"],
    [Object.hasOwn(settings.agentModels, name) ? settings.agentModels[name] : undefined, "config.yaml"],
    [ofFile, fileModel(name)],
    [preset, settings.model === undefined ? "config.model" : "config.yaml"],
  ];
  for (const [one, path] of all) if (one !== undefined) return { model: one, path };
  return undefined;
}

const fileModel = (name: string) => `agents.${name}.model`;

/** Of the models that an agent's own file names, those that can be called here: somebody else may have more keys. */
function severalOf(name: string, file: AgentFile | undefined, { settings }: Known, isReal: boolean): readonly string[] {
  const { model, models = [] } = file ?? {};
  if (models.length === 0) return [];
  const path = `agents.${name}.models`;
  const refs = [...(model === undefined ? [] : [model]), ...models].map((one) => performerOf(one, path, settings));
  const may = isReal ? refs.filter((ref) => performerFault(ref, settings) === undefined) : refs;
  return [...new Set(may.map(({ text }) => text))];
}

function choicesOf(name: string, models: readonly string[], { settings, trackOf }: Known): readonly ModelChoice[] {
  return models.map((model) => {
    const { attempts, successes, duration } = trackOf?.(name, model) ?? {};
    const known = defined({ attempts, successes, duration });
    return { model, provider: performerOf(model, fileModel(name), settings).provider, ...known };
  });
}

/** A model that can be called as things are configured now. Throws BAD_INPUT that names who named it. */
export function callable(model: string, path: string, settings: Settings): Performer {
  const ref = performerOf(model, path, settings);
  const fault = performerFault(ref, settings);
  if (fault === undefined) return ref;
  throw new TuttiError("BAD_INPUT", `${ref.text} cannot be called: ${fault}`, {
    path,
    hint: "mend that, name another model with --model provider/id, or rehearse with --rehearse",
  });
}

/** An agent again as a run's journal knows it. */
export function definitionOf(
  file: AgentFile | undefined,
  model: string,
  of: { readonly rehearse: boolean; readonly settings: Settings; readonly choices?: readonly ModelChoice[] },
): AgentDefinition {
  const { rehearse, settings, choices } = of;
  const { runtime, provider } = performerOf(model, "model", settings);
  return {
    runtime: rehearse ? "rehearsal" : runtime,
    model,
    provider,
    ...(choices && choices.length > 0 && { models: choices }),
    ...(file?.places !== undefined && { places: file.places }),
    ...defined({ downgrade: downgradeOf(file, rehearse, settings), budget: file?.budget }),
    ...(file && { description: file.description, instructions: file.instructions, ...powersOf(file) }),
  };
}

/** Those that can be called here: somebody else may have more keys. */
function downgradeOf(
  file: AgentFile | undefined,
  rehearse: boolean,
  settings: Settings,
): readonly string[] | undefined {
  const own = file?.downgrade;
  const path = own === undefined ? "config.yaml: downgrade" : `agents.${file?.name}.downgrade`;
  const refs = (own ?? settings.downgrade ?? []).map((one) => performerOf(one, path, settings));
  const may = refs.filter((ref) => rehearse || performerFault(ref, settings) === undefined);
  return may.length > 0 ? may.map(({ text }) => text) : undefined;
}

/** What models cost, where one may stand in for another. */
export function pricesFor(
  { agents, tasks }: { readonly agents: Chosen["agents"]; readonly tasks: readonly AgentTask[] },
  { settings, costOf }: { readonly settings: Settings; readonly costOf: CostOf },
): { readonly [model: string]: ModelPrice } | undefined {
  const all = Object.values(agents);
  if (![...all, ...tasks].some(({ downgrade }) => downgrade)) return undefined;
  const named = [...all, ...tasks].flatMap(({ model, downgrade = [] }) =>
    model === undefined ? downgrade : [model, ...downgrade],
  );
  const several = all.flatMap(({ models = [] }) => models.map((one) => one.model));
  const none = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  const prices = [...new Set([...named, ...several])].flatMap((model) => {
    const baseUrl = addressOf(performerOf(model, "downgrade", settings), settings);
    const how = { prices: settings.prices, ...defined({ baseUrl }) };
    const input = costOf(model, { ...none, input: 1e6 }, how);
    const output = costOf(model, { ...none, output: 1e6 }, how);
    return input === null || output === null ? [] : [[model, { input, output }] as const];
  });
  return Object.fromEntries(prices);
}

/** A model of unknown price cannot be held to a limit of money (I7). */
export function checkPrices(
  models: Iterable<string>,
  budget: Budget | undefined,
  path: string,
  { settings, costOf, home }: { readonly settings: Settings; readonly costOf: CostOf; readonly home: string },
): void {
  if (budget?.usd === undefined) return;
  const usage = { input: 1000, output: 1000, cacheRead: 0, cacheWrite: 0 };
  const { prices } = settings;
  for (const model of models) {
    const performer = performerOf(model, path, settings);
    const baseUrl = addressOf(performer, settings);
    if (tellsPrice(performer, settings)) continue;
    if (costOf(model, usage, { prices, ...(baseUrl !== undefined && { baseUrl }) }) === null)
      throw new TuttiError("BAD_INPUT", `the price of ${model} is not known, so a budget in money cannot hold it`, {
        path,
        hint: `give its price under 'prices' in ${join(home, "config.yaml")}, or limit tokens`,
      });
  }
}
