/** An incident is classified, diagnosed by specialists at once, fixed and proven fixed. */
import { z } from "zod";
import { GROUNDED, quoted, step } from "../prompt.ts";
import { choice, choices, line, lines, needed } from "../schema.ts";
import { workflow } from "../template.ts";

const parameters = z.strictObject({
  incident: needed(
    "Users report errors and slow answers; no cause is known yet",
    "What was seen, by whom, since when, in their words",
  ),
  severity: choice(
    ["unknown", "critical", "high", "medium", "low"],
    "unknown",
    "How bad it is; 'unknown' lets triage decide",
  ),
  affectedServices: lines([], "Services or parts that are known to be affected"),
  recentChanges: lines([], "Deployments, migrations, flags or settings that changed shortly before"),
  evidence: line("", "Log lines, traces or figures that are at hand"),
  codebasePath: needed(".", "Folder with the code of the system"),
  diagnose: choices(
    ["application", "infrastructure", "data"],
    ["application", "infrastructure", "data"],
    "Which specialists look for the cause",
  ),
  approveFix: z.boolean().default(false).describe("Whether a person must approve before the fix is worked out"),
});

const SPECIALISTS = {
  application: {
    agentName: "application-diagnostician",
    description: "Diagnose the application",
    look: "Code paths of the symptom, errors that are swallowed, concurrency, limits and timeouts, what recent changes altered there.",
  },
  infrastructure: {
    agentName: "infrastructure-diagnostician",
    description: "Diagnose the infrastructure",
    look: "Saturation, restarts, network and name resolution, certificates, quotas, deployments, what the platform says of itself.",
  },
  data: {
    agentName: "data-diagnostician",
    description: "Diagnose the data",
    look: "Locks, slow queries, replication, migrations, wrong or missing rows, queues and caches that hold old truth.",
  },
} as const;

export const incidentResponse = workflow({
  id: "incident-response",
  version: "1.0.0",
  name: "Incident Response",
  description:
    "Classifies an incident, diagnoses application, infrastructure and data in parallel, works out the fix and validates it.",
  category: "devops",
  tags: ["incident", "diagnosis", "debugging", "operations", "fix"],
  estimatedDuration: 270,
  complexity: "complex",
  parameters,
  buildTasks(given) {
    const inputs = [
      `Incident: ${quoted(given.incident)}.`,
      `Severity: ${given.severity === "unknown" ? "not yet known" : given.severity}; affected: ${quoted(given.affectedServices)}.`,
      `Recent changes: ${quoted(given.recentChanges)}.`,
      given.evidence !== "" && `Evidence at hand: ${quoted(given.evidence)}.`,
      `Code base: ${quoted(given.codebasePath)}.`,
    ];
    const diagnoses = given.diagnose.map((area) => ({ id: `diagnose-${area}`, area, ...SPECIALISTS[area] }));
    return [
      step({
        id: "classify",
        agentName: "triage",
        description: "Classify the incident",
        phase: "triage",
        priority: 10,
        maxTokens: 4000,
        evidence: ["git-history", "repo-map"],
        seconds: 40,
        prompt: {
          goal: "Classify the incident and tell the specialists where to look first.",
          inputs: [...inputs, `Specialists that follow: ${given.diagnose.join(", ")}.`],
          work: [
            "Separate what was observed from what was concluded; put it on a timeline.",
            "Say what would limit the harm now, before the cause is known: roll back, switch off, shed load.",
          ],
          deliver: [
            "First line: `Severity: critical|high|medium|low`, then who is affected, how badly, since when, and whether it grows.",
            "Kind: outage, degradation, wrong results, loss of data or security. Security or loss of data is said in capitals.",
            "Timeline, mitigation with its own risk, and for each specialist two or three hypotheses to test first.",
          ],
          avoid: ["Do not name a root cause yet.", "Do not hide that something is unknown behind a likely story."],
        },
      }),
      ...diagnoses.map(({ id, agentName, description, look, area }) =>
        step({
          id,
          agentName,
          description,
          dependencies: ["classify"],
          phase: "diagnosis",
          priority: 9,
          maxTokens: 8000,
          seconds: 90,
          prompt: {
            goal: `Find out whether the cause lies in the ${area}, and prove it either way.`,
            inputs,
            earlier: "Test the hypotheses that triage gives to you first, against its timeline.",
            work: [
              look,
              "For each hypothesis: what you would see if it were true, what you do see, and what that rules out.",
            ],
            deliver: [
              "First line: `Cause found`, `Contributing` or `Ruled out`, with your confidence in percent.",
              "Hypotheses as `[HIGH|MEDIUM|LOW] likelihood: hypothesis`, evidence for, evidence against, each with path:line, query or log line.",
              "Chain from cause to symptom without a gap, or where the gap is and what would close it.",
              "Where the fix belongs, and what else the same cause endangers.",
            ],
            avoid: ["Do not take what happened before for what caused it.", ...GROUNDED],
          },
        }),
      ),
      step({
        id: "fix",
        agentName: "fixer",
        description: "Work out the fix",
        dependencies: ["classify", ...diagnoses.map(({ id }) => id)],
        phase: "fix",
        priority: 8,
        maxTokens: 12_000,
        seconds: 80,
        ...(given.approveFix && {
          gate: { question: "The causes are diagnosed. Shall the fix be worked out on this diagnosis?" },
        }),
        prompt: {
          goal: "Remove the proven cause with the smallest change that is safe to deploy now.",
          inputs,
          earlier: `Weigh the diagnoses (${given.diagnose.join(", ")}) by their evidence, and take triage's mitigation into account.`,
          work: [
            "Name the cause you act on, and why the others are not it.",
            "First a test that fails because of the cause, then the change that makes it pass.",
          ],
          deliver: [
            "Diff of every changed file, and the test with its path.",
            "How it is deployed, how it is undone, and what to watch in the first hour.",
            "Repair of data or state that the incident left behind.",
            "What remains: follow-ups that would have prevented or shortened this incident.",
          ],
          avoid: [
            "Do not fix a symptom while the cause is unproven; deliver the mitigation and the missing proof instead.",
            "Do not refactor on the way.",
          ],
        },
      }),
      step({
        id: "validate",
        agentName: "tester",
        description: "Validate the fix",
        dependencies: ["classify", "fix"],
        phase: "validation",
        priority: 7,
        maxTokens: 8000,
        evidence: ["git-diff", "test-run"],
        seconds: 60,
        prompt: {
          goal: "Prove that the symptom is gone, that it went because of the fix, and that nothing else broke.",
          inputs,
          earlier: "Take symptom and timeline from triage, and cause, diff, test and roll-back from the fix.",
          work: [
            "Reproduce the symptom without the fix and show its absence with it.",
            "Test the neighbours of the change, the roll-back, and the load at which the incident began.",
          ],
          deliver: [
            "First line: `VALIDATED`, `NOT VALIDATED` or `PARTLY VALIDATED`, with the reason.",
            "A table `check → how → expected → seen`; write `not run` where it was not.",
            "Open risks as `[HIGH|MEDIUM|LOW] title`, and when the incident may be closed.",
            "Account of the incident for people outside the team, in at most ten plain sentences.",
          ],
          avoid: ["Do not validate by reading the diff alone.", "Do not change the fix; send it back with the reason."],
        },
      }),
    ];
  },
});
