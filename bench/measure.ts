/** The measures that run workloads. Each is called once in a fresh process. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Case, Figures, JournalKind } from "./cases.ts";
import { Counted } from "./counting.ts";
import { record, replay, SingleCommits } from "./raw.ts";
import { median } from "./stats.ts";
import { lowerBound, Probe, tasksOf, type Workload, workload } from "./workloads.ts";

/** The package under test, built or as source. */
export type Tutti = typeof import("../src/index.ts");

export interface Bench {
  readonly tutti: Tutti;
  /** Of this process alone, on a disk. */
  readonly folder: string;
  /** For a worker that slows the disk down: where Tutti's modules lie, and how their names end. */
  readonly home: string;
  readonly ending: string;
}

/** Peak memory in MB: VmHWM, because getrusage inherits the parent's peak. */
function peakRss(): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
}

/** Node 22 knows only that of all threads. */
const threadCpu: typeof process.cpuUsage = process.threadCpuUsage ?? process.cpuUsage;

class Subject {
  readonly probe: Probe;
  readonly counted: Counted;
  readonly folder: string;
  readonly #orchestrator: InstanceType<Tutti["AgentOrchestrator"]>;
  readonly #tasks: ReturnType<typeof tasksOf>;
  readonly #memory: boolean;

  constructor({ tutti, folder }: Bench, of: Workload, journal: JournalKind, estimated = false) {
    this.folder = join(folder, "journal");
    this.#memory = journal === "memory";
    this.counted = new Counted(
      this.#memory
        ? tutti.createMemoryJournal()
        : tutti.createSqliteJournal({ path: this.folder, synchronous: "full" }),
    );
    this.probe = new Probe(of);
    this.#tasks = tasksOf(of, estimated);
    this.#orchestrator = new tutti.AgentOrchestrator({
      agents: { probe: (task) => this.probe.run(Number(task.id.slice(1))) },
      maxParallelAgents: of.places,
      journal: this.counted.journal,
    });
  }

  /** Milliseconds from handing in the plan to holding the results, and those that this thread computed. */
  async run(): Promise<{ readonly ms: number; readonly cpuMs: number }> {
    const before = threadCpu();
    const started = performance.now();
    const results = await this.#orchestrator.execute({ tasks: this.#tasks });
    const ms = performance.now() - started;
    const { user, system } = threadCpu(before);
    if (results.status !== "complete") throw new Error(`the run ended as ${results.status}: ${results.reason}`);
    this.probe.check();
    return { ms, cpuMs: (user + system) / 1000 };
  }

  /** Between two runs: what the last one left is not the next one's burden. */
  async tidy(): Promise<void> {
    if (this.#memory) await this.counted.journal.gc({ before: Number.MAX_SAFE_INTEGER });
    // What the writer's thread does after a run has ended.
    else await pause(5);
  }

  async close(): Promise<void> {
    await this.#orchestrator[Symbol.asyncDispose]();
    await this.counted.journal[Symbol.asyncDispose]();
  }
}

export async function measureRun(bench: Bench, one: Extract<Case, { kind: "run" }>): Promise<Figures> {
  const importedMB = peakRss();
  const of = workload(one.workload);
  const subject = new Subject(bench, of, one.journal, one.estimated);
  const cold = await subject.run();
  const rssMB = peakRss();
  const warm: (typeof cold)[] = [];
  for (let i = 0; i < one.warm; i++) {
    await subject.tidy();
    warm.push(await subject.run());
  }
  const { commits, rows } = subject.counted;
  await subject.close();
  const times = warm.length > 0 ? warm : [cold];
  const warmMs = median(times.map(({ ms }) => ms));
  const each = (ms: number) => (ms * 1000) / of.counted;
  return {
    ...{ coldMs: cold.ms, warmMs, coldUs: each(cold.ms), warmUs: each(warmMs) },
    bestUs: each(Math.min(...times.map(({ ms }) => ms))),
    cpuUs: each(median(times.map(({ cpuMs }) => cpuMs))),
    ...{ importedMB, rssMB, rssEndMB: peakRss(), commits: commits.length, rows },
    ...(of.sleeps && { ratio: cold.ms / lowerBound(of), warmRatio: warmMs / lowerBound(of) }),
  };
}

/** Chains between single commits on the same disk, so that both see it as it is at the moment. */
export async function measureChain(bench: Bench): Promise<Figures> {
  const of = workload("chain");
  const subject = new Subject(bench, of, "durable");
  const single = new SingleCommits(bench.folder);
  const chains: number[] = [];
  await subject.run();
  for (let i = 0; i < 30; i++) {
    single.commit(200);
    await subject.tidy();
    chains.push((await subject.run()).ms);
  }
  const commitMs = single.p50;
  const chainMs = median(chains);
  const commits = subject.counted.commits.length;
  single.close();
  await subject.close();
  return {
    chainMs,
    commitMs,
    commits,
    ratio: chainMs / (of.counted * commitMs),
    ratioPerCommit: chainMs / (commits * commitMs),
  };
}

/** In memory, durable, and the durable run's rows by bare node:sqlite, in turns. */
export async function measureDurability(bench: Bench): Promise<Figures> {
  const of = workload("dag1k");
  const memory = new Subject(bench, of, "memory");
  const durable = new Subject(bench, of, "durable");
  const times = { memory: [] as number[], durable: [] as number[], raw: [] as number[], rawWithOpen: [] as number[] };
  let batches = 0;
  for (let i = 0; i < 13; i++) {
    await memory.tidy();
    const { ms: memoryMs } = await memory.run();
    const { ms: durableMs } = await durable.run();
    await durable.tidy();
    const { commits, run } = durable.counted;
    const recorded = record(join(durable.folder, `${run}.db`), commits);
    const raw = replay(recorded, bench.folder);
    batches = recorded.batches.length;
    // The first three only warm up.
    if (i < 3) continue;
    times.memory.push(memoryMs);
    times.durable.push(durableMs);
    times.raw.push(raw.ms);
    times.rawWithOpen.push(raw.withOpenMs);
  }
  await memory.close();
  await durable.close();
  const [memoryMs, durableMs, rawMs, rawWithOpenMs] = [
    median(times.memory),
    median(times.durable),
    median(times.raw),
    median(times.rawWithOpen),
  ];
  const added = durableMs - memoryMs;
  const best = {
    memoryBestMs: Math.min(...times.memory),
    durableBestMs: Math.min(...times.durable),
    rawBestMs: Math.min(...times.raw),
  };
  const middle = { memoryMs, durableMs, rawMs, rawWithOpenMs, commits: batches };
  return { ratio: added / rawMs, ratioWithOpen: added / rawWithOpenMs, ...middle, ...best };
}
