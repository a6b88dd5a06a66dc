/** What is done about an issue, by its kind: each way begins with a task that goes by triage. */
import type { AgentTask } from "../../domain/plan.ts";
import { GROUNDED, type Step } from "../prompt.ts";

/** The first task of a way goes by what triage found. */
export const CALLED = "Goes by what triage found, and by the person's answer where there is one.";

export interface Way {
  readonly made: (of: Step) => AgentTask;
  readonly first: Pick<Step, "priority"> & Partial<Step>;
  readonly gate: false | Partial<Step>;
  readonly last: Partial<Step>;
}

export const bugTasks = ({ made, first, gate, last }: Way): readonly AgentTask[] => [
  made({
    ...{ id: "reproduce", agentName: "reproducer", description: "Reproduce the fault", phase: "bug" },
    ...{ ...first, maxTokens: 8000, seconds: 90 },
    prompt: {
      goal: "Make the reported fault happen on demand, by the smallest test that fails because of it.",
      earlier: CALLED,
      work: [
        "Write the failing test beside the existing ones, and run it. Where it cannot be written, give the exact steps.",
      ],
      deliver: [
        "First line: `REPRODUCED` or `NOT REPRODUCED`.",
        "Path of the test, the command that runs it, and what it prints; expected beside seen.",
        "Conditions that matter, and those that were ruled out.",
      ],
      avoid: ["Do not fix anything yet.", "Do not call a different fault the reported one."],
    },
  }),
  made({
    ...{ id: "diagnose", agentName: "debugger", description: "Find the cause", dependencies: ["reproduce"] },
    ...{ phase: "bug", priority: 7, maxTokens: 8000, seconds: 90 },
    prompt: {
      goal: "Find the cause, and prove it.",
      earlier: "Begin with the reproduction; where there is none, say what stands for it.",
      work: ["Follow the chain from the symptom to the cause; test one hypothesis after the other."],
      deliver: [
        "The cause as path:line with the chain to the symptom.",
        "Where the fix belongs, and what else the cause breaks.",
      ],
      avoid: ["Do not change any file for good.", "Do not stop at the place where it shows."],
    },
  }),
  made({
    ...{ id: "fix", agentName: "fixer", description: "Fix the cause", dependencies: ["reproduce", "diagnose"] },
    ...{ phase: "bug", priority: 6, maxTokens: 12_000, seconds: 120, ...gate },
    prompt: {
      goal: "Remove the proven cause with the smallest safe change.",
      earlier: "The reproduction is the test that must pass; the diagnosis says where.",
      work: ["Run the reproduction and the tests around it."],
      deliver: ["Every changed file with the reason.", "The tests that were run, and how they ended."],
      avoid: ["Do not improve what is not broken.", "Do not weaken a test."],
    },
  }),
  made({
    ...{ id: "verify", agentName: "tester", description: "Verify the fix", dependencies: ["reproduce", "fix"] },
    ...{ phase: "bug", priority: 5, maxTokens: 6000, evidence: ["git-diff", "test-run"], seconds: 80, ...last },
    prompt: {
      goal: "Prove that the fault is gone because of the fix, and that nothing else broke.",
      earlier: "The reproduction must fail without the fix and pass with it.",
      deliver: [
        "First line: `VERIFIED` or `NOT VERIFIED`, with the reason.",
        "A table `check → expected → seen`, `not run` where it was not.",
      ],
      avoid: ["Do not verify by reading alone.", "Do not change the fix."],
    },
  }),
];

export const featureTasks = ({ made, first, gate, last }: Way): readonly AgentTask[] => [
  made({
    ...{ id: "design", agentName: "planner", description: "Design the feature", phase: "feature" },
    ...{ ...first, maxTokens: 8000, evidence: ["repo-map"], seconds: 90 },
    prompt: {
      goal: "Decide the smallest change that gives the issue what it asks for and fits this code base.",
      earlier: CALLED,
      work: ["Find what is there already and how this code base does such things."],
      deliver: [
        "Interfaces as exact signatures, files, steps in order.",
        "Acceptance checks that a test can decide, and what is left out on purpose.",
      ],
      avoid: ["Do not write the code.", "Do not design beyond the issue."],
    },
  }),
  made({
    ...{ id: "build", agentName: "builder", description: "Build the feature", dependencies: ["design"] },
    ...{ phase: "feature", priority: 7, maxTokens: 16_000, seconds: 150, ...gate },
    prompt: {
      goal: "Build what the design says.",
      earlier: "Interfaces and acceptance checks of the design are binding.",
      deliver: ["Every changed file with the reason.", "For each acceptance check where it is met."],
      avoid: ["Do not change what the design does not name.", "Do not leave a stub."],
    },
  }),
  made({
    ...{ id: "test", agentName: "test-automator", description: "Test the feature", dependencies: ["design", "build"] },
    ...{ phase: "feature", priority: 6, maxTokens: 10_000, seconds: 90 },
    prompt: {
      goal: "Turn the acceptance checks into tests, and run them.",
      earlier: "The design has the checks, the build the files.",
      deliver: ["Each check with its test, its path and its result.", "Faults that were found, with what shows them."],
      avoid: ["Do not test what is easy in place of what was asked.", "Do not change the feature to fit a test."],
    },
  }),
  made({
    ...{
      id: "review",
      agentName: "reviewer",
      description: "Review the feature",
      dependencies: ["design", "build", "test"],
    },
    ...{ phase: "feature", priority: 5, maxTokens: 6000, evidence: ["git-diff", "test-run"], seconds: 80, ...last },
    prompt: {
      goal: "Decide whether the issue now has what it asks for.",
      earlier: "Compare the issue, the design and what the tests show.",
      deliver: [
        "First line: `ACCEPTED` or `NOT ACCEPTED`, with the reason.",
        "A table `acceptance check → proof → met`.",
      ],
      avoid: ["Do not accept what no test shows.", "Do not change any file."],
    },
  }),
];

