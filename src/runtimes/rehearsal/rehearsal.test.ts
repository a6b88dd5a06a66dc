import { describe, expect, test } from "vitest";
import { attemptOf, heldWorld } from "../../../test/support/model-attempt.ts";
import { AgentOrchestrator } from "../../app/orchestrator.ts";
import { VirtualClock } from "../../app/virtual-clock.ts";
import { pointer } from "../../domain/json.ts";
import type { AgentTask, Condition } from "../../domain/plan.ts";
import type { Outcome } from "../../domain/ports.ts";
import { random } from "../../domain/random.ts";
import { holds } from "../../graph/condition.ts";
import { readerOf } from "../model/schema.ts";
import { loadPrices } from "../prices.ts";
import { meet, needsIn } from "./needs.ts";
import { predict } from "./predict.ts";
import { NOTICE } from "./report.ts";
import { type RehearsalOptions, rehearsalRuntime } from "./runtime.ts";
import { sampleOf } from "./sample.ts";

const MODEL = "anthropic/claude-sonnet-4-5";
const costOf = await loadPrices();

/** Rehearses one attempt, and tells how it ended and how much virtual time it took. */
async function rehearse(
  more: Partial<RehearsalOptions> = {},
  attempt: Parameters<typeof attemptOf>[1] = {},
): Promise<{ outcome: Outcome; took: number }> {
  const clock = new VirtualClock();
  const start = clock.now();
  const under = rehearsalRuntime({ clock, seed: 7, costOf, ...more }).perform(attemptOf(MODEL, attempt), heldWorld());
  while (clock.step());
  const outcome = await under;
  return { outcome, took: clock.now() - start };
}

describe("a rehearsed attempt", () => {
  test("says first that no model was called, and then something with headings and findings", async () => {
    const { outcome, took } = await rehearse({}, { results: { build: "x" } });
    expect(outcome).toMatchObject({ ok: true, output: expect.stringContaining(NOTICE), usage: { turns: 1 } });
    const text = outcome.ok ? String(outcome.output) : "";
    expect(text.startsWith(`> ${NOTICE}`)).toBe(true);
    expect(text).toMatch(
      /^# a task$[\s\S]*^## Findings$[\s\S]*\*\*(CRITICAL|HIGH|MEDIUM|LOW)\*\*[\s\S]*^## Decisions$/m,
    );
    expect(text).toContain("build");
    expect(took).toBeGreaterThan(1000);
  });

  test("is the same for the same seed, task and attempt, also when begun again, and another for others", async () => {
    const first = await rehearse();
    expect(await rehearse({}, { restart: 2, run: "other" })).toEqual(first);
    expect(await rehearse({ seed: 8 })).not.toEqual(first);
    expect(await rehearse({}, { attempt: 2 })).not.toEqual(first);
    expect(await rehearse({}, { task: { id: "u" } })).not.toEqual(first);
  });

  test("costs what its tokens would, and null where no price is known", async () => {
    const { outcome } = await rehearse({ prices: { [MODEL]: { input: 1, output: 1 } } });
    expect(outcome.usage?.costUsd).toBeCloseTo((outcome.usage?.tokensUsed ?? 0) / 1e6, 12);
    expect((await rehearse()).outcome.usage?.costUsd).toBeGreaterThan(0);
    const unknown = await rehearse({}, { agent: { runtime: "rehearsal", model: "compatible/lab/x" } });
    expect(unknown.outcome.usage?.costUsd).toBeNull();
  });

  test("takes a tenth of the time at speed 10, and none at all without a limit", async () => {
    const { took } = await rehearse();
    expect((await rehearse({ speed: 10 })).took).toBeCloseTo(took / 10, -1);
    expect((await rehearse({ speed: Number.POSITIVE_INFINITY })).took).toBe(0);
  });

  test("ends when it is asked to, leaves no timer, and the text that came until then was heard", async () => {
    const clock = new VirtualClock();
    const world = heldWorld();
    const heard: string[] = [];
    const runtime = rehearsalRuntime({ clock, seed: 7, costOf, onDelta: ({ text }) => heard.push(text) });
    const under = runtime.perform(attemptOf(MODEL), world);
    clock.step();
    await new Promise((resolve) => setImmediate(resolve));
    world.stop("paused");
    expect(await under).toMatchObject({ ok: false, failure: "stopped", reason: "paused" });
    expect(heard.join("")).toContain("Rehearsed");
    expect(clock.step()).toBe(false);
  });

  test("an output with a schema fits it", async () => {
    const output = {
      type: "object",
      required: ["findings", "score"],
      additionalProperties: false,
      properties: {
        findings: { type: "array", minItems: 1, items: { $ref: "#/$defs/finding" } },
        score: { type: "integer", minimum: 3, maximum: 5 },
        at: { type: "string", format: "date-time" },
        short: { type: "string", minLength: 12, maxLength: 14 },
        either: { anyOf: [{ type: "null" }, { type: "number", exclusiveMinimum: 0 }] },
      },
      $defs: {
        finding: { type: "object", properties: { severity: { enum: ["HIGH", "LOW"] }, sure: { type: "boolean" } } },
      },
    } as const;
    const read = await readerOf(output);
    for (let seed = 0; seed < 20; seed++) {
      const { outcome } = await rehearse({ seed, instructionsOf: () => ({ output }) });
      expect(outcome).toMatchObject({ ok: true });
      if (outcome.ok) expect(read(JSON.stringify(outcome.output))).toMatchObject({ ok: true });
    }
    expect(sampleOf({ $ref: "#" }, random(1))).toBe("rehearsed");
  });
});

