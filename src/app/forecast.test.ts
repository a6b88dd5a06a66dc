import { describe, expect, test } from "vitest";
import type { AgentTask } from "../domain/plan.ts";
import type { Files } from "../domain/ports.ts";
import { criticalPath } from "../graph/critical-path.ts";
import { loadPrices } from "../runtimes/prices.ts";
import { builtInWorkflows } from "../workflows/built-in.ts";
import { type ForecastInput, type ForecastWith, forecast } from "./forecast.ts";

const costOf = await loadPrices();
const MODEL = "anthropic/claude-sonnet-4-5";
const given: ForecastWith = { costOf, places: 5, instructionsOf: () => undefined, runs: 200 };
const workflows = builtInWorkflows();

function inputOf(
  tasks: readonly AgentTask[],
  config: ForecastInput["config"] = {},
  models: object = {},
): ForecastInput {
  const model = (name: string) => (models as Record<string, string>)[name] ?? MODEL;
  const agents = tasks.map(({ agentName }) => [agentName, { runtime: "model", model: model(agentName) }] as const);
  return { workflow: "x", tasks, config, agents: Object.fromEntries(agents) };
}
const task = (id: string, more: Partial<AgentTask> = {}): AgentTask => ({
  ...{ id, agentName: "one", description: id, prompt: `Do ${id}`, ...more },
});

test("the same seed gives the same figures, another one others; nine in ten are no less than half", async () => {
  const { tasks } = workflows.plan("code-review");
  const of = (seed: number) => forecast(inputOf(tasks, { seed }), given);
  const [one, same, other] = [await of(7), await of(7), await of(4_294_967_295)];
  expect(same).toEqual(one);
  expect(other).not.toEqual(one);
  expect(one).toMatchObject({ runs: 200, success: 1, models: [{ model: MODEL, tasks: 6 }] });
  for (const range of [one.duration, one.sequential, one.tokens, one.costUsd]) {
    expect(range?.p50).toBeGreaterThan(0);
    expect(range?.p90).toBeGreaterThanOrEqual(range?.p50 ?? 0);
  }
  expect(one.sequential.p50).toBeGreaterThan(one.duration.p50);
  expect(one.models[0]?.costUsd).toEqual(one.costUsd);
});

test("faults make it longer and less sure", async () => {
  const tasks = [task("a"), task("b", { dependencies: ["a"], retries: 0 })];
  const calm = await forecast(inputOf(tasks), given);
  const wild = await forecast(inputOf(tasks, { chaos: 0.4 }), given);
  expect(calm.success).toBe(1);
  expect(wild.success).toBeLessThan(0.8);
  expect(wild.duration.p90).toBeGreaterThan(calm.duration.p90);
});

test("each model has its own share, also where an id begins like another; an unknown price is not nothing", async () => {
  const tasks = [task("a"), task("a.b", { agentName: "two" }), task("a.c", { model: "openai/gpt-5" })];
  const { models, costUsd, tokens } = await forecast(inputOf(tasks, {}, { two: "ollama/llama" }), {
    ...given,
    runs: 9,
  });
  expect(models.map(({ model, tasks }) => [model, tasks])).toEqual([
    [MODEL, 1],
    ["ollama/llama", 1],
    ["openai/gpt-5", 1],
  ]);
  expect(models[1]).not.toHaveProperty("costUsd");
  expect(costUsd).toBeUndefined();
  expect(models[0]?.costUsd?.p50).toBeGreaterThan(0);
  expect(models.every((one) => one.tokens.p90 < tokens.p90)).toBe(true);
});

test("files that tasks read are part of what they cost, and are read once", async () => {
  const asked: string[] = [];
  const files: Files = {
    read: async (globs) => {
      asked.push(globs.join());
      return { files: [{ path: "a.ts", text: "const answer = 42;\n".repeat(4000), hash: "h" }], leftOut: [] };
    },
  };
  const tasks = [task("a", { reads: ["src/**"] }), task("b", { reads: ["src/**"] })];
  const bare = await forecast(inputOf(tasks), { ...given, runs: 5 });
  const whole = await forecast(inputOf(tasks), { ...given, runs: 5, files });
  expect(asked).toEqual(["src/**"]);
  expect(whole.tokens.p50 - bare.tokens.p50).toBeGreaterThan(10_000);
});

describe("[bar:wall-time] with a fixed latency a task and enough places", () => {
  const LATENCY = 60_000;
  const same = { p50: LATENCY, p90: LATENCY };
  const history = () => ({ latencyMs: same, tokens: { output: { p50: 500, p90: 500 } }, failureRate: 0 });
  const walls = async (id: string) => {
    const { tasks } = workflows.plan(id);
    const { duration, sequential } = await forecast(inputOf(tasks), { ...given, places: 10, runs: 3, history });
    return { wall: duration.p90, sequential: sequential.p90, path: criticalPath(tasks, () => LATENCY).length };
  };
  const six = [
    "fullstack-dev",
    "security-audit",
    "testing-suite",
    "performance-optimization",
    "code-review",
    "devops-setup",
  ];

  test.each(six)("%s takes its critical path and at most 2 percent more", async (id) => {
    const { wall, sequential, path } = await walls(id);
    expect(sequential).toBe(6 * LATENCY);
    expect(wall).toBeGreaterThanOrEqual(path);
    expect(wall).toBeLessThanOrEqual(path * 1.02);
  });

  test.each(["security-audit", "code-review", "devops-setup"])(
    "%s is at least 1.9 times faster than one after another",
    async (id) => {
      const { wall, sequential } = await walls(id);
      expect(sequential / wall).toBeGreaterThanOrEqual(1.9);
    },
  );
});
