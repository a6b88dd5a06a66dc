/** One feature through architecture and security audit to three teams: those who build, test and document it. */
import { z } from "zod";
import type { AgentTask } from "../../domain/plan.ts";
import { FINDINGS, quoted, step } from "../prompt.ts";
import { choices, line, lines, needed } from "../schema.ts";
import { workflow } from "../template.ts";

const parameters = z.strictObject({
  feature: needed("Users can export all their own data as a file", "What users will be able to do"),
  acceptanceCriteria: lines([], "What must hold for the feature to be done, one entry each"),
  techStack: line("", "Languages and frameworks; empty takes what the code base uses"),
  codebasePath: needed(".", "Folder with the code that is extended"),
  implementation: choices(
    ["backend", "frontend", "database"],
    ["backend", "frontend"],
    "Who is in the implementation team",
  ),
  testing: choices(["unit", "integration", "e2e"], ["unit", "integration"], "Who is in the testing team"),
  documentation: choices(["api", "user", "operations"], ["api", "user"], "Who is in the documentation team"),
});

const BUILDERS = {
  backend: { agentName: "builder", what: "Server side: endpoints, rules, jobs, validation and rights." },
  frontend: { agentName: "frontend-developer", what: "Client side: screens, state, errors and accessibility." },
  database: { agentName: "database-optimizer", what: "Data: migrations, constraints, indexes and queries." },
} as const;

const TESTERS = {
  unit: "Rules and edges of each changed module, without network or clock.",
  integration: "The seams between the parts that the team built, with a real database.",
  e2e: "The journey of a user through the feature, and the one that must be refused.",
} as const;

const WRITERS = {
  api: { readers: "developers who call it", parts: "endpoints, types, errors, limits, a first complete example" },
  user: { readers: "users", parts: "what it is for, the steps, what can go wrong and what to do then" },
  operations: { readers: "those who run it", parts: "settings, migration, metrics, alerts, how it is switched off" },
} as const;

