/** What `tutti board` shows, follows and ticks. */
import type { Host } from "../app/host.ts";
import { TuttiError } from "../domain/error.ts";
import { awake } from "./awake.ts";
import { type Board, boardLines, boardOf, wavesOf } from "./board-text.ts";
import { viewOf } from "./conduct.ts";
import { EXIT } from "./exit.ts";
import { openHome, runOf } from "./home.ts";
import type { Io } from "./io.ts";
import {
  beganFrom,
  completed,
  type ListFile,
  type ListView,
  listBoard,
  listJson,
  readList,
  runOfList,
  tickList,
  viewList,
} from "./list-board.ts";
import { Live } from "./live.ts";
import { createProgress, fold, type Progress } from "./progress.ts";
import { isFile } from "./run-input.ts";

export interface BoardFlags {
  readonly follow?: true;
  readonly run?: string;
  readonly tick?: true;
  readonly json?: true;
}

const ENDS: ReadonlySet<string> = new Set(["workflow:complete", "workflow:error", "workflow:cancelled"]);

export async function showBoard(io: Io, what: string, flags: BoardFlags): Promise<number> {
  if (isFile(what)) return ofList(io, what, flags);
  for (const flag of ["run", "tick"] as const)
    if (flags[flag] !== undefined)
      throw new TuttiError("BAD_INPUT", `--${flag} belongs to a list, and '${what}' is a run`, {
        path: `--${flag}`,
        hint: `tutti board tasks.md --${flag}${flag === "run" ? ` ${what}` : ""}`,
      });
  await using home = await openHome(io);
  const progress = await readRun(home.host, await runOf(home.host, what));
  await show(
    io,
    home.host,
    progress,
    flags,
    () => boardOf(progress),
    () => jsonOf(progress),
  );
  return EXIT.done;
}

async function ofList(io: Io, name: string, flags: BoardFlags): Promise<number> {
  const file = await readList(io.cwd, name);
  if (file === undefined)
    throw new TuttiError("BAD_INPUT", `${name} is a plan or a workflow, and no list of tasks`, {
      path: "what",
      hint: `tutti run ${name} --rehearse --speed max runs it without a model, and tutti board shows the run`,
    });
  await using home = await openHome(io);
  const { host } = home;
  const run = flags.run === undefined ? await runOfList(host, file) : await runOf(host, flags.run);
  const progress = run === undefined ? undefined : await readRun(host, run);
  const began = run === undefined ? undefined : await beganFrom(host.journal, run);
  // Awaited here: the home must stay open until it has ended.
  if (flags.tick) return await tick(io, file, progress, began);
  const view = await viewList(host, file);
  const isChanged = progress !== undefined && began?.hash !== file.hash;
  const board = () => listBoard(view, progress, isChanged);
  await show(io, host, progress, flags, board, () => listJson(view, progress, isChanged));
  if (!flags.json && progress !== undefined && !progress.isRehearsed && !isChanged) sayTick(io, view, progress);
  return EXIT.done;
}

async function tick(io: Io, file: ListFile, progress: Progress | undefined, began: { hash: string } | undefined) {
  if (progress === undefined)
    throw new TuttiError("NOT_FOUND", `no run of ${file.name} is known, so nothing can be ticked`, {
      path: "--tick",
      hint: `tutti run ${file.name} begins one; --run names one that is not found by itself`,
    });
  io.out(await tickList(file, progress, began));
  return EXIT.done;
}

function sayTick(io: Io, { file }: ListView, progress: Progress): void {
  const done = completed(progress);
  const open = file.list.items.filter(({ id, state }) => state !== "done" && done.has(id)).length;
  if (open > 0) io.out(`\n${open} complete and not ticked: ${io.me} board ${file.name} --tick`);
}

function jsonOf(progress: Progress) {
  const tasks = [...progress.tasks.values()];
  const waves = wavesOf(tasks).map((wave) => wave.map(({ id }) => id));
  return { run: progress.run, status: progress.status, waves, tasks };
}

async function readRun({ journal }: Host, run: string): Promise<Progress> {
  const progress = createProgress();
  for await (const page of journal.read(run)) for (const event of page) fold(progress, event);
  return progress;
}

/** Once, or again and again until the run has ended. */
async function show(
  io: Io,
  { journal }: Host,
  progress: Progress | undefined,
  { follow, json }: BoardFlags,
  board: () => Board,
  asJson: () => unknown,
): Promise<void> {
  const linesAt = (now: number, rows: number, isSteady: boolean) =>
    boardLines(board(), { ...viewOf(io, now), rows, isSteady });
  if (follow && progress !== undefined && progress.summary === undefined) {
    using _ = awake();
    const stop = new AbortController();
    const interrupt = () => stop.abort();
    process.once("SIGINT", interrupt);
    const screen = { write: (text: string) => void process.stdout.write(text) };
    const draw = () => linesAt(Date.now(), viewOf(io, 0).rows, true);
    const live = io.isLive && !json ? new Live(screen, draw) : undefined;
    live?.start();
    for await (const page of journal.tail(progress.run, progress.seq + 1, stop.signal)) {
      for (const event of page) fold(progress, event);
      if (page.some(({ type }) => ENDS.has(type))) stop.abort();
    }
    live?.stop();
    process.off("SIGINT", interrupt);
  }
  if (json) return io.json(asJson());
  const now = progress?.summary === undefined ? Date.now() : progress.at;
  for (const line of linesAt(now, Number.POSITIVE_INFINITY, false)) io.out(line);
}
