/**
 * Simulated agents: they take time, use tokens, say something and fail, as real ones would, and call nobody.
 *
 * H1. The same seed, task and attempt give the same ending, whatever the run, the restart and the order of events.
 * H2. Time passes only by the given clock: with a virtual one a rehearsal takes none.
 * H3. What it says begins with the notice that no model was called, unless a plan reads its output as data.
 */
import { reasonOf } from "../../domain/error.ts";
import type { Json } from "../../domain/json.ts";
import type { Attempt, AttemptWorld, Clock, Outcome, Runtime, Usage } from "../../domain/ports.ts";
import { type Random, random, seedOf } from "../../domain/random.ts";
import { isRecord } from "../../domain/shape.ts";
import { promptFor } from "../model/prompt.ts";
import type { Delta, ModelSettings } from "../model/runtime.ts";
import type { CostOf, Prices } from "../prices.ts";
import { type Mishap, mishap } from "./chaos.ts";
import { meet, type Need, untilNeeds } from "./needs.ts";
import { type History, type Predicted, predict } from "./predict.ts";
import { reportOf } from "./report.ts";
import { sampleOf } from "./sample.ts";

export interface RehearsalOptions {
  readonly clock: Clock;
  readonly seed: number;
  /** Divides latency. Infinity: none. Default 1. */
  readonly speed?: number;
  /** Of 1: attempts that meet a fault of their provider. Default 0. */
  readonly chaos?: number;
  /** For agents and tasks that name none. */
  readonly model?: string;
  readonly instructionsOf?: (agentName: string) => ModelSettings | undefined;
  readonly history?: (agentName: string, model: string) => History | undefined;
  /** `await loadPrices()`: handed in, because waiting for a disk would let virtual time run ahead. */
  readonly costOf: CostOf;
  readonly prices?: Prices;
  /** What the plan reads in a task's output, by the authored id: `needsIn(tasks)`. */
  readonly needs?: ReadonlyMap<string, readonly Need[]>;
  readonly onDelta?: (delta: Delta) => void;
}

export function rehearsalRuntime(options: RehearsalOptions): Runtime {
  return { converses: true, perform: (attempt, world) => perform(options, attempt, world) };
}

async function perform(options: RehearsalOptions, attempt: Attempt, world: AttemptWorld): Promise<Outcome> {
  const { seed, chaos = 0, history } = options;
  const { task, agentName } = attempt;
  const dice = random(seed ^ seedOf(`${task.id}#${attempt.attempt}`));
  const model = task.model ?? attempt.agent.model ?? options.model ?? "rehearsal";
  const settings = options.instructionsOf?.(agentName) ?? {};
  const known = history?.(agentName, model);
  const maxTokens = task.maxTokens ?? settings.maxTokens;
  const prompt =
    (settings.instructions ?? "") +
    promptFor(attempt)
      .map(({ text }) => text)
      .join("");
  const predicted = predict(dice, {
    model,
    prompt,
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(known ? { history: known } : {}),
  });
  // Each is always drawn, so that another rate of faults changes which attempts fail, and nothing else.
  const rate = 1 - (1 - chaos) * (1 - (known?.failureRate ?? 0));
  const fault = mishap(dice, rate, model);
  const output = outputOf(options, attempt, { model, settings, tokens: predicted.outputTokens, dice });
  const whole = used(options, model, predicted, 1);
  const off = world.turn(NOTHING, { tokens: whole.tokensUsed, usd: whole.costUsd ?? 0 });
  if (off) return { ...off, usage: NOTHING };
  const time = predicted.latencyMs * (fault?.part ?? 1);
  const isDone = await pass(options, attempt, world, { time, output });
  if (!isDone) {
    const reason = reasonOf(world.signal.reason);
    return { ok: false, failure: "stopped", reason, retry: "safe", usage: used(options, model, predicted, 0) };
  }
  if (fault) return failed(fault, fault.isPaid ? used(options, model, predicted, fault.part) : undefined);
  return { ok: true, output, usage: whole };
}

const NOTHING: Usage = { tokensUsed: 0, costUsd: 0, turns: 0 };

function failed({ failure, reason, retry, retryAfter }: Mishap, usage: Usage | undefined): Outcome {
  return {
    ok: false,
    ...{ failure, reason, retry },
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(usage ? { usage } : {}),
  };
}

interface Shaping {
  readonly model: string;
  readonly settings: ModelSettings;
  readonly tokens: number;
  readonly dice: Random;
}

function outputOf(options: RehearsalOptions, attempt: Attempt, { model, settings, tokens, dice }: Shaping): Json {
  const task: Attempt["task"] & { readonly output?: unknown } = attempt.task;
  const schema = isRecord(task.output) ? task.output : settings.output;
  const said = schema === undefined ? reportOf(attempt, model, tokens, dice) : sampleOf(schema, dice);
  // Half of all loops end at once, the others after their second round.
  const isApproved = dice() < 0.5 || (task.index ?? 1) > 1;
  const until = task.until && isApproved ? untilNeeds(task.until) : [];
  return meet(said, [...(options.needs?.get(task.of ?? task.id) ?? []), ...until], dice);
}

function used(options: RehearsalOptions, model: string, predicted: Predicted, part: number): Usage {
  const output = Math.round(predicted.outputTokens * Math.min(1, part));
  const tokens = { input: predicted.inputTokens, output, cacheRead: 0, cacheWrite: 0 };
  const price = { at: options.clock.now(), ...(options.prices ? { prices: options.prices } : {}) };
  return { tokensUsed: tokens.input + output, costUsd: options.costOf(model, tokens, price), turns: 1 };
}

const PIECES = 8;

/** Lets the time pass, with the text coming in meanwhile. False where it was asked to stop. */
async function pass(
  { clock, speed = 1, onDelta }: RehearsalOptions,
  { run, task, attempt }: Attempt,
  { signal }: AttemptWorld,
  { time, output }: { readonly time: number; readonly output: Json },
): Promise<boolean> {
  const start = clock.now();
  const takes = time / speed;
  const text = typeof output === "string" ? output : JSON.stringify(output);
  const pieces = onDelta ? PIECES : 1;
  for (let piece = 1; piece <= pieces; piece++) {
    if (!(await reached(clock, start + Math.ceil((takes * piece) / pieces), signal))) return false;
    const part = text.slice(
      Math.floor((text.length * (piece - 1)) / pieces),
      Math.floor((text.length * piece) / pieces),
    );
    if (part !== "") onDelta?.({ run, taskId: task.id, attempt, text: part });
  }
  return true;
}

function reached(clock: Clock, time: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  if (time <= clock.now()) return Promise.resolve(true);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const stop = () => {
    takeBack();
    resolve(false);
  };
  const takeBack = clock.at(time, () => {
    signal.removeEventListener("abort", stop);
    resolve(true);
  });
  signal.addEventListener("abort", stop, { once: true });
  return promise;
}
