import { expect, test } from "vitest";
import type { Measure } from "./api.ts";
import { prometheus, type Series } from "./prometheus.ts";

const measure = (more: Partial<Measure> = {}): Measure => ({
  ...{ attempts: 10, success: 0.5, firstApproval: 0.5, duration: { p50: 1, p90: 2 }, tokens: 100, costUsd: 0.1 },
  ...more,
});
const NONE = { runs: 0, delegated: 0, routed: 0, added: 0, retried: 0, handedOver: 0 };

function told(series: { readonly byModel?: Series; readonly byKind?: Series; readonly agents?: number }): string {
  const agentMetrics = Array.from({ length: series.agents ?? 0 }, (_, i) => ({
    ...{ agentId: `a${i}`, successRate: 1, averageResponseTime: 5, totalTasks: i % 2, currentLoad: 0 },
  }));
  return prometheus({
    metrics: {
      ...{ totalAgents: 1, queueLength: 0, activeJobs: 0, agentMetrics },
      conducting: { ...NONE, messages: 0, gates: 0, planChanges: 0, decomposition: 1500 },
      reranking: { calls: 2, tokensUsed: 10, costUsd: null },
    },
    measured: { queue: 0, running: 0, agents: new Map(), runs: new Map([["complete", 3]]) },
    ...{ streams: 0, byWorkflow: [], byModel: series.byModel ?? [], byKind: series.byKind ?? [] },
  });
}
const linesOf = (text: string, name: string) => text.split("\n").filter((line) => line.startsWith(`tutti_${name}{`));

test("of many pairs the first have a series of their own, and all others one together", () => {
  const pairs = Array.from({ length: 1000 }, (_, i) => [{ agent: `a${i}`, model: "m" }, measure()] as const);
  const text = told({ byModel: [...pairs, [{ agent: "z", model: "m" }, measure({ success: 1, costUsd: null })]] });
  const attempts = linesOf(text, "agent_model_attempts");
  expect([attempts.length, attempts.at(-1)]).toEqual([
    201,
    'tutti_agent_model_attempts{agent="(other)",model="(other)"} 8010',
  ]);
  // A cost that nobody knows makes the sum unknown, never smaller.
  expect(linesOf(text, "agent_model_attempt_cost_usd").join()).not.toContain("(other)");
  expect(linesOf(text, "agent_model_attempt_success_ratio").at(-1)).toMatch(/\(other\).* 0\.50/);
});

test("agents that did nothing have no series, those that did at most so many", () => {
  expect(linesOf(told({ agents: 10 }), "agent_tasks")).toHaveLength(5);
  expect(linesOf(told({ agents: 5000 }), "agent_tasks")).toHaveLength(500);
});

test("whatever stands in a label, a line is one line, and what is not known is no line", () => {
  const text = told({ byKind: [[{ kind: 'a "b"\n\\c' }, measure()]] });
  expect(linesOf(text, "kind_attempts")).toEqual(['tutti_kind_attempts{kind="a \\"b\\"\\n\\\\c"} 10']);
  expect([text.includes("tutti_rerank_calls 2"), /^tutti_rerank_cost_usd/m.test(text)]).toEqual([true, false]);
  expect(text).toContain("tutti_decomposition_seconds 1.5\n");
});
