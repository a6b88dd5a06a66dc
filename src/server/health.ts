/** How this server is, for people, probes and Prometheus. */
import type { AgentMetric, Health, Metrics } from "./api.ts";
import { wantsJson } from "./guard.ts";
import { CHALLENGE, PROOF, proofOf } from "./proof.ts";
import type { Route } from "./route.ts";
import type { Measured } from "./tallies.ts";

export const healthRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/health",
    handle(c, { host, feeds, key }) {
      const challenge = c.req.header(CHALLENGE);
      if (challenge !== undefined) c.header(PROOF, proofOf(key, challenge));
      if (!c.env.isTrusted) return c.json<Health>({ status: "ok" });
      return c.json<Health>({
        status: "ok",
        agents: host.library.agents.size,
        workflows: host.workflows.list().length,
        conducted: host.conducted.length,
        streams: feeds.count,
        providers: host.settings.found.map(({ provider }) => provider),
        warnings: host.library.warnings.length,
      });
    },
  },
  {
    method: "GET",
    path: "/api/metrics",
    async handle(c, { host, feeds, tallies }) {
      const measured = await tallies.measure();
      const metrics = metricsOf(measured, [...host.library.agents.keys()]);
      if (wantsJson(c.req.header("accept"))) return c.json<Metrics>(metrics);
      const text = prometheus(metrics, measured, feeds.count);
      return c.body(text, 200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
    },
  },
];

function metricsOf({ queue, running, agents }: Measured, known: readonly string[]): Metrics {
  const names = [...new Set([...known, ...agents.keys()])].sort();
  return {
    totalAgents: known.length,
    queueLength: queue,
    activeJobs: running,
    agentMetrics: names.map((agentId): AgentMetric => {
      const { done = 0, successful = 0, duration = 0, running: currentLoad = 0 } = agents.get(agentId) ?? {};
      return {
        agentId,
        successRate: done === 0 ? null : successful / done,
        averageResponseTime: done === 0 ? null : duration / done,
        totalTasks: done,
        currentLoad,
      };
    }),
  };
}

/** The text format 0.0.4. Figures of agents are over the newest runs, so they are gauges and not counters. */
function prometheus(metrics: Metrics, { runs }: Measured, streams: number): string {
  const lines: string[] = [];
  const gauge = (name: string, help: string, values: readonly (readonly [labels: string, value: number])[]) => {
    lines.push(`# HELP tutti_${name} ${help}`, `# TYPE tutti_${name} gauge`);
    for (const [labels, value] of values) lines.push(`tutti_${name}${labels} ${value}`);
  };
  const ofAgents = (value: (metric: AgentMetric) => number | null) =>
    metrics.agentMetrics.flatMap((metric) => {
      const number = value(metric);
      return number === null ? [] : [[`{agent="${escaped(metric.agentId)}"}`, number] as const];
    });
  gauge("agents", "Agents that are known.", [["", metrics.totalAgents]]);
  gauge("queue_length", "Tasks of live runs that have not begun.", [["", metrics.queueLength]]);
  gauge("active_jobs", "Tasks that agents work on now.", [["", metrics.activeJobs]]);
  gauge("streams", "Event streams that are open.", [["", streams]]);
  gauge(
    "runs",
    "The newest runs by status.",
    [...runs].map(([status, n]) => [`{status="${status}"}`, n]),
  );
  gauge(
    "agent_tasks",
    "Tasks that an agent ended, in the newest runs.",
    ofAgents((one) => one.totalTasks),
  );
  gauge(
    "agent_success_ratio",
    "Of 1: those that succeeded.",
    ofAgents((one) => one.successRate),
  );
  const seconds = ({ averageResponseTime: ms }: AgentMetric) => (ms === null ? null : ms / 1000);
  gauge("agent_response_seconds", "Mean time of a task.", ofAgents(seconds));
  gauge(
    "agent_load",
    "Tasks that an agent works on now.",
    ofAgents((one) => one.currentLoad),
  );
  gauge("resident_memory_bytes", "Memory of this process.", [["", process.memoryUsage.rss()]]);
  return `${lines.join("\n")}\n`;
}

const escaped = (label: string) => label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
