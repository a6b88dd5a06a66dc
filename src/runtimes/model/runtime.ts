/**
 * Agents that are models behind an API: one turn an attempt, streamed.
 *
 * M1. One attempt makes at most one call. Retries are the core's; the packages' own are off.
 * M2. A complete reply is in the attempt's log before its outcome is told; an attempt that is begun again reads it
 *     there and calls nobody.
 * M3. Every call ends by name: by its reply, a fault, one of four timers, or because it was asked to stop. Then
 *     nothing of it is left: no timer, and no socket that still reads.
 * M4. What a provider reported as used is counted, whatever the end; where a call that was not refused ends without
 *     a report, its cost is unknown.
 * M5. No key is in any reason.
 */
import { reasonOf } from "../../domain/error.ts";
import type { Attempt, AttemptWorld, Clock, Outcome, Runtime, Usage } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
import { type Prices, priceOf, type TokenUsage } from "../prices.ts";
import { Connections } from "./connections.ts";
import { type Fault, faultOf } from "./faults.ts";
import { type ModelRef, parseModelRef } from "./model-ref.ts";
import { promptFor } from "./prompt.ts";
import { baseUrlOf, configFault, type ProviderConfig, type Providers } from "./providers.ts";
import { keepReply, type PaidReply, paidReply } from "./replies.ts";
import { type JsonSchema, readerOf } from "./schema.ts";
import { sdkModel } from "./sdk.ts";
import { type Scrub, scrubber } from "./secrets.ts";
import { takeTurn } from "./turn.ts";
import { type Asked, verdictOn } from "./verdict.ts";
import { TIMERS, type Timers, Wire } from "./wire.ts";

/** What an agent's definition says to its model. */
export interface ModelSettings {
  readonly instructions?: string;
  readonly maxTokens?: number;
  /** A JSON Schema that its output must fit. A task's own wins. */
  readonly output?: JsonSchema;
}
/** Text that has just come in, shown live and not stored. */
export interface Delta {
  readonly run: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly text: string;
}
export interface ModelRuntimeOptions {
  readonly providers: Providers;
  /** For agents and tasks that name none. */
  readonly model?: string;
  readonly instructionsOf: (agentName: string) => ModelSettings | undefined;
  readonly prices?: Prices;
  readonly timers?: Partial<Timers>;
  readonly clock: Clock;
  readonly onDelta?: (delta: Delta) => void;
  /** In the place of Node's own. Then the timer `connect` cannot be told from `firstByte`. */
  readonly fetch?: typeof fetch;
}

export function modelRuntime(options: ModelRuntimeOptions): Runtime {
  return new ModelRuntime(options);
}

class ModelRuntime implements Runtime {
  readonly converses = true;
  readonly #options: ModelRuntimeOptions;
  readonly #scrub: Scrub;
  readonly #connections = new Connections();
  #calls = 0;

  constructor(options: ModelRuntimeOptions) {
    this.#options = options;
    this.#scrub = scrubber(secretsOf(options.providers));
  }

  async perform(attempt: Attempt, world: AttemptWorld): Promise<Outcome> {
    const outcome = await this.#perform(attempt, world);
    return outcome.ok ? outcome : { ...outcome, reason: this.#scrub(outcome.reason) };
  }

  async #perform(attempt: Attempt, world: AttemptWorld): Promise<Outcome> {
    const { instructionsOf } = this.#options;
    const settings = instructionsOf(attempt.agentName) ?? {};
    const maxTokens = attempt.task.maxTokens ?? settings.maxTokens;
    const schema = schemaOf(attempt) ?? settings.output;
    const ref = this.#ref(attempt);
    if ("failure" in ref) return { ok: false, ...ref };
    const read = schema === undefined ? undefined : await readerOf(schema).catch(unusable);
    if (read && "failure" in read) return { ok: false, ...read };
    const asked: Asked = { ref, ...(maxTokens === undefined ? {} : { maxTokens }), ...(read ? { read } : {}) };
    const paid = attempt.restart > 0 ? await paidReply(world.log) : undefined;
    if (paid) return judged(paid, asked);
    if (world.signal.aborted) return stopped(world.signal);
    return this.#call(attempt, world, { asked, settings, ...(schema === undefined ? {} : { schema }) });
  }

