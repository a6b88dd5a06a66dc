/** `tutti show`: how a run stands, one task's output, or what an attempt was shown. */
import type { Command } from "commander";
import { whole } from "../amounts.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly task?: string;
  readonly attempt?: number;
  readonly context?: true;
  readonly reads?: true;
  readonly verbose?: true;
  readonly json?: true;
}

export function show(program: Command, io: Io): void {
  define(
    program,
    "show <run>",
    "how a run stands or ended; with --task what became of one task, and its output",
    "tutti show last\ntutti show last --task security-report\ntutti show last --task security-report --context",
  )
    .option("--task <id>", "the story of this task: tried, failed because, did, cost; and its output")
    .option("--context", "what the task's attempt was shown, why, and what was left out")
    .option("--reads", "the files that its tasks read")
    .option("--attempt <N>", "which attempt (default: the last)", whole(1, 1000))
    .option("--verbose", "with --context: the text of the prompt as well")
    .action(exiting(io, (run: string, flags: Flags) => act(io, run, flags)));
}

async function act(io: Io, word: string, flags: Flags): Promise<number> {
  const [{ openHome, runOf }, { viewRun }, { showContext, showRun, showTask }] = await Promise.all([
    import("../home.ts"),
    import("../run-view.ts"),
    import("../show-views.ts"),
  ]);
  await using home = await openHome(io);
  const view = await viewRun(home.host, await runOf(home.host, word));
  if (flags.context || flags.reads) await showContext(io, home.host, view, flags);
  else if (flags.task !== undefined) await showTask(io, home.host, view, flags.task, flags.json === true);
  else if (flags.json) io.json(view.begun ? { ...view.shown, begun: view.begun } : view.shown);
  else showRun(io, view);
  return EXIT.done;
}
