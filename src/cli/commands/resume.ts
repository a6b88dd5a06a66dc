/** `tutti resume`: goes on with a paused run, or with one whose process has gone, here. */
import type { Command } from "commander";
import type { Budget } from "../../domain/plan.ts";
import { budget, duration } from "../amounts.ts";
import { define, exiting } from "../define.ts";
import { exitOfRun } from "../exit.ts";
import { viewFlags } from "../flags.ts";
import type { Io } from "../io.ts";
import { send } from "../send.ts";

interface Flags {
  readonly budget?: Budget;
  readonly timeout?: number;
  readonly wait: boolean;
  readonly verbose?: true;
  readonly out?: string;
  readonly json?: true;
}

export function resume(program: Command, io: Io): void {
  const example = "tutti resume last\ntutti resume last --budget 5usd";
  viewFlags(define(program, "resume <run>", "go on with a paused or interrupted run", example))
    .option("--budget <amount>", "the new limit, such as 5usd or 500ktok", budget)
    .option("--timeout <time>", "the new limit of working time, such as 20m", duration)
    .action(exiting(io, (run: string, flags: Flags) => act(io, run, flags)));
}

async function act(io: Io, word: string, flags: Flags): Promise<number> {
  const [{ openHome, runOf }, { TuttiError }, { goOn, sayNext }, { outFolder }] = await Promise.all([
    import("../home.ts"),
    import("../../domain/error.ts"),
    import("../perform.ts"),
    import("../report.ts"),
  ]);
  const out = await outFolder(io.cwd, flags.out);
  await using home = await openHome(io);
  const { host } = home;
  const run = await runOf(host, word);
  const state = await host.state(run);
  const raise = {
    ...(flags.budget && { budget: flags.budget }),
    ...(flags.timeout !== undefined && { globalTimeout: flags.timeout }),
  };
  const order = { type: "resume" as const, ...raise };
  const isPaused = state.life.stage === "paused";
  // A pause that is still coming can be taken back, by whoever conducts the run.
  const isPausing = state.life.stop?.stop === "pause";
  try {
    const { handle } = await host.resume(run, isPaused || isPausing ? order : undefined);
    const how = { isJson: flags.json, isVerbose: flags.verbose, noWait: !flags.wait, ...out };
    // Of a run that has ended the results are shown again.
    const { code, progress, results } = await goOn(io, host, handle, { ...how, known: state.results ? 0 : state.seq });
    if (!flags.json) await sayNext(io, progress);
    return results ? (code === 130 ? code : exitOfRun(results.status)) : code;
  } catch (error) {
    if (!(error instanceof TuttiError && error.code === "RUN_OWNED")) throw error;
    if (!isPaused && !isPausing)
      throw new TuttiError("RUN_OWNED", `run ${run} is running already, in another process`, {
        path: "run",
        hint: `watch it with ${io.me} events ${run} --follow, or stop it with ${io.me} pause ${run}`,
        cause: error,
      });
  }
  // Another process holds the run: it is the one that goes on.
  return send(io, run, order, flags.json);
}
