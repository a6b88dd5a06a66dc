/**
 * `tutti/workflows`: templates, patterns, and running a template from a program. An entry of its own, because schemas
 * and the catalogue take longer to load than the rest of the library.
 */
import { TuttiError } from "../domain/error.ts";
import { CATALOG, loadAgents } from "../library/catalog.ts";
import type { Providers } from "../runtimes/model/providers.ts";
import { modelRuntime } from "../runtimes/model/runtime.ts";
import type { Prices } from "../runtimes/prices.ts";
import { workflowRegistry } from "../workflows/built-in.ts";
import type { WorkflowRegistry } from "../workflows/registry.ts";
import { chooseModels } from "./crew-of-files.ts";
import type { RunHandle } from "./handle.ts";
import { namesIn } from "./names-in.ts";
import type { OrchestratorConfig } from "./options.ts";
import { AgentOrchestrator } from "./orchestrator.ts";
import { systemClock } from "./system.ts";

export { workflowRegistry } from "../workflows/built-in.ts";
export { describeParameters, type ParameterDescription } from "../workflows/parameters.ts";
export * from "../workflows/patterns.ts";
export { WorkflowRegistry } from "../workflows/registry.ts";
export { type WorkflowEntry, type WorkflowTemplate, workflow } from "../workflows/template.ts";

export interface WorkflowOptions extends OrchestratorConfig {
  /** `provider/id`, for the agents of the catalogue. */
  readonly model?: string;
  readonly agentModels?: { readonly [agent: string]: string };
  /** Keys and addresses of models; `apiKey` is Anthropic's. */
  readonly access?: Providers;
  readonly prices?: Prices;
  readonly registry?: WorkflowRegistry;
  readonly signal?: AbortSignal;
}

/** Runs a template. Its agents are those that are handed in, and for other names those of the catalogue. */
export function runWorkflow(
  id: string,
  parameters: { readonly [name: string]: unknown } = {},
  options: WorkflowOptions = {},
): RunHandle {
  const { model, agentModels, access, prices = {}, registry = workflowRegistry, signal, ...config } = options;
  const { tasks } = registry.plan(id, parameters);
  const own = config.agents ?? {};
  const others = tasks.filter((task) => namesIn(task).some((name) => !Object.hasOwn(own, name)));
  const { apiKey } = config;
  const providers = { ...(apiKey !== undefined && { anthropic: { apiKey } }), ...access };
  const compatible = access?.compatible ?? {};
  const found = (["anthropic", "openai", "google"] as const)
    .filter((provider) => providers[provider] !== undefined)
    .map((provider) => ({ provider, by: "the options" }));
  const settings = { agentModels: {}, mcpServers: {}, providers: { ...providers, compatible }, prices, found };
  const { agents: files } = others.length > 0 ? loadAgents([CATALOG]) : { agents: new Map() };
  for (const name of others.flatMap(namesIn))
    if (!Object.hasOwn(own, name) && !files.has(name))
      throw new TuttiError(
        "BAD_INPUT",
        `workflow '${id}' needs agent '${name}', which is neither handed in nor in the catalogue`,
        { path: `agents.${name}` },
      );
  const asked = { ...(model !== undefined && { model }), ...(agentModels && { agentModels }) };
  const chosen = chooseModels(others, { files, settings }, asked);
  const instructionsOf = (name: string) => files.get(name);
  const orchestrator = new AgentOrchestrator({
    ...config,
    agents: { ...chosen.agents, ...own },
    runtimes: {
      model: modelRuntime({
        providers: settings.providers,
        prices,
        instructionsOf,
        clock: config.clock ?? systemClock,
      }),
      ...config.runtimes,
    },
  });
  return orchestrator.execute({ tasks, workflow: id, alone: true, ...(signal && { signal }) });
}
