/**
 * `npm run bench`: times of the built package and whether they keep what is promised. Rounds go over all cases in
 * turn, so that a machine that is busy for a while touches all of them alike; what is printed are medians.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { judge } from "./bars.ts";
import { CASES, type Figures } from "./cases.ts";
import { barsTable, digits, runsTable } from "./table.ts";
import { ROOT, Workshop } from "./workshop.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    /** Beginnings of case names, with commas. */
    only: { type: "string" },
    /** Measure the source instead of the built package. */
    src: { type: "boolean", default: false },
    /** Measure another build, for comparisons. */
    dist: { type: "string" },
  },
});
const wanted = values.only?.split(",");
const cases = CASES.filter(
  ({ name }) => wanted === undefined || wanted.some((beginning) => name.startsWith(beginning)),
);
if (cases.length === 0) throw new Error(`no such case; there are: ${CASES.map(({ name }) => name).join(", ")}`);

const started = new Date();
const rounds = new Map<string, Figures[]>(cases.map(({ name }) => [name, []]));
const failures: string[] = [];

const workshop = new Workshop({ source: values.src, dist: values.dist });
const leave = (signal: NodeJS.Signals) => {
  workshop.close();
  process.exit(signal === "SIGINT" ? 130 : 143);
};
process.once("SIGINT", leave).once("SIGTERM", leave);
try {
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const one of cases) {
      try {
        const figures = await workshop.measure(one);
        rounds.get(one.name)?.push(figures);
        const [key = "", value = Number.NaN] = Object.entries(figures).find(([name]) => name !== "coldMs") ?? [];
        console.error(`${round} ${one.name}: ${key} ${digits(value)}`);
      } catch (error) {
        // A figure of another round must not stand beside this round's.
        rounds.get(one.name)?.push({});
        failures.push(`round ${round}: ${error instanceof Error ? error.message : error}`);
        console.error(failures.at(-1));
      }
    }
  }
} finally {
  workshop.close();
}

const verdicts = judge(rounds);
const machine = `${cpus().length} cores, Node ${process.version}, load ${digits(loadavg()[0] ?? 0)}`;
console.log(
  `\n${values.src ? "source" : (values.dist ?? "built package")}; ${machine}; medians of ${values.rounds} rounds\n`,
);
console.log(`${runsTable(rounds)}\n\n${barsTable(verdicts)}`);
for (const failure of failures) console.log(failure);

const folder = join(ROOT, "bench/results");
mkdirSync(folder, { recursive: true });
const file = join(folder, `${started.toISOString().replaceAll(":", "-").slice(0, 19)}.json`);
writeFileSync(
  file,
  `${JSON.stringify({ started, machine, rounds: Object.fromEntries(rounds), verdicts, failures }, null, 1)}\n`,
);
console.log(`\nwritten to bench/results`);
process.exitCode = failures.length > 0 || verdicts.some(({ verdict }) => verdict === "FAIL") ? 1 : 0;
