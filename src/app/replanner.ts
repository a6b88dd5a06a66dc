/** Who changes the plan of a run under way: one more agent of that run, by a model where there is one for it. */
import type { AgentTask } from "../domain/plan.ts";
import { defaultModel, type Settings } from "../library/settings.ts";
import type { CostOf } from "../runtimes/prices.ts";
import type { AgentDefinition } from "./agents.ts";
import { callable, checkPrices } from "./crew-of-files.ts";
import type { OrderConfig } from "./order.ts";

/** A name that nobody's agent can have: it is none that could be chosen. */
export const REPLANNER = "replanner";

export const replannerAgent = (by: { readonly model?: string; readonly provider?: string } = {}): AgentDefinition => ({
  ...{ runtime: REPLANNER, ...by },
  description: "Changes the plan where a task has failed for good, or where something was found out.",
});

interface Home {
  readonly home: string;
  readonly settings: Settings;
  readonly costOf: CostOf;
}

/** Nobody in a rehearsal: what its agents say is invented, and so are its failures. */
export function replannerFor(
  tasks: readonly AgentTask[],
  config: OrderConfig,
  home: Home,
): { readonly [name: string]: AgentDefinition } {
  const { rehearse, replan = tasks.some(({ brief }) => brief !== undefined) } = config;
  if (rehearse || replan === false) return {};
  return { [REPLANNER]: replannerAgent(replan === "patterns" ? {} : modelOf(config, home)) };
}

/** Without one that can be called and paid for, rules do. */
function modelOf({ model, budget }: OrderConfig, home: Home) {
  const { settings } = home;
  const own = Object.hasOwn(settings.agentModels, REPLANNER) ? settings.agentModels[REPLANNER] : undefined;
  const named = own ?? model ?? defaultModel(settings);
  if (named === undefined) return {};
  try {
    const { text, provider, runtime } = callable(named, "config.model", settings);
    checkPrices([text], budget, "config.budget.usd", home);
    return runtime === "model" ? { model: text, provider } : {};
  } catch {
    return {};
  }
}