export const featurePipeline = workflow({
  id: "feature-pipeline",
  version: "1.0.0",
  name: "Feature Pipeline",
  description:
    "Architecture, security audit, then implementation, testing and documentation teams, each working in parallel.",
  category: "development",
  tags: ["development", "feature", "security", "testing", "documentation"],
  estimatedDuration: 360,
  complexity: "complex",
  parameters,
  buildTasks(given) {
    const inputs = [
      `Feature: ${quoted(given.feature)}.`,
      `Acceptance criteria: ${quoted(given.acceptanceCriteria)}.`,
      `Stack: ${given.techStack === "" ? "as the code base has it" : quoted(given.techStack)}; code base: ${quoted(given.codebasePath)}.`,
    ];
    const built = given.implementation.map((part) => `implement-${part}`);
    const tested = given.testing.map((kind) => `test-${kind}`);

    const implement = (part: keyof typeof BUILDERS): AgentTask =>
      step({
        id: `implement-${part}`,
        agentName: BUILDERS[part].agentName,
        description: `Implement the ${part}`,
        dependencies: ["architecture", "security-audit"],
        phase: "implementation",
        priority: 8,
        maxTokens: 16_000,
        seconds: 120,
        prompt: {
          goal: `Implement the ${part} of the feature against the interfaces of the architecture. The team works at the same time: ${given.implementation.join(", ")}.`,
          inputs,
          earlier:
            "Interfaces of the architecture are binding; every HIGH finding of the security audit must be met by your code.",
          work: [
            BUILDERS[part].what,
            "Fit into the code that is there: its structure, names, error handling and tests.",
          ],
          deliver: [
            "Complete diff by path, with tests of your own part.",
            "For each acceptance criterion and each HIGH finding in your part: where it is met, as path:line.",
            "Deviations from an interface, with the reason and who is affected.",
          ],
          avoid: ["Do not build parts of teammates.", "Do not leave stubs or TODOs; name what is missing."],
        },
      });

    const test = (kind: keyof typeof TESTERS): AgentTask =>
      step({
        id: `test-${kind}`,
        agentName: "test-automator",
        description: `Write and run ${kind} tests`,
        dependencies: ["architecture", ...built],
        phase: "testing",
        priority: 7,
        maxTokens: 12_000,
        seconds: 70,
        prompt: {
          goal: `Find by ${kind} tests where the feature does not do what was agreed.`,
          inputs,
          earlier: `Take criteria and interfaces from the architecture, and code and deviations from ${built.join(", ")}.`,
          work: [TESTERS[kind], "At least one test that would fail if the feature were left out."],
          deliver: [
            "Runnable test files by path, the command, and the result or `not run`.",
            "A table `acceptance criterion → test → result`.",
            "Defects as `[HIGH|MEDIUM|LOW] title`, path:line, steps, expected, seen.",
          ],
          avoid: ["Do not repair product code.", "Do not repeat what another kind of test of this team covers."],
        },
      });

    const document = (kind: keyof typeof WRITERS): AgentTask =>
      step({
        id: `document-${kind}`,
        agentName: "docs-architect",
        description: `Write the ${kind} documentation`,
        dependencies: [...built, ...tested],
        phase: "documentation",
        priority: 6,
        maxTokens: 8000,
        seconds: 50,
        prompt: {
          goal: `Write the ${kind} documentation of the feature as it was built, for ${WRITERS[kind].readers}.`,
          inputs,
          earlier: `Take behaviour from ${built.join(", ")} and known defects from ${tested.join(", ")}; what was built counts, not what was planned.`,
          work: [
            `Parts: ${WRITERS[kind].parts}.`,
            "Find the page where readers would look, and extend it before making a new one.",
          ],
          deliver: [
            "Complete pages by path, with examples that were taken from the tests or marked `not run`.",
            "Entry for the changelog in the readers' words.",
            "Sentences elsewhere that are wrong now, as path:line with the correction.",
          ],
          avoid: [
            "Do not document what does not work; list it as a known limit.",
            "Do not explain how it is built inside.",
          ],
        },
      });

    return [
      step({
        id: "architecture",
        agentName: "backend-architect",
        description: "Design the feature",
        phase: "architecture",
        priority: 10,
        maxTokens: 8000,
        evidence: ["repo-map", "git-history"],
        seconds: 60,
        prompt: {
          goal: "Design the feature into the code that exists, so that a team can build its parts at the same time.",
          inputs: [...inputs, `Implementation team: ${given.implementation.join(", ")}.`],
          work: [
            "Find the places of the code base that the feature changes, and how similar things are done there.",
            "Make each criterion testable; where criteria are missing, write them and mark them as yours.",
          ],
          deliver: [
            "Acceptance criteria, numbered AC1, AC2, …",
            "Parts for each member of the team, with the files of each, and interfaces between them as exact signatures.",
            "Data that is stored, who may see it, for how long; migration and how it is undone.",
            "Decisions as `Decision: … because … instead of …`, and risks.",
          ],
          avoid: ["Do not write the implementation.", "Do not redesign what the feature does not need changed."],
        },
      }),
      step({
        id: "security-audit",
        agentName: "security-auditor",
        description: "Audit the design",
        dependencies: ["architecture"],
        phase: "security audit",
        priority: 9,
        maxTokens: 6000,
        evidence: ["repo-map", "code-risks", "dependency-audit", "secret-scan"],
        seconds: 60,
        prompt: {
          goal: "Find the weaknesses of the design while they are still cheap to remove.",
          inputs,
          earlier: "Judge interfaces, data and rights of the architecture; name places by its criteria and part names.",
          work: [
            "Who could misuse the feature, starting from what, to reach whose data or money.",
            "For each interface: authentication, authorisation on the object, limits, what is logged.",
          ],
          deliver: [...FINDINGS, "Security criteria for the testing team, numbered SC1, SC2, …"],
          avoid: [
            "Do not redesign the feature; ask for the least change that closes the hole.",
            "Do not list generic advice.",
          ],
        },
      }),
      ...given.implementation.map(implement),
      ...given.testing.map(test),
      ...given.documentation.map(document),
    ];
  },
});
