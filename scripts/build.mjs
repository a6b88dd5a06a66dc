// The build: an empty `dist`, then the compiler. It writes `./x.js` for `./x.ts` in modules, but leaves
// declarations as they are, so those are rewritten here.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");

function build() {
  rmSync(dist, { recursive: true, force: true });
  const tsc = join(root, "node_modules/.bin/tsc");
  const { status, error } = spawnSync(tsc, ["-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
  if (error) console.error(`build: ${error.message}. Has \`npm ci\` been run?`);
  if (status !== 0) return status ?? 1;
  for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".d.ts")) continue;
    const path = join(dist, name);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/(\bfrom |\bimport |\bimport\()"(\.{1,2}\/[^"\n]+)\.ts"/g, '$1"$2.js"'));
  }
  return 0;
}

process.exitCode = build();
