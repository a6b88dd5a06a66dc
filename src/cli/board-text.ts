/** A run or a list as a board: columns from what waits to what is done, in rows of waves that could go side by side. */
import type { View } from "./block.ts";
import { isAtGate, isSettled, type Progress, type TaskRow } from "./progress.ts";
import { cut, oneLine, type Paint, sized, widthOf, wrap } from "./text.ts";
import { plural, timeText } from "./units.ts";

const COLUMNS = ["to do", "doing", "done"] as const;
export type Column = (typeof COLUMNS)[number];
const GAP = 2;
/** A cell that has so much room says what its task is, not only how it is called. */
const ROOMY = 30;
/** Columns that a cell has beside its words: the mark, and mostly a time. */
const BESIDE = 9;

export type BoardRow = Pick<TaskRow, "id" | "agent" | "status" | "dependencies" | "startedAt" | "duration"> & {
  /** What it is, in words. */
  readonly label?: string;
  /** Done before any of this began: it stands above the waves. */
  readonly isTicked?: boolean;
  readonly isAtGate?: boolean;
};
export interface Board {
  readonly title: string;
  readonly rows: readonly BoardRow[];
  /** Said below it: what is wrong with a list, by line. */
  readonly notes?: readonly string[];
}
type Look = View & {
  /** It is drawn again and again: its columns stay where they are. */
  readonly isSteady?: boolean;
};

export const boardOf = (progress: Progress): Board => ({
  title: `${progress.workflow} ${progress.run.slice(-8)}${progress.isRehearsed ? " rehearsed" : ""}: ${progress.status}`,
  rows: rowsOf(progress),
});

export const rowsOf = (progress: Progress): readonly BoardRow[] =>
  [...progress.tasks.values()].map((row) => ({ ...row, label: row.description, isAtGate: isAtGate(progress, row) }));

export function boardLines({ title, rows, notes = [] }: Board, view: Look): readonly string[] {
  const { paint, columns } = view;
  const count = (column: Column) => rows.filter((row) => columnOf(row) === column).length;
  const titles = COLUMNS.map((one) => `${one} (${count(one)})`);
  const widths = widthsOf(titles, rows, view);
  const heads = titles.map((one, i) => sized(one, widths[i] ?? 0)).join(" ".repeat(GAP));
  const lines = [paint("bold", cut(oneLine(title), columns)), paint("dim", cut(heads, columns).trimEnd())];
  const put = (all: readonly BoardRow[]) => {
    const cards = COLUMNS.map((column) => all.filter((row) => columnOf(row) === column));
    const height = Math.max(...cards.map((one) => one.length));
    for (let at = 0; at < height; at++) {
      const cells = cards.map((one, i) => cell(one[at], view, widths[i] ?? 0));
      lines.push(cells.join(" ".repeat(GAP)).trimEnd());
    }
  };
  const ticked = rows.filter(({ isTicked }) => isTicked);
  if (ticked.length > 0) {
    lines.push(paint("dim", cut(`done, or somebody's already: ${plural(ticked.length, "task")}`, columns)));
    put(ticked);
  }
  const waves = wavesOf(rows.filter(({ isTicked }) => !isTicked));
  for (const [i, wave] of waves.entries()) {
    const beside = wave.length > 1 ? " side by side" : "";
    lines.push(paint("dim", cut(`wave ${i + 1} of ${waves.length}: ${plural(wave.length, "task")}${beside}`, columns)));
    put(wave);
  }
  for (const note of notes) lines.push(...wrap(oneLine(note), columns, "  ").split("\n"));
  if (lines.length <= view.rows) return lines;
  return [...lines.slice(0, view.rows - 1), paint("dim", `… ${lines.length - view.rows + 1} more lines`)];
}

