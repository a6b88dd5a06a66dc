/** `tutti approve` and `tutti reject`: a person's word at a gate. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import type { Io } from "../io.ts";
import { send } from "../send.ts";

interface Flags {
  readonly note?: string;
  readonly edit?: string;
  readonly json?: true;
}

export function decide(program: Command, io: Io): void {
  const send1 = (decision: "approve" | "reject") => (run: string, gate: string | undefined, flags: Flags) =>
    act(io, decision, run, gate, flags);
  define(program, "approve <run> [gate]", "let the task behind a gate go ahead", "tutti approve last --note 'ship it'")
    .option("--note <text>", "the task's agent reads it")
    .option("--edit <prompt>", "takes the place of the task's prompt")
    .action(exiting(io, send1("approve")));
  define(program, "reject <run> [gate]", "the task behind a gate fails", "tutti reject last review --note 'not yet'")
    .option("--note <text>", "why")
    .action(exiting(io, send1("reject")));
}

async function act(
  io: Io,
  decision: "approve" | "reject",
  word: string,
  gate: string | undefined,
  { note, edit, json }: Flags,
): Promise<number> {
  const { run, gate: chosen } = await chooseGate(io, word, gate);
  const more = { ...(note === undefined ? {} : { note }), ...(edit === undefined ? {} : { edited: edit }) };
  return send(io, run, { type: "decide", gate: chosen, decision, by: "command line", ...more }, json);
}

/** The only open gate need not be named; a name must be one of them. */
async function chooseGate(io: Io, word: string, gate: string | undefined): Promise<{ run: string; gate: string }> {
  const [{ openHome, runOf }, { TuttiError }, { didYouMean }] = await Promise.all([
    import("../home.ts"),
    import("../../domain/error.ts"),
    import("../../domain/nearest.ts"),
  ]);
  await using home = await openHome(io);
  const run = await runOf(home.host, word);
  const open = (await home.host.gates(run)).map((one) => one.gate);
  const [only, ...others] = open;
  if (gate !== undefined && open.includes(gate)) return { run, gate };
  if (gate === undefined && only !== undefined && others.length === 0) return { run, gate: only };
  const which = gate === undefined ? "" : ` '${gate}'${didYouMean(gate, open)}`;
  throw new TuttiError(
    "BAD_INPUT",
    only === undefined || which !== ""
      ? `run ${run} waits at no gate${which}`
      : `run ${run} waits at ${open.length} gates`,
    { path: "gate", ...(only === undefined ? {} : { hint: `it waits at ${open.join(", ")}` }) },
  );
}
