/** A strategy, unit tests of both sides at once, then integration, then end to end, then what it all covers. */
import { z } from "zod";
import type { AgentTask } from "../../domain/plan.ts";
import { quoted, step } from "../prompt.ts";
import { choice, needed } from "../schema.ts";
import { workflow } from "../template.ts";

const SCOPES = ["full", "unit", "integration", "e2e"] as const;

const parameters = z.strictObject({
  testScope: choice(SCOPES, "full", "'full' writes all kinds of tests, the others one kind"),
  framework: needed("jest", "Test framework, such as jest, vitest, pytest or playwright"),
  coverage: z.number().min(0).max(100).default(80).describe("Line and branch coverage to reach, in percent"),
  codebasePath: needed(".", "Folder with the code that is tested"),
});

type Kind = Exclude<(typeof SCOPES)[number], "full">;
interface Suite {
  readonly kind: Kind;
  readonly id: string;
  readonly description: string;
  readonly after: readonly string[];
  readonly priority: number;
  readonly seconds: number;
  readonly goal: string;
  readonly work: readonly string[];
  readonly not: string;
}

const SUITES: readonly Suite[] = [
  {
    kind: "unit",
    id: "backend-unit-tests",
    description: "Backend Unit Tests",
    after: [],
    priority: 8,
    seconds: 40,
    goal: "Write unit tests for the backend's logic: rules, calculations, validation, error paths.",
    work: [
      "Take the modules in the strategy's order of risk; for each the rule it keeps, its borders, and what it must refuse.",
      "Replace only what is slow, paid or random (network, clock, chance); keep the code under test whole.",
    ],
    not: "Do not test frameworks, getters or the mock itself.",
  },
  {
    kind: "unit",
    id: "frontend-unit-tests",
    description: "Frontend Unit Tests",
    after: [],
    priority: 8,
    seconds: 40,
    goal: "Write unit tests for the frontend's components, hooks and state, as a user meets them.",
    work: [
      "Find elements by role and name; act as a person does; assert on what is shown.",
      "Cover loading, empty, error and long content, and the keyboard.",
    ],
    not: "Do not assert on class names, internal state or whole-page snapshots.",
  },
  {
    kind: "integration",
    id: "integration-tests",
    description: "Integration Tests",
    after: ["backend-unit-tests", "frontend-unit-tests"],
    priority: 7,
    seconds: 40,
    goal: "Write tests of the seams: API with database, services with each other, frontend with API.",
    work: [
      "One test for each contract between two parts: right request, wrong request, the other part slow or gone.",
      "Use the real database and real serialisation, with data that each test makes and removes itself.",
    ],
    not: "Do not repeat through a seam what a unit test already proves.",
  },
  {
    kind: "e2e",
    id: "e2e-tests",
    description: "E2E Tests",
    after: ["integration-tests"],
    priority: 6,
    seconds: 35,
    goal: "Write the few end-to-end tests whose failure would stop a release.",
    work: [
      "Choose the journeys that earn money, hold data or let people in; write each as a user would tell it.",
      "Wait for what a user would see, never for a time; make every test independent of the others.",
    ],
    not: "Do not cover by end-to-end tests what a cheaper kind covers.",
  },
];

export const testingSuite = workflow({
  id: "testing-suite",
  version: "1.0.0",
  name: "Testing Suite",
  description: "Plans and writes unit, integration and end-to-end tests, and reports what they cover.",
  category: "testing",
  tags: ["testing", "unit", "integration", "e2e", "coverage"],
  estimatedDuration: 180,
  complexity: "moderate",
  parameters,
  buildTasks({ testScope, framework, coverage, codebasePath }) {
    const suites = SUITES.filter(({ kind }) => testScope === "full" || kind === testScope);
    const ids = new Set(suites.map(({ id }) => id));
    const inputs = [
      `Code base: ${quoted(codebasePath)}; test framework: ${quoted(framework)}.`,
      `Coverage to reach: ${coverage} % of lines and branches.`,
      `Scope: ${testScope === "full" ? "unit, integration and end-to-end tests" : `${testScope} tests only`}.`,
    ];
    const write = ({ id, description, after, priority, seconds, goal, work, not }: Suite): AgentTask => {
      const before = after.filter((one) => ids.has(one));
      return step({
        id,
        agentName: "test-automator",
        description,
        dependencies: before.length > 0 ? before : ["test-strategy"],
        phase: "tests",
        priority,
        maxTokens: 12_000,
        seconds,
        prompt: {
          goal,
          inputs,
          earlier:
            "Follow the test strategy's priorities, names and fixtures, and use the helpers of the tests written so far.",
          work,
          deliver: [
            "Complete, runnable test files for the framework named above, each introduced by its path.",
            "A table `behaviour → test → would fail if …`, so that a reader sees what each test protects.",
            "Defects that the tests show, as `[HIGH|MEDIUM|LOW] title`, path:line and the failing assertion.",
          ],
          avoid: [
            not,
            "Do not change product code to make a test pass; report the defect.",
            "Do not sleep, skip or retry.",
          ],
        },
      });
    };
    return [
      step({
        id: "test-strategy",
        agentName: "test-automator",
        description: "Test Strategy Definition",
        phase: "strategy",
        priority: 10,
        maxTokens: 6000,
        evidence: ["repo-map", "test-run", "coverage", "complexity"],
        seconds: 35,
        prompt: {
          goal: "Decide what is tested where, so that the suites after you find the most dangerous defects at the least cost.",
          inputs: [...inputs, `Suites that follow: ${suites.map(({ description }) => description).join(", ")}.`],
          work: [
            "Rank the parts of the code by what a defect costs and by how likely it is (change, branching, age of tests).",
            "For each risk choose the cheapest kind of test that would catch it.",
          ],
          deliver: [
            "Ranked risks with path, and for each the suite that covers it.",
            "Conventions for all suites: folders, names, fixtures, test data, what may be replaced by a fake.",
            "Existing tests: what they cover, which are flaky or empty.",
            "How the coverage named above is measured, what is left out of it, and why.",
          ],
          avoid: ["Do not write tests yet.", "Do not ask for coverage of code whose defects cost nothing."],
        },
      }),
      ...suites.map(write),
      step({
        id: "coverage-report",
        agentName: "test-automator",
        description: "Test Coverage Report",
        dependencies: ["test-strategy", ...suites.map(({ id }) => id)],
        phase: "report",
        priority: 5,
        maxTokens: 6000,
        evidence: ["test-run", "coverage"],
        seconds: 30,
        prompt: {
          goal: `Report whether the suites reach ${coverage} % and, more important, which risks of the strategy are still open.`,
          inputs,
          earlier: `Take the ranked risks of the test strategy, and tests, results and defects of ${suites.map(({ description }) => description).join(", ")}.`,
          work: [
            "Compare measured coverage with the goal by module; name gaps by behaviour, not by line numbers alone.",
            "Look for tests that cannot fail, and for risks that no test names.",
          ],
          deliver: [
            "A table `module → lines % → branches % → goal met`; write `not measured` where nothing was run.",
            "Every defect of severity HIGH that the suites found, then MEDIUM and LOW, with path:line.",
            "The next ten tests to write, in the order of what they would protect, and the command that runs all suites.",
          ],
          avoid: ["Do not estimate a percentage; it is measured or `not measured`.", "Do not add tests in this task."],
        },
      }),
    ];
  },
});
