/**
 * Every crash point at every time it is passed, for some reference runs, and every pair of a crash and a second one
 * during the recovery from it. `node test/simulation/sweep.ts --from 1 --runs 30` prints one JSON report.
 */
import { parseArgs } from "node:util";
import { CRASH_POINTS, type Crash, simulate } from "../../src/testing/index.ts";

const { values } = parseArgs({
  options: { from: { type: "string", default: "1" }, runs: { type: "string", default: "30" } },
});
const first = Number(values.from);

const failures: { seed: number; crashes: readonly Crash[]; violations: readonly string[] }[] = [];
const crashed: Record<string, number> = {};
let runs = 0;
let missed = 0;

async function sweep(seed: number, crashes: readonly Crash[]) {
  const report = await simulate(seed, { crashes, strict: true });
  runs++;
  for (const [point, n] of report.crashes) crashed[point] = (crashed[point] ?? 0) + n;
  // With two, the second can come first and take the run another way; one of them comes for certain.
  if (crashes.length > 0 && !crashes.some(({ point }) => report.crashes.has(point))) missed++;
  if (report.violations.length > 0) failures.push({ seed, crashes, violations: report.violations });
  return report;
}

for (let seed = first; seed < first + Number(values.runs); seed++) {
  const { passed } = await sweep(seed, []);
  const single = CRASH_POINTS.flatMap((point) => times(passed.get(point)).map((nth) => ({ point, nth })));
  await Promise.all(single.map((crash) => sweep(seed, [crash])));
  // The first crash is in the middle of the run; the second while the next process takes it over.
  const half: Crash = {
    point: "append: written, not acknowledged",
    nth: Math.ceil((passed.get("append: written, not acknowledged") ?? 1) / 2),
  };
  const after = await sweep(seed, [half]);
  const later = CRASH_POINTS.flatMap((point) => times(after.passed.get(point)).map((nth) => ({ point, nth })));
  await Promise.all(
    later
      .filter((crash) => !(crash.point === half.point && crash.nth <= half.nth))
      .map((crash) => sweep(seed, [half, crash])),
  );
}

function times(n = 0): readonly number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

console.log(JSON.stringify({ runs, missed, crashed, failures: failures.slice(0, 20) }));
