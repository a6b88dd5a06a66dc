/** A process of its own that begins children which misbehave, and says what was left of them and of itself. */
import { readdirSync, readFileSync } from "node:fs";
import { type ChildEnd, type ChildOptions, runChild } from "../../src/process/child.ts";
import { hostMark } from "../../src/process/family.ts";

const env = { PATH: process.env["PATH"] ?? "" };
const [what = "", number = "1", abreast = "8"] = process.argv.slice(2);

/** Each ends as it must, whatever it tries. */
const KINDS: readonly (readonly [command: string, more: Partial<ChildOptions>])[] = [
  ["trap '' TERM; while :; do sleep 1000; done", { limits: { wall: 60 }, grace: 20 }],
  ["setsid sleep 1000 & sleep 1000", { limits: { wall: 60 }, grace: 20 }],
  ["setsid bash -c 'trap \"\" TERM HUP; sleep 1000 & sleep 1000' & exit 0", {}],
  ["yes flood", { limits: { output: 200_000 }, grace: 20 }],
  ["sleep 1000", { limits: { idle: 60 }, grace: 20 }],
  ["exec 1>&- 2>&-; sleep 1000", { limits: { wall: 60 }, grace: 20 }],
  ["exec 0<&-; exit 0", {}],
  ["kill -SEGV $$", {}],
  ["(sleep 1000 & sleep 1000 &) ; echo done", {}],
];

const begin = ([command, more]: (typeof KINDS)[number]): Promise<ChildEnd> =>
  runChild({ file: "bash", args: ["--norc", "-c", command], cwd: "/", env, ...more });

const howOf = ({ code, signal, why }: ChildEnd) => why ?? signal ?? code;

const descriptors = () => readdirSync("/proc/self/fd").length;

/** Whoever carries the mark of this process, but itself. */
async function leftovers(): Promise<number> {
  const mark = Object.entries(await hostMark()).map(([name, value]) => `${name}=${value}`)[0] ?? "-";
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark);
    } catch {
      return false;
    }
  }).length;
}

/** How each ended; what it wrote is let go. */
async function cycles(count: number): Promise<readonly (string | number | null)[]> {
  const ends: (string | number | null)[] = [];
  const all = Array.from({ length: count }, (_, i) => i).values();
  const worker = async () => {
    for (const i of all) ends[i] = howOf(await begin(KINDS[i % KINDS.length] ?? ["exit 1", {}]));
  };
  await Promise.all(Array.from({ length: Number(abreast) }, worker));
  return ends;
}

/** What is in use: of what was used once the allocator keeps some for the next time. */
const memory = () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

if (what === "cycles") {
  await cycles(2 * KINDS.length);
  const before = { descriptors: descriptors(), memory: memory() };
  const ends = await cycles(Number(number));
  const after = { descriptors: descriptors(), memory: memory(), leftovers: await leftovers() };
  console.log(JSON.stringify({ before, after, hows: ends.slice(0, KINDS.length), count: ends.length }));
} else if (what === "flood") {
  const before = process.memoryUsage().rss;
  let most = 0;
  const looking = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  const end = await runChild({
    ...{ file: "head", args: ["-c", number, "/dev/zero"], cwd: "/", env },
    limits: { output: Number.POSITIVE_INFINITY },
  });
  clearInterval(looking);
  console.log(JSON.stringify({ code: end.code, kept: end.output.length, grown: most - before }));
} else {
  // Says who its child is, and waits to be killed.
  void runChild({
    file: "bash",
    args: ["--norc", "-c", "setsid sleep 1000 & echo $!; sleep 1000"],
    cwd: "/",
    env,
    onOutput: (text) => console.log(String(text)),
  });
}
