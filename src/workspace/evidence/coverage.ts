/** What the last measurement of coverage says, where one lies here. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "../../domain/evidence.ts";
import { isRecord } from "../../domain/shape.ts";
import { jsonOf } from "./manifests.ts";
import type { Snapshot } from "./snapshot.ts";

/** Of JavaScript, of many, of Python and of Cobertura's kind. */
const REPORTS = [
  ...["coverage/coverage-summary.json", "coverage/lcov.info", "lcov.info", "coverage.lcov"],
  ...["coverage.json", "coverage.xml", "coverage/cobertura-coverage.xml"],
];
const LARGEST = 32 * 1024 * 1024;
const WORST = 10;

interface Covered {
  readonly path: string;
  readonly lines: number;
  readonly hit: number;
}
interface Report {
  readonly name: string;
  readonly measured: Date;
  readonly lines: number;
  readonly hit: number;
  /** Where most lines are missing, first; of files that are here. */
  readonly worst: readonly Covered[];
}

/** The first that is there and can be read, made at `since` or later. */
async function reportIn(root: string, paths?: readonly string[], since = 0): Promise<Report | undefined> {
  for (const name of REPORTS) {
    const place = join(root, name);
    const known = await stat(place).catch(() => undefined);
    if (!known?.isFile() || known.size > LARGEST || known.mtimeMs < since) continue;
    const all = covered(name, await readFile(place, "utf8")).filter(({ lines }) => lines > 0);
    if (all.length === 0) continue;
    const isOf = (one: Covered) => (path: string) => one.path === path || one.path.endsWith(`/${path}`);
    const inside = all.flatMap((one): Covered[] => {
      const path = paths ? paths.find(isOf(one)) : one.path.replace(`${root}/`, "");
      return path === undefined || one.hit === one.lines ? [] : [{ ...one, path }];
    });
    const worst = inside.sort((a, b) => b.lines - b.hit - (a.lines - a.hit)).slice(0, WORST);
    const [lines, hit] = [sum(all.map((one) => one.lines)), sum(all.map((one) => one.hit))];
    return { name, measured: known.mtime, lines, hit, worst };
  }
  return undefined;
}

const missing = ({ lines, hit }: Covered): string => `${lines - hit} of ${lines} lines are not reached by a test`;

export async function coverage({ root, paths }: Snapshot): Promise<{ findings: Finding[]; notes: string[] }> {
  const report = await reportIn(root, paths);
  if (!report) return { findings: [], notes: ["no report of coverage lies here"] };
  const { name, measured, lines, hit, worst } = report;
  const of = { collector: "coverage", severity: "info" } as const;
  const total = `${Math.round((100 * hit) / lines)} % of ${lines} lines`;
  return {
    findings: [
      { ...of, path: name, text: `measured on ${measured.toISOString().slice(0, 10)}: ${total}` },
      ...worst.map((one): Finding => ({ ...of, path: one.path, line: 1, text: missing(one) })),
    ],
    notes: [],
  };
}

/** What was measured just now, for whoever checks it. */
export async function measuredIn(root: string, since: number) {
  const report = await reportIn(root, undefined, since);
  return report && { ...report, worst: report.worst.map((one) => `${one.path}: ${missing(one)}`) };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

function covered(name: string, text: string): readonly Covered[] {
  if (name.endsWith(".xml")) return ofCobertura(text);
  if (!name.endsWith(".json")) return ofLcov(text);
  return name.endsWith("summary.json") ? ofSummary(text) : ofPython(text);
}

/** As coverage.py writes it. */
function ofPython(text: string): readonly Covered[] {
  const value = jsonOf(text);
  const files = isRecord(value) && isRecord(value["files"]) ? value["files"] : {};
  return Object.entries(files).flatMap(([path, one]) => {
    const summary = isRecord(one) && isRecord(one["summary"]) ? one["summary"] : {};
    return [{ path, lines: Number(summary["num_statements"]) || 0, hit: Number(summary["covered_lines"]) || 0 }];
  });
}

/** Lines by their file; a line that several classes of a file name counts once, reached where one of them says so. */
function ofCobertura(text: string): readonly Covered[] {
  const files = new Map<string, Map<string, boolean>>();
  let lines: Map<string, boolean> | undefined;
  for (const [, file, number, hits] of text.matchAll(CLASS_OR_LINE)) {
    if (file !== undefined) {
      lines = files.get(file) ?? new Map<string, boolean>();
      files.set(file, lines);
    } else if (lines && number !== undefined) lines.set(number, lines.get(number) || hits !== "0");
  }
  return [...files].map(([path, of]) => ({ path, lines: of.size, hit: [...of.values()].filter(Boolean).length }));
}
const CLASS_OR_LINE = /<class\b[^>]*?\bfilename="([^"]*)"|<line\b[^>]*?\bnumber="(\d+)"[^>]*?\bhits="(\d+)"/g;

function ofSummary(text: string): readonly Covered[] {
  const value = jsonOf(text);
  return Object.entries(isRecord(value) ? value : {}).flatMap(([path, one]) => {
    const lines = isRecord(one) ? one["lines"] : undefined;
    if (path === "total" || !isRecord(lines)) return [];
    return [{ path, lines: Number(lines["total"]) || 0, hit: Number(lines["covered"]) || 0 }];
  });
}

function ofLcov(text: string): readonly Covered[] {
  return text.split("end_of_record").map((record) => {
    const number = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(record)?.[1] ?? 0);
    return { path: /^SF:(.+)$/m.exec(record)?.[1]?.trim() ?? "", lines: number("LF"), hit: number("LH") };
  });
}
