// The whole gate, cheap steps first; it stops at the first that fails. `--without-tests` leaves the tests out,
// for callers that have just run them.
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const bin = (name) => resolve(root, "node_modules/.bin", name);

const KILLS = ["test/kill.test.ts", "test/turn-kill.test.ts", "test/landing-kill.test.ts"];
const LONG = ["test/simulation-budgets.test.ts", "test/model-runtime.test.ts"];
const STEPS = [
  [
    "format and lint",
    bin("biome"),
    "ci",
    ".",
    "--error-on-warnings",
    ...(process.stdout.isTTY ? [] : ["--colors=off"]),
  ],
  ["types", bin("tsc"), "--noEmit"],
  ["nothing unused", bin("knip"), "--no-progress"],
  ["tests", bin("vitest"), "run"],
  // What the tests do in short, at the size that is promised: minutes on end, so that `npm test` stays quick.
  ["full size", bin("vitest"), "run", "test/simulation.timing.test.ts", ...KILLS, ...LONG],
  ["package", process.execPath, resolve(root, "scripts/check-package.mjs")],
];

const ENV = {
  "full size": {
    ...{ TUTTI_SEEDS: "50000", TUTTI_KILLS: "100", TUTTI_TURN_KILLS: "4", TUTTI_LAND_KILLS: "9" },
    ...{ TUTTI_BUDGET_SEEDS: "1000", TUTTI_CUT_STEP: "3" },
  },
};

const skip = process.argv.includes("--without-tests") ? "tests" : undefined;
for (const [name, command, ...args] of STEPS.filter(([name]) => name !== skip)) {
  console.log(`\ncheck: ${name}`);
  const started = performance.now();
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...ENV[name] },
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (status !== 0) {
    console.error(`check: ${name} failed after ${seconds} s${error ? `: ${error.message}` : ""}`);
    process.exit(1);
  }
  console.log(`check: ${name} passed in ${seconds} s`);
}
console.log("\ncheck: all green");