  /** The model of the task, else of the agent, else the default. */
  #ref(attempt: Attempt): ModelRef | Fault {
    const { providers, model: preset } = this.#options;
    const model = attempt.task.model ?? attempt.agent.model ?? preset;
    if (model === undefined)
      return never(
        `agent '${attempt.agentName}' has no model: set one in its definition, its task or the configuration`,
      );
    try {
      const ref = parseModelRef(model, Object.keys(providers.compatible ?? {}));
      const fault = configFault(ref, providers);
      return fault === undefined ? ref : never(`${ref.text} cannot be called: ${fault}`);
    } catch (error) {
      return never(reasonOf(error));
    }
  }

  async #call(
    attempt: Attempt,
    world: AttemptWorld,
    { asked, settings, schema }: { asked: Asked; settings: ModelSettings; schema?: JsonSchema },
  ): Promise<Outcome> {
    const { providers, clock, timers, fetch } = this.#options;
    const { ref, maxTokens } = asked;
    const wire = new Wire({
      clock,
      timers: { ...TIMERS, ...timers },
      signal: world.signal,
      connections: this.#connections,
      id: `${attempt.effectId}.${attempt.restart}.${++this.#calls}`,
      ...(fetch ? { fetch } : {}),
    });
    try {
      const turn = await takeTurn({
        model: await sdkModel(ref, providers, wire.fetch),
        prompt: promptFor(attempt),
        signal: wire.signal,
        onDelta: (text) => this.#delta(attempt, text),
        ...(settings.instructions === undefined ? {} : { instructions: settings.instructions }),
        ...(maxTokens === undefined ? {} : { maxTokens }),
        ...(schema === undefined ? {} : { schema }),
      });
      const costUsd = turn.usage ? await this.#cost(ref, turn.usage) : null;
      if (turn.kind === "reply") {
        const reply = { text: turn.text, finishReason: turn.finishReason, usage: turn.usage, costUsd };
        await keepReply(world.log, ref.text, reply);
        return judged(reply, asked);
      }
      // What was sent and not told a price is of unknown price, not free.
      const unknown = wire.mayCost ? { usage: { tokensUsed: 0, costUsd: null, turns: 1 } } : {};
      const used = turn.usage ? { usage: usageOf(turn.usage, costUsd) } : unknown;
      if (world.signal.aborted) return { ...stopped(world.signal), ...used };
      if (wire.expired) return { ok: false, ...expired(wire.expired.reason, ref), ...used };
      const error = turn.kind === "fault" ? turn.error : new Error("the call was aborted");
      return { ok: false, ...faultOf(error, ref, clock.now()), ...used };
    } finally {
      wire.close();
    }
  }

  #cost(ref: ModelRef, usage: TokenUsage): Promise<number | null> {
    const { providers, prices = {}, clock } = this.#options;
    const baseUrl = baseUrlOf(ref, providers);
    return priceOf(ref, usage, { prices, at: clock.now(), ...(baseUrl === undefined ? {} : { baseUrl }) });
  }

  /** Whoever watches must not be able to fail what is watched. */
  #delta({ run, task, attempt }: Attempt, text: string): void {
    try {
      this.#options.onDelta?.({ run, taskId: task.id, attempt, text });
    } catch {
      // Nobody to tell: it is a signal that nobody waits for.
    }
  }
}

function judged(reply: PaidReply, asked: Asked): Outcome {
  return { ...verdictOn(reply, asked), usage: usageOf(reply.usage, reply.costUsd) };
}

const usageOf = ({ input, output }: TokenUsage, costUsd: number | null): Usage => ({
  tokensUsed: input + output,
  costUsd,
  turns: 1,
});

const never = (reason: string): Fault => ({ failure: "error", reason, retry: "never" });

const unusable = (error: unknown): Fault => never(`the output schema cannot be used: ${reasonOf(error)}`);

const stopped = (signal: AbortSignal): Extract<Outcome, { ok: false }> => ({
  ok: false,
  failure: "stopped",
  reason: reasonOf(signal.reason),
  retry: "safe",
});

const expired = (reason: string, ref: ModelRef): Fault => ({
  failure: "timeout",
  reason: `${ref.text}: ${reason}`,
  retry: "safe",
});

/** A task may bring its own schema. */
function schemaOf({
  task,
}: {
  readonly task: Attempt["task"] & { readonly output?: unknown };
}): JsonSchema | undefined {
  return isRecord(task.output) ? (task.output as JsonSchema) : undefined;
}

/** Keys, and passwords that somebody wrote into an address. */
function secretsOf({ compatible = {}, ...hosted }: Providers): readonly (string | undefined)[] {
  const configs: readonly (ProviderConfig | undefined)[] = [...Object.values(hosted), ...Object.values(compatible)];
  return configs.flatMap((config) => [config?.apiKey, passwordIn(config?.baseUrl)]);
}

function passwordIn(baseUrl: string | undefined): string | undefined {
  return baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl).password : undefined;
}
