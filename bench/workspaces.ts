// What it takes to open and close the files of an attempt, as a worktree and as a clone, beside git alone:
// 200 files, one at a time (median of nine) and 50 at once. `node bench/workspaces.ts`
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { worktrees } from "../src/workspace/worktrees.ts";

const room = mkdtempSync(join(tmpdir(), "tutti-bench-"));
const [folder, home] = [join(room, "project"), join(room, "home")];
const RUN = "01arz3ndektsv4rrffq69g5fav";
const ROUNDS = 9;
const AT_ONCE = 50;
const git = (...args: readonly string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@localhost", ...args], {
    cwd: folder,
    encoding: "utf8",
  });
const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
async function timed(act: () => Promise<unknown> | undefined): Promise<number> {
  const begin = performance.now();
  await act();
  return performance.now() - begin;
}

for (let i = 0; i < 200; i++) {
  mkdirSync(join(folder, `d${i % 20}`), { recursive: true });
  writeFileSync(join(folder, `d${i % 20}`, `f${i}.ts`), "export const x = 1;\n".repeat(50));
}
git("init", "--quiet");
git("add", "--all");
git("commit", "--quiet", "--message", "first");
mkdirSync(home);

const spaces = worktrees({ folder, home });
let count = 0;
const bare = (i: number) => {
  git("worktree", "add", "--detach", "--quiet", join(home, `bare-${i}`), "HEAD");
  git("worktree", "remove", "--force", join(home, `bare-${i}`));
  return undefined;
};
const bares: number[] = [];
for (let i = 0; i < AT_ONCE; i++) bares.push(await timed(() => bare(i)));
const inTurn = bares.reduce((sum, one) => sum + one, 0) / 1000;
console.log(`git alone   one ${median(bares).toFixed(0)} ms, ${AT_ONCE} in turn ${inTurn.toFixed(1)} s`);
for (const way of ["worktree", "clone"] as const) {
  const one = async () => {
    const space = spaces.open({ run: RUN, taskId: `t${count++}`, attempt: 1, after: [] }, true, way);
    await space.ready();
    await space.close();
  };
  await one();
  const alone: number[] = [];
  for (let i = 0; i < ROUNDS; i++) alone.push(await timed(one));
  const all = await timed(() => Promise.all(Array.from({ length: AT_ONCE }, one)));
  const ratio = (median(alone) / median(bares)).toFixed(2);
  console.log(
    `${way.padEnd(11)} one ${median(alone).toFixed(0)} ms (${ratio} x git), ${AT_ONCE} at once ${(all / 1000).toFixed(1)} s`,
  );
}
const left = readdirSync(join(home, "worktrees", RUN)).length + git("worktree", "list").trim().split("\n").length - 1;
console.log(`left behind: ${left}`);
rmSync(room, { recursive: true });
