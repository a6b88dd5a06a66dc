/**
 * The simulation at full size: seeds, the sweep over every crash point, and the mutants that it must kill. Each part runs
 * in processes of its own, so that what is tested is the source as Node runs it.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { EVENT_TYPES } from "../src/domain/events.ts";
import { CRASH_POINTS, simulate } from "../src/testing/index.ts";
import { MUTANTS, type Mutant } from "./simulation/mutants.ts";
import seeds from "./simulation/seeds.json" with { type: "json" };

// Tens of thousands of seeds take a minute or two; nothing here asserts a time.
vi.setConfig({ testTimeout: 900_000 });

const ROOT = join(import.meta.dirname, "..");
/** 50,000 in `npm run check`. */
const SEEDS = Number(process.env["TUTTI_SEEDS"] ?? 4000);

/** Runs that crash at every point, at every time it is passed. */
const SWEPT = 30;

/** Nearly all that it makes is short-lived: a larger young generation saves a tenth of the time. */
const YOUNG = ["--max-semi-space-size=64"];

interface Report {
  readonly seeds: number;
  readonly events: number;
  readonly counts: Record<string, number>;
  readonly crashes: Record<string, number>;
  readonly failures: readonly { seed: number; violations: readonly string[] }[];
}

interface Swept {
  readonly missed: number;
  readonly crashed: Record<string, number>;
  readonly failures: readonly unknown[];
}

function node<T>(cwd: string, ...args: readonly string[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (err += data));
    child.on("close", (code) =>
      code === 0 ? resolve(JSON.parse(out) as T) : reject(new Error(err || `exit ${code}`)),
    );
  });
}

/** So many at a time as there are cores. */
async function spread<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T);
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 8) }, lane));
  return results;
}

function sum<R>(reports: readonly R[], pick: (report: R) => Record<string, number>): Record<string, number> {
  const total: Record<string, number> = {};
  for (const report of reports) for (const [key, n] of Object.entries(pick(report))) total[key] = (total[key] ?? 0) + n;
  return total;
}

test("[bar:simulation] [bar:event-types] [bar:crash-points] [I1] [I2] [I3] [I6] [I7] [I8] no seed finds a violation, every event comes, every crash point is hit", async () => {
  const shards = Math.min(availableParallelism(), 8);
  const each = Math.ceil(SEEDS / shards);
  const reports = await spread([...Array(shards).keys()], (i) =>
    node<Report>(ROOT, ...YOUNG, "test/simulation/main.ts", "--from", String(1 + i * each), "--count", String(each)),
  );
  const failures = reports.flatMap((report) => report.failures);
  expect(failures, "a failing seed is replayed with: node test/simulation/main.ts --seeds <seed> --strict").toEqual([]);
  if (SEEDS < 50_000) return;
  expect(reports.reduce((n, report) => n + report.events, 0)).toBeGreaterThanOrEqual(2_000_000);
  const counts = sum(reports, (report) => report.counts);
  expect(EVENT_TYPES.filter((type) => (counts[type] ?? 0) < 1000)).toEqual([]);
  const crashes = sum(reports, (report) => report.crashes);
  expect(CRASH_POINTS.filter((point) => !crashes[point])).toEqual([]);
});

test("[bar:simulation] [I3] a crash at every point, at every time it is passed, changes nothing but time", async () => {
  const shards = Math.min(availableParallelism(), 8);
  const each = Math.ceil(SWEPT / shards);
  const reports = await spread([...Array(shards).keys()], (i) =>
    node<Swept>(ROOT, ...YOUNG, "test/simulation/sweep.ts", "--from", `${1 + i * each}`, "--runs", `${each}`),
  );
  expect(reports.flatMap(({ failures }) => failures)).toEqual([]);
  const crashed = sum(reports, (report) => report.crashed);
  expect(CRASH_POINTS.filter((point) => !crashed[point])).toEqual([]);
  expect(reports.reduce((n, { missed }) => n + missed, 0)).toBe(0);
});

test("every seed that once found a fault finds none now", async () => {
  const report = await node<Report>(ROOT, "test/simulation/main.ts", "--strict", "--seeds", seeds.seeds.join());
  expect(report.failures).toEqual([]);
});

test("the same seed gives the same events", async () => {
  for (const seed of [7, 1007, 2007, 3007]) {
    const [once, twice] = [await simulate(seed), await simulate(seed)];
    expect(twice.hash()).toBe(once.hash());
  }
});

test("[bar:mutants] every planted fault is found", async () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(12);
  // All of them in `npm run check`; elsewhere every third, other ones each day.
  const day = Math.floor(Date.now() / 86_400_000);
  const played = MUTANTS.filter((_, i) => SEEDS >= 50_000 || (i + day) % 3 === 0);
  const survivors = await spread(played, async (mutant) => ((await survives(mutant)) ? mutant.name : undefined));
  expect(survivors.filter((name) => name !== undefined)).toEqual([]);
});

/** The simulation over a copy of the source with the fault in it. */
async function survives(mutant: Mutant): Promise<boolean> {
  const copy = mkdtempSync(join(tmpdir(), "tutti-mutant-"));
  try {
    for (const folder of ["src", "test/simulation"])
      cpSync(join(ROOT, folder), join(copy, folder), { recursive: true });
    writeFileSync(join(copy, "package.json"), '{"type":"module"}');
    const file = join(copy, "src", mutant.file);
    const text = readFileSync(file, "utf8");
    expect(text.split(mutant.find).length - 1, `'${mutant.name}': its text stands once in ${mutant.file}`).toBe(1);
    writeFileSync(file, `${mutant.head ?? ""}${text.replace(mutant.find, () => mutant.put)}`);
    const mode = mutant.budgets ? ["--budgets"] : [];
    const report = await node<Report>(copy, "test/simulation/main.ts", "--count", "2000", "--stop", ...mode);
    return report.failures.length === 0;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
