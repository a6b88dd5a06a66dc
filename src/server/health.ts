/** How this server is, for people, probes and Prometheus. */
import { conductedIn, type Grouping, PAIR, type StatisticsBook } from "../agents/statistics.ts";
import { defined } from "../domain/json.ts";
import type { AgentMetric, Health, Measure, Measures, Metrics } from "./api.ts";
import { wantsJson } from "./guard.ts";
import { prometheus } from "./prometheus.ts";
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
      const { experience, reranking } = host.agency;
      const { statistics, lessons } = await experience.refresh();
      const metrics: Metrics = {
        ...metricsOf(measured, [...host.library.agents.keys()], statistics),
        conducting: conductedIn(lessons),
        reranking: await reranking.spent(),
      };
      if (wantsJson(c.req.header("accept"))) return c.json<Metrics>(metrics);
      const pairs = [...statistics.by("agent/model")].map(([pair, one]) => [partsOf(pair), one] as const);
      const text = prometheus({
        ...{ metrics, measured, streams: feeds.count },
        byModel: pairs.map(([[agent, model], one]) => [{ agent, model }, one]),
        byWorkflow: [...statistics.by("workflow")].map(([workflow, one]) => [{ workflow }, one]),
        byKind: [...statistics.by("kind")].map(([kind, one]) => [{ kind }, one]),
      });
      return c.body(text, 200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
    },
  },
];

/** Of one agent, by each: those with most attempts. */
const MOST_MEASURES = 20;

function partsOf(pair: string): readonly [agent: string, other: string] {
  const at = pair.indexOf(PAIR);
  return [pair.slice(0, at), pair.slice(at + PAIR.length)];
}

/** By agent, in their order. */
function measuresBy(statistics: StatisticsBook, grouping: Grouping): ReadonlyMap<string, Measures> {
  const found = new Map<string, { [name: string]: Measure }>();
  for (const [pair, one] of statistics.by(grouping)) {
    const [agent, other] = partsOf(pair);
    const own = found.get(agent) ?? {};
    found.set(agent, own);
    if (Object.keys(own).length < MOST_MEASURES) Object.defineProperty(own, other, { value: one, enumerable: true });
  }
  return found;
}

function metricsOf(
  { queue, running, agents }: Measured,
  known: readonly string[],
  statistics: StatisticsBook,
): Omit<Metrics, "conducting" | "reranking"> {
  const names = [...new Set([...known, ...agents.keys()])].sort();
  const [byModel, byWorkflow, byKind] = (["agent/model", "agent/workflow", "agent/kind"] as const).map((grouping) =>
    measuresBy(statistics, grouping),
  );
  return {
    totalAgents: known.length,
    queueLength: queue,
    activeJobs: running,
    agentMetrics: names.map((agentId): AgentMetric => {
      const { done = 0, successful = 0, duration = 0, running: currentLoad = 0 } = agents.get(agentId) ?? {};
      const more = {
        byModel: byModel?.get(agentId),
        byWorkflow: byWorkflow?.get(agentId),
        byKind: byKind?.get(agentId),
      };
      return {
        agentId,
        successRate: done === 0 ? null : successful / done,
        averageResponseTime: done === 0 ? null : duration / done,
        totalTasks: done,
        currentLoad,
        ...defined(more),
      };
    }),
  };
}
