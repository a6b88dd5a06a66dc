/** One infrastructure design, four specialists who work it out at once, and the runbook that ties them together. */
import { z } from "zod";
import type { AgentTask } from "../../domain/plan.ts";
import { quoted, step } from "../prompt.ts";
import { needed } from "../schema.ts";
import { workflow } from "../template.ts";

const parameters = z.strictObject({
  platform: needed("aws", "Where it runs, such as aws, gcp, azure, kubernetes or a host of your own"),
  cicd: needed("github-actions", "What builds and deploys, such as github-actions, gitlab-ci or jenkins"),
  monitoring: z.boolean().default(true).describe("Whether monitoring and alerting are set up"),
  codebasePath: needed(".", "Folder with the code that is deployed"),
});

interface Part {
  readonly id: string;
  readonly agentName: string;
  readonly description: string;
  readonly seconds: number;
  readonly goal: string;
  readonly work: readonly string[];
  readonly deliver: string;
  readonly avoid: readonly string[];
}

const MONITORING: Part = {
  id: "monitoring-setup",
  agentName: "devops-troubleshooter",
  description: "Monitoring & Alerting Setup",
  seconds: 85,
  goal: "Set up monitoring that shows from a user's side whether the system works, and wakes people only when it does not.",
  work: [
    "Choose service levels from what users do: availability, latency, freshness; each with its objective and error budget.",
    "Logs, metrics and traces with one correlation id, without personal data or secrets; retention and cost of each.",
    "An alert for each way in which the objective can be missed, with the first three steps of whoever is woken.",
  ],
  deliver:
    "Configuration of collection, dashboards and alerts, and a table `alert → condition → severity → first steps`.",
  avoid: ["Do not alert on causes (CPU, memory) where an alert on the symptom would do."],
};

const PARTS: readonly Part[] = [
  {
    id: "cicd-pipeline",
    agentName: "deployment-engineer",
    description: "CI/CD Pipeline Setup",
    seconds: 100,
    goal: "Set up the pipeline that takes a commit to production and back again.",
    work: [
      "Stages: check, test, build once, deploy the same artefact to each environment, verify, promote or roll back.",
      "Short-lived credentials by workload identity; third-party steps pinned by digest; least rights for each job.",
      "A strategy for deployment (rolling, blue-green, canary) that the infrastructure design allows, with its abort condition.",
    ],
    deliver: "Complete pipeline files, each introduced by its path, and the settings that must be made by hand.",
    avoid: ["Do not let a pull request from outside reach secrets.", "Do not build again for each environment."],
  },
  MONITORING,
  {
    id: "database-migration",
    agentName: "database-optimizer",
    description: "Database Migration Strategy",
    seconds: 85,
    goal: "Define how the schema changes in production without downtime and without losing data.",
    work: [
      "Expand, migrate, contract: the order in which code and schema go, so that old and new code run side by side.",
      "Locks and duration of typical changes on large tables; back-fills in batches that can be stopped.",
      "Backups, how they are restored, and how that is practised; recovery point and time that the design promises.",
    ],
    deliver:
      "Rules with an example for adding, renaming and dropping a column, the pipeline step, and the restore drill.",
    avoid: ["Do not rely on a down migration where data has been written since."],
  },
  {
    id: "security-hardening",
    agentName: "security-auditor",
    description: "Security Hardening",
    seconds: 90,
    goal: "Harden identities, network, secrets, images and pipeline of the designed infrastructure.",
    work: [
      "For each identity what it may do and why; for each open port who reaches it.",
      "Secrets: where they live, who reads them, how they are rotated, what happens when one leaks.",
      "Base images, patching, signing and provenance of artefacts, audit logs that the audited cannot delete.",
    ],
    deliver:
      "Settings as code, and what is left as findings `[HIGH|MEDIUM|LOW] title`, where, evidence, fix; most severe first.",
    avoid: ["Do not demand a control without naming the attack that it stops."],
  },
];

