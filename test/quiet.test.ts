/** What a program that embeds Tutti must not find: output, files, or reads that it did not ask for. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const ENTRY = join(import.meta.dirname, "../src/index.ts");

test("[readme:quiet] a run in memory and one on disk print nothing and write only where they were told to", () => {
  const folder = mkdtempSync(join(tmpdir(), "tutti-quiet-"));
  const home = join(folder, "home");
  const here = join(folder, "here");
  for (const path of [home, here]) mkdirSync(path);
  const program = join(folder, "program.ts");
  writeFileSync(
    program,
    `import { run, task } from ${JSON.stringify(ENTRY)};
     const plan = [task("a", { agent: () => "x".repeat(20000) }), task("b", { agent: () => { throw new Error("no"); }, retries: 0 })];
     const asked: string[] = [];
     const env = process.env;
     process.env = new Proxy(env, { get: (target, name) => { asked.push(String(name)); return target[String(name)]; } });
     const results = [await run(plan), await run(plan, { journal: { path: "runs" } })];
     process.env = env;
     // Node's own loader and threads look at these.
     const read = asked.filter((name) => !/^(NODE_|WATCH_)/.test(name));
     if (results.some(({ status }) => status !== "failed") || read.length > 0) process.stdout.write(read.join() || "unexpected end");`,
  );
  try {
    const env = { PATH: process.env["PATH"], HOME: home, TMPDIR: home };
    const { status, stdout, stderr } = spawnSync(process.execPath, [program], { cwd: here, env, encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(readdirSync(here)).toEqual(["runs"]);
    expect(readdirSync(home)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
