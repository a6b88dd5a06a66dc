/** What the last measurement of coverage says, where one lies here. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "../../domain/evidence.ts";
import { isRecord } from "../../domain/shape.ts";
import { jsonOf } from "./manifests.ts";
import type { Snapshot } from "./snapshot.ts";

const REPORTS = ["coverage/coverage-summary.json", "coverage/lcov.info", "lcov.info"];
const LARGEST = 32 * 1024 * 1024;
const WORST = 10;

interface Covered {
  readonly path: string;
  readonly lines: number;
  readonly hit: number;
}

export async function coverage({ root, paths }: Snapshot): Promise<{ findings: Finding[]; notes: string[] }> {
  for (const name of REPORTS) {
    const place = join(root, name);
    const known = await stat(place).catch(() => undefined);
    if (!known?.isFile() || known.size > LARGEST) continue;
    const text = await readFile(place, "utf8");
    const all = (name.endsWith(".json") ? ofSummary(text) : ofLcov(text)).filter(({ lines }) => lines > 0);
    const inside = all.map((one) => ({
      ...one,
      path: paths.find((path) => one.path === path || one.path.endsWith(`/${path}`)),
    }));
    const [lines, hit] = [sum(all.map((one) => one.lines)), sum(all.map((one) => one.hit))];
    const total = lines === 0 ? "nothing" : `${Math.round((100 * hit) / lines)} % of ${lines} lines`;
    const worst = inside.sort((a, b) => b.lines - b.hit - (a.lines - a.hit)).slice(0, WORST);
    const day = known.mtime.toISOString().slice(0, 10);
    return {
      findings: [
        { collector: "coverage", severity: "info", path: name, text: `measured on ${day}: ${total}` },
        ...worst.flatMap(({ path, lines: of, hit: got }): Finding[] =>
          path === undefined || got === of
            ? []
            : [
                {
                  collector: "coverage",
                  severity: "info",
                  path,
                  line: 1,
                  text: `${of - got} of ${of} lines are not reached by a test`,
                },
              ],
        ),
      ],
      notes: [],
    };
  }
  return { findings: [], notes: ["no report of coverage lies here"] };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

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
