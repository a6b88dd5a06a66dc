/** What a user calls an agent, made into a card for the core and a runtime for the driver. */
import { TuttiError } from "../domain/error.ts";
import { canonical, sha256 } from "../domain/json.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentCard, AgentCards } from "../domain/plan.ts";
import type { Runtime } from "../domain/ports.ts";
import { type AgentFunction, functionRuntime } from "../runtimes/function.ts";

export interface AgentDefinition {
  /** The function that is the agent. */
  readonly run?: AgentFunction;
  /** Raise it when the function changes. Without one, results of this agent are never reused. */
  readonly version?: string;
  /** Which of the runtimes performs it, where it is not a function. */
  readonly runtime?: string;
  readonly description?: string;
  readonly instructions?: string;
  readonly model?: string;
  readonly provider?: string;
  /** At most this many of it at once. */
  readonly places?: number;
}
export type Agent = AgentFunction | AgentDefinition;
export type Agents = { readonly [name: string]: Agent };

const FIELDS: readonly (keyof AgentDefinition)[] = [
  "run",
  "version",
  "runtime",
  "description",
  "instructions",
  "model",
  "provider",
  "places",
];

export interface Crew {
  readonly cards: AgentCards;
  readonly runtimeOf: (name: string) => Runtime | undefined;
}

export function crewOf(agents: Agents, runtimes: { readonly [name: string]: Runtime }): Crew {
  const cards: Record<string, AgentCard> = {};
  const performers = new Map<string, Runtime>();
  for (const [name, agent] of Object.entries(agents)) {
    const definition = typeof agent === "function" ? { run: agent } : agent;
    checkDefinition(name, definition, runtimes);
    cards[name] = cardOf(name, definition);
    const runtime = definition.run ? functionRuntime(definition.run) : runtimes[definition.runtime ?? ""];
    if (runtime) performers.set(name, runtime);
  }
  return { cards, runtimeOf: (name) => performers.get(name) };
}

function checkDefinition(
  name: string,
  definition: AgentDefinition,
  runtimes: { readonly [name: string]: Runtime },
): void {
  const wrong = (field: string, fault: string) => {
    throw new TuttiError("BAD_INPUT", `agent '${name}': '${field}' ${fault}`, { path: `agents.${name}.${field}` });
  };
  if (typeof definition !== "object" || definition === null)
    throw new TuttiError("BAD_INPUT", `agent '${name}' must be a function or a definition`, { path: `agents.${name}` });
  for (const field of Object.keys(definition))
    if (!FIELDS.includes(field as keyof AgentDefinition))
      wrong(field, `is not a known field${didYouMean(field, FIELDS)}`);
  if (definition.run !== undefined && typeof definition.run !== "function") wrong("run", "must be a function");
  for (const field of ["version", "runtime", "description", "instructions", "model", "provider"] as const)
    if (definition[field] !== undefined && typeof definition[field] !== "string") wrong(field, "must be a string");
  if (definition.places !== undefined && !(Number.isInteger(definition.places) && definition.places >= 1))
    wrong("places", "must be a whole number from 1");
  if (!definition.run && definition.runtime === undefined)
    wrong("run", "is missing: an agent is a function, or names its runtime");
  if (!definition.run && definition.runtime !== undefined && !Object.hasOwn(runtimes, definition.runtime))
    wrong(
      "runtime",
      `names no runtime that is here${didYouMean(definition.runtime, Object.keys(runtimes)) || `: there is no '${definition.runtime}'`}`,
    );
}

function cardOf(name: string, definition: AgentDefinition): AgentCard {
  const { run, version, runtime = "function", model, provider, places, ...rest } = definition;
  // A function is known by its version only; a definition by all that it says.
  const known = run ? version !== undefined : true;
  return {
    runtime,
    ...(model === undefined ? {} : { model }),
    ...(provider === undefined ? {} : { provider }),
    ...(places === undefined ? {} : { places }),
    ...(known ? { hash: sha256(canonical({ name, runtime, version, model, ...rest })) } : {}),
  };
}