/** Each column has room for its titles and names; what is left goes where there are more words to say. */
function widthsOf(
  titles: readonly string[],
  rows: readonly BoardRow[],
  { columns, isSteady }: Look,
): readonly number[] {
  const room = columns - GAP * (titles.length - 1);
  const third = Math.floor(room / titles.length);
  if (isSteady) return titles.map(() => third);
  const needs = COLUMNS.map((column, i) => {
    const all = rows.filter((row) => columnOf(row) === column);
    const title = widthOf(titles[i] ?? "");
    const most = (of: (row: BoardRow) => string) => Math.max(title, ...all.map((row) => widthOf(of(row)) + BESIDE));
    return {
      least: Math.min(third, most(shortWords)),
      most: most(({ isTicked, ...row }) => (isTicked ? row.id : longWords(row))),
    };
  });
  const left = room - needs.reduce((sum, { least }) => sum + least, 0);
  const wanted = needs.reduce((sum, { least, most }) => sum + Math.max(0, most - least), 0);
  const share = Math.min(1, left / Math.max(1, wanted));
  return needs.map(({ least, most }) => least + Math.floor(Math.max(0, most - least) * share));
}

export const columnOf = (row: Pick<TaskRow, "status">): Column =>
  isSettled(row) ? "done" : row.status === "running" || row.status === "waiting" ? "doing" : "to do";

/** Each task one wave after the last of those that it waits for. */
export function wavesOf<R extends Pick<BoardRow, "id" | "dependencies">>(
  rows: readonly R[],
): readonly (readonly R[])[] {
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
  const waves: R[][] = [];
  for (const row of rows) {
    const level = Math.min(rows.length, levels.get(row.id) ?? 0);
    const wave = waves[level];
    if (wave === undefined) waves[level] = [row];
    else wave.push(row);
  }
  return waves.filter((wave) => wave !== undefined);
}

const MARKS: { readonly [status: string]: readonly [string, Paint] } = {
  ...{ complete: ["✔", "green"], reused: ["≡", "green"], failed: ["✖", "red"], skipped: ["–", "yellow"] },
  ...{ cancelled: ["■", "yellow"], running: ["▶", "cyan"], waiting: ["◆", "yellow"], pending: ["·", "dim"] },
};

function cell(row: BoardRow | undefined, { paint, now }: Look, width: number): string {
  if (row === undefined) return " ".repeat(width);
  const [mark, colour] = row.isAtGate ? (["◆", "yellow"] as const) : (MARKS[row.status] ?? ["·", "dim"]);
  const time = isSettled(row) ? row.duration : row.startedAt === undefined ? 0 : now - row.startedAt;
  const took = time > 0 ? ` ${timeText(time)}` : "";
  const room = width - 2;
  return `${paint(colour, mark)} ${sized(cut(wordsOf(row, room - took.length), room - took.length) + took, room)}`;
}

const byAgent = ({ agent }: BoardRow): string => (agent === "" ? "" : ` (${agent})`);
const shortWords = (row: BoardRow): string => (row.isTicked ? row.id : `${row.id}${byAgent(row)}`);
const longWords = (row: BoardRow): string => `${saysOf(row)}${byAgent(row)}`;

/** Its words, with its id unless that says nothing beside them. */
function saysOf({ id, label }: BoardRow): string {
  const says = oneLine(label ?? "");
  if (says === "") return id;
  return says.toLowerCase().startsWith(id.toLowerCase()) || isSlugOf(id, says) ? says : `${id}: ${says}`;
}

/** In little room a task's id and agent; in more its words too, cut so that the agent can still be read. */
function wordsOf(row: BoardRow, room: number): string {
  if (room < ROOMY) return shortWords(row);
  const by = byAgent(row);
  return `${cut(saysOf(row), Math.max(room - widthOf(by), Math.floor(room / 2)))}${by}`;
}

/** An id made of the label's own words says nothing beside it. */
const isSlugOf = (id: string, label: string): boolean => {
  const words = (text: string) => text.toLowerCase().replace(/[^a-z0-9]+/g, "");
  return (
    words(label).startsWith(words(id.replace(/-\d+$/, ""))) || words(label).startsWith(words(id.replace(/^task-/, "")))
  );
};