export const devopsSetup = workflow({
  id: "devops-setup",
  version: "1.0.0",
  name: "DevOps Setup",
  description:
    "Designs infrastructure, then pipeline, monitoring, migrations and hardening in parallel, and writes the runbook.",
  category: "devops",
  tags: ["devops", "infrastructure", "ci-cd", "monitoring", "deployment"],
  estimatedDuration: 240,
  complexity: "complex",
  parameters,
  buildTasks({ platform, cicd, monitoring, codebasePath }) {
    const parts = PARTS.filter((part) => monitoring || part !== MONITORING);
    const inputs = [
      `Platform: ${quoted(platform)}; CI/CD: ${quoted(cicd)}.`,
      `Code base: ${quoted(codebasePath)}.`,
      monitoring
        ? "Monitoring and alerting are set up in this run."
        : "Monitoring is not part of this run: where something would need it, leave a clear place for it.",
    ];
    const work = (part: Part): AgentTask =>
      step({
        id: part.id,
        agentName: part.agentName,
        description: part.description,
        dependencies: ["infrastructure-design"],
        phase: "setup",
        priority: 8,
        maxTokens: 10_000,
        seconds: part.seconds,
        prompt: {
          goal: part.goal,
          inputs,
          earlier: "Use environments, components and names of the infrastructure design exactly.",
          work: part.work,
          deliver: [
            part.deliver,
            "What the runbook must know: commands, order, who may, how to tell that it worked.",
            "Decisions with reasons, and questions to the infrastructure design.",
          ],
          avoid: [...part.avoid, "Do not put secrets or account numbers into files; use named placeholders."],
        },
      });
    return [
      step({
        id: "infrastructure-design",
        agentName: "cloud-architect",
        description: "Infrastructure Design",
        phase: "design",
        priority: 10,
        maxTokens: 8000,
        evidence: ["repo-map", "dependency-audit", "secret-scan"],
        seconds: 80,
        prompt: {
          goal: "Design the infrastructure that this code base needs to run in production, small enough for its team.",
          inputs: [...inputs, `Parts that follow: ${parts.map(({ description }) => description).join(", ")}.`],
          work: [
            "Read from the code what must run: processes, stores, schedules, outside services, what is stateful.",
            "Choose managed services over own ones where the team would be woken for the difference.",
            "Size for today's load with the next step named; estimate the monthly cost of each component.",
          ],
          deliver: [
            "Components and environments with names, sizes, networks and the rights between them; a text diagram.",
            "Infrastructure as code for the skeleton, each file introduced by its path.",
            "Availability, recovery point and recovery time that the design gives, and what they cost.",
            "Decisions as `Decision: … because … instead of …`.",
          ],
          avoid: [
            "Do not design for loads that nobody expects.",
            "Do not use a service that the platform named above lacks.",
          ],
        },
      }),
      ...parts.map(work),
      step({
        id: "deployment-runbook",
        agentName: "deployment-engineer",
        description: "Deployment Runbook",
        dependencies: ["infrastructure-design", ...parts.map(({ id }) => id)],
        phase: "runbook",
        priority: 6,
        maxTokens: 10_000,
        seconds: 60,
        prompt: {
          goal: "Write the runbook by which a person who did not build this deploys, verifies, rolls back and recovers it at night.",
          inputs,
          earlier: `Take commands, names and open HIGH findings from ${parts.map(({ description }) => description).join(", ")}.`,
          deliver: [
            "First set-up, release, roll-back, restore, rotation of secrets, scaling: each as numbered steps with command, expected output and what to do otherwise.",
            "Checklist before and after a release, and who decides when it goes wrong.",
            "Contradictions between the parts, with the one that counts, and everything that still has to be done by hand.",
          ],
          avoid: [
            "Do not write a step that cannot be verified.",
            "Do not repeat configuration; name the file that holds it.",
          ],
        },
      }),
    ];
  },
});
