/** Who conducts over a home: an agent with an objective, or sessions of others; and what becomes of runs when they go. */
import { randomBytes } from "node:crypto";
import { CONDUCTOR, objectiveText } from "../conductor/agent.ts";
import { TuttiError } from "../domain/error.ts";
import { defined } from "../domain/json.ts";
import type { AgentTask, Budget } from "../domain/plan.ts";
import { defaultModel } from "../library/settings.ts";
import { conductorAgent } from "./conductor-agent.ts";
import { ASSUMED, callable, checkPrices } from "./crew-of-files.ts";
import { type FleetOptions, HomeFleet } from "./fleet.ts";
import type { Begun, Host, Prepared } from "./host.ts";
import type { OrderConfig } from "./order.ts";
import { performerOf } from "./performers.ts";

export interface ObjectiveOptions {
  /** Of the conductor itself. Default: the user's, for agent `conductor` or for all. */
  readonly model?: string;
  /** For the conductor and all that it begins together. */
  readonly budget?: Budget;
}

/** What one exchange of a conversation with it adds. */
export interface Conversing extends ObjectiveOptions {
  readonly workflow?: string;
  readonly task?: Pick<AgentTask, "id"> & Pick<Partial<AgentTask>, "context" | "reads">;
  /** Simulated: no model is called, and nothing is begun. */
  readonly rehearsal?: Pick<OrderConfig, "speed" | "seed">;
}

const LONGEST_OBJECTIVE = 100_000;
const RUNS_SHOWN = 50;

/** An objective as an order for the conductor, checked; nothing is begun. Throws BAD_INPUT. */
export async function objectiveFor(host: Host, objective: string, how: Conversing = {}): Promise<Prepared> {
  const { settings } = host;
  const { workflow = "conduct", rehearsal } = how;
  const words = objective.trim();
  if (words === "" || words.length > LONGEST_OBJECTIVE)
    throw new TuttiError("BAD_INPUT", `an objective has from 1 to ${LONGEST_OBJECTIVE} characters`, {
      path: "objective",
      hint: "say what is to be reached, and how it will be known",
    });
  const own = Object.hasOwn(settings.agentModels, CONDUCTOR) ? settings.agentModels[CONDUCTOR] : undefined;
  const named = how.model ?? own ?? defaultModel(settings) ?? (rehearsal && ASSUMED);
  if (named === undefined)
    throw new TuttiError("BAD_INPUT", "no model is configured, and the conductor needs one", {
      path: "model",
      hint: "set ANTHROPIC_API_KEY (or another provider's key), or name a model with --model provider/id",
    });
  const { text: model, provider, runtime } = (rehearsal ? performerOf : callable)(named, "model", settings);
  if (runtime !== "model")
    throw new TuttiError("BAD_INPUT", `${model} cannot conduct: it brings tools of its own, for files and commands`, {
      path: "model",
      hint: "name a model of an API; a coding agent conducts over MCP: tutti mcp",
    });
  const budget = how.budget ?? settings.budget;
  if (!rehearsal) checkPrices([model], budget, "budget.usd", host);
  const runs = await host.journal.list({ limit: RUNS_SHOWN });
  const agents = fleetOf(host, { by: CONDUCTOR }).agents({});
  const task = {
    ...{ id: "conduct", agentName: CONDUCTOR, description: words.split("\n")[0]?.slice(0, 200) ?? CONDUCTOR },
    prompt: objectiveText(words, { agents, runs }),
    ...how.task,
  };
  const agent = conductorAgent(model, provider);
  const config = { ...defined({ budget }), ...(rehearsal && { rehearse: true, ...rehearsal }) };
  return {
    ...{ workflow, tasks: [task], config },
    agents: { [CONDUCTOR]: rehearsal ? { ...agent, runtime: "rehearsal" } : agent },
    models: new Map([[model, [task.id]]]),
  };
}

/** The conductor at an objective, as a run like any other: seen, steered, paused and resumed as such. */
export async function conductObjective(host: Host, objective: string, how: ObjectiveOptions = {}): Promise<Begun> {
  const handle = host.start(await host.admit(await objectiveFor(host, objective, how)));
  await handle.opened();
  return { handle };
}

/** A session of its own, whose agents end with it. */
export function fleetOf(host: Host, options: Omit<FleetOptions, "session">): HomeFleet {
  return new HomeFleet(host, { session: `session-${randomBytes(8).toString("hex")}`, ...options });
}

/**
 * As after Ctrl-C: every run that this process conducts is paused, what is under way may come to the end of its turn, and
 * whoever wants goes on with it later. Those that take longer are let go where they stand, and lose nothing either.
 */
export async function letGo(
  host: Host,
  { within, reason }: { readonly within: number; readonly reason: string },
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const late = setTimeout(over.resolve, within);
  const paused = host.conducted.map(async (run) => {
    const handle = host.handle(run);
    // It may have ended or be stopping just now.
    await handle?.pause(reason).catch(() => {});
    await handle?.then(
      () => {},
      () => {},
    );
  });
  await Promise.race([Promise.allSettled(paused), over.promise]);
  clearTimeout(late);
}
