/** Gates of the runs that a conversation looks after, and what a person says at them. */
import type { Host, OpenGate } from "../../app/host.ts";
import { TuttiError } from "../../domain/error.ts";
import { didYouMean } from "../../domain/nearest.ts";
import { shortRun } from "../plain.ts";
import { subjectLines } from "../subject-text.ts";
import { oneLine } from "../text.ts";
import { firstWord } from "./entry.ts";

/** How a gate is shown where somebody may answer at once. */
export const gateLines = ({
  run,
  gate,
  question,
  subject,
}: Pick<OpenGate, "run" | "gate" | "question"> & { readonly subject?: unknown }): readonly string[] => [
  `◆ gate '${gate}' of run ${shortRun(run)}: ${oneLine(question)}`,
  ...subjectLines(subject),
  `  /approve ${gate} [note]   or   /reject ${gate} [note]`,
];

export interface Decided {
  readonly run: string;
  readonly gate: string;
  readonly note?: string;
}

/**
 * `GATE note`, `RUN GATE note`, or nothing where this conversation has one gate open. Of gates with one name that of the conversation's
 * own runs counts.
 */
export async function decidedBy(host: Host, rest: string, own: ReadonlySet<string>): Promise<Decided> {
  const open = await host.gates();
  const [first, more] = firstWord(rest);
  const at = (gates: readonly OpenGate[], name: string) => gates.filter(({ gate }) => gate === name);
  const preferred = (found: readonly OpenGate[]) => {
    const mine = found.filter(({ run }) => own.has(run));
    return mine.length > 0 ? mine : found;
  };
  const named = preferred(at(open, first));
  if (named.length > 0) return only(named, more);
  const ofRun = open.filter(({ run }) => first.length >= 4 && (run.startsWith(first) || run.endsWith(first)));
  if (ofRun.length > 0) {
    const [gate, note] = firstWord(more);
    const found = at(ofRun, gate);
    return found.length > 0 ? only(found, note) : only(ofRun, more);
  }
  // A gate of another terminal's run must be named: here nobody has seen what it asks.
  const mine = open.filter(({ run }) => own.has(run));
  if (first === "" && mine.length > 0) return only(mine, "");
  const which = first === "" ? "" : ` '${first}'${didYouMean(first, new Set(open.map(({ gate }) => gate)))}`;
  throw new TuttiError(
    "NOT_FOUND",
    open.length === 0
      ? "no gate is open"
      : first === ""
        ? "no gate of this conversation is open"
        : `there is no open gate${which}`,
    {
      path: "gate",
      ...(open.length > 0 && { hint: `open are ${open.map(({ gate }) => gate).join(", ")}` }),
    },
  );
}

function only(gates: readonly OpenGate[], note: string): Decided {
  const [one, ...others] = gates as readonly [OpenGate, ...OpenGate[]];
  if (others.length > 0)
    throw new TuttiError("BAD_INPUT", `${gates.length} gates fit`, {
      path: "gate",
      hint: `name the run too: ${gates.map(({ run, gate }) => `${shortRun(run)} ${gate}`).join(", ")}`,
    });
  const { run, gate } = one;
  return { run, gate, ...(note !== "" && { note }) };
}
