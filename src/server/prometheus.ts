/** Metrics in the text format 0.0.4. Figures of agents are over the newest runs, so they are gauges and not counters. */
import type { AgentMetric, Measure, Metrics } from "./api.ts";
import type { Measured } from "./tallies.ts";

/** Series of one name: whoever comes after them is summed up as `(other)`, so that no home makes more. */
const [MOST_AGENTS, MOST_PAIRS, MOST_OTHERS] = [500, 200, 50];

type Labels = Readonly<Record<string, string>>;
type Values = readonly (readonly [labels: Labels, value: number | null])[];
/** Attempts by label, those with most first. */
export type Series = readonly (readonly [labels: Labels, measure: Measure])[];

export interface Told {
  readonly metrics: Metrics;
  readonly measured: Measured;
  readonly streams: number;
  readonly byModel: Series;
  readonly byWorkflow: Series;
  readonly byKind: Series;
}

export function prometheus({ metrics, measured, streams, byModel, byWorkflow, byKind }: Told): string {
  const lines: string[] = [];
  const gauge = (name: string, help: string, values: Values) => {
    lines.push(`# HELP tutti_${name} ${help}`, `# TYPE tutti_${name} gauge`);
    for (const [labels, value] of values) if (value !== null) lines.push(`tutti_${name}${textOf(labels)} ${value}`);
  };
  const one = (value: number | null): Values => [[{}, value]];
  gauge("agents", "Agents that are known.", one(metrics.totalAgents));
  gauge("queue_length", "Tasks of live runs that have not begun.", one(metrics.queueLength));
  gauge("active_jobs", "Tasks that agents work on now.", one(metrics.activeJobs));
  gauge("streams", "Event streams that are open.", one(streams));
  gauge(
    "runs",
    "The newest runs by status.",
    [...measured.runs].map(([status, n]) => [{ status }, n]),
  );
  // Of thousands of agents most have done nothing: that is said by leaving them out.
  const busy = metrics.agentMetrics
    .filter(({ totalTasks, currentLoad }) => totalTasks + currentLoad > 0)
    .toSorted((a, b) => b.totalTasks + b.currentLoad - (a.totalTasks + a.currentLoad))
    .slice(0, MOST_AGENTS);
  const ofAgents = (value: (metric: AgentMetric) => number | null): Values =>
    busy.map((metric) => [{ agent: metric.agentId }, value(metric)]);
  gauge(
    "agent_tasks",
    "Tasks that an agent ended, in the newest runs.",
    ofAgents((agent) => agent.totalTasks),
  );
  gauge(
    "agent_success_ratio",
    "Of 1: those that succeeded.",
    ofAgents((agent) => agent.successRate),
  );
  const seconds = ({ averageResponseTime: ms }: AgentMetric) => (ms === null ? null : ms / 1000);
  gauge("agent_response_seconds", "Mean time of a task.", ofAgents(seconds));
  gauge(
    "agent_load",
    "Tasks that an agent works on now.",
    ofAgents((agent) => agent.currentLoad),
  );
  measures(gauge, "agent_model", "with a model, in real runs", bounded(byModel, MOST_PAIRS));
  measures(gauge, "workflow", "in real runs of a workflow", bounded(byWorkflow, MOST_OTHERS));
  measures(gauge, "kind", "at a kind of work, in real runs", bounded(byKind, MOST_OTHERS));
  const { conducting, reranking } = metrics;
  gauge("conducting", "What conducting real runs came to.", [
    ...(["delegated", "routed", "added", "retried", "handedOver", "messages", "gates", "planChanges"] as const).map(
      (what) => [{ what: what.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) }, conducting[what]] as const,
    ),
  ]);
  gauge(
    "decomposition_seconds",
    "From a start to its first task, in half of the real runs.",
    one(conducting.decomposition / 1000),
  );
  gauge("rerank_calls", "Models that were asked who does a task.", one(reranking.calls));
  gauge("rerank_cost_usd", "What that cost, where it is known.", one(reranking.costUsd));
  gauge("resident_memory_bytes", "Memory of this process.", one(process.memoryUsage.rss()));
  return `${lines.join("\n")}\n`;
}

function measures(
  gauge: (name: string, help: string, values: Values) => void,
  name: string,
  what: string,
  series: Series,
): void {
  const of = (value: (measure: Measure) => number | null): Values =>
    series.map(([labels, measure]) => [labels, value(measure)]);
  gauge(
    `${name}_attempts`,
    `Attempts ${what}.`,
    of(({ attempts }) => attempts),
  );
  gauge(
    `${name}_attempt_success_ratio`,
    "Of 1: those that succeeded.",
    of(({ success }) => success),
  );
  gauge(
    `${name}_attempt_tokens`,
    "Tokens of all of them.",
    of(({ tokens }) => tokens),
  );
  gauge(
    `${name}_attempt_cost_usd`,
    "What all of them cost, where it is known.",
    of(({ costUsd }) => costUsd),
  );
}

/** The first so many; all others together, under a name that none of them has. */
function bounded(series: Series, most: number): Series {
  const rest = series.slice(most);
  const [[labels] = [{}]] = rest;
  if (rest.length === 0) return series;
  const all = rest.map(([, measure]) => measure);
  const sum = (of: (measure: Measure) => number) => all.reduce((total, measure) => total + of(measure), 0);
  const attempts = sum((one) => one.attempts);
  const isKnown = all.every(({ costUsd }) => costUsd !== null);
  const other: Measure = {
    attempts,
    success: sum((one) => one.success * one.attempts) / attempts,
    firstApproval: sum((one) => one.firstApproval * one.attempts) / attempts,
    duration: {
      p50: Math.max(...all.map((one) => one.duration.p50)),
      p90: Math.max(...all.map((one) => one.duration.p90)),
    },
    tokens: sum((one) => one.tokens),
    costUsd: isKnown ? sum((one) => one.costUsd ?? 0) : null,
  };
  const names = Object.fromEntries(Object.keys(labels).map((name) => [name, "(other)"]));
  return [...series.slice(0, most), [names, other]];
}

function textOf(labels: Labels): string {
  const all = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return all.length === 0 ? "" : `{${all.join(",")}}`;
}

const escaped = (label: string) => label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
