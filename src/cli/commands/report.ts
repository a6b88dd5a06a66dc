/** `tutti report`: a run as Markdown. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

export function report(program: Command, io: Io): void {
  define(program, "report [run]", "a run as Markdown: summary, tasks, outputs", "tutti report last > report.md").action(
    exiting(io, (run: string | undefined, flags: { json?: true }) => act(io, run ?? "last", flags.json === true)),
  );
}

async function act(io: Io, word: string, isJson: boolean): Promise<number> {
  const [{ openHome, runOf }, { viewRun }, { reportOf }] = await Promise.all([
    import("../home.ts"),
    import("../run-view.ts"),
    import("../report.ts"),
  ]);
  await using home = await openHome(io);
  const view = await viewRun(home.host, await runOf(home.host, word));
  const markdown = reportOf(view);
  if (isJson) io.json({ run: view.shown.run, markdown, bottlenecks: view.bottlenecks });
  else io.out(markdown.trimEnd());
  return EXIT.done;
}
