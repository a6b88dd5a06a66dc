/** Agents that are functions of the program that embeds Tutti. */
import { LeftOff, reasonOf, TuttiError } from "../domain/error.ts";
import { FAILURES, type Failure, type MessageKind } from "../domain/events.ts";
import type { Handed, Handoff, Wanted } from "../domain/handoff.ts";
import { asJson, defined, type Json } from "../domain/json.ts";
import type {
  Answer,
  Asking,
  Attempt,
  AttemptLog,
  AttemptWorld,
  Board,
  Help,
  Message,
  Outcome,
  Runtime,
  Usage,
} from "../domain/ports.ts";

/** What a function is asked to do. */
export interface FunctionTask<Results = { readonly [task: string]: Json }> {
  readonly id: string;
  readonly agentName: string;
  readonly description: string;
  readonly prompt: string;
  readonly context: { readonly [key: string]: Json };
  /** From 1. */
  readonly attempt: number;
  /** How often this attempt was begun again because its host died. */
  readonly restart: number;
  /** Outputs of its dependencies. */
  readonly results: Results;
  readonly messages: readonly Message[];
  /** Of a `forEach`: the item, and from 1 which one. Of a loop: which repetition. */
  readonly item?: Json;
  readonly index?: number;
  readonly phase?: string;
  /** What the person at the gate wrote. */
  readonly note?: string;
  /** What was wrong with the reply of the attempt before. */
  readonly hint?: string;
  /** What the agent said that began this task and passed it on. */
  readonly handed?: Handed;
}

export interface FunctionContext {
  /** Aborted when the attempt must end. */
  readonly signal: AbortSignal;
  readonly runId: string;
  /** `run/task#attempt`: give it to whatever must not happen twice. */
  readonly effectId: string;
  readonly board: Board;
  /** What this attempt had written before its host died, and more of it. */
  readonly log: AttemptLog;
  send(to: string, content: Json, kind?: MessageKind): Promise<void>;
  /** Opens a gate and waits until a person has decided; asked again after a crash it is the same gate. */
  ask(asking: Asking): Promise<Answer>;
  /** Asks another agent of the run and waits for its answer. */
  help(of: Wanted, question: string): Promise<Help>;
  /** Passes the task on: return then, whatever it is does not count. Gives the name of who takes it over. */
  handOver(to: Wanted, handoff: Handoff): Promise<string>;
}

/** A plain value, or a value with what it cost. */
export interface Reported<Output = unknown> {
  readonly output: Output;
  readonly tokensUsed: number;
  readonly costUsd?: number;
  readonly turns?: number;
}

export type AgentFunction<Output = unknown> = (
  // biome-ignore lint/suspicious/noExplicitAny: the types of its results are known by the functional form alone
  task: FunctionTask<any>,
  context: FunctionContext,
) => Output | Promise<Output>;

export function functionRuntime(call: AgentFunction): Runtime {
  return {
    async perform(attempt, world) {
      try {
        return outcomeOf(await call(taskFor(attempt), new Context(attempt, world)));
      } catch (error) {
        if (error instanceof LeftOff) throw error;
        return failureOf(error);
      }
    },
  };
}

const NO_CONTEXT = Object.freeze({});

function taskFor(attempt: Attempt): FunctionTask {
  const { task, agentName, prompt, restart, results, messages, note, hint, handed } = attempt;
  const { id, description, context = NO_CONTEXT, item, index, phase } = task;
  const given = { id, agentName, description, prompt, context, attempt: attempt.attempt, restart, results, messages };
  const isPlain = [item, index, phase, note, hint, handed].every((one) => one === undefined);
  return isPlain ? given : { ...given, ...defined({ item, index, phase, note, hint, handed }) };
}

class Context implements FunctionContext {
  readonly runId: string;
  readonly effectId: string;
  readonly #world: AttemptWorld;

  constructor(attempt: Attempt, world: AttemptWorld) {
    this.runId = attempt.run;
    this.effectId = attempt.effectId;
    this.#world = world;
  }
  get signal(): AbortSignal {
    return this.#world.signal;
  }
  get board(): Board {
    return this.#world.board;
  }
  get log(): AttemptLog {
    return this.#world.log;
  }
  /** Made on demand, so that `{ send }` may be taken out of it. */
  get send(): FunctionContext["send"] {
    const world = this.#world;
    return (to, content, kind) => world.send(to, content, kind);
  }
  get ask(): FunctionContext["ask"] {
    const world = this.#world;
    return (asking) => world.ask(asking);
  }
  get help(): FunctionContext["help"] {
    const world = this.#world;
    return async (of, question) => world.help?.(of, question) ?? Promise.reject(alone());
  }
  get handOver(): FunctionContext["handOver"] {
    const world = this.#world;
    return async (to, handoff) => world.handOver?.(to, handoff) ?? Promise.reject(alone());
  }
}

const alone = () => new TuttiError("WRONG_STATE", "there is no run around this attempt");

function outcomeOf(value: unknown): Outcome {
  const usage = isReported(value) ? usageOf(value) : undefined;
  try {
    const output = asJson(usage === undefined ? value : (value as Reported).output);
    return usage === undefined ? { ok: true, output } : { ok: true, output, usage };
  } catch (error) {
    const reason = `the function returned something that is not JSON: ${reasonOf(error)}`;
    return { ok: false, failure: "invalid-output", reason, retry: "never", ...(usage === undefined ? {} : { usage }) };
  }
}

function isReported(value: unknown): value is Reported {
  return typeof value === "object" && value !== null && "output" in value && "tokensUsed" in value;
}

/** A function that tells its tokens but not their price: the price is unknown, not nothing. */
function usageOf(value: { tokensUsed?: unknown; costUsd?: unknown; turns?: unknown }): Usage {
  return {
    tokensUsed: isAmount(value.tokensUsed) ? value.tokensUsed : 0,
    costUsd: isAmount(value.costUsd) ? value.costUsd : null,
    ...(isAmount(value.turns) ? { turns: value.turns } : {}),
  };
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** What was thrown may say how it wants to be treated: `retry`, `retryAfter` (ms), `failure`, and what it used. */
function failureOf(error: unknown): Outcome {
  const told = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
  const failure = FAILURES.find((one) => one === told["failure"]) ?? ("error" satisfies Failure);
  return {
    ok: false,
    failure,
    reason: reasonOf(error),
    retry: told["retry"] === "never" ? "never" : "safe",
    ...(isAmount(told["retryAfter"]) ? { retryAfter: told["retryAfter"] } : {}),
    ...(isAmount(told["tokensUsed"]) ? { usage: usageOf(told) } : {}),
  };
}
