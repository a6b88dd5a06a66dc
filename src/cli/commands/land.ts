/** `tutti land` and `tutti undo`: what agents of a run wrote comes together, proven, and can be taken back. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import { viewFlags } from "../flags.ts";
import type { Io } from "../io.ts";
import { type LandFlags, landFlags, landingOf } from "../land-flags.ts";

interface View {
  readonly wait: boolean;
  readonly verbose?: true;
  readonly out?: string;
  readonly json?: true;
}
interface Flags extends LandFlags, View {}
interface UndoFlags extends View {
  readonly to?: string;
}

export function land(program: Command, io: Io): void {
  const example = "tutti land last --deliver branch --prove 'npm test'\ntutti land last --deliver fast-forward";
  viewFlags(
    landFlags(define(program, "land <run>", "bring together, prove and deliver what a run's agents wrote", example)),
  ).action(exiting(io, (run: string, flags: Flags) => landRun(io, run, flags)));
  const undoing = "tutti undo last\ntutti undo last --to integration-tests";
  viewFlags(define(program, "undo [run]", "take back what a run delivered; the work itself is kept", undoing))
    .option(
      "--to <task>",
      "and go on from there in a new run, with the files and the state as they were before that task",
    )
    .action(exiting(io, (run: string | undefined, flags: UndoFlags) => undoRun(io, run ?? "last", flags)));
}

async function landRun(io: Io, word: string, flags: Flags): Promise<number> {
  const [{ openHome, runOf }, { goOn, sayNext }, { outFolder }, { checkLanding }] = await Promise.all([
    import("../home.ts"),
    import("../perform.ts"),
    import("../report.ts"),
    import("../../app/landing.ts"),
  ]);
  const landing = landingOf({ ...flags, deliver: flags.deliver ?? "branch" }, io.cwd);
  const out = await outFolder(io.cwd, flags.out);
  await using home = await openHome(io);
  const { host } = home;
  const run = await runOf(host, word);
  await checkLanding(landing, io.cwd);
  const { handle } = await host.fork(run, landing === undefined ? {} : { land: landing });
  const how = { isJson: flags.json, isVerbose: flags.verbose, noWait: !flags.wait, ...out };
  const { code, progress } = await goOn(io, host, handle, how);
  if (!flags.json) await sayNext(io, progress);
  return code;
}

async function undoRun(io: Io, word: string, flags: UndoFlags): Promise<number> {
  const [{ openHome, runOf }, { deliveredBy, undoLanding }] = await Promise.all([
    import("../home.ts"),
    import("../../app/landing.ts"),
  ]);
  await using home = await openHome(io);
  const { host } = home;
  const run = await runOf(host, word);
  const { to, json } = flags;
  const where = { folder: io.cwd, home: io.home };
  if (to === undefined) {
    const told = await undoLanding(host.journal, run, where);
    if (json) io.json({ run, undone: told });
    else io.out(`${told}; what was written is still there: ${io.me} show ${run}`);
    return EXIT.done;
  }
  const [{ branchOf }, { goOn, sayNext }, { outFolder }] = await Promise.all([
    import("../../app/lineage.ts"),
    import("../perform.ts"),
    import("../report.ts"),
  ]);
  const out = await outFolder(io.cwd, flags.out);
  // Refused before anything is taken back.
  branchOf(await host.state(run), "fork", { from: to });
  const isDelivered = (await deliveredBy(host.journal, run)) !== undefined;
  const told = isDelivered ? await undoLanding(host.journal, run, where) : "nothing was delivered";
  if (json) io.json({ run, undone: told });
  else io.out(`${told}; the work goes on before '${to}'`);
  const { handle } = await host.fork(run, { from: to });
  const how = { isJson: json, isVerbose: flags.verbose, noWait: !flags.wait, ...out };
  const { code, progress } = await goOn(io, host, handle, how);
  if (!json) await sayNext(io, progress);
  return code;
}
