/** Measure first, then look for what costs time in frontend, backend and database at once, then load, then report. */
import { z } from "zod";
import { quoted, step } from "../prompt.ts";
import { needed } from "../schema.ts";
import { workflow } from "../template.ts";

const amount = z.number().min(0).max(1e9);

const parameters = z.strictObject({
  targetMetrics: z
    .strictObject({
      lcp: amount.default(2.5).describe("Largest contentful paint, seconds"),
      fid: amount.default(100).describe("First input delay, milliseconds"),
      cls: amount.default(0.1).describe("Cumulative layout shift"),
      apiResponseTime: amount.default(200).describe("Response time of the API, milliseconds"),
      inp: amount.optional().describe("Interaction to next paint, milliseconds"),
    })
    .prefault({})
    .describe("What must be reached"),
  currentBaseline: z
    .strictObject({
      lcp: amount.optional().describe("Largest contentful paint today, seconds"),
      fid: amount.optional().describe("First input delay today, milliseconds"),
      cls: amount.optional().describe("Cumulative layout shift today"),
      apiResponseTime: amount.optional().describe("Response time of the API today, milliseconds"),
      inp: amount.optional().describe("Interaction to next paint today, milliseconds"),
    })
    .prefault({})
    .describe("What was measured; a figure that is missing is measured first"),
  codebasePath: needed(".", "Folder with the code that is made faster"),
});

type Metrics = z.output<typeof parameters>["currentBaseline"];

const UNITS = { lcp: "s", fid: "ms", cls: "", apiResponseTime: "ms", inp: "ms" } as const;
const NAMES = ["lcp", "fid", "cls", "apiResponseTime", "inp"] as const;

function figures(target: Metrics, now: Metrics, names: readonly (typeof NAMES)[number][] = NAMES): string {
  const figure = (name: keyof Metrics, value: number | undefined) =>
    value === undefined ? "not measured" : `${value} ${UNITS[name]}`.trim();
  return names
    .filter((name) => target[name] !== undefined || now[name] !== undefined)
    .map((name) => {
      const goal = target[name] === undefined ? "no target" : `target ${figure(name, target[name])}`;
      return `${name}: now ${figure(name, now[name])}, ${goal}`;
    })
    .join("; ");
}

const CHANGES = [
  "Changes in the order of saved time per effort. Each as `[HIGH|MEDIUM|LOW] title`, then `Where: path:line`, `Evidence:` (measurement or code), `Change:` (as a diff where it is short), `Expected:` (which metric, from what to what, and why you believe it) and `Risk:`.",
  "What you looked at and would leave as it is, in one line each.",
];

const CAREFUL = [
  "Do not propose a change without naming the metric that it moves.",
  "Do not state a measurement that was not taken; write `estimated` and how to measure it.",
];

