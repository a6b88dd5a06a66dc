/** Text on a terminal: how wide it is, cut to a width, in columns. Colours never carry meaning by themselves. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with a control character
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]+/g;
const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
const PLAIN = /^[\u0020-\u007e]*$/;
const INVISIBLE = /^[\p{Mark}\p{Default_Ignorable_Code_Point}\p{Control}]/u;
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;
/** First and last code points of the blocks that take two columns. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x20000, 0x3fffd],
];

function widthOfGrapheme(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  const point = grapheme.codePointAt(0) ?? 0;
  return EMOJI.test(grapheme) || WIDE.some(([from, to]) => point >= from && point <= to) ? 2 : 1;
}

/** Columns that the text takes, escape sequences not counted. */
export function widthOf(text: string): number {
  const bare = text.replace(ESCAPES, "");
  if (PLAIN.test(bare)) return bare.length;
  let width = 0;
  for (const { segment } of segmenter.segment(bare)) width += widthOfGrapheme(segment);
  return width;
}

/** At most so many columns; what is cut ends in `…`. For text without escape sequences. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let taken = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    const next = widthOfGrapheme(segment);
    if (used + next > width - 1) break;
    taken += segment;
    used += next;
  }
  return width <= 0 ? "" : `${taken}…`;
}

/** Exactly so many columns. */
export function sized(text: string, width: number, side: "left" | "right" = "left"): string {
  const short = cut(text, width);
  const space = " ".repeat(Math.max(0, width - widthOf(short)));
  return side === "left" ? short + space : space + short;
}

/** On one line and harmless: what agents and files say may hold anything. */
export const oneLine = (text: string): string => text.replace(ESCAPES, "").replace(CONTROLS, " ").trim();

/** As it is, without what could steer the terminal. */
export const harmless = (text: string): string =>
  text.replace(ESCAPES, "").replace(CONTROLS, (run) => run.replace(/[^\n\t]/g, ""));

export type Paint = "dim" | "bold" | "green" | "red" | "yellow" | "cyan";
const CODES: { readonly [P in Paint]: number } = { dim: 2, bold: 1, green: 32, red: 31, yellow: 33, cyan: 36 };

export type Painter = (paint: Paint, text: string) => string;

export const painter =
  (isColoured: boolean): Painter =>
  (paint, text) =>
    isColoured ? `\u001b[${CODES[paint]}m${text}\u001b[0m` : text;

export interface Column {
  readonly title: string;
  readonly side?: "left" | "right";
  /** Gives way where the table is too wide, down to this. */
  readonly least?: number;
}

/** Rows under their titles, two spaces between columns, never wider than `width`. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const widths = columns.map(({ title }, i) => Math.max(widthOf(title), ...rows.map((row) => widthOf(row[i] ?? ""))));
  let over = widths.reduce((a, b) => a + b, 0) + 2 * (columns.length - 1) - width;
  for (let i = columns.length - 1; i >= 0 && over > 0; i--) {
    const least = columns[i]?.least;
    if (least === undefined) continue;
    const taken = Math.min(over, Math.max(0, (widths[i] ?? 0) - least));
    widths[i] = (widths[i] ?? 0) - taken;
    over -= taken;
  }
  const line = (cells: readonly string[]) =>
    columns
      .map(({ side }, i) => sized(cells[i] ?? "", widths[i] ?? 0, side))
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)];
}

/** Words to lines of at most so many columns. */
export function wrap(text: string, width: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > width - indent.length) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, indent + line].join("\n");
}
