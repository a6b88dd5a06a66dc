/** One question to a model outside of any run, answered as its schema says. */
import type { Json } from "../../domain/json.ts";
import type { Answer, AttemptWorld, Outcome } from "../../domain/ports.ts";
import { type ModelRuntimeOptions, modelRuntime } from "./runtime.ts";
import type { JsonSchema } from "./schema.ts";

export interface Question {
  readonly model: string;
  readonly instructions: string;
  readonly prompt: string;
  readonly schema: JsonSchema;
  readonly maxTokens: number;
}

/** By the same runtime as a run's attempts: its timers, its faults by name, its count of what was used. Never throws. */
export function askOnce(
  question: Question,
  options: Omit<ModelRuntimeOptions, "instructionsOf">,
  signal: AbortSignal,
): Promise<Outcome> {
  const { model, instructions, prompt, schema, maxTokens } = question;
  const runtime = modelRuntime({ ...options, instructionsOf: () => ({ instructions, output: schema }) });
  const task = { id: "ask", agentName: "ask", description: "ask", prompt, model, maxTokens };
  const attempt = { run: "ask", effectId: "ask", task, agentName: "ask", agent: { runtime: "model" }, prompt };
  return runtime.perform({ ...attempt, attempt: 1, restart: 0, results: {}, messages: [] }, new Alone(signal));
}

/** It is in no run: nothing is journaled, and there is nobody to talk to. */
class Alone implements AttemptWorld {
  readonly signal: AbortSignal;
  readonly log = { read: async () => [], append: async () => {} };
  readonly board = { get: () => undefined, set: async () => 0 };

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  async send(_to: string, _content: Json): Promise<void> {}

  turn(): undefined {
    return undefined;
  }

  before(): readonly string[] {
    return [];
  }

  ask(): Promise<Answer> {
    return Promise.resolve({ decision: "reject", note: "nobody is asked here" });
  }
}
