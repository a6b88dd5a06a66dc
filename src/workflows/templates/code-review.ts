/** Five reviewers look at one change at once, each for what the others do not; then one verdict. */
import { z } from "zod";
import { FINDINGS, GROUNDED, quoted, readsOf, step } from "../prompt.ts";
import { choice, line, lines } from "../schema.ts";
import { workflow } from "../template.ts";

const parameters = z.strictObject({
  prUrl: line("", "Address of the pull request; empty reviews the changed files, or the working tree"),
  changedFiles: lines([], "Files that the change touches; empty means all that differ from the base branch"),
  reviewDepth: choice(
    ["quick", "standard", "thorough"],
    "standard",
    "'quick' looks for what must stop a merge, 'thorough' also reads callers and history",
  ),
});

const DEPTHS = {
  quick: {
    rule: "Depth: quick. Read the change only; report what must stop a merge (HIGH), at most five findings.",
    maxTokens: 4000,
  },
  standard: {
    rule: "Depth: standard. Read the change with the functions around it; report HIGH and MEDIUM, and LOW where the fix is one line.",
    maxTokens: 6000,
  },
  thorough: {
    rule: "Depth: thorough. Read the change, all callers of what it changes, its tests and the history of the lines; report every severity.",
    maxTokens: 10_000,
  },
} as const;

const REVIEWS = [
  {
    id: "quality-review",
    agentName: "code-reviewer",
    description: "Code Quality Review",
    priority: 9,
    seconds: 90,
    evidence: ["git-diff", "complexity", "dead-files", "todo"],
    goal: "Review the change for correctness and for whether the next person can change it safely.",
    work: [
      "First state in two sentences what the change is meant to do; then look for inputs and orders of events for which it does not.",
      "Errors, edges (empty, one, many, concurrent, interrupted), resources that are not released, contracts with callers that change silently.",
      "Names, duplication and structure only where they will mislead somebody.",
    ],
    not: "Do not comment on what a formatter or linter decides.",
  },
  {
    id: "security-review",
    agentName: "security-auditor",
    description: "Security Review",
    priority: 9,
    seconds: 90,
    evidence: ["git-diff", "secret-scan", "code-risks", "dependency-audit", "licences"],
    goal: "Find what an attacker gains by this change.",
    work: [
      "New or moved entry points, checks of rights, input that reaches queries, paths, commands, markup or requests.",
      "Secrets, cryptography, sessions, logs, and dependencies that the change adds or lifts.",
    ],
    not: "Do not report old weaknesses that the change neither touches nor exposes; one line under `Open questions` is enough.",
  },
  {
    id: "performance-review",
    agentName: "performance-engineer",
    description: "Performance Review",
    priority: 8,
    seconds: 80,
    evidence: ["git-diff", "complexity", "bundle-size"],
    goal: "Find what the change costs in time, memory and money once it runs with real data.",
    work: [
      "Work inside loops, queries per item, missing limits, growth with the number of users or rows, caches that never shrink.",
      "For each finding the size of input at which it starts to matter.",
    ],
    not: "Do not ask for optimisation of what runs seldom on little data.",
  },
  {
    id: "test-review",
    agentName: "test-automator",
    description: "Test Coverage Review",
    priority: 8,
    seconds: 80,
    evidence: ["git-diff", "test-run", "coverage"],
    goal: "Judge whether the tests would notice if the change were wrong.",
    work: [
      "For each changed behaviour: the test that fails when it breaks, or that there is none.",
      "Tests that cannot fail, that depend on time or order, or that were weakened by the change.",
    ],
    not: "Do not ask for coverage as such; name the defect that a missing test would catch.",
  },
  {
    id: "documentation-review",
    agentName: "docs-architect",
    description: "Documentation Review",
    priority: 7,
    seconds: 70,
    evidence: ["git-diff", "git-history"],
    goal: "Find what readers will be told wrongly, or not at all, once this change is merged.",
    work: [
      "Public names, settings, commands, errors and migrations that changed; whether reference, guides, examples and changelog follow.",
      "Comments that no longer hold, and decisions that only the author's head holds.",
    ],
    not: "Do not ask for comments that repeat the code.",
  },
] as const;

export const codeReview = workflow({
  id: "code-review",
  version: "1.0.0",
  name: "Code Review",
  description:
    "Reviews a change for quality, security, performance, tests and documentation in parallel, then gives one verdict.",
  category: "quality",
  tags: ["review", "pull-request", "quality", "security", "performance"],
  estimatedDuration: 150,
  complexity: "moderate",
  parameters,
  buildTasks({ prUrl, changedFiles, reviewDepth }) {
    const depth = DEPTHS[reviewDepth];
    const inputs = [
      prUrl !== "" && `Pull request: ${quoted(prUrl)}.`,
      `Changed files: ${changedFiles.length > 0 ? quoted(changedFiles) : "all that differ from the base branch"}.`,
      depth.rule,
    ];
    return [
      ...REVIEWS.map(({ id, agentName, description, priority, seconds, evidence, goal, work, not }) =>
        step({
          id,
          agentName,
          description,
          phase: "review",
          priority,
          maxTokens: depth.maxTokens,
          ...readsOf(changedFiles),
          evidence,
          seconds,
          prompt: {
            goal,
            inputs,
            work,
            deliver: [...FINDINGS, "Up to three things that are done well and should stay as they are."],
            avoid: [not, "Do not review what other reviewers of this change are for.", ...GROUNDED],
          },
        }),
      ),
      step({
        id: "review-summary",
        agentName: "code-reviewer",
        description: "Review Summary",
        dependencies: REVIEWS.map(({ id }) => id),
        phase: "summary",
        priority: 6,
        maxTokens: depth.maxTokens,
        seconds: 60,
        prompt: {
          goal: "Give the author one verdict and one list to work through.",
          inputs,
          earlier:
            "Take every finding of the quality, security, performance, test coverage and documentation reviews. No HIGH finding may be lost.",
          work: [
            "Merge findings that have one cause; keep the highest severity and name all reviewers that saw it.",
            "Where reviewers contradict each other, decide and say why.",
          ],
          deliver: [
            "Verdict in the first line: `APPROVE`, `APPROVE WITH CHANGES` or `REQUEST CHANGES`, with the reason in one sentence. Any open HIGH finding means `REQUEST CHANGES`.",
            ...FINDINGS,
            "What must be done before the merge, and what can follow, as a checklist with path:line.",
          ],
          avoid: [
            "Do not add findings of your own.",
            "Do not lower a severity without saying so.",
            ...GROUNDED.slice(1),
          ],
        },
      }),
    ];
  },
});
