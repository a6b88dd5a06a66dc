/** Which model and runtime each agent of a plan gets, checked before anything is stored or paid. */
import type { AgentFile } from "../agents/definition.ts";
import { TuttiError } from "../domain/error.ts";
import type { AgentTask } from "../domain/plan.ts";
import { DEFAULT_MODELS, defaultModel, type Settings } from "../library/settings.ts";
import { parseModelRef } from "../runtimes/model/model-ref.ts";
import { configFault } from "../runtimes/model/providers.ts";
import type { AgentDefinition } from "./agents.ts";
import type { OrderConfig } from "./order.ts";

/** What a rehearsal takes for granted where no model is configured. */
const ASSUMED = DEFAULT_MODELS["anthropic"] ?? "";

const NO_MODEL = "no model is configured";

export interface Chosen {
  readonly agents: { readonly [name: string]: AgentDefinition };
  /** Every model that the plan would call, with the tasks that call it. */
  readonly models: ReadonlyMap<string, readonly string[]>;
}

export function chooseModels(
  tasks: readonly AgentTask[],
  known: { readonly files: ReadonlyMap<string, AgentFile>; readonly settings: Settings },
  config: OrderConfig,
): Chosen {
  const { settings, files } = known;
  const servers = Object.keys(settings.providers.compatible);
  const preset = config.model ?? defaultModel(settings) ?? (config.rehearse ? ASSUMED : undefined);
  const agents: Record<string, AgentDefinition> = {};
  const models = new Map<string, string[]>();
  const use = (model: string | undefined, path: string, task: string): string => {
    if (model === undefined)
      throw new TuttiError("BAD_INPUT", `${NO_MODEL}, and agent '${path.split(".")[1]}' needs one`, {
        path: "config.model",
        hint: "set ANTHROPIC_API_KEY (or another provider's key), name a model with --model provider/id, or rehearse with --rehearse",
      });
    const ref = parseModelRef(model, servers);
    const fault = config.rehearse ? undefined : configFault(ref, settings.providers);
    if (fault !== undefined) throw new TuttiError("BAD_INPUT", `${ref.text} cannot be called: ${fault}`, { path });
    models.set(ref.text, [...(models.get(ref.text) ?? []), task]);
    return ref.text;
  };
  for (const task of tasks) {
    for (const name of namesIn(task)) {
      const file = files.get(name);
      const asked = config.agentModels?.[name] ?? config.model ?? settings.agentModels[name] ?? file?.model ?? preset;
      const model = use(task.model ?? asked, `agents.${name}`, task.id);
      agents[name] ??= definitionOf(
        file,
        task.model === undefined ? model : (asked ?? model),
        config.rehearse === true,
        servers,
      );
    }
  }
  for (const name of Object.keys(config.agentModels ?? {}))
    if (agents[name] === undefined)
      throw new TuttiError("BAD_INPUT", `no task of this plan is for agent '${name}'`, {
        path: `config.agentModels.${name}`,
      });
  return { agents, models };
}

/** An agent again as a run's journal knows it. */
export function definitionOf(
  file: AgentFile | undefined,
  model: string,
  rehearse: boolean,
  servers: readonly string[],
): AgentDefinition {
  const { provider, name } = parseModelRef(model, servers);
  return {
    runtime: rehearse ? "rehearsal" : "model",
    model,
    provider: name === undefined ? provider : `${provider}/${name}`,
    ...(file && { description: file.description, instructions: file.instructions }),
  };
}

/** Everybody whom a task may need. */
export function namesIn(task: AgentTask): readonly string[] {
  const reduce = task.forEach?.reduce?.agentName;
  return [...new Set([task.agentName, ...(task.fallbacks ?? []), ...(reduce === undefined ? [] : [reduce])])];
}