export const performanceOptimization = workflow({
  id: "performance-optimization",
  version: "1.0.0",
  name: "Performance Optimization",
  description:
    "Takes a baseline, finds what costs time in frontend, backend and database, tests under load, and reports.",
  category: "performance",
  tags: ["performance", "web-vitals", "profiling", "database", "load-testing"],
  estimatedDuration: 210,
  complexity: "moderate",
  parameters,
  buildTasks({ targetMetrics: target, currentBaseline: now, codebasePath }) {
    const code = `Code base: ${quoted(codebasePath)}.`;
    const inputs = [code, `Metrics: ${figures(target, now)}.`];
    const search = (task: {
      readonly id: string;
      readonly agentName: string;
      readonly description: string;
      readonly seconds: number;
      readonly goal: string;
      readonly metrics: readonly (typeof NAMES)[number][];
      readonly work: readonly string[];
    }) =>
      step({
        id: task.id,
        agentName: task.agentName,
        description: task.description,
        dependencies: ["performance-baseline"],
        phase: "optimization",
        priority: 8,
        maxTokens: 10_000,
        seconds: task.seconds,
        prompt: {
          goal: task.goal,
          inputs: [code, `Metrics: ${figures(target, now, task.metrics)}.`],
          earlier: "Start with the bottlenecks that the baseline gives to your part, in its order.",
          work: task.work,
          deliver: CHANGES,
          avoid: CAREFUL,
        },
      });
    return [
      step({
        id: "performance-baseline",
        agentName: "performance-engineer",
        description: "Performance Baseline Establishment",
        phase: "baseline",
        priority: 10,
        maxTokens: 6000,
        evidence: ["repo-map", "bundle-size", "complexity", "git-history"],
        seconds: 45,
        prompt: {
          goal: "Establish where time goes today and how far each metric is from its target.",
          inputs,
          work: [
            "For every metric: the figure, how it was or will be measured (device, network, percentile, sample), and the gap.",
            "Split the way of a typical request and of a typical page load into parts, and give each its share.",
            "Assign each bottleneck to frontend, backend or database.",
          ],
          deliver: [
            "A table `metric → now → target → gap → how measured`.",
            "Bottlenecks, largest share first: part, evidence with path:line or measurement, suspected cause.",
            "A script or command for each metric, so that the same measurement can be taken after the changes.",
          ],
          avoid: ["Do not propose changes yet.", ...CAREFUL.slice(1)],
        },
      }),
      search({
        id: "frontend-optimization",
        agentName: "performance-engineer",
        description: "Frontend Performance Optimization",
        seconds: 55,
        goal: "Find the changes that bring loading and interaction in the browser to their targets.",
        metrics: ["lcp", "fid", "cls", "inp"],
        work: [
          "Critical path of the first view: requests, size, order, what blocks rendering, the element that is the largest paint.",
          "Main thread: long tasks, hydration, re-rendering, work that could wait or go elsewhere.",
          "Layout that moves: images, fonts, late content.",
        ],
      }),
      search({
        id: "backend-optimization",
        agentName: "performance-engineer",
        description: "Backend Performance Optimization",
        seconds: 55,
        goal: "Find the changes that bring the response time of the API to its target without moving work to the client.",
        metrics: ["apiResponseTime"],
        work: [
          "Slowest and most frequent endpoints: what waits for what, what could run at once, what is computed twice.",
          "Caches with key, lifetime and how they are invalidated; serialisation, compression, connection reuse.",
          "Blocking of the event loop or of the thread pool, and queues without a limit.",
        ],
      }),
      search({
        id: "database-optimization",
        agentName: "database-optimizer",
        description: "Database Query Optimization",
        seconds: 55,
        goal: "Find the changes to queries, indexes and schema that take the database out of the slowest requests.",
        metrics: ["apiResponseTime"],
        work: [
          "Queries by total time (count × duration); N+1 patterns; queries without a limit; plans that scan or sort on disk.",
          "For every index that you propose: the query it serves, what it costs on writes, and whether it makes another useless.",
          "Locks and transactions that wait for something outside the database.",
        ],
      }),
      step({
        id: "load-testing",
        agentName: "test-automator",
        description: "Load Testing",
        dependencies: ["frontend-optimization", "backend-optimization", "database-optimization"],
        phase: "verification",
        priority: 7,
        maxTokens: 10_000,
        seconds: 60,
        prompt: {
          goal: "Show under load which of the proposed changes hold what they promise, and where the system breaks.",
          inputs,
          earlier:
            "Turn the `Expected:` lines of the three optimizations into checks; use the baseline's own measurements.",
          work: [
            "Scenarios from real use: normal day, peak, ramp until something breaks, an hour of steady load.",
            "Measure percentiles (p50, p95, p99), errors and saturation; never only the mean.",
          ],
          deliver: [
            "Runnable load scripts, each introduced by its path, with thresholds from the targets that fail the build.",
            "A table `change → expected → measured → verdict`; write `not run` where nothing was run.",
            "The load at which the first target is missed, and what limits there.",
          ],
          avoid: ["Do not load a system that is in use by people.", ...CAREFUL.slice(1)],
        },
      }),
      step({
        id: "performance-report",
        agentName: "performance-engineer",
        description: "Performance Report",
        dependencies: [
          "performance-baseline",
          "frontend-optimization",
          "backend-optimization",
          "database-optimization",
          "load-testing",
        ],
        phase: "report",
        priority: 6,
        maxTokens: 8000,
        seconds: 50,
        prompt: {
          goal: "Report how each metric reaches its target: with which changes, in which order, at what risk.",
          inputs,
          earlier:
            "Take figures from the baseline, changes from the three optimizations and verdicts from the load test; a change without a verdict stays a proposal.",
          deliver: [
            "Summary: each metric with now, expected after the changes, target, and whether it is met.",
            "The plan: changes in order, each with its metric, effort, risk and how to undo it.",
            "HIGH risks first, then what stays slow and why that is accepted.",
            "Guards that keep it fast: budgets in the build, alerts with thresholds.",
          ],
          avoid: ["Do not add up savings that overlap.", ...CAREFUL],
        },
      }),
    ];
  },
});
