/** Tables for people. */
import type { Rounds, Verdict } from "./bars.ts";
import { median } from "./stats.ts";

export const digits = (value: number): string =>
  Number.isNaN(value) ? "–" : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

/** Columns as wide as their widest cell, the first to the left and the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, i) => (i === 0 ? (row[i] ?? "").padEnd(width) : (row[i] ?? "").padStart(width))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

const RUN = ["warmUs", "bestUs", "cpuUs", "coldUs", "commits", "rows", "rssMB", "ratio", "warmRatio"] as const;
const TITLES = [
  "µs a task",
  "best",
  "own thread",
  "first run",
  "commits",
  "rows",
  "peak MB",
  "makespan / bound",
  "again",
];

export function runsTable(rounds: Rounds): string {
  const rows: string[][] = [];
  const other: string[] = [];
  for (const [name, figures] of rounds) {
    const keys = Object.keys(figures[0] ?? {});
    const middle = (key: string) => digits(median(figures.map((one) => one[key] ?? Number.NaN)));
    if (keys.includes("warmUs")) rows.push([name, ...RUN.map(middle), String(figures.length)]);
    else if (keys.length > 0) other.push(`${name}: ${keys.map((key) => `${key} ${middle(key)}`).join(", ")}`);
  }
  return [...(rows.length > 0 ? [table(["case", ...TITLES, "rounds"], rows)] : []), ...other].join("\n");
}

export function barsTable(verdicts: readonly Verdict[]): string {
  return table(
    ["bar", "figure", "limit", ""],
    verdicts.map(({ name, figure, bound, verdict }) => [name, digits(figure), bound, verdict]),
  );
}
