/** The package with which one agent passes its work on, and how an agent says whom it wants. */
import { fields, listOf, type Shape, text } from "./shape.ts";

export interface Handoff {
  /** What the work is about and where it stands. */
  readonly summary: string;
  readonly done?: readonly string[];
  readonly left?: readonly string[];
  readonly questions?: readonly string[];
  /** Paths, refs, addresses: where things lie. */
  readonly files?: readonly string[];
  readonly decisions?: readonly string[];
}
/** By its name, or by what it can do. Neither: whoever fits the work. */
export interface Wanted {
  readonly name?: string;
  readonly capability?: string;
}
/** What an attempt is given that takes over from another. */
export interface Handed {
  readonly from: string;
  readonly attempt: number;
  /** In whose files it worked, where it went on with an earlier attempt. */
  readonly files?: number;
  readonly package: Handoff;
}

/** Characters of a package as JSON, and how often one task is passed on where the run says nothing else. */
export const HANDOFF_LIMITS = { characters: 16_000, ofTask: 3 } as const;

const lines = listOf(text(2000, 1));
const SHAPE: Shape = fields(
  { summary: text(8000, 1), done: lines, left: lines, questions: lines, files: lines, decisions: lines },
  ["summary"],
);

/** Why this is no package, or undefined. */
export function packageFault(value: unknown): string | undefined {
  const found = SHAPE(value);
  if (found) return `'package${found.at}' ${found.fault}`;
  const size = JSON.stringify(value).length;
  const { characters } = HANDOFF_LIMITS;
  return size > characters
    ? `the package has ${size} characters of JSON; the limit is ${characters}: leave out what the files say anyway`
    : undefined;
}

const PARTS: readonly (readonly [keyof Handoff, string])[] = [
  ["done", "What is done"],
  ["left", "What is left"],
  ["decisions", "What was decided"],
  ["questions", "Open questions"],
  ["files", "Where things lie"],
];

/** Said to whoever takes over, before the account itself. */
export const TAKING_OVER =
  "Another agent has begun this task and handed it over to you: go on from there. Files lie before you as it left them. Its own account follows; check it where that is cheap.";

/** The account of whoever handed over. */
export function handedText({ package: handoff }: Handed): string {
  const parts = PARTS.flatMap(([part, title]) => {
    const list = handoff[part];
    return Array.isArray(list) && list.length > 0 ? [`${title}:\n${list.map((one) => `- ${one}`).join("\n")}`] : [];
  });
  return [handoff.summary, ...parts].join("\n\n");
}
