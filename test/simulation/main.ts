/** Runs seeds and prints one JSON report: `node test/simulation/main.ts --from 1 --count 1000 [--strict] [--stop] [--budgets]`. */
import { parseArgs } from "node:util";
import { simulateAll } from "../../src/testing/simulation/simulate.ts";

const { values } = parseArgs({
  options: {
    from: { type: "string", default: "1" },
    count: { type: "string", default: "1000" },
    seeds: { type: "string" },
    strict: { type: "boolean", default: false },
    /** Agents that spend turn by turn, under random caps. */
    budgets: { type: "boolean", default: false },
    /** End at the first seed that finds something. */
    stop: { type: "boolean", default: false },
  },
});

const SIDE_BY_SIDE = 40;
const from = Number(values.from);
const all = values.seeds?.split(",").map(Number) ?? Array.from({ length: Number(values.count) }, (_, i) => from + i);
const counts: Record<string, number> = {};
const crashes: Record<string, number> = {};
const failures: { seed: number; violations: readonly string[] }[] = [];
let events = 0;
const began = performance.now();
for (let i = 0; i < all.length; i += SIDE_BY_SIDE) {
  for (const report of await simulateAll(all.slice(i, i + SIDE_BY_SIDE), {
    strict: values.strict,
    budgets: values.budgets,
  })) {
    events += report.events;
    for (const [type, n] of report.counts) counts[type] = (counts[type] ?? 0) + n;
    for (const [point, n] of report.crashes) crashes[point] = (crashes[point] ?? 0) + n;
    if (report.violations.length > 0) failures.push({ seed: report.seed, violations: report.violations });
  }
  if (values.stop && failures.length > 0) break;
}
const seconds = (performance.now() - began) / 1000;
console.log(JSON.stringify({ seeds: all.length, events, seconds, counts, crashes, failures: failures.slice(0, 20) }));
