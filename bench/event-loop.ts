/** How long the caller's thread is held up while 50 agents append to a disk that takes 5 ms longer for each commit. */
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { Figures } from "./cases.ts";
import { Counted } from "./counting.ts";
import type { Bench } from "./measure.ts";

const AGENTS = 50;
const APPENDS = 300;

/** Each value holds the interval of 1 ms at which the loop is looked at. */
function watch() {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  return () => {
    histogram.disable();
    return { p99: histogram.percentile(99) / 1e6, max: histogram.max / 1e6 };
  };
}

export async function measureEventLoop({ tutti, folder, home, ending }: Bench): Promise<Figures> {
  const ended = watch();
  await pause(500);
  const idle = ended();

  const worker = new URL("./slow-writer.ts", import.meta.url);
  process.env["TUTTI_BENCH_HOME"] = home;
  process.env["TUTTI_BENCH_ENDING"] = ending;
  const counted = new Counted(tutti.createSqliteJournal({ path: join(folder, "slow"), worker }));
  let at = Number.NaN;
  let done: ReturnType<typeof watch> | undefined;
  let busy = AGENTS;
  let loaded = idle;
  let ms = Number.NaN;
  const orchestrator = new tutti.AgentOrchestrator({
    agents: {
      writer: async (task, { log }) => {
        done ??= watch();
        if (Number.isNaN(at)) at = performance.now();
        for (let turn = 0; turn < APPENDS; turn++)
          await log.append({
            type: "turn:complete",
            entry: { turn, text: `what ${task.id} was told: ${"x".repeat(200)}` },
          });
        if (--busy === 0) {
          loaded = done();
          ms = performance.now() - at;
        }
        return null;
      },
    },
    maxParallelAgents: AGENTS,
    journal: counted.journal,
  });
  const tasks = Array.from({ length: AGENTS }, (_, i) => ({
    id: `t${i}`,
    agentName: "writer",
    description: "",
    prompt: "",
  }));
  const { status } = await orchestrator.execute({ tasks });
  await orchestrator[Symbol.asyncDispose]();
  await counted.journal[Symbol.asyncDispose]();
  const commits = counted.commits.length;
  if (status !== "complete") throw new Error(`the run ended as ${status}`);
  if (ms < commits * 4) throw new Error(`${commits} commits in ${ms} ms: the disk was not slowed down`);
  // A histogram with a resolution of 1 ms contains that millisecond.
  return {
    lagP99Ms: loaded.p99 - 1,
    p99Ms: loaded.p99,
    maxMs: loaded.max,
    idleP99Ms: idle.p99,
    ms,
    commits,
    rows: counted.rows,
  };
}
