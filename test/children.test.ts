/** Programs that we begin: however they behave, their limits end them by name and nothing of them is left. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type ChildLimits, endInWords, runChild } from "../src/process/child.ts";
import { sweepOrphans } from "../src/process/family.ts";

const PROGRAM = fileURLToPath(new URL("./support/children-program.ts", import.meta.url));
const env = { PATH: process.env["PATH"] ?? "" };
/** For a whole gigabyte 2 ** 30. */
const FLOOD = Number(process.env["TUTTI_FLOOD"] ?? 2 ** 28);
const CYCLES = Number(process.env["TUTTI_CYCLES"] ?? 27);

async function program(...args: readonly string[]) {
  const end = await runChild({ file: process.execPath, args: ["--expose-gc", PROGRAM, ...args], cwd: "/", env });
  expect(end.code, end.stderr).toBe(0);
  return JSON.parse(end.output);
}

const bash = (command: string, limits: Partial<ChildLimits>) =>
  runChild({ file: "bash", args: ["--norc", "-c", command], cwd: "/", env, limits, grace: 50 });

test(`[P2] ${CYCLES} children that misbehave leave no process, no descriptor and no memory behind`, async () => {
  const { before, after, hows, count } = await program("cycles", String(CYCLES));
  expect(count).toBe(CYCLES);
  expect(hows).toEqual(["wall", "wall", 0, "output", "idle", "wall", 0, "SIGSEGV", 0]);
  expect(after.leftovers).toBe(0);
  expect(after.descriptors).toBe(before.descriptors);
  // Compiled code comes and goes by the megabyte; what a thousand children would leave is far beyond it.
  expect(after.memory - before.memory).toBeLessThan(32 * 1024 * 1024);
}, 300_000);

describe("[P3] a limit ends a child by name:", () => {
  test.concurrent.each<[keyof ChildLimits, number, string, string]>([
    ["wall", 100, "while :; do echo x; sleep 0.02; done", "it took longer than 100 ms"],
    ["idle", 100, "sleep 1000", "it said nothing for 100 ms"],
    ["output", 100_000, "yes", "it wrote more than 100000 bytes"],
    [
      "memory",
      60 * 1024 ** 2,
      `exec ${process.execPath} -e 'const b = Buffer.alloc(3e8, 1); setTimeout(() => b, 1e6)'`,
      "of memory",
    ],
    ["processes", 10, "for i in {1..20}; do sleep 1000 & done; wait", "it began more than 10 processes"],
    ["cpu", 1, "while :; do :; done", "it computed for more than 1 s"],
  ])("%s", async (limit, at, command, words) => {
    const end = await bash(command, { [limit]: at });
    expect(end.why).toBe(limit);
    expect(endInWords(end, { [limit]: at })).toContain(words);
  });
});

test("[I9] of a flood of output its beginning and its end are kept", async () => {
  const { code, kept, grown } = await program("flood", String(FLOOD));
  expect(code).toBe(0);
  expect(kept).toBeLessThan(1.1 * 1024 * 1024);
  expect(grown).toBeLessThan(150 * 1024 * 1024);
});

test("[F14] what a killed process left behind is ended by the next one, and the children of one that lives are left alone", async () => {
  const begin = async () => {
    const host = spawn(process.execPath, [PROGRAM, "wait"], { stdio: ["ignore", "pipe", "inherit"] });
    const [said] = await once(host.stdout, "data");
    return { host, child: Number(String(said)) };
  };
  const [killed, alive] = await Promise.all([begin(), begin()]);
  try {
    killed.host.kill("SIGKILL");
    await once(killed.host, "exit");
    expect(isThere(killed.child)).toBe(true);
    expect(await sweepOrphans()).toBeGreaterThanOrEqual(1);
    expect(isThere(killed.child)).toBe(false);
    expect(isThere(alive.child)).toBe(true);
  } finally {
    alive.host.kill("SIGKILL");
    await once(alive.host, "exit");
    await sweepOrphans();
  }
  expect(isThere(alive.child)).toBe(false);
});

/** One that has ended and that nobody has asked about yet does nothing any more. */
function isThere(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}
