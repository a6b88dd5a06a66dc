/** `tutti board`: a run, or a list of tasks with or without a run of it, as columns; live on a terminal. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import type { Io } from "../io.ts";
import type { BoardFlags } from "../showing-board.ts";

export function board(program: Command, io: Io): void {
  define(
    program,
    "board [what]",
    "a run or a list of tasks as a board: to do, doing, done, in waves that can go side by side",
    "tutti board last --follow\ntutti board tasks.md\ntutti board .taskmaster/tasks/tasks.json --json\ntutti board tasks.md --tick",
  )
    .option("--follow", "redraw it until the run has ended")
    .option("--run <run>", "of a list: this run of it (default: the newest that was no rehearsal)")
    .option("--tick", "of a list: write the boxes of what the run has completed, and nothing else")
    .addHelpText(
      "after",
      "\nA list is Markdown with boxes to tick, spec-kit's tasks.md, or tasks.json of Task Master. Before it has run, its\n" +
        "board shows its waves, who would do what, and what is wrong with it, by line. --tick is refused where anything\n" +
        "but ticks was changed in the list since the run began.",
    )
    .action(
      exiting(io, async (what: string | undefined, flags: BoardFlags) => {
        const { showBoard } = await import("../showing-board.ts");
        return showBoard(io, what ?? "last", flags);
      }),
    );
}