describe("what is predicted", () => {
  test("follows the history: half below the median, nine in ten below the p90", () => {
    const history = {
      latencyMs: { p50: 2000, p90: 5000 },
      tokens: { input: 50, output: { p50: 100, p90: 400 } },
      failureRate: 0,
    };
    const dice = random(1);
    const drawn = Array.from({ length: 4000 }, () => predict(dice, { model: MODEL, prompt: "", history }));
    const at = (part: number, of: (one: (typeof drawn)[number]) => number) =>
      drawn.map(of).sort((a, b) => a - b)[Math.floor(drawn.length * part)] ?? 0;
    expect(at(0.5, (one) => one.latencyMs) / 2000).toBeCloseTo(1, 1);
    expect(at(0.9, (one) => one.latencyMs) / 5000).toBeCloseTo(1, 1);
    expect(at(0.9, (one) => one.outputTokens) / 400).toBeCloseTo(1, 0);
    expect(drawn.every((one) => one.inputTokens === 50)).toBe(true);
  });

  test("a small model is faster than a large one, and nobody says more than maxTokens", () => {
    const mean = (model: string) => {
      const dice = random(2);
      return (
        Array.from({ length: 500 }, () => predict(dice, { model, prompt: "" }).latencyMs).reduce((a, b) => a + b) / 500
      );
    };
    expect(mean("anthropic/claude-haiku-4-5")).toBeLessThan(mean(MODEL));
    expect(mean(MODEL)).toBeLessThan(mean("anthropic/claude-opus-5"));
    expect(predict(random(1), { model: MODEL, prompt: "", maxTokens: 9 }).outputTokens).toBeLessThanOrEqual(9);
  });
});

describe("chaos", () => {
  test("hits as many attempts as was said, with the faults that providers have", async () => {
    const seen = new Map<string, number>();
    for (let seed = 0; seed < 600; seed++) {
      const { outcome } = await rehearse({ seed, chaos: 0.2 });
      if (outcome.ok) continue;
      expect(outcome.reason).toMatch(/^rehearsed fault: /);
      seen.set(outcome.failure, (seen.get(outcome.failure) ?? 0) + 1);
      if (outcome.failure === "rate-limit")
        expect(outcome).toMatchObject({ retryAfter: expect.any(Number), retry: "safe" });
      if (outcome.failure === "refused") expect(outcome.retry).toBe("never");
    }
    const faults = [...seen.values()].reduce((a, b) => a + b, 0);
    expect(faults).toBeGreaterThan(90);
    expect(faults).toBeLessThan(150);
    expect([...seen.keys()].sort()).toEqual([
      "error",
      "invalid-output",
      "overloaded",
      "rate-limit",
      "refused",
      "timeout",
    ]);
  });

  test("of none is none, and attempts that were hit neither way end the same", async () => {
    const calm = await rehearse({ seed: 3, chaos: 0 });
    expect(calm.outcome.ok).toBe(true);
    const stormy = await rehearse({ seed: 3, chaos: 0.001 });
    expect(stormy).toEqual(calm);
  });

  test("what an agent's history says of its failures happens in rehearsal too", async () => {
    const history = () => ({ latencyMs: { p50: 1, p90: 1 }, tokens: { output: { p50: 1, p90: 1 } }, failureRate: 1 });
    expect((await rehearse({ history })).outcome.ok).toBe(false);
  });
});

