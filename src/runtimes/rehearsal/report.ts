/** What a rehearsed agent says: shaped like a real report, so that digests and budgets have something to work on. */
import type { Attempt } from "../../domain/ports.ts";
import type { Random } from "../../domain/random.ts";
import { charactersOf } from "./predict.ts";

/** Journals and screens of rehearsals stay small, however long the real thing would be. */
const LONGEST = 40_000;

const SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW"] as const;
const WHERE = ["the entry point", "input handling", "the data layer", "error paths", "configuration", "the tests"];
const FAULTS = [
  "lacks a check of its input",
  "does the same work twice",
  "is not covered by a test",
  "hides an error that a caller needs",
  "depends on a default that nobody wrote down",
  "grows without a limit",
];
const REMEDIES = [
  "add the check at the boundary",
  "compute it once",
  "write the test first",
  "return the error",
  "bound it",
];
const FILLER = [
  "A real agent would explain here what it looked at and how it came to this.",
  "It would name files and lines, and quote what matters.",
  "It would weigh the cost of the change against what it prevents.",
  "It would say what it is sure of and what it only suspects.",
];

export const NOTICE = "Rehearsed: no model was called. Everything below is invented.";

export function reportOf(attempt: Attempt, model: string, tokens: number, random: Random): string {
  const { task, agentName, results } = attempt;
  const one = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? "";
  const before = Object.keys(results);
  const findings = Array.from({ length: 2 + Math.floor(random() * 3) }, () => {
    const severity = one(SEVERITIES);
    return `- **${severity}**: ${one(WHERE)} ${one(FAULTS)}; ${one(REMEDIES)}.`;
  });
  const parts = [
    `> ${NOTICE}`,
    `# ${task.description || task.id}`,
    `## Summary\n\n${agentName} (${model}) would have worked on '${task.id}'${before.length === 0 ? "" : ` with the results of ${before.join(", ")}`}.`,
    `## Findings\n\n${findings.join("\n")}`,
    `## Decisions\n\n- Decision: ${one(REMEDIES)} in ${one(WHERE)} before anything else.`,
    "## Details",
  ];
  const wanted = Math.min(LONGEST, charactersOf(tokens));
  const text = parts.join("\n\n");
  const details: string[] = [];
  for (let length = text.length; length < wanted; ) {
    const paragraph = `${one(FILLER)} ${one(FILLER)} This is about ${one(WHERE)}.`;
    details.push(paragraph);
    length += paragraph.length + 2;
  }
  return [text, ...details].join("\n\n");
}
