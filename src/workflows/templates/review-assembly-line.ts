/** A change goes from station to station, each building on the one before, and ends at a person who decides. */
import { z } from "zod";
import { FINDINGS, GROUNDED, quoted, readsOf, step } from "../prompt.ts";
import { choice, line, lines, needed } from "../schema.ts";
import { workflow } from "../template.ts";

const parameters = z.strictObject({
  codebasePath: needed(".", "Folder with the code"),
  changedFiles: lines([], "Files under review; empty means the whole folder"),
  prUrl: line("", "Address of the pull request, if there is one"),
  blockOn: choice(["HIGH", "MEDIUM", "LOW"], "HIGH", "The least severity that speaks against a merge"),
  question: needed(
    "Static analysis, security and performance are done. Shall the findings go into a review decision?",
    "What the person at the gate is asked",
  ),
});

const STATIONS = [
  {
    id: "static-analysis",
    agentName: "static-analyzer",
    description: "Static Analysis",
    priority: 10,
    seconds: 60,
    evidence: ["complexity", "dead-files", "todo", "git-diff"],
    goal: "Find by reading and by rule what is wrong in the code whatever its purpose.",
    earlier: undefined,
    work: [
      "Types, nullability, unreachable and dead code, unhandled results and rejections, resource leaks, races, complexity that hides faults.",
      "Map data and control flow of the changed parts for the stations after you: entry points, sinks, hot loops, with path:line.",
    ],
    not: "Do not report formatting.",
  },
  {
    id: "security-scan",
    agentName: "security-auditor",
    description: "Security Scan",
    priority: 9,
    seconds: 70,
    evidence: ["secret-scan", "code-risks", "dependency-audit", "licences"],
    goal: "Find what an attacker could use, along the entry points and sinks that static analysis mapped.",
    earlier: "Start from the map and the HIGH findings of static analysis; say which of them an attacker can reach.",
    work: [
      "Each entry point: authentication, authorisation on the object, validation, and the way to the sinks.",
      "Secrets, dependencies, configuration and logging of the changed parts.",
    ],
    not: "Do not repeat a finding of static analysis; raise or lower it with the reason.",
  },
  {
    id: "performance-audit",
    agentName: "performance-engineer",
    description: "Performance Audit",
    priority: 8,
    seconds: 70,
    evidence: ["bundle-size", "complexity", "git-history"],
    goal: "Find what will be slow or costly with real data, including what the security station asks for.",
    earlier: "Take hot loops from static analysis, and check what the fixes of the security scan would cost.",
    work: [
      "Growth with data and users, work per item, waiting that could overlap, memory that only grows.",
      "For each finding the size of input at which it matters, and how to measure it.",
    ],
    not: "Do not propose a change that undoes a fix of the security scan.",
  },
] as const;

export const reviewAssemblyLine = workflow({
  id: "review-assembly-line",
  version: "1.0.0",
  name: "Review Assembly Line",
  description:
    "Static analysis, security scan and performance audit one after another, then a person decides at a gate.",
  category: "quality",
  tags: ["review", "static-analysis", "security", "performance", "human-in-the-loop"],
  estimatedDuration: 250,
  complexity: "moderate",
  parameters,
  buildTasks({ codebasePath, changedFiles, prUrl, blockOn, question }) {
    const inputs = [
      `Code base: ${quoted(codebasePath)}; under review: ${changedFiles.length > 0 ? quoted(changedFiles) : "the whole folder"}.`,
      prUrl !== "" && `Pull request: ${quoted(prUrl)}.`,
      `A finding speaks against a merge from severity ${blockOn} upwards.`,
    ];
    return [
      ...STATIONS.map(({ id, agentName, description, priority, seconds, evidence, goal, earlier, work, not }, i) =>
        step({
          id,
          agentName,
          description,
          ...(i > 0 && { dependencies: STATIONS.slice(0, i).map((before) => before.id) }),
          phase: "analysis",
          priority,
          maxTokens: 8000,
          ...readsOf(changedFiles, codebasePath),
          evidence,
          seconds,
          prompt: {
            goal,
            inputs,
            ...(earlier !== undefined && { earlier }),
            work,
            deliver: [...FINDINGS, "For the next station: where it should look, with path:line."],
            avoid: [not, ...GROUNDED],
          },
        }),
      ),
      step({
        id: "review-coordination",
        agentName: "review-coordinator",
        description: "Human Review Coordination",
        dependencies: STATIONS.map(({ id }) => id),
        phase: "decision",
        priority: 7,
        maxTokens: 6000,
        seconds: 50,
        gate: { question },
        prompt: {
          goal: "Turn the findings and the decision of the person at the gate into a review that the author can act on.",
          inputs: [...inputs, `The person at the gate was asked: ${quoted(question)}.`],
          earlier:
            "Take every finding of static analysis, security scan and performance audit. No HIGH finding may be lost; a note of the person at the gate outranks them.",
          work: [
            "Merge what has one cause; settle where stations disagree about a severity, and say so.",
            "Assign each point: author now, author later, another team, nobody with the reason.",
          ],
          deliver: [
            `First line: \`MERGE\`, \`MERGE AFTER CHANGES\` or \`DO NOT MERGE\`; with an open finding of ${blockOn} or above it is not \`MERGE\`.`,
            ...FINDINGS,
            "Checklist for the author in the order to work through, and what a person must look at personally.",
          ],
          avoid: [
            "Do not add findings of your own.",
            "Do not decide against the person at the gate.",
            ...GROUNDED.slice(1),
          ],
        },
      }),
    ];
  },
});