test("a plan with conditions, a list and a loop is rehearsed to its end by the real core, in no time", async () => {
  const plan: AgentTask[] = [
    { id: "scan", agentName: "writer", description: "scan", prompt: "scan" },
    {
      ...{ id: "each", agentName: "writer", description: "each", prompt: "each", dependencies: ["scan"] },
      forEach: { task: "scan", path: "/files" },
    },
    {
      ...{ id: "fix", agentName: "writer", description: "fix", prompt: "fix", dependencies: ["scan"] },
      when: {
        all: [
          { task: "scan", path: "/risk", op: "gt", value: 3 },
          { task: "scan", op: "exists" },
        ],
      },
    },
    {
      ...{ id: "review", agentName: "writer", description: "review", prompt: "review", dependencies: ["fix"] },
      until: { task: "review", path: "/approved", op: "eq", value: true },
    },
  ];
  const clock = new VirtualClock();
  const model = rehearsalRuntime({ clock, seed: 1, costOf, needs: needsIn(plan) });
  await using orchestrator = new AgentOrchestrator({
    agents: { writer: { runtime: "model", model: MODEL } },
    runtimes: { model },
    clock,
    globalTimeout: Number.POSITIVE_INFINITY,
    seed: 1,
  });
  for (const task of plan) orchestrator.addTask(task);
  const handle = orchestrator.execute();
  let isOver = false;
  const results = Promise.resolve(handle).finally(() => {
    isOver = true;
  });
  while (!isOver) await clock.pass(1000);
  const { status, tasks, summary } = await results;
  expect(status).toBe("complete");
  expect(Object.values(tasks).map(({ status }) => status)).not.toContain("skipped");
  expect(tasks["each"]?.output).toHaveLength(3);
  expect(summary.totalCostUsd).toBeGreaterThan(0);
  expect(summary.totalDuration).toBeGreaterThan(1000);
});

test.each<[Condition | undefined, string | undefined]>([
  [{ task: "t", op: "contains", value: "APPROVED" }, undefined],
  [{ task: "t", op: "eq", value: "APPROVED" }, undefined],
  [{ task: "t", op: "exists" }, undefined],
  [{ task: "t", path: "/a/0/b~1c", op: "in", value: [3, 4] }, undefined],
  [{ task: "t", path: "/n", op: "lt", value: 3 }, undefined],
  [{ task: "t", path: "/n", op: "gte", value: 3 }, undefined],
  [{ task: "t", path: "/s", op: "ne", value: "rehearsed" }, undefined],
  [
    {
      all: [
        { task: "t", path: "/x", op: "eq", value: 1 },
        { any: [{ task: "t", path: "/y/1", op: "contains", value: 2 }] },
      ],
    },
    undefined,
  ],
  [undefined, "/list"],
  [undefined, ""],
])("what a plan reads is there: %j %j", (when, list) => {
  const reader: AgentTask = {
    ...{ id: "r", agentName: "a", description: "r", prompt: "r" },
    ...(when ? { when } : {}),
    ...(list === undefined ? {} : { forEach: { task: "t", path: list } }),
  };
  const output = meet("said", needsIn([reader]).get("t") ?? [], random(1));
  if (when) expect(holds(when, (_task, path) => pointer(output, path))).toBe(true);
  else expect(pointer(output, list ?? "").value).toHaveLength(3);
});
