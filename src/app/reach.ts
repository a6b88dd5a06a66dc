/** A run whose model cannot be called by anybody is refused before it is stored. */
import { TuttiError } from "../domain/error.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { Settings } from "../library/settings.ts";
import { unreachable } from "../runtimes/model/reachable.ts";
import { healthFault } from "../runtimes/remote/runtime.ts";
import type { Chosen } from "./crew-of-files.ts";
import type { OrderConfig } from "./order.ts";
import { type Performer, performerOf } from "./performers.ts";
import { isWorkplace } from "./runtimes-of-run.ts";

interface Plan extends Pick<Chosen, "agents"> {
  readonly tasks: readonly AgentTask[];
  readonly config: OrderConfig;
}
type Environment = { readonly [name: string]: string | undefined };

/** Fall-back agents are not asked about: a plan may well go through without them. */
export async function checkReach(
  { agents, tasks, config }: Plan,
  settings: Settings,
  { env, repository }: { readonly env: Environment; readonly repository?: string },
): Promise<void> {
  if (config.rehearse) return;
  const models = [...new Set(tasks.flatMap(({ model, agentName }) => model ?? agents[agentName]?.model ?? []))];
  const all = models.map((model) => performerOf(model, "config.model", settings));
  checkPlace(all, repository);
  const unwell = await sickOf(all, settings);
  if (unwell !== undefined) throw refused(unwell);
  // Behind a proxy a direct connection tells nothing.
  if (env["NODE_USE_ENV_PROXY"]) return;
  const hosted = all.flatMap(({ model }) => (model ? [model.text] : []));
  const found = await unreachable(hosted, settings.providers);
  if (found !== undefined) throw refused(`${found.model} cannot be called: ${found.reason}`);
}

const refused = (message: string): TuttiError =>
  new TuttiError("UNREACHABLE", message, {
    path: "config.model",
    hint: "start it, correct its address, name another model with --model provider/id, or rehearse with --rehearse",
  });

/** Coding agents write, and what they write is kept in a repository. */
function checkPlace(all: readonly Performer[], repository: string | undefined): void {
  const one = all.find(({ runtime }) => runtime === "acp");
  if (one === undefined || isWorkplace(repository)) return;
  throw new TuttiError("BAD_INPUT", `${one.text} works on files, and there are none of a project here`, {
    path: "config.model",
    hint: "begin the run in the folder of a project, which is neither your home nor the root of the machine",
  });
}

async function sickOf(all: readonly Performer[], { remotes = {} }: Settings): Promise<string | undefined> {
  const found = await Promise.all(
    all.map(async ({ outside }) => {
      const setting = outside?.runtime === "http" ? remotes[outside.name] : undefined;
      const fault = setting && (await healthFault(setting));
      return fault === undefined ? undefined : `${outside?.text} cannot be called: ${fault}`;
    }),
  );
  return found.find((one) => one !== undefined);
}
