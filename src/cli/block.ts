/** A run as lines of a terminal: a row a task, then a bar with the time left. Never wider than it is told. */
import type { RunStatus } from "../domain/events.ts";
import { leftOut } from "./plain.ts";
import { isAtGate, isSettled, type Progress, type TaskRow, timeLeft, totalsOf } from "./progress.ts";
import { cut, oneLine, type Paint, type Painter, sized, widthOf } from "./text.ts";
import { moneyText, plural, timeText, tokensText } from "./units.ts";

export interface View {
  readonly columns: number;
  /** Most lines of the block. */
  readonly rows: number;
  readonly now: number;
  readonly paint: Painter;
  /** See `timeLeft`. */
  readonly pace: number;
}

interface Look {
  readonly icon: string;
  readonly word: string;
  readonly paint?: Paint;
}
const LOOKS = {
  pending: { icon: "·", word: "pending", paint: "dim" },
  running: { icon: "▶", word: "running", paint: "cyan" },
  waiting: { icon: "◆", word: "waiting", paint: "yellow" },
  complete: { icon: "✔", word: "complete", paint: "green" },
  reused: { icon: "≡", word: "reused", paint: "green" },
  failed: { icon: "✖", word: "failed", paint: "red" },
  skipped: { icon: "–", word: "skipped", paint: "yellow" },
  cancelled: { icon: "■", word: "cancelled", paint: "yellow" },
  paused: { icon: "◆", word: "paused", paint: "yellow" },
} as const satisfies { readonly [S in TaskRow["status"] | RunStatus]: Look };
const AT_GATE: Look = { icon: "◆", word: "at gate", paint: "yellow" };
const RETRYING: Look = { icon: "↻", word: "retrying", paint: "yellow" };

const STATE = 11;
/** Where a row has no room for words, its icon must do. */
const NARROW = 56;
const stateWidth = (columns: number): number => (columns < NARROW ? 1 : STATE);
const TIME = 7;
const TOKENS = 6;
const COST = 7;
const FIGURES = TIME + TOKENS + COST + 2;
const LEAST_TASK = 12;
const LEAST_AGENT = 10;

export const lookOfRun = (status: Progress["status"]): Look => LOOKS[status];

export function liveLines(progress: Progress, view: View): string[] {
  const { columns, paint } = view;
  const what = progress.isRehearsed ? `${progress.run.slice(-8)} rehearsed` : progress.run.slice(-8);
  const name = cut(oneLine(progress.workflow), columns - what.length - 1);
  const head = [`${paint("bold", name)} ${paint("dim", what)}`];
  const foot = [bar(progress, view)];
  const room = Math.max(3, view.rows - head.length - foot.length - 1);
  return [...head, ...taskLines(progress, { ...view, rows: room }), ...foot];
}

/** Rows for the tasks; where there is no room for all, those at work first, and a line that counts the others. */
export function taskLines(progress: Progress, view: View): string[] {
  const rows = [...progress.tasks.values()];
  const widths = widthsOf(rows, view.columns);
  const linesOf = (row: TaskRow) => rowLines(progress, row, view, widths);
  const all = rows.map(linesOf);
  const titles = titleLine(widths, view);
  if (all.reduce((sum, lines) => sum + lines.length, 1) <= view.rows) return [titles, ...all.flat()];
  const byUrgency = rows
    .map((row, i) => ({ row, i, urgency: urgencyOf(progress, row) }))
    .sort((a, b) => a.urgency - b.urgency || a.i - b.i);
  const chosen = new Set(byUrgency.slice(0, Math.max(1, view.rows - 2)).map(({ row }) => row));
  const hidden = rows.filter((row) => !chosen.has(row));
  const counts = Map.groupBy(hidden, ({ status }) => status);
  const words = [...counts].map(([status, those]) => `${those.length} ${status}`).join(", ");
  const shown = rows.filter((row) => chosen.has(row)).map((row) => linesOf(row)[0] ?? "");
  return [
    titles,
    ...shown,
    view.paint("dim", cut(`… and ${plural(hidden.length, "more task")}: ${words}`, view.columns)),
  ];
}

function titleLine({ task, agent }: Widths, { columns, paint }: View): string {
  const names = [sized("task", task), ...(agent > 0 ? [sized("agent", agent)] : [])];
  const figures = [sized("time", TIME, "right"), sized("tokens", TOKENS, "right"), sized("cost", COST, "right")];
  const width = stateWidth(columns);
  return paint("dim", cut([sized(width === 1 ? "" : "state", width), ...names, ...figures].join(" "), columns));
}

function urgencyOf(progress: Progress, row: TaskRow): number {
  if (row.status === "running" || isAtGate(progress, row)) return 0;
  if (row.status === "failed") return 1;
  return isSettled(row) ? 3 : 2;
}

interface Widths {
  readonly task: number;
  /** 0: no room for it. */
  readonly agent: number;
}
function widthsOf(rows: readonly TaskRow[], columns: number): Widths {
  // At least as wide as their titles.
  const longest = (names: readonly string[], least: number) => Math.max(least, ...names.map(widthOf));
  const task = longest(
    rows.map(({ id }) => id),
    4,
  );
  const agent = longest(
    rows.map((row) => row.agent),
    5,
  );
  const room = columns - stateWidth(columns) - FIGURES - 3;
  if (task + agent <= room) return { task, agent };
  if (room < LEAST_TASK + LEAST_AGENT) return { task: Math.max(4, Math.min(task, room + 1)), agent: 0 };
  // Whoever asks for less than half gets it all; the other has the rest.
  const half = Math.floor(room / 2);
  if (agent <= half) return { task: room - agent, agent };
  return task <= half ? { task, agent: room - task } : { task: room - half, agent: half };
}

