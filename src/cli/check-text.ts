/** One report of all checks of a run: for a terminal, and as Markdown. */
import type { CheckReport, CheckResult, CheckRow } from "../domain/check-result.ts";
import { cut, oneLine, type Painter, sized, widthOf } from "./text.ts";
import { plural, timeText } from "./units.ts";

const LOOKS = {
  green: ["✔", "green"],
  red: ["✖", "red"],
  "not run": ["–", "yellow"],
  "under way": ["▶", "cyan"],
} as const;
/** Findings of one check that a terminal shows; the report as Markdown has all that were kept. */
const MOST_SHOWN = 10;
/** Lines of what a command printed that named no place. */
const MOST_SAID = 8;
const NAME = 24;

interface Look {
  readonly paint: Painter;
  readonly columns: number;
}

export function checkLines(report: CheckReport, { paint, columns }: Look): readonly string[] {
  const { checks, verdict } = report;
  const width = Math.min(NAME, Math.max(...checks.map(({ task }) => widthOf(task))));
  const colour = verdict === "green" ? "green" : verdict === "red" ? "red" : "yellow";
  return [
    paint(colour, cut(`checks: ${verdict}`, columns)) + cut(verdictWords(report), columns - 8 - verdict.length),
    ...checks.flatMap((row) => {
      const [mark, look] = LOOKS[row.state];
      const took = row.result ? sized(timeText(row.result.duration), 8, "right") : " ".repeat(8);
      const room = columns - width - 2 - took.length - 2;
      return [
        `${paint(look, mark)} ${sized(row.task, width)}${took}  ${cut(oneLine(endWords(row)), room)}`.trimEnd(),
        ...detailLines(row).map((line) => `    ${cut(oneLine(line), columns - 4)}`),
      ];
    }),
  ];
}

const verdictWords = ({ checks, oneByOne }: CheckReport): string => {
  const green = checks.filter(({ state }) => state === "green").length;
  const open = checks.filter(({ state }) => state === "under way").length;
  const left = open > 0 ? `, ${open} under way` : "";
  return `, ${green} of ${plural(checks.length, "check")} green${left}; ${timeText(oneByOne)} if one after the other`;
};

function endWords({ state, reason, result }: CheckRow): string {
  if (result === undefined) return `${state}${reason === undefined ? "" : `: ${reason}`}`;
  const { coverage, argv, exit } = result;
  const end = `${result.end === `it ended with code ${exit}` ? `exit ${exit}` : result.end}${reason === undefined ? "" : `, ${reason}`}`;
  const measured = coverage ? `, tests reach ${coverage.percent} % of ${plural(coverage.lines, "line")}` : "";
  return `${end}${measured}${argv ? ` (${argv.join(" ")})` : ""}`;
}

function detailLines({ state, result }: CheckRow): string[] {
  if (result === undefined) return [];
  const faults = result.findings.filter(({ severity }) => severity !== "info");
  const shown = state === "green" ? [] : faults.slice(0, MOST_SHOWN);
  const more = state === "green" ? 0 : faults.length - shown.length + (result.more ?? 0);
  const said = state === "green" ? [] : (result.said?.split("\n").slice(-MOST_SAID) ?? []);
  return [
    ...shown.map((one) => `${placeWords(one, result.kind)}  ${withoutPlace(one)}`),
    ...(more > 0 ? [`… ${more} more: tutti report`] : []),
    ...said,
    ...result.notes.map((note) => `note: ${note}`),
  ];
}

const placeWords = ({ path, line, severity }: CheckResult["findings"][number], kind: CheckResult["kind"]): string =>
  `${kind === "analysis" ? `${severity.toUpperCase()} ` : ""}${path}${line === undefined ? "" : `:${line}`}`;

/** What is said of a place, where it begins with the place itself. */
const withoutPlace = ({ path, line, text }: CheckResult["findings"][number]): string => {
  const place = `${path}:${line}`;
  return text.startsWith(place) ? text.slice(place.length).replace(/^(?::\d+)?[\s:-]+/, "") || text : text;
};

/** Words of files and programs are no markup of ours. */
const plain = (text: string): string => oneLine(text).replace(/[<>[\]`*_|\\]/g, "\\$&");

export function checkMarkdown(report: CheckReport | undefined): readonly string[] {
  if (report === undefined) return [];
  const cell = (text: string) => plain(text).slice(0, 300);
  return [
    ...["", `## Checks: ${report.verdict}`, ""],
    `Made by programs; no model was asked. ${verdictWords(report).slice(2)}.`,
    ...["", "| check | state | time | how it ended |", "| --- | --- | ---: | --- |"],
    ...report.checks.map(
      (row) =>
        `| ${cell(row.task)} | ${row.state} | ${row.result ? timeText(row.result.duration) : ""} | ${cell(endWords(row))} |`,
    ),
    ...report.checks.flatMap(({ task, result }) => {
      const { findings = [], said, notes = [], more = 0, kind = "command" } = result ?? {};
      if (findings.length + notes.length === 0 && said === undefined) return [];
      return [
        ...["", `### ${cell(task)}: what it found`, ""],
        ...findings.map((one) => `- \`${placeWords(one, kind).replaceAll("`", "'")}\`: ${plain(withoutPlace(one))}`),
        ...(more > 0 ? [`- ${more} more`] : []),
        ...(said === undefined ? [] : said.split("\n").map((line) => `    ${line}`)),
        ...notes.map((note) => `- note: ${plain(note)}`),
      ];
    }),
  ];
}
