/** Exactly what somebody consents to at a gate, as lines: nothing of it may be hidden, and nothing may act on the terminal. */
import { harmless } from "./text.ts";

const MOST_LINES = 60;

export function subjectLines(subject: unknown): readonly string[] {
  if (subject === undefined || subject === null) return [];
  const fields = typeof subject === "object" && !Array.isArray(subject) ? Object.entries(subject) : [["what", subject]];
  const lines = fields.flatMap(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const [first = "", ...rest] = harmless(text).split("\n");
    return [`  ${name}: ${first}`, ...rest.map((line) => `    ${line}`)];
  });
  const more = lines.length - MOST_LINES;
  return more > 0 ? [...lines.slice(0, MOST_LINES), `  … and ${more} more lines: --json shows all of it`] : lines;
}

/** Where an agent asks in its own words, what it reads is the note. */
export const answerFlag = ({ gate, subject }: { readonly gate: string; readonly subject?: unknown }): string =>
  subject === undefined && gate.includes("#") ? ' --note "ANSWER"' : "";