export const refactorTasks = ({ made, first, gate, last }: Way): readonly AgentTask[] => [
  made({
    ...{ id: "characterise", agentName: "unit-test-writer", description: "Pin down the behaviour", phase: "refactor" },
    ...{ ...first, maxTokens: 10_000, seconds: 100 },
    prompt: {
      goal: "Pin down by tests what the code does now, before anybody changes it.",
      earlier: CALLED,
      work: ["Cover what the change will touch, odd cases and errors too; break the code once to see each test fail."],
      deliver: [
        "The tests with their paths, all green on the code as it is.",
        "What could not be pinned down, and why.",
      ],
      avoid: [
        "Do not change the code under test.",
        "Do not write down what it should do where that is something else.",
      ],
    },
  }),
  made({
    ...{ id: "refactor", agentName: "refactorer", description: "Refactor", dependencies: ["characterise"] },
    ...{ phase: "refactor", priority: 7, maxTokens: 12_000, seconds: 120, ...gate },
    prompt: {
      goal: "Change the structure as the issue asks, in small steps that keep every test green.",
      earlier: "The tests that pin the behaviour down are run after each step.",
      deliver: [
        "Steps in order, each with its reason and the state of the tests.",
        "What got simpler, by a figure where there is one.",
      ],
      avoid: ["Do not change behaviour, also where it is odd: name it.", "Do not weaken a test."],
    },
  }),
  made({
    ...{ id: "verify-refactoring", agentName: "tester", description: "Verify the refactoring" },
    ...{ dependencies: ["characterise", "refactor"], phase: "refactor", priority: 6, maxTokens: 6000 },
    ...{ evidence: ["git-diff", "test-run"], seconds: 80, ...last },
    prompt: {
      goal: "Prove that behaviour is the same, and that the issue has what it asks for.",
      earlier: "The tests of before must pass unchanged on the code of now.",
      deliver: [
        "First line: `VERIFIED` or `NOT VERIFIED`, with the reason.",
        "Tests that were changed, and whether that is a change of behaviour.",
      ],
      avoid: ["Do not verify by reading alone.", "Do not change any file."],
    },
  }),
];

export const securityTasks = ({ made, first, gate, last }: Way): readonly AgentTask[] => [
  made({
    ...{ id: "assess", agentName: "security-auditor", description: "Assess the weakness", phase: "security" },
    ...{ ...first, maxTokens: 8000, evidence: ["code-risks", "dependency-audit"], seconds: 100 },
    prompt: {
      goal: "Say whether the weakness is real, who can use it for what, and where its cause is.",
      earlier: CALLED,
      work: ["Follow the data from outside to the place where it does harm.", "Look for the same mistake elsewhere."],
      deliver: [
        "First line: `REAL`, `NOT REAL` or `NOT DECIDED`, with a severity and its reason.",
        "Cause and sister places as path:line; the smallest test that shows it.",
      ],
      avoid: ["Do not attack anything outside this folder.", ...GROUNDED],
    },
  }),
  made({
    ...{ id: "secure", agentName: "fixer", description: "Close the weakness", dependencies: ["assess"] },
    ...{ phase: "security", priority: 7, maxTokens: 12_000, seconds: 120, ...gate },
    prompt: {
      goal: "Close the weakness at its cause, everywhere it is.",
      earlier: "The assessment names the cause, its sisters and the test that shows it.",
      work: ["The test first: it fails before the change and passes after it."],
      deliver: ["Every changed file with the reason.", "What was tested, and how it ended."],
      avoid: [
        "Do not hide it behind a filter while the cause stays.",
        "Do not write the way to exploit it into code or comments.",
      ],
    },
  }),
  made({
    ...{
      id: "verify-security",
      agentName: "tester",
      description: "Verify the closure",
      dependencies: ["assess", "secure"],
    },
    ...{ phase: "security", priority: 6, maxTokens: 6000, evidence: ["git-diff", "test-run"], seconds: 80 },
    prompt: {
      goal: "Prove that the weakness is closed, also by other ways to the same place, and that nothing else broke.",
      earlier: "Go by the ways that the assessment names.",
      deliver: [
        "First line: `VERIFIED` or `NOT VERIFIED`, with the reason.",
        "A table `way → expected → seen`, `not run` where it was not.",
      ],
      avoid: ["Do not verify by reading alone.", "Do not change the fix."],
    },
  }),
  made({
    ...{ id: "advisory", agentName: "security-auditor", description: "Draft the advisory" },
    ...{ dependencies: ["assess", "secure", "verify-security"], phase: "security", priority: 5, maxTokens: 4000 },
    ...{ seconds: 60, ...last },
    prompt: {
      goal: "Draft the advisory that the maintainers may publish once users can update.",
      earlier: "Severity and cause are in the assessment, the closure in the fix and its verification.",
      deliver: [
        "Title, affected versions as far as known, severity with its vector, impact, workaround, fix, credit.",
        "A closing line: what must happen before it is published.",
      ],
      avoid: ["Do not give steps that exploit it.", "Do not change any file."],
    },
  }),
];
