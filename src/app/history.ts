/** How long agents took and what they used in past runs, for rehearsals and forecasts. */

import type { RunEvent } from "../domain/events.ts";
import type { Journal } from "../domain/ports.ts";
import { isRecord } from "../domain/shape.ts";
import type { History } from "../runtimes/rehearsal/predict.ts";

export type Histories = (agentName: string, model: string) => History | undefined;

/** Newest runs that are looked at, and attempts that make a habit. */
const RUNS = 30;
const FEWEST = 3;

interface Seen {
  readonly latency: number[];
  readonly input: number[];
  readonly output: number[];
  invoked: number;
  failed: number;
}

/** Out of ended runs that called real models. One that cannot be read is left out. */
export async function learn(journal: Journal): Promise<Histories> {
  const seen = new Map<string, Seen>();
  for (const { run, status } of await journal.list({ limit: RUNS })) {
    if (status !== "complete" && status !== "failed") continue;
    const models = new Map<string, string>();
    try {
      for await (const page of journal.read(run)) for (const event of page) note(seen, models, event);
    } catch {
      // Whoever asks for that run is told what is wrong with it.
    }
  }
  return (agentName, model) => historyOf(seen.get(`${agentName} ${model}`));
}

function note(seen: Map<string, Seen>, models: Map<string, string>, event: RunEvent): void {
  if (event.rehearsed) return;
  if (event.type === "agent:invoke") {
    models.set(event.taskId, event.model);
    at(seen, `${event.agentName} ${event.model}`).invoked++;
  } else if (event.type === "task:complete" || event.type === "task:retry" || event.type === "turn:complete") {
    const model = models.get(event.taskId);
    if (model === undefined) return;
    const one = at(seen, `${event.agentName} ${model}`);
    if (event.type === "task:complete") one.latency.push(event.duration);
    else if (event.type === "task:retry") one.failed += event.handedTo === undefined ? 1 : 0;
    else if (isRecord(event.entry) && isRecord(event.entry["usage"])) {
      const { input, output } = event.entry["usage"];
      if (typeof input === "number" && typeof output === "number") {
        one.input.push(input);
        one.output.push(output);
      }
    }
  }
}

function at(seen: Map<string, Seen>, key: string): Seen {
  let one = seen.get(key);
  if (one === undefined) {
    one = { latency: [], input: [], output: [], invoked: 0, failed: 0 };
    seen.set(key, one);
  }
  return one;
}

function historyOf(seen: Seen | undefined): History | undefined {
  if (seen === undefined || seen.latency.length < FEWEST || seen.output.length < FEWEST) return undefined;
  return {
    latencyMs: { p50: part(seen.latency, 0.5), p90: part(seen.latency, 0.9) },
    tokens: { input: part(seen.input, 0.5), output: { p50: part(seen.output, 0.5), p90: part(seen.output, 0.9) } },
    failureRate: Math.min(0.9, seen.failed / Math.max(1, seen.invoked)),
  };
}

function part(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
