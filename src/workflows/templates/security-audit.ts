/** A threat model first, then the audits that it directs, all at once, then one report. */
import { z } from "zod";
import type { AgentTask } from "../../domain/plan.ts";
import { FINDINGS, GROUNDED, quoted, readsOf, step } from "../prompt.ts";
import { choice, line, lines, needed } from "../schema.ts";
import { workflow } from "../template.ts";

const SCOPES = ["full", "changed-files-only", "frontend", "backend", "dependencies", "infrastructure"] as const;

const parameters = z.strictObject({
  codebasePath: needed(".", "Folder that is audited"),
  scope: choice(
    SCOPES,
    "full",
    "'full' runs all four audits, 'changed-files-only' runs them over what changed, the others run one audit",
  ),
  changedFiles: lines([], "With scope 'changed-files-only': the files; empty means what differs from baseRef"),
  baseRef: line("main", "With scope 'changed-files-only': the git ref to compare with"),
});

type Parameters = z.output<typeof parameters>;

const AUDITS = [
  {
    scope: "frontend",
    id: "frontend-security",
    agentName: "frontend-security-coder",
    description: "Frontend Security Audit",
    seconds: 90,
    evidence: ["code-risks", "secret-scan", "bundle-size"],
    goal: "Audit everything that runs in the browser for weaknesses that an attacker of the threat model could use.",
    work: [
      "Follow untrusted data (URL, storage, messages between windows, API replies) to the places where it becomes markup, script, style or a navigation.",
      "Check sessions and tokens in the browser, CSRF defence, CORS use, content security policy, framing, third-party scripts and what the build ships to everyone.",
      "OWASP Top 10: A01 broken access control in the client's routing, A02 misconfiguration of headers, A05 injection as cross-site scripting.",
    ],
    not: "Do not count a missing header as HIGH unless you show what it lets through.",
  },
  {
    scope: "backend",
    id: "backend-security",
    agentName: "backend-security-coder",
    description: "Backend Security Audit",
    seconds: 100,
    evidence: ["code-risks", "secret-scan", "todo", "test-run"],
    goal: "Audit servers, jobs and data access for weaknesses that an attacker of the threat model could use.",
    work: [
      "For each entry point: who may call it, where that is checked, and whether the check is about this object or only about being logged in.",
      "Follow input to queries, commands, paths, templates, deserialisers and outgoing requests (injection, traversal, SSRF).",
      "OWASP Top 10: A01 access control, A04 cryptography, A05 injection, A06 insecure design, A07 authentication, A09 logging, A10 handling of exceptional conditions.",
    ],
    not: "Do not report a query as injectable when its values are bound; show the concatenation.",
  },
  {
    scope: "dependencies",
    id: "dependency-scan",
    agentName: "security-auditor",
    description: "Dependency Vulnerability Scan",
    seconds: 60,
    evidence: ["dependency-audit", "licences"],
    goal: "Find the third-party code that endangers the product: known vulnerabilities, abandoned or typo-squatted packages, unpinned sources.",
    work: [
      "Read manifests and lock files; for every suspicious package name version, advisory id and the first version that is safe.",
      "Say whether the vulnerable function can be reached from this code, with the call at path:line, or that it cannot be told.",
      "Check install scripts, registries, versions that float, and images and actions that are not pinned by digest.",
    ],
    not: "Do not invent advisory ids; without one write `unverified` and how to verify.",
  },
  {
    scope: "infrastructure",
    id: "infrastructure-review",
    agentName: "cloud-architect",
    description: "Infrastructure Security Review",
    seconds: 80,
    evidence: ["secret-scan", "git-history"],
    goal: "Review what the product runs on as far as the code base describes it: infrastructure code, containers, pipelines, secrets, network.",
    work: [
      "Check identities and their rights, open networks, public storage, encryption at rest and under way, backups and audit logs.",
      "Check pipelines: who can change what is deployed, which secrets a pull request can reach, what runs as root.",
      "OWASP Top 10: A02 security misconfiguration, A03 software supply chain, A08 integrity of software and data.",
    ],
    not: "Do not review a cloud account that is not described in the files; list what would have to be looked at there.",
  },
] as const;

