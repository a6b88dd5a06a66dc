/** How fast the program and the library are there: what help loads, and how long both take beside bare Node. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { BIN } from "./support/cli-kit.ts";

const ROUNDS = 5;
const home = mkdtempSync(join(tmpdir(), "tutti-help-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const env = { TUTTI_HOME: home };
const SRC = join(import.meta.dirname, "../src");

/** Milliseconds of several runs, the quickest first. */
function times(...args: readonly string[]): number[] {
  const all = Array.from({ length: ROUNDS }, () => {
    const begun = performance.now();
    execFileSync(process.execPath, args, { stdio: "ignore", env });
    return performance.now() - begun;
  });
  return all.sort((a, b) => a - b);
}
const best = (...args: readonly string[]) => times(...args)[0] ?? Number.NaN;
const median = (...args: readonly string[]) => times(...args)[Math.floor(ROUNDS / 2)] ?? Number.NaN;

/** Modules that the program has loaded when it ends, by a hook that watches every one. */
function loadedBy(...args: readonly string[]): readonly string[] {
  const hook = `
    import { registerHooks } from "node:module";
    import { writeSync } from "node:fs";
    registerHooks({ load(url, context, next) { writeSync(2, "loaded " + url + "\\n"); return next(url, context); } });`;
  const { stderr } = run(["--import", `data:text/javascript,${encodeURIComponent(hook)}`, BIN, ...args]);
  return [...stderr.matchAll(/^loaded (.+)$/gm)].map(([, url = ""]) => url);
}

const run = (args: readonly string[]) => spawnSync(process.execPath, args, { encoding: "utf8", env });

test("[bar:help] --help takes less than 5 times as long as bare Node", () => {
  // Once before, so that neither pays for a cold disk, and what is kept compiled in the home is there.
  for (const args of [
    ["-e", "0"],
    [BIN, "--help"],
  ])
    execFileSync(process.execPath, args, { stdio: "ignore", env });
  const [bare, help] = [median("-e", "0"), median(BIN, "--help")];
  console.log(`--help ${help.toFixed(0)} ms, bare Node ${bare.toFixed(0)} ms: ${(help / bare).toFixed(1)} times`);
  expect(help / bare).toBeLessThan(5);
});

test("[bar:import] importing the library takes little more than bare Node", () => {
  const place = join(SRC, "../.tmp");
  mkdirSync(place, { recursive: true });
  const built = mkdtempSync(join(place, "import-"));
  try {
    const entry = pathToFileURL(join(built, "index.js")).href;
    execFileSync(join(SRC, "../node_modules/.bin/tsc"), ["-p", "tsconfig.build.json", "--outDir", built], {
      cwd: join(SRC, ".."),
    });
    const importing = ["--input-type=module", "-e", `await import("${entry}");`];
    const [bare, tutti] = [best("-e", "0"), best(...importing)];
    // The bench holds the 100 ms; here a machine's pace must not count.
    expect(tutti / bare).toBeLessThan(5);
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
});

test.each([["--help"], ["run", "--help"], ["--version"]])(
  "[bar:help] %s loads the parser of flags and nothing else that is heavy",
  (...args) => {
    const loaded = loadedBy(...args);
    const packages = loaded.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []);
    expect([...new Set(packages)]).toEqual(["commander"]);
    const rooms = loaded.flatMap((url) => url.split(`${pathToFileURL(SRC)}/`)[1]?.split("/")[0] ?? []);
    expect(new Set(rooms)).toEqual(new Set(["cli", "domain"]));
    expect(loaded.filter((url) => url === "node:sqlite")).toEqual([]);
  },
);
