/** What a user calls an agent, made into a card for the core and a runtime for the driver. */
import { type AgentFile, KEYS } from "../agents/definition.ts";
import { TuttiError } from "../domain/error.ts";
import { canonical, sha256 } from "../domain/json.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentCard, AgentCards, ModelChoice } from "../domain/plan.ts";
import type { Runtime } from "../domain/ports.ts";
import { isRecord } from "../domain/shape.ts";
import { type AgentFunction, functionRuntime } from "../runtimes/function.ts";
import { humanRuntime } from "../runtimes/human.ts";

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
  /** Several that it may use, `model` among them; each attempt gets one. */
  readonly models?: readonly ModelChoice[];
  /** Cheaper ones, in order, to go on with where the budget has no room for its own. */
  readonly downgrade?: readonly string[];
  /** At most this many of it at once. */
  readonly places?: number;
  /** Those of a model; without them it only answers. */
  readonly tools?: NonNullable<AgentFile["tools"]>;
  readonly deniedTools?: NonNullable<AgentFile["deniedTools"]>;
  readonly permissions?: NonNullable<AgentFile["permissions"]>;
  readonly mcpServers?: NonNullable<AgentFile["mcpServers"]>;
  /** Replies of one attempt. */
  readonly maxTurns?: number;
  /** What all its tasks of a run together may use. */
  readonly budget?: AgentCard["budget"];
  /** Of a person (`runtime: "human"`): milliseconds that an answer is waited for. */
  readonly deadline?: number;
  /** Who that is, in words for whoever sees the gate. */
  readonly person?: string;
  /** And what nobody having answered means. Default: the fall-backs of the task are asked. */
  readonly otherwise?: "approve" | "reject" | "escalate";
}
/** What a definition and an agent's file say of its powers, in the same shapes. */
const POWERS = ["tools", "deniedTools", "permissions", "mcpServers", "maxTurns"] as const;

/** What it may do, taken from a file as it is. */
export const powersOf = (file: AgentFile): Pick<AgentDefinition, (typeof POWERS)[number]> =>
  Object.fromEntries(POWERS.flatMap((key) => (file[key] === undefined ? [] : [[key, file[key]]])));

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
  "models",
  "downgrade",
  "budget",
  "deadline",
  "person",
  "otherwise",
  ...POWERS,
];

const MOST_MODELS = 11;

export interface Crew {
  readonly cards: AgentCards;
  readonly runtimeOf: (name: string) => Runtime | undefined;
  /** One more, for whoever is at work already: plans do not know it. */
  readonly join: (name: string, agent: AgentDefinition) => AgentCard;
}

export function crewOf(agents: Agents, runtimes: { readonly [name: string]: Runtime }): Crew {
  const cards: Record<string, AgentCard> = {};
  const performers = new Map<string, Runtime>();
  const join = (name: string, definition: AgentDefinition): AgentCard => {
    checkDefinition(name, definition, runtimes);
    const own = { human: humanRuntime(() => definition), ...runtimes };
    const runtime = definition.run ? functionRuntime(definition.run) : own[definition.runtime as keyof typeof own];
    if (runtime) performers.set(name, runtime);
    return cardOf(name, definition);
  };
  for (const [name, agent] of Object.entries(agents))
    cards[name] = join(name, typeof agent === "function" ? { run: agent } : agent);
  return { cards, runtimeOf: (name) => performers.get(name), join };
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
  for (const field of ["version", "runtime", "description", "instructions", "model", "provider", "person"] as const)
    if (definition[field] !== undefined && typeof definition[field] !== "string") wrong(field, "must be a string");
  if (definition.places !== undefined && !(Number.isInteger(definition.places) && definition.places >= 1))
    wrong("places", "must be a whole number from 1");
  for (const field of [...POWERS, "downgrade", "budget"] as const) {
    const found = definition[field] === undefined ? undefined : KEYS[field]?.(definition[field]);
    if (found) wrong(`${field}${found.at}`, found.fault);
  }
  if (definition.deadline !== undefined && !(Number.isInteger(definition.deadline) && definition.deadline >= 1))
    wrong("deadline", "must be a whole number of milliseconds from 1");
  if (definition.otherwise !== undefined && !["approve", "reject", "escalate"].includes(definition.otherwise))
    wrong("otherwise", "must be approve, reject or escalate");
  const { models } = definition;
  const isModel = (one: unknown) => isRecord(one) && typeof one["model"] === "string" && one["model"] !== "";
  if (models !== undefined && !(Array.isArray(models) && models.length <= MOST_MODELS && models.every(isModel)))
    wrong("models", `must be a list of at most ${MOST_MODELS} models, each an object with its 'model'`);
  if (!definition.run && definition.runtime === undefined)
    wrong("run", "is missing: an agent is a function, or names its runtime");
  const isKnown = definition.runtime === "human" || Object.hasOwn(runtimes, definition.runtime ?? "");
  if (!definition.run && definition.runtime !== undefined && !isKnown)
    wrong(
      "runtime",
      `names no runtime that is here${didYouMean(definition.runtime, ["human", ...Object.keys(runtimes)]) || `: there is no '${definition.runtime}'`}`,
    );
}

function cardOf(name: string, definition: AgentDefinition): AgentCard {
  const { run, version, runtime = "function", model: own, provider, places, models = [], ...more } = definition;
  // What it may use makes no other agent of it.
  const { budget, ...rest } = more;
  const model = own ?? models[0]?.model;
  // What is known of the models changes with every run; what they are makes the agent.
  const several = models.length > 1 ? { models: models.map((one) => one.model) } : {};
  // A function is known by its version only; a definition by all that it says.
  const known = run ? version !== undefined : true;
  return {
    runtime,
    ...(model === undefined ? {} : { model }),
    ...(provider === undefined ? {} : { provider }),
    ...(places === undefined ? {} : { places }),
    ...(known ? { hash: sha256(canonical({ name, runtime, version, model, ...several, ...rest })) } : {}),
    ...(models.length > 1 ? { choices: models } : {}),
    ...(rest.downgrade?.length ? { downgrade: rest.downgrade } : {}),
    ...(budget ? { budget } : {}),
  };
}
