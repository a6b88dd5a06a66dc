/** The conductor as an agent of a run: a model with the conductor's tools over the fleet of this home, and no others. */
import { CONDUCTOR, CONDUCTOR_SETTINGS, CONDUCTOR_WINDOW } from "../conductor/agent.ts";
import type { Fleet } from "../conductor/fleet.ts";
import { CONDUCTOR_TOOLS } from "../conductor/tools/all.ts";
import { type ConductorTool, performTool } from "../conductor/tools/tool.ts";
import { TuttiError } from "../domain/error.ts";
import { defined } from "../domain/json.ts";
import type { AttemptWorld, Runtime } from "../domain/ports.ts";
import { type ModelRuntimeOptions, modelRuntime } from "../runtimes/model/runtime.ts";
import { type Tool, type ToolSource, tool } from "../runtimes/tools/tool.ts";
import type { AgentDefinition } from "./agents.ts";
import { HomeFleet } from "./fleet.ts";
import type { FleetHome } from "./fleet-home.ts";
import { Purse } from "./purse.ts";

/** What a conductor is called with: nothing that would give it files or a shell. */
type ConductorMeans = Omit<ModelRuntimeOptions, "instructionsOf" | "workspaces" | "shell" | "source" | "window"> & {
  readonly folder?: string;
};

export const conductorAgent = (model: string, provider: string): AgentDefinition => ({
  ...{ runtime: CONDUCTOR, model, provider, ...CONDUCTOR_SETTINGS },
  description: "Has an objective done by agents, and does none of the work itself.",
});

/** Each run has a fleet of its own, whose agents end with it, and a purse that holds all that it begins. */
export const conductorBy =
  (home: FleetHome) =>
  ({ folder, ...means }: ConductorMeans): Runtime => ({
    converses: true,
    perform: async (attempt, world) => {
      const { run } = attempt;
      const purse = new Purse(home, run, world.log);
      const fleet = new HomeFleet(home, { session: run, by: CONDUCTOR, purse, ...defined({ folder }) });
      // Field by field: whatever somebody hands in besides, it is not passed on.
      const { providers, prices, timers, clock, pace, fetch, model, secrets, onDelta } = means;
      const runtime = modelRuntime({
        ...{
          providers,
          clock,
          instructionsOf: () => CONDUCTOR_SETTINGS,
          source: toolsOver(fleet, purse),
          window: CONDUCTOR_WINDOW,
        },
        ...defined({ prices, timers, pace, fetch, model, secrets, onDelta }),
      });
      const outcome = await runtime.perform(attempt, frugal(world, purse));
      if (world.signal.aborted) await cancelled(home, run, purse);
      return outcome;
    },
  });

/** What a conductor began ends with it where somebody cancelled it; where only its host goes away, all of it can go on. */
async function cancelled(home: FleetHome, run: string, purse: Purse): Promise<void> {
  const state = await home.state(run).catch(() => undefined);
  if (state?.life.stop?.stop !== "cancel") return;
  const reason = `its conductor's run ${run} was cancelled`;
  const runs = await purse.live().catch(() => []);
  await Promise.allSettled(runs.map((one) => home.command(one, { type: "cancel", reason })));
}

/** Whatever names it is asked for, it brings the conductor's tools. */
const toolsOver = (fleet: Fleet, purse: Purse): ToolSource => ({
  open: async () => ({ tools: CONDUCTOR_TOOLS.map((one) => toolOf(one, fleet, purse)), close: async () => {} }),
});

function toolOf({ name, description, input, does }: ConductorTool, fleet: Fleet, purse: Purse): Tool {
  return tool({
    ...{ name, description, input, effect: does.reads ? "look" : "change" },
    resourceOf: (given) => JSON.stringify(given).slice(0, 1000),
    perform: async (given, { world }) => {
      const act = performTool(CONDUCTOR_TOOLS, name, given, fleet, { signal: world.signal });
      // What it waits for is the work of others.
      const { text, isError } = await (world.rest?.(act) ?? act);
      await purse.look();
      if (isError) throw new TuttiError("BAD_INPUT", text);
      return text;
    },
  });
}

/** What its agents may still take is set aside: its own next turn must have room beside it. */
function frugal(world: AttemptWorld, purse: Purse): AttemptWorld {
  const { help, handOver, heir, rest } = world;
  return {
    ...{ signal: world.signal, log: world.log, board: world.board },
    send: (...said) => world.send(...said),
    before: () => world.before(),
    turn: (used, { tokens, usd }) =>
      world.turn(used, { tokens: tokens + purse.aside.tokens, usd: usd + purse.aside.usd }),
    ask: (asking) => world.ask(asking),
    ...(help && { help: help.bind(world) }),
    ...(handOver && { handOver: handOver.bind(world) }),
    ...(heir && { heir: heir.bind(world) }),
    ...(rest && { rest: rest.bind(world) as NonNullable<AttemptWorld["rest"]> }),
  };
}
