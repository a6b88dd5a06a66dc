/** `tutti run`: a workflow or a plan, from its order to its exit code. */
import type { Command } from "commander";
import { several } from "../amounts.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import { conductFlags, replanFlag, viewFlags } from "../flags.ts";
import type { Io } from "../io.ts";
import { landFlags } from "../land-flags.ts";
import type { InputFlags } from "../run-input.ts";

export interface RunFlags extends InputFlags {
  readonly wait: boolean;
  readonly verbose?: true;
  readonly out?: string;
  readonly yes?: true;
  readonly detach?: true;
  readonly tick?: true;
  readonly json?: true;
}

export function run(program: Command, io: Io): void {
  const command = define(
    program,
    "run <workflow>",
    "run a workflow, a plan, or a list of tasks",
    "tutti run security-audit --rehearse --speed max\ntutti run fullstack-dev -p projectName=shop --budget 2usd\ntutti run tasks.yaml --model anthropic/claude-sonnet-5 --out results\ntutti run tasks.md --deliver branch --prove 'npm test'\ntutti run tasks.md --tick",
  )
    .option("-p, --param <key=value>", "a parameter; may be given again", several)
    .option("--params <file>", "parameters in a JSON or YAML file");
  replanFlag(landFlags(viewFlags(conductFlags(command))))
    .option("--tick", "of a list: write the boxes of what was completed into it, and nothing else")
    .option("--yes", "do not ask")
    .option("--detach", "run in the background, and print the run's id")
    .action(exiting(io, (target: string, flags: RunFlags) => act(io, target, flags)));
}

async function act(io: Io, target: string, flags: RunFlags): Promise<number> {
  const [
    { openHome, warnOf },
    { orderOf },
    { harmless },
    { prepare, mayPay },
    { inBackground, reportRun, runInBackground },
    { perform },
    { outFolder },
    { checkTick },
  ] = await Promise.all([
    import("../home.ts"),
    import("../run-input.ts"),
    import("../text.ts"),
    import("../begin.ts"),
    import("../background.ts"),
    import("../perform.ts"),
    import("../report.ts"),
    import("../ticking.ts"),
  ]);
  await using home = await openHome(io, { evidenceCommands: flags.evidenceCommands === true });
  const { host } = home;
  warnOf(io, home);
  const order = await orderOf(host, target, flags, io.cwd, (doubt) => io.err(`doubt: ${harmless(doubt)}`));
  checkTick(flags, order);
  const prepared = await prepare(io, host, order);
  const isBackground = inBackground(io);
  const out = await outFolder(io.cwd, flags.out);
  if (!isBackground && !(await mayPay(io, host, prepared, flags))) {
    io.err("not begun; nothing was paid");
    return EXIT.badInput;
  }
  if (flags.detach && !isBackground) {
    const wasOffered = prepared.config.rehearse && !flags.rehearse;
    const speed = wasOffered && prepared.config.speed ? ["--speed", String(prepared.config.speed)] : [];
    const { model } = prepared.config;
    const offered = model !== undefined && model !== flags.model ? ["--model", model] : [];
    const begun = await runInBackground(io, wasOffered ? ["--rehearse", ...speed] : offered);
    if (flags.json) io.json(begun);
    else {
      io.out(begun.run);
      io.err(`runs in the background: ${io.me} events ${begun.run} --follow`);
    }
    return EXIT.done;
  }
  const started = isBackground ? { onStart: reportRun } : {};
  // Awaited here: the home must stay open until it has ended.
  return await perform(io, host, prepared, {
    ...{ isJson: flags.json, isVerbose: flags.verbose, noWait: !flags.wait, ...out, ...started, target, flags },
    tick: flags.tick,
  });
}
