/** Exactly what somebody consents to at a gate, as lines: nothing of it may be hidden, and nothing may act on the terminal. */
import { isRecord } from "../domain/shape.ts";
import { harmless } from "./text.ts";

const MOST_LINES = 60;

export function subjectLines(subject: unknown): readonly string[] {
  if (subject === undefined || subject === null) return [];
  const fields = typeof subject === "object" && !Array.isArray(subject) ? Object.entries(subject) : [["what", subject]];
  const lines = fields.flatMap(([name, value]) => {
    const [first = "", ...rest] = harmless(textOf(value)).split("\n");
    return [`  ${name}: ${first}`, ...rest.map((line) => `    ${line}`)];
  });
  const more = lines.length - MOST_LINES;
  return more > 0 ? [...lines.slice(0, MOST_LINES), `  … and ${more} more lines: --json shows all of it`] : lines;
}

/** Texts within it as they are: what a program printed cannot be read with its line ends written out. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string"))
    return value.join("\n");
  if (!isRecord(value) || !Object.values(value).some((one) => typeof one === "string" && one.includes("\n")))
    return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, one]) => `${name}: ${typeof one === "string" ? one : JSON.stringify(one)}`)
    .join("\n");
}

/** Where an agent asks in its own words, what it reads is the note. */
export const answerFlag = ({ gate, subject }: { readonly gate: string; readonly subject?: unknown }): string =>
  subject === undefined && gate.includes("#") ? ' --note "ANSWER"' : "";