export const securityAudit = workflow({
  id: "security-audit",
  version: "1.0.0",
  name: "Security Audit",
  description:
    "Models the threats, audits frontend, backend, dependencies and infrastructure in parallel against the OWASP Top 10, and reports.",
  category: "security",
  tags: ["security", "owasp", "audit", "vulnerabilities", "threat-model"],
  estimatedDuration: 240,
  complexity: "complex",
  parameters,
  buildTasks(given) {
    const inputs = [`Code base: ${quoted(given.codebasePath)}.`, extentOf(given)];
    const audits = AUDITS.filter(
      ({ scope }) => given.scope === "full" || given.scope === "changed-files-only" || scope === given.scope,
    );
    const reads = readsOf(given.scope === "changed-files-only" ? given.changedFiles : [], given.codebasePath);
    return [
      step({
        id: "threat-model",
        agentName: "security-auditor",
        description: "Security Overview & Threat Modeling",
        phase: "threat modelling",
        priority: 10,
        maxTokens: 8000,
        ...reads,
        evidence: ["repo-map", "dead-files", "complexity", "git-diff"],
        seconds: 80,
        prompt: {
          goal: "Model the threats to this code base, so that the audits after you look where an attack would pay.",
          inputs: [...inputs, `Audits that follow: ${audits.map(({ description }) => description).join(", ")}.`],
          work: [
            "Find out what the product does, which data it holds, who uses it, and where trust ends: each entry point and each boundary.",
            "Name the attackers that are plausible here, with what they start from and what they want.",
            "Go over each boundary with STRIDE; keep a threat only if you can say the path from attacker to asset.",
          ],
          deliver: [
            "Assets, entry points (with path:line) and trust boundaries.",
            "Threats as `[HIGH|MEDIUM|LOW] T<n> title: attacker, path, asset, what stands against it today`.",
            "For each audit that follows: the three to seven places to look at first, and why.",
          ],
          avoid: ["Do not list threats that fit every product.", ...GROUNDED],
        },
      }),
      ...audits.map((audit) =>
        step({
          id: audit.id,
          agentName: audit.agentName,
          description: audit.description,
          dependencies: ["threat-model"],
          phase: "audit",
          priority: 8,
          maxTokens: 8000,
          ...reads,
          evidence: audit.evidence,
          seconds: audit.seconds,
          prompt: {
            goal: audit.goal,
            inputs,
            earlier: "Start with the places that the threat model names for your audit, and cite its threats as T<n>.",
            work: audit.work,
            deliver: [...FINDINGS, "What you checked and found sound, in one line each."],
            avoid: [audit.not, ...GROUNDED],
          },
        }),
      ),
      report(audits, inputs),
    ];
  },
});

function extentOf({ scope, changedFiles, baseRef }: Parameters): string {
  if (scope === "full") return "Scope: the whole code base.";
  if (scope !== "changed-files-only") return `Scope: ${scope} only; leave the rest to other audits.`;
  const which = changedFiles.length > 0 ? quoted(changedFiles) : `those that differ from git ref ${quoted(baseRef)}`;
  return `Scope: changed files only, namely ${which} (compared with ${quoted(baseRef)}). Read other files to follow a path, report only what the change brings or exposes.`;
}

function report(audits: readonly (typeof AUDITS)[number][], inputs: readonly string[]): AgentTask {
  return step({
    id: "security-report",
    agentName: "security-auditor",
    description: "Security Report Compilation",
    dependencies: ["threat-model", ...audits.map(({ id }) => id)],
    phase: "report",
    priority: 6,
    maxTokens: 10_000,
    seconds: 60,
    prompt: {
      goal: "Compile one report from the threat model and the audits that a team can work from tomorrow.",
      inputs,
      earlier: `Take every finding of ${audits.map(({ description }) => description).join(", ")}. No HIGH finding may be lost.`,
      work: [
        "Merge findings with one root cause, naming all their places; keep the highest severity, or say why not.",
        "Look for chains: findings that are harmless alone and together lead to an asset of the threat model.",
        "Order by risk: severity, then ease of attack, then cost of the fix.",
      ],
      deliver: [
        "Summary for people who decide: state, the worst three risks, what to do first. At most ten lines.",
        ...FINDINGS,
        "Remediation plan: now, this month, later; each entry with effort (hours, days, weeks) and the finding it removes.",
        "Coverage: which threats were checked by which audit, and which were not.",
      ],
      avoid: [
        "Do not add findings that no audit made, other than chains of theirs.",
        "Do not soften a severity to make the report shorter.",
      ],
    },
  });
}
