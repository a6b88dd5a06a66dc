/** A run as a board: columns from what waits to what is done, in rows of waves that could go side by side. */
import type { View } from "./block.ts";
import { isAtGate, isSettled, type Progress, type TaskRow } from "./progress.ts";
import { cut, oneLine, type Paint, sized } from "./text.ts";
import { plural, timeText } from "./units.ts";

const COLUMNS = ["to do", "doing", "done"] as const;
type Column = (typeof COLUMNS)[number];
const GAP = 2;
const LEAST = 16;

export function boardLines(progress: Progress, view: View): readonly string[] {
  const { paint, columns } = view;
  const rows = [...progress.tasks.values()];
  const width = Math.max(LEAST, Math.floor((columns - 2 * GAP) / 3));
  const count = (column: Column) => rows.filter((row) => columnOf(row) === column).length;
  const titles = COLUMNS.map((one) => sized(`${one} (${count(one)})`, width)).join(" ".repeat(GAP));
  const what = `${progress.workflow} ${progress.run.slice(-8)}${progress.isRehearsed ? " rehearsed" : ""}: ${progress.status}`;
  const lines = [paint("bold", cut(oneLine(what), columns)), paint("dim", cut(titles, columns).trimEnd())];
  const waves = wavesOf(rows);
  for (const [i, wave] of waves.entries()) {
    lines.push(paint("dim", cut(`wave ${i + 1} of ${waves.length}: ${plural(wave.length, "task")}`, columns)));
    const cards = COLUMNS.map((column) => wave.filter((row) => columnOf(row) === column));
    const height = Math.max(...cards.map((all) => all.length));
    for (let at = 0; at < height; at++) {
      const cells = cards.map((all) => cell(progress, all[at], view, width));
      lines.push(cells.join(" ".repeat(GAP)).trimEnd());
    }
  }
  if (lines.length <= view.rows) return lines;
  return [...lines.slice(0, view.rows - 1), paint("dim", `… ${lines.length - view.rows + 1} more lines`)];
}

const columnOf = (row: TaskRow): Column =>
  isSettled(row) ? "done" : row.status === "running" || row.status === "waiting" ? "doing" : "to do";

/** Each task one wave after the last of those that it waits for. */
function wavesOf(rows: readonly TaskRow[]): readonly (readonly TaskRow[])[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const levels = new Map<string, number>();
  // In the order of the plan most come after what they wait for; what does not is looked at again.
  for (let isChanged = true, rounds = 0; isChanged && rounds <= rows.length; rounds++) {
    isChanged = false;
    for (const { id, dependencies } of rows) {
      const level = Math.max(-1, ...dependencies.filter((one) => byId.has(one)).map((one) => levels.get(one) ?? 0)) + 1;
      if (levels.get(id) === level) continue;
      levels.set(id, level);
      isChanged = true;
    }
  }
  const waves: TaskRow[][] = [];
  for (const row of rows) {
    const level = Math.min(rows.length, levels.get(row.id) ?? 0);
    const wave = waves[level] ?? [];
    waves[level] = [...wave, row];
  }
  return waves.filter((wave) => wave !== undefined);
}

const MARKS: { readonly [status: string]: readonly [string, Paint] } = {
  ...{ complete: ["✔", "green"], reused: ["≡", "green"], failed: ["✖", "red"], skipped: ["–", "yellow"] },
  ...{ cancelled: ["■", "yellow"], running: ["▶", "cyan"], waiting: ["◆", "yellow"], pending: ["·", "dim"] },
};

function cell(progress: Progress, row: TaskRow | undefined, { paint, now }: View, width: number): string {
  if (row === undefined) return " ".repeat(width);
  const [mark, colour] = isAtGate(progress, row) ? (["◆", "yellow"] as const) : (MARKS[row.status] ?? ["·", "dim"]);
  const time = isSettled(row) ? row.duration : row.startedAt === undefined ? 0 : now - row.startedAt;
  const took = time > 0 ? ` ${timeText(time)}` : "";
  const words = sized(cut(`${row.id} (${row.agent})`, width - 2 - took.length) + took, width - 2);
  return `${paint(colour, mark)} ${words}`;
}
