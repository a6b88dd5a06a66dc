/** `tutti do`: plans a goal and runs the plan, up to its delivery. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import { conductFlags, replanFlag, viewFlags } from "../flags.ts";
import type { Io } from "../io.ts";
import { type LandFlags, landFlags, landingOf } from "../land-flags.ts";
import type { ConductFlags } from "../run-input.ts";

interface Flags extends ConductFlags, LandFlags {
  readonly file?: string;
  readonly wait: boolean;
  readonly verbose?: true;
  readonly out?: string;
  readonly yes?: true;
  readonly patterns?: true;
  readonly json?: true;
}

export function doGoal(program: Command, io: Io): void {
  const example =
    'tutti do "Add dark mode to the settings page" --deliver branch --prove "npm test"\ntutti do --file goal.md --timeout 90m --budget 5usd';
  const command = define(program, "do [goal...]", "plan a goal and run the plan", example)
    .option("--file <path>", "read the goal from a file, such as one with a list of requirements")
    .option("--patterns", "plan without a model, by patterns and the router");
  replanFlag(landFlags(viewFlags(conductFlags(command))))
    .option("--yes", "do not ask")
    .action(exiting(io, (words: readonly string[], flags: Flags) => act(io, words.join(" "), flags)));
}

async function act(io: Io, words: string, flags: Flags): Promise<number> {
  const [
    { openHome, warnOf },
    { goalText, savePlan, planLines },
    { planFileOf },
    { makePlan },
    { configOf },
    begin,
    perform,
    report,
  ] = await Promise.all([
    import("../home.ts"),
    import("../plan-text.ts"),
    import("../../app/planning.ts"),
    import("../planner.ts"),
    import("../run-input.ts"),
    import("../begin.ts"),
    import("../perform.ts"),
    import("../report.ts"),
  ]);
  const goal = await goalText(io, words, flags.file);
  const deliver = landingOf(flags, io.cwd);
  await using home = await openHome(io, { evidenceCommands: flags.evidenceCommands === true });
  const { host } = home;
  warnOf(io, home);
  const made = await makePlan(io, host, goal, flags);
  if (made === undefined) {
    io.err("not begun; nothing was paid");
    return EXIT.badInput;
  }
  const path = await savePlan(io, planFileOf(made), undefined);
  if (!flags.json) for (const line of planLines(io, made)) io.err(line);
  if (made.problems.some(({ severity }) => severity === "fault")) {
    io.err(`\nnot begun: mend the plan, and run it: ${io.me} run ${path}`);
    return EXIT.badInput;
  }
  const { goal: title, tasks, minutes } = made.plan;
  const limit = minutes === undefined ? {} : { globalTimeout: minutes * 60_000 };
  const config = { ...limit, ...configOf(flags), ...(deliver && { deliver }) };
  const out = await report.outFolder(io.cwd, flags.out);
  const prepared = await begin.prepare(io, host, { workflowName: title.slice(0, 200), tasks, config });
  if (!(await begin.mayPay(io, host, prepared, flags))) {
    io.err(`not begun; nothing was paid. The plan is kept: ${path}`);
    return EXIT.badInput;
  }
  // Awaited here: the home must stay open until it has ended.
  return await perform.perform(io, host, prepared, {
    ...{ isJson: flags.json, isVerbose: flags.verbose, noWait: !flags.wait, ...out, target: path, flags },
  });
}
