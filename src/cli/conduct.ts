/**
 * From a run that this process conducts to an exit code: shows it, asks at its gates, and stops it when told to.
 *
 * Modes: `live` redraws one block on a terminal; `plain` prints a line an event; `json` prints the events themselves;
 * `quiet` prints nothing but logs.
 */

import type { RunHandle } from "../app/handle.ts";
import type { Results } from "../app/whole.ts";
import type { EventOf, RunEvent } from "../domain/events.ts";
import { endLine, liveLines, taskLines, type View } from "./block.ts";
import { changeLines } from "./changes-text.ts";
import { EXIT, exitOfRun } from "./exit.ts";
import { GateDesk } from "./gate-desk.ts";
import { Interrupts } from "./interrupts.ts";
import type { Io } from "./io.ts";
import { landedLines } from "./landed-text.ts";
import { Live } from "./live.ts";
import { levelOf, logLine } from "./logs.ts";
import { eventLine, eventWords } from "./plain.ts";
import { changeWords, diffLines } from "./plan-changes.ts";
import { createProgress, fold, type Progress } from "./progress.ts";
import { Calls } from "./story.ts";
import { answerFlag } from "./subject-text.ts";
import { oneLine, painter } from "./text.ts";
import { timeText } from "./units.ts";

export interface Conducting {
  readonly mode: "live" | "plain" | "json" | "quiet";
  readonly isVerbose?: boolean | undefined;
  /** Ends with 4 where nothing can go on without a person. */
  readonly noWait?: boolean | undefined;
  /** Events up to this number are known already. */
  readonly known?: number;
  /** See `timeLeft`. */
  readonly pace?: number;
}
export interface Conducted {
  readonly code: number;
  readonly progress: Progress;
  /** Absent where the run was let go at a gate. */
  readonly results?: Results;
}

export const modeOf = (io: Io, isJson: boolean | undefined): Conducting["mode"] =>
  isJson ? "json" : io.isLive ? "live" : "plain";

export async function conduct(io: Io, handle: RunHandle, how: Conducting): Promise<Conducted> {
  const { mode, known = 0 } = how;
  // A run is worth more than its display: what has been paid for must not end with a closed pipe.
  io.outlive();
  const progress = createProgress();
  const level = levelOf(io, how.isVerbose, mode === "plain" ? "silent" : "warn");
  const live = mode === "live" ? liveOf(io, progress, how.pace ?? 1) : undefined;
  const say = (line: string) => (live ? live.above(line) : io.err(line));
  const interrupts = new Interrupts(handle, say, () => live?.stop());
  const desk = mode === "live" && io.canAsk && !how.noWait ? new GateDesk(handle, live) : undefined;
  // What brought the run to its gate is shown before it is let go.
  const isLeft = ({ seq }: RunEvent) =>
    ((how.noWait === true && handle.status === "waiting") || (interrupts.isAtGate && handle.status !== "paused")) &&
    seq >= (handle.seq ?? Number.POSITIVE_INFINITY);
  const calls = new Calls();
  let isWaiting = false;
  live?.start();
  try {
    for await (const event of handle) {
      fold(progress, event);
      if (event.seq > known) {
        print(io, event, mode, { progress, calls });
        const log = logLine(event, level);
        // On a terminal a person reads it, who knows the run and the time; whoever wants logs says so.
        const isLog = how.isVerbose === true || io.env["TUTTI_LOG"] !== undefined;
        if (log !== undefined) say(live && !isLog ? personal(event) : log);
        desk?.take(event);
        // A rehearsal goes through its gates by itself.
        if (event.type === "gate:opened" && !event.rehearsed && !desk && mode !== "json" && !how.noWait)
          say(howToDecide(io, event));
      }
      isWaiting = isLeft(event);
      if (isWaiting) break;
    }
  } finally {
    desk?.close();
    interrupts.close();
    live?.stop();
  }
  if (isWaiting) {
    progress.status = "waiting";
    await handle[Symbol.asyncDispose]();
    return { code: interrupts.count > 0 ? EXIT.interrupted : EXIT.gate, progress };
  }
  const results = await handle;
  const isOurs = interrupts.count > 0 && results.status === "paused";
  return { code: isOurs ? EXIT.interrupted : exitOfRun(results.status), progress, results };
}

function liveOf(io: Io, progress: Progress, pace: number): Live {
  const screen = { write: (text: string) => void process.stdout.write(text) };
  return new Live(screen, () => (progress.run === "" ? [] : liveLines(progress, viewOf(io, Date.now(), pace))));
}

/** One column is left free: some terminals wrap a line that fills the last. */
export const viewOf = (io: Io, now: number, pace = 1): View => ({
  columns: Math.max(20, io.columns - 1),
  rows: Math.max(8, io.rows - 1),
  now,
  paint: painter(io.isColoured),
  pace,
});

function print(
  io: Io,
  event: RunEvent,
  mode: Conducting["mode"],
  { progress, calls }: { readonly progress: Progress; readonly calls: Calls },
): void {
  if (mode === "json") io.json(event);
  if (mode !== "plain") return;
  const line = eventLine(event, progress.startedAt, calls);
  if (line !== undefined) io.out(line);
}

function personal(event: RunEvent): string {
  const task = "taskId" in event && event.taskId !== undefined ? `${event.taskId} ` : "";
  return `${task}${eventWords(event) ?? event.type}`;
}

const howToDecide = (io: Io, event: EventOf<"gate:opened">): string =>
  `waits for a person: ${oneLine(event.question)}\n  ${io.me} approve ${event.run} ${event.gate}${answerFlag(event)}   (or reject)`;

const REHEARSED = "This was a rehearsal: no model was called, and every output is invented.";

/** The table that stays, unless something else has told it (`isTold`), and how it ended. */
export function showEnd(io: Io, progress: Progress, isTold = false): void {
  const view = viewOf(io, progress.at);
  const { planChanges, startedAt } = progress;
  io.out("");
  if (!isTold) {
    for (const line of taskLines(progress, { ...view, rows: Number.POSITIVE_INFINITY })) io.out(line);
    io.out("");
  }
  // Lines for a pipe have told it as it came; of the block nothing stays.
  for (const one of io.isLive ? planChanges : []) {
    io.out(`+${timeText(one.at - startedAt)} ${changeWords(one)}`);
    for (const line of diffLines(one)) io.out(`  ${line}`);
  }
  for (const line of changeLines(progress.tasks.values())) io.out(line);
  for (const { landed } of progress.tasks.values()) for (const line of landedLines(landed)) io.out(line);
  io.out(endLine(progress, view));
  if (progress.isRehearsed) io.out(view.paint("bold", REHEARSED));
}
