/** An error as the command line tells it: what happened, where, and what to do next. */
import { reasonOf, TuttiError } from "../domain/error.ts";
import { EXIT, exitOfError } from "./exit.ts";
import type { Io } from "./io.ts";
import { harmless, oneLine, painter, wrap } from "./text.ts";

interface Placed {
  readonly file?: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}

/** Says it on standard error and gives the exit code. */
export function tell(io: Io, thrown: unknown, isJson: boolean): number {
  const known = thrown instanceof TuttiError ? thrown : undefined;
  if (isJson) {
    const { code = "BUG", hint, path } = known ?? {};
    const faults = placedIn(known?.data);
    const more = faults.length > 0 ? { faults } : {};
    io.err(JSON.stringify({ error: { code, message: reasonOf(thrown), hint, path, ...more } }));
  } else for (const line of wordsOf(io, thrown)) io.err(line);
  return known ? exitOfError(known.code) : EXIT.failed;
}

function wordsOf(io: Io, thrown: unknown): string[] {
  const paint = painter(io.isColoured);
  const known = thrown instanceof TuttiError ? thrown : undefined;
  const lines = [`${paint("red", "error:")} ${harmless(reasonOf(thrown))}`];
  const faults = placedIn(known?.data);
  // The message is the first of them; where there are more they are all shown.
  if (faults.length > 1) for (const fault of faults) lines.push(`  ${placeOf(fault)}${oneLine(fault.message)}`);
  // Some messages say already what to do.
  if (known?.hint !== undefined && !known.message.endsWith(known.hint))
    lines.push(wrap(oneLine(known.hint), Math.max(40, io.columns), "  "));
  if (!known && io.env["TUTTI_LOG"] === "debug" && thrown instanceof Error) lines.push(thrown.stack ?? "");
  return lines;
}

const placeOf = ({ file, line, column }: Placed): string => {
  if (line === undefined) return "";
  return `${file === undefined ? "" : `${file}:`}${line}:${column ?? 1}: `;
};

function placedIn(data: unknown): readonly Placed[] {
  const isFault = (one: unknown): one is Placed => typeof one === "object" && one !== null && "message" in one;
  return Array.isArray(data) ? data.filter(isFault) : [];
}
