/**
 * Clients that all watch one run: how late its events reach them, and what they cost. `node bench/sse.ts [clients]`.
 * The clients live in a process of their own; lag is from an event's `at` to its arrival there, on one clock.
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Host } from "../src/app/host.ts";
import { serve } from "../src/server/serve.ts";
import { median } from "./stats.ts";

const TOKEN = "a-token-for-the-bench";
const BAR = "[bar:sse] every client gets every event, with a p99 lag under 200 ms";
/** Milliseconds. */
const MOST_LAG = 200;
const [, , count = "1000", port, run] = process.argv;
const rss = () => Math.round(process.memoryUsage.rss() / 2 ** 20);

if (port !== undefined && run !== undefined) watch(Number(count), Number(port), run);
else await conduct(Number(count));

/** Some forty events a second. */
async function conduct(clients: number): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "tutti-sse-"));
  const host = await Host.open({ home, env: {} });
  const server = await serve({ host, port: 0, token: TOKEN });
  const task = (i: number) => ({ id: `t${i}`, agentName: "builder", description: `task ${i}`, prompt: "Do it" });
  const tasks = Array.from({ length: 160 }, (_, i) => ({ ...task(i), maxTokens: 200 }));
  const config = { rehearse: true, speed: 2.5, maxParallelAgents: 14, seed: 3 };
  const handle = host.start(host.prepare({ workflowName: "bench", tasks, config }));
  await handle.opened();
  const before = rss();
  const child = fork(import.meta.filename, [String(clients), String(server.port), handle.id], { stdio: "inherit" });
  const said = new Promise<Report>((resolve) => child.once("message", (report) => resolve(report as Report)));
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  let peak = before;
  const looking = setInterval(() => {
    peak = Math.max(peak, rss());
  }, 50);
  const used = process.cpuUsage();
  await handle;
  const report = await said;
  const { user, system } = process.cpuUsage(used);
  clearInterval(looking);
  console.log({
    clients,
    ...report,
    rssBeforeMiB: before,
    rssPeakMiB: peak,
    serverCpuMs: Math.round((user + system) / 1000),
    loopP99Ms: Math.round(loop.percentile(99) / 1e6),
  });
  const isMet = report.complete === clients && report.p99 < MOST_LAG;
  console.log(`${BAR}: ${isMet ? "PASS" : "MISSED"}`);
  process.exitCode = isMet ? 0 : 1;
  child.kill();
  await server.close();
  await host[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
}

interface Report {
  readonly complete: number;
  readonly events: number;
  readonly liveEvents: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

function watch(clients: number, to: number, id: string): void {
  const lags: number[] = [];
  const seen = new Set<number>();
  let complete = 0;
  let left = clients;
  let opened = 0;
  let all = Number.POSITIVE_INFINITY;
  const done = () => {
    if (--left > 0) return;
    lags.sort((a, b) => a - b);
    const at = (share: number) => lags[Math.floor(lags.length * share)] ?? 0;
    const report: Report = {
      complete,
      events: seen.size,
      liveEvents: lags.length,
      p50: median(lags),
      p99: at(0.99),
      worst: at(0.999999),
    };
    process.send?.(report);
  };
  for (let i = 0; i < clients; i++) {
    let next = 1;
    let rest = "";
    const socket = connect(to, "127.0.0.1", () =>
      socket.write(
        `GET /api/runs/${id}/events HTTP/1.1\r\nHost: 127.0.0.1:${to}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`,
      ),
    );
    socket.setEncoding("utf8").on("data", (text: string) => {
      const now = Date.now();
      if (next === 1 && rest === "" && ++opened === clients) all = now;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        // A gap or a double would stop this client's count.
        if (line.startsWith("id: ") && Number(line.slice(4)) === next) next++;
        if (!line.startsWith("data: ")) continue;
        const at = Number(/"at":(\d+)\}\s*$/.exec(line)?.[1] ?? /"at":(\d+)/.exec(line)?.[1]);
        seen.add(next - 1);
        // What came while clients were still connecting was caught up with, not live.
        if (at > all) lags.push(now - at);
        if (line.includes('"type":"workflow:complete"')) {
          if (line.includes(`"seq":${next - 1},`)) complete++;
          done();
          socket.destroy();
        }
      }
    });
    socket.on("error", done);
  }
}
