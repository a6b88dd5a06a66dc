/** Runs that spend at random under caps of every kind, killed at any moment: `node test/simulation/main.ts --budgets`. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import seeds from "./simulation/seeds.json" with { type: "json" };

interface Report {
  readonly counts: Readonly<Record<string, number>>;
  readonly crashes: Readonly<Record<string, number>>;
  readonly failures: readonly { readonly seed: number; readonly violations: readonly string[] }[];
}
/** `npm run check` plays 1,000. */
const SEEDS = Number(process.env["TUTTI_BUDGET_SEEDS"] ?? 300);

/** As Node runs the source: twice as quick as here. */
async function simulated(): Promise<Report> {
  const main = fileURLToPath(new URL("./simulation/main.ts", import.meta.url));
  const all = [...seeds.budgets, ...Array.from({ length: SEEDS }, (_, i) => i + 1)];
  const { stdout } = await promisify(execFile)(process.execPath, [main, "--budgets", "--seeds", all.join()], {
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout) as Report;
}

test(`[I7] in ${SEEDS} runs with random usage no cap is exceeded by more than a turn of what was under way, and every turn is settled once`, async () => {
  const { counts, crashes, failures } = await simulated();
  expect(failures, "replay one with: node test/simulation/main.ts --budgets --seeds <seed>").toEqual([]);
  // Seeds that never came to a limit would prove nothing.
  const least = { "turn:complete": 5, "workflow:paused": 1, "task:fallback": 0.05, "budget:settled": 2 };
  for (const [type, n] of Object.entries(least)) expect(counts[type], type).toBeGreaterThan(n * SEEDS);
  expect(Object.values(crashes).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(SEEDS);
});
