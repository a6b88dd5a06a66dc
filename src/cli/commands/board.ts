/** `tutti board`: a run as columns of tasks, live on a terminal. */
import type { Command } from "commander";
import { awake } from "../awake.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly follow?: true;
  readonly json?: true;
}

export function board(program: Command, io: Io): void {
  define(program, "board [run]", "a run as a board: to do, doing, done", "tutti board last --follow")
    .option("--follow", "redraw it until the run has ended")
    .action(exiting(io, (run: string | undefined, flags: Flags) => act(io, run ?? "last", flags)));
}

const ENDS: ReadonlySet<string> = new Set(["workflow:complete", "workflow:error", "workflow:cancelled"]);

async function act(io: Io, word: string, { follow, json }: Flags): Promise<number> {
  const [{ openHome, runOf }, { createProgress, fold }, { boardLines }, { viewOf }, { Live }] = await Promise.all([
    import("../home.ts"),
    import("../progress.ts"),
    import("../board-text.ts"),
    import("../conduct.ts"),
    import("../live.ts"),
  ]);
  await using home = await openHome(io);
  const { journal } = home.host;
  const run = await runOf(home.host, word);
  const progress = createProgress();
  const linesAt = (now: number, rows = Number.POSITIVE_INFINITY) => boardLines(progress, { ...viewOf(io, now), rows });
  for await (const page of journal.read(run)) for (const event of page) fold(progress, event);
  const isOver = progress.summary !== undefined;
  if (follow && !isOver) {
    using _ = awake();
    const stop = new AbortController();
    const interrupt = () => stop.abort();
    process.once("SIGINT", interrupt);
    const screen = { write: (text: string) => void process.stdout.write(text) };
    const live = io.isLive && !json ? new Live(screen, () => linesAt(Date.now(), viewOf(io, 0).rows)) : undefined;
    live?.start();
    for await (const page of journal.tail(run, progress.seq + 1, stop.signal)) {
      for (const event of page) fold(progress, event);
      if (page.some(({ type }) => ENDS.has(type))) stop.abort();
    }
    live?.stop();
    process.off("SIGINT", interrupt);
  }
  if (json) io.json({ run, status: progress.status, tasks: [...progress.tasks.values()] });
  else for (const line of linesAt(isOver ? progress.at : Date.now())) io.out(line);
  return EXIT.done;
}
