/** Seeded graphs, the same for every framework that is measured, and a probe that checks how they were run. */
import type { AgentTask } from "../src/index.ts";

/** mulberry32 */
function prng(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Layers of `width`; three dependencies among the three layers before, one of them in the layer just before. */
function layeredDag(n: number, width: number, seed = 42): number[][] {
  const random = prng(seed);
  return Array.from({ length: n }, (_, i) => {
    const layer = Math.floor(i / width);
    if (layer === 0) return [];
    const low = Math.max(0, layer - 3) * width;
    const high = layer * width;
    const before = [high - width + Math.floor(random() * width)];
    while (before.length < 3) {
      const candidate = low + Math.floor(random() * (high - low));
      if (!before.includes(candidate)) before.push(candidate);
    }
    return before;
  });
}

const chain = (n: number): number[][] => Array.from({ length: n }, (_, i) => (i === 0 ? [] : [i - 1]));
/** `n` tasks and one that depends on all of them. */
const fan = (n: number): number[][] => [...Array.from({ length: n }, () => []), Array.from({ length: n }, (_, i) => i)];

function wholeNumbers(n: number, seed: number, low: number, high: number): number[] {
  const random = prng(seed);
  return Array.from({ length: n }, () => low + Math.floor(random() * (high - low + 1)));
}

export interface Workload {
  /** Dependencies of each task, by number. */
  readonly graph: readonly (readonly number[])[];
  /** By how many tasks a time is divided. */
  readonly counted: number;
  readonly places: number;
  /** Milliseconds that each task sleeps. */
  readonly sleeps?: readonly number[];
}

const layered = (n: number, width: number): Workload => ({ graph: layeredDag(n, width), counted: n, places: 50 });

/** Made on demand, because the largest would count as memory of every other. */
const WORKLOADS = {
  chain: (): Workload => ({ graph: chain(100), counted: 100, places: 50 }),
  fan: (): Workload => ({ graph: fan(1000), counted: 1000, places: 50 }),
  dag1k: () => layered(1000, 50),
  dag10k: () => layered(10_000, 100),
  dag100k: () => layered(100_000, 1000),
  jitter1k: (): Workload => ({ ...layered(1000, 50), sleeps: wholeNumbers(1000, 11, 0, 2) }),
  sleep1k: (): Workload => ({ ...layered(1000, 50), places: 8, sleeps: wholeNumbers(1000, 7, 5, 50) }),
};
export type WorkloadName = keyof typeof WORKLOADS;
export const workload = (name: WorkloadName): Workload => WORKLOADS[name]();

export function tasksOf({ graph, sleeps }: Workload, estimated: boolean): AgentTask[] {
  return graph.map((before, i) => ({
    id: `t${i}`,
    agentName: "probe",
    description: "one microtask",
    prompt: "p",
    dependencies: before.map((one) => `t${one}`),
    ...(estimated && sleeps !== undefined && { estimatedDuration: sleeps[i] ?? 0 }),
  }));
}

/** No schedule is shorter: the longest chain of sleeps, or all of them divided by the places. */
export function lowerBound({ graph, sleeps = [], places }: Workload): number {
  const finish: number[] = [];
  let work = 0;
  for (const [i, before] of graph.entries()) {
    const sleep = sleeps[i] ?? 0;
    finish.push(before.reduce((latest, one) => Math.max(latest, finish[one] ?? 0), 0) + sleep);
    work += sleep;
  }
  return Math.max(
    finish.reduce((a, b) => Math.max(a, b), 0),
    work / places,
  );
}

const sleep = (ms: number) =>
  new Promise<void>((resolve) => {
    if (ms === 0) setImmediate(resolve);
    else setTimeout(resolve, ms);
  });

/** The agent of every workload: it counts, and looks whether its dependencies are done and a place was free. */
export class Probe {
  readonly #workload: Workload;
  /** Takes the time that a task sleeps. */
  readonly #sleep: (ms: number) => Promise<void>;
  #done: Uint8Array;
  #ran = 0;
  #busy = 0;
  #faults = 0;

  constructor(of: Workload, pause = sleep) {
    this.#workload = of;
    this.#sleep = pause;
    this.#done = new Uint8Array(of.graph.length);
  }

  async run(task: number): Promise<number> {
    const { graph, sleeps, places } = this.#workload;
    for (const before of graph[task] ?? []) if (this.#done[before] !== 1) this.#faults++;
    if (this.#done[task] === 1 || ++this.#busy > places) this.#faults++;
    const pause = sleeps?.[task];
    await (pause === undefined ? null : this.#sleep(pause));
    this.#busy--;
    this.#done[task] = 1;
    this.#ran++;
    return task;
  }

  /** Throws unless every task ran once, after its dependencies and within the places. Then begins anew. */
  check(): void {
    const { length } = this.#workload.graph;
    if (this.#ran !== length || this.#faults > 0)
      throw new Error(`${this.#ran} of ${length} tasks ran, with ${this.#faults} violations of order or places`);
    this.#done = new Uint8Array(length);
    this.#ran = 0;
  }
}
