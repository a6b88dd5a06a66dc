/** `tutti plan`: from what somebody wants to a plan that is checked, foreseen and saved. Nothing of it is begun. */
import type { Command } from "commander";
import { budget, duration } from "../amounts.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";
import type { PlanFlags } from "../planner.ts";

interface Flags extends PlanFlags {
  readonly file?: string;
  readonly save?: string;
  readonly json?: true;
}

export function plan(program: Command, io: Io): void {
  define(
    program,
    "plan [goal...]",
    "a plan for a goal, checked and foreseen; none of it is begun",
    'tutti plan "Add dark mode to the settings page"\ntutti plan --file goal.md --timeout 90m',
  )
    .option("--file <path>", "read the goal from a file, such as one with a list of requirements")
    .option("--timeout <time>", "the time that all of it may take, such as 90m; otherwise as the goal says", duration)
    .option("--model <provider/id>", "who plans; it is paid for (default: the model that is configured, if any)")
    .option("--patterns", "plan without a model, by patterns and the router")
    .option("--budget <amount>", "limit of what planning may cost, such as 0.50usd", budget)
    .option("--yes", "do not ask")
    .option("--save <path>", "write the plan there (.yaml or .json) instead of into Tutti's home")
    .action(exiting(io, (words: readonly string[], flags: Flags) => act(io, words.join(" "), flags)));
}

async function act(io: Io, words: string, flags: Flags): Promise<number> {
  const [{ openHome, warnOf }, { goalText, savePlan, showPlan }, { planFileOf }, { makePlan }] = await Promise.all([
    import("../home.ts"),
    import("../plan-text.ts"),
    import("../../app/planning.ts"),
    import("../planner.ts"),
  ]);
  const goal = await goalText(io, words, flags.file);
  await using home = await openHome(io);
  const { host } = home;
  const made = await makePlan(io, host, goal, flags);
  if (made === undefined) {
    io.err("not planned; nothing was paid");
    return EXIT.badInput;
  }
  const file = planFileOf(made);
  const isSound = made.problems.every(({ severity }) => severity !== "fault");
  const path = await savePlan(io, file, flags.save);
  if (flags.json) io.json({ ...file, by: made.by, problems: made.problems, notes: made.notes, file: path });
  else {
    warnOf(io, home);
    await showPlan(io, host, made, path);
  }
  return isSound ? EXIT.done : EXIT.failed;
}
