import { expect, test } from "vitest";
import { OUTPUT_KINDS, type OutputKind, outputOf, Writer } from "../../test/support/outputs.ts";
import type { Json } from "../domain/json.ts";
import { assemble } from "./assemble.ts";
import { textOf } from "./entries.ts";
import type { Source } from "./shown.ts";
import { estimateTokens } from "./tokens.ts";

/** A task, what it waits for, and the sort of thing it writes. */
type Shape = readonly (readonly [id: string, needs: string, kind: OutputKind])[];

/** Shaped as the six workflows of the product, six tasks each. */
const SIX: { readonly [name: string]: Shape } = {
  "fullstack-dev": [
    ["backend", "", "decisions"],
    ["schema", "backend", "schema"],
    ["frontend", "backend", "report"],
    ["api", "backend schema", "code"],
    ["ui", "frontend", "code"],
    ["tests", "api ui", "report"],
  ],
  "security-audit": [
    ["threats", "", "report"],
    ["front", "threats", "audit"],
    ["back", "threats", "findings"],
    ["deps", "threats", "findings"],
    ["infra", "threats", "audit"],
    ["compiled", "front back deps infra", "report"],
  ],
  "testing-suite": [
    ["strategy", "", "decisions"],
    ["backend-unit", "strategy", "code"],
    ["frontend-unit", "strategy", "code"],
    ["integration", "backend-unit frontend-unit", "code"],
    ["e2e", "integration", "code"],
    ["coverage", "backend-unit frontend-unit integration e2e", "report"],
  ],
  "performance-optimization": [
    ["baseline", "", "report"],
    ["frontend", "baseline", "report"],
    ["backend", "baseline", "code"],
    ["database", "baseline", "schema"],
    ["load", "frontend backend database", "report"],
    ["summary", "baseline load", "report"],
  ],
  "code-review": [
    ["quality", "", "audit"],
    ["security", "", "findings"],
    ["performance", "", "audit"],
    ["tests", "", "report"],
    ["docs", "", "report"],
    ["summary", "quality security performance tests docs", "report"],
  ],
  "devops-setup": [
    ["infra", "", "decisions"],
    ["pipeline", "infra", "code"],
    ["monitoring", "infra", "report"],
    ["migration", "infra", "schema"],
    ["hardening", "infra", "audit"],
    ["runbook", "pipeline monitoring migration hardening", "report"],
  ],
};

const FOUR: { readonly [name: string]: Shape } = {
  "scout-plan-build-review": [
    ["scout", "", "report"],
    ["plan", "scout", "decisions"],
    ["build", "plan", "code"],
    ["review", "build plan", "audit"],
  ],
  "incident-response": [
    ["classify", "", "report"],
    ["network", "classify", "report"],
    ["database", "classify", "report"],
    ["application", "classify", "code"],
    ["fix", "network database application", "code"],
    ["validate", "fix", "report"],
  ],
  "review-assembly-line": [
    ["static", "", "findings"],
    ["security", "static", "audit"],
    ["performance", "security", "audit"],
    ["gate", "static security performance", "report"],
  ],
  "feature-pipeline": [
    ["architecture", "", "decisions"],
    ["audit", "architecture", "audit"],
    ["backend", "architecture audit", "code"],
    ["frontend", "architecture audit", "code"],
    ["tests", "backend frontend", "code"],
    ["docs", "architecture backend frontend tests", "report"],
  ],
};

const PROMPT = (id: string, w: Writer) =>
  `# Goal\n\nDo the part '${id}' of the work on the shop platform, using what earlier tasks found out.\n\n## Inputs\n\nThe ${w.pick(["session cookie", "payment provider", "search index"])} and the ${w.pick(["order table", "release pipeline", "rate limiter"])} are what the customer asked about. ${w.sentence()}\n\n## Deliver\n\n- An overview in one paragraph\n- ${w.sentence()}\n- Findings by severity, each with a file, a reason and a fix\n- Open questions\n\nDo not repeat earlier results. Do not invent files that you have not seen.`;

interface Measured {
  /** Tokens of all prompts as they are assembled. */
  readonly ours: number;
  /** The same tasks, each with all outputs before it whole. */
  readonly everything: number;
  /** The same tasks, each with the outputs of all its ancestors whole. */
  readonly lineage: number;
}

function measure(shape: Shape, seed: number): Measured {
  const w = new Writer(seed);
  const outputs = new Map<string, Json>();
  const distances = new Map<string, Map<string, number>>();
  const wholeOf = (id: string) => estimateTokens(textOf(outputs.get(id) ?? ""));
  let [ours, everything, lineage] = [0, 0, 0];
  for (const [i, [id, needs, kind]] of shape.entries()) {
    const distance = new Map<string, number>();
    for (const need of needs.split(" ").filter(Boolean)) {
      distance.set(need, 1);
      for (const [far, steps] of distances.get(need) ?? [])
        distance.set(far, Math.min(distance.get(far) ?? 99, steps + 1));
    }
    distances.set(id, distance);
    const all = [...distance].map(
      ([task, steps]): Source => ({
        task,
        agentName: "an-agent",
        description: `The part ${task}`,
        output: outputs.get(task) ?? "",
        distance: steps,
      }),
    );
    const prompt = PROMPT(id, w);
    const shown = assemble({
      strategy: "shared",
      task: { id, description: `The part ${id}`, prompt },
      dependencies: all.filter((source) => source.distance === 1),
      ancestors: all.filter((source) => source.distance > 1),
    });
    const asked = estimateTokens(prompt);
    ours += shown.tokens;
    everything += asked + [...outputs.keys()].reduce((sum, before) => sum + wholeOf(before), 0);
    lineage += asked + all.reduce((sum, { task }) => sum + wholeOf(task), 0);
    outputs.set(id, outputOf(kind, seed * 100 + i));
  }
  return { ours, everything, lineage };
}

test.each(Object.entries(SIX))(
  "[bar:prompt-tokens] %s takes at least 64 percent fewer tokens than with all outputs whole",
  (_name, shape) => {
    for (const seed of [1, 2, 3]) {
      const { ours, everything } = measure(shape, seed);
      expect(1 - ours / everything).toBeGreaterThanOrEqual(0.64);
    }
  },
);

test("[bar:prompt-tokens] the six together save as much even against the outputs of ancestors alone", () => {
  const all = Object.values(SIX).flatMap((shape) => [1, 2, 3, 4].map((seed) => measure(shape, seed)));
  const sum = (key: keyof Measured) => all.reduce((total, one) => total + one[key], 0);
  expect(1 - sum("ours") / sum("lineage")).toBeGreaterThanOrEqual(0.64);
});

test.each(Object.entries({ ...SIX, ...FOUR }))(
  "[bar:pruning] %s stays under 200,000 tokens of prompts in all",
  (_name, shape) => {
    for (const seed of [1, 2, 3]) {
      const { ours } = measure(shape, seed);
      expect(ours).toBeLessThan(200_000);
    }
  },
);

test("outputs are of the size that they are meant to be", () => {
  const sizes = OUTPUT_KINDS.flatMap((kind) =>
    Array.from({ length: 10 }, (_, i) => estimateTokens(textOf(outputOf(kind, i)))),
  );
  expect(Math.min(...sizes)).toBeGreaterThan(1800);
  expect(Math.max(...sizes)).toBeLessThan(8800);
});