function rowLines(progress: Progress, row: TaskRow, view: View, widths: Widths): string[] {
  const { paint, columns } = view;
  const look: Look = isAtGate(progress, row)
    ? AT_GATE
    : row.status === "running" && row.resumeAt !== undefined
      ? RETRYING
      : LOOKS[row.status];
  const width = stateWidth(columns);
  const state = paint(look.paint ?? "dim", width === 1 ? look.icon : sized(`${look.icon} ${look.word}`, width));
  const names = [sized(row.id, widths.task), ...(widths.agent > 0 ? [sized(row.agent, widths.agent)] : [])];
  const used = width + 1 + names.reduce((sum, name) => sum + widthOf(name) + 1, 0);
  const room = Math.max(0, columns - used);
  const line = [state, ...names, figuresOf(progress, row, view, room)].join(" ").trimEnd();
  const note = row.says ?? row.reason;
  if (note === undefined || row.status === "complete" || row.status === "reused") return [line];
  return [line, paint("dim", cut(`  ${oneLine(note)}`, columns))];
}

function figuresOf(progress: Progress, row: TaskRow, { now, paint }: View, room: number): string {
  if (isAtGate(progress, row)) return cut("a person decides", room);
  if (row.status === "pending") return paint("dim", cut(waitsFor(progress, row, room), room));
  if (row.status === "running" && row.resumeAt !== undefined)
    return paint("dim", cut(restsFor(row.resumeAt - now, progress.status), room));
  if (row.status === "skipped" || (row.status === "cancelled" && row.attempt === 0)) return "";
  const isRunning = row.status === "running";
  const time = isRunning ? Math.max(0, now - (row.startedAt ?? now)) : row.duration;
  const isUsed = row.tokens > 0 || !isRunning;
  const cells = [
    sized(timeText(time), TIME, "right"),
    sized(isUsed ? tokensText(row.tokens) : "", TOKENS, "right"),
    sized(isUsed ? (row.costUsd === null ? "?" : moneyText(row.costUsd)) : "", COST, "right"),
  ];
  // On a very narrow terminal what matters least goes first.
  while (cells.length > 1 && widthOf(cells.join(" ")) > room) cells.pop();
  return cells.join(" ");
}

/** What a pause broke off waits for no time, but for the run. */
function restsFor(ms: number, status: RunStatus): string {
  if (status === "paused") return "when the run goes on";
  return ms > 0 ? `again in ${timeText(ms)}` : "again at once";
}

function waitsFor({ tasks, status }: Progress, row: TaskRow, room: number): string {
  const open = row.dependencies.filter((id) => {
    const one = tasks.get(id);
    return one !== undefined && !isSettled(one);
  });
  const [first, ...more] = open;
  if (first === undefined) return status === "running" ? "for a free place" : "not begun";
  const all = `after ${open.join(", ")}`;
  if (all.length <= room || more.length === 0) return all;
  const rest = ` +${more.length}`;
  return `${cut(`after ${first}`, room - rest.length)}${rest}`;
}

const LONGEST_BAR = 24;

function bar(progress: Progress, view: View): string {
  const { now, paint, columns, pace } = view;
  const { tokens, costUsd, settled } = totalsOf(progress);
  const passed = Math.max(0, now - progress.startedAt);
  const left = timeLeft(progress, now, pace);
  const share = progress.tasks.size === settled ? 1 : passed / Math.max(1, passed + left);
  const open = settled < progress.tasks.size;
  const words = [
    `${Math.floor(share * 100)}%`,
    `${settled}/${progress.tasks.size} tasks`,
    timeText(passed),
    ...(open && progress.status === "running" ? [progress.isStopping ? "stopping" : `~${timeText(left)} left`] : []),
    `${tokensText(tokens)} tokens`,
    costUsd === null ? "cost unknown" : moneyText(costUsd),
  ].join(" · ");
  const length = Math.min(LONGEST_BAR, columns - widthOf(words) - 3);
  if (length < 4) return cut(words, columns);
  const full = Math.round(share * length);
  return `[${paint("green", "#".repeat(full))}${paint("dim", "-".repeat(length - full))}] ${words}`;
}

/** One line on how it stands or ended. */
export function endLine(progress: Progress, { paint, now }: Pick<View, "paint" | "now">): string {
  const { status, summary, tasks, startedAt, reason } = progress;
  const look: Look = LOOKS[status];
  const { tokens, costUsd } = totalsOf(progress);
  const done = [...tasks.values()].filter((row) => row.status === "complete" || row.status === "reused").length;
  const skipped = [...tasks.values()].filter((row) => row.status === "skipped").length;
  const wall = summary?.totalDuration ?? Math.max(0, now - startedAt);
  const parts = [
    `${done} of ${plural(tasks.size, "task")}${leftOut(skipped)}`,
    timeText(wall),
    `${tokensText(summary?.totalTokens ?? tokens)} tokens`,
    costText(summary === undefined ? costUsd : summary.totalCostUsd),
  ];
  const why = reason === undefined ? "" : ` (${oneLine(reason)})`;
  return `${paint(look.paint ?? "dim", `${look.icon} ${status}`)}: ${parts.join(", ")}${why}`;
}

const costText = (usd: number | null): string => (usd === null ? "cost unknown" : moneyText(usd));
