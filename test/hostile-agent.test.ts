/** Whoever works in a clone of his own makes of it what he can: he gets nowhere else, and what he wrote is kept. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Way, Workspace } from "../src/domain/workspace.ts";
import { Shell } from "../src/runtimes/tools/shell.ts";
import { lanes } from "../src/workspace/lane/lane.ts";
import { tidyWorktrees, worktrees } from "../src/workspace/worktrees.ts";
import { Homes } from "./support/homes.ts";
import { git, repositoryIn } from "./support/repository.ts";

const homes = new Homes();
const RUN = "01arz3ndektsv4rrffq69g5fav";

/** `spaces()` stands for a host of its own: what it opens again it knows from the disk alone. */
function over(folder: string) {
  const home = homes.path({ "journals/run.db": "SECRET\n" });
  const where = { folder, home };
  const open = async (taskId = "one", after: readonly string[] = [], way: Way = "clone") => {
    const space = worktrees(where).open({ run: RUN, taskId, attempt: 1, after }, true, way);
    await space.ready();
    return space;
  };
  const shell = async (workspace: Workspace, command: string) => {
    await using made = await Shell.open({ workspace, env: process.env, hidden: [home], network: false });
    // Awaited here: what it runs in must stand until it is over.
    return await made.run(command, 20_000, new AbortController().signal);
  };
  const left = () => (existsSync(join(home, "worktrees", RUN)) ? readdirSync(join(home, "worktrees", RUN)) : []);
  return { folder, home, where, open, shell, left };
}
const paths = (changes: { readonly files: readonly { readonly path: string }[] } | undefined) =>
  changes?.files.map(({ path }) => path);
const modules = (...named: readonly string[]) =>
  named.map((path, i) => `[submodule "${i}"]\n\tpath = ${path}\n\turl = ./x\n`).join("");

test.each(["clone", "worktree"] as const)(
  "[I10] a submodule that is said to lie behind a link opens nothing of the machine, in a %s",
  async (way) => {
    const raw = homes.path({ "a.txt": "a\n", ".gitmodules": modules("x/journals", "x") });
    // From the files of an attempt to the home that they lie in.
    symlinkSync("../../..", join(raw, "x"));
    const { home, open, shell } = over(repositoryIn(raw));
    const space = await open("one", [], way);
    const { output } = await shell(
      space,
      "cat x/journals/run.db; echo evil > x/new; echo evil > x/journals/run.db; true",
    );
    expect(output).toBe("");
    expect(readdirSync(home).toSorted()).toEqual(["journals", "worktrees"]);
    expect(readFileSync(join(home, "journals/run.db"), "utf8")).toBe("SECRET\n");
    await space.close();
  },
);

test("[I10] no command is begun where a link was put in the way of what is locked", async () => {
  const { home, open, shell } = over(repositoryIn(homes.path({ "a.txt": "a\n" })));
  const space = await open();
  symlinkSync("../../..", join(space.root, "x"));
  const workspace = { ...space, root: space.root, isWritable: true, locked: [join(space.root, "x/journals")] };
  await expect(shell(workspace, "cat x/journals/run.db")).rejects.toThrow(/'x' is a link now/);
  expect(readdirSync(home).toSorted()).toEqual(["journals", "worktrees"]);
  await space.close();
});

test("a folder that only `.gitmodules` calls a submodule is read, written and kept as any", async () => {
  const { folder, open } = over(repositoryIn(homes.path({ "lib/a.txt": "a\n", ".gitmodules": modules("lib") })));
  const space = await open();
  expect(await space.read("lib/a.txt")).toBe("a\n");
  await space.write("lib/a.txt", "new\n");
  const kept = await space.keep("done");
  // Whoever works there may make of that file what nobody could read to its end.
  rmSync(join(space.root, ".gitmodules"));
  execFileSync("mkfifo", [join(space.root, ".gitmodules")]);
  await expect(space.keep("done")).rejects.toThrow(/\.gitmodules: can only add regular files/);
  await space.close();
  expect(git(folder, "show", `${kept?.commit}:lib/a.txt`)).toBe("new");
});

test("[I12] a clone whose git was broken on purpose is listed, kept and gone on with, and goes without a trace", async () => {
  const { folder, where, open, shell, left } = over(repositoryIn(homes.path({ "a.txt": "a\n" })));
  const his = git(folder, "worktree", "list");
  const words = [
    "echo mine > mine.txt; echo x > .git/index; echo 1234567890123456789012345678901234567890 > .git/refs/heads/x",
    "mkdir -p .git/refs/replace .git/worktrees/x .git/modules; echo evil > .git/worktrees/x/gitdir; rm .git/HEAD",
    "touch .git/index.lock .git/HEAD.lock; rm -rf .git 2> /dev/null; touch .git/index.lock; ls .git",
  ];
  const first = await open();
  await shell(first, words.slice(0, 2).join("; "));
  expect((await first.list()).paths.toSorted()).toEqual(["a.txt", "mine.txt"]);
  const { output } = await shell(first, words[2] ?? "");
  expect(output.split("\n")).toEqual(expect.arrayContaining(["config", "hooks", "index.lock", "objects"]));
  // The host dies here; the next goes on.
  const again = await open();
  expect(existsSync(join(again.root, ".git/index.lock"))).toBe(false);
  expect((await again.list()).paths.toSorted()).toEqual(["a.txt", "mine.txt"]);
  expect(paths(await again.keep("failed"))).toEqual(["mine.txt"]);
  await tidyWorktrees(where, RUN);
  expect(left()).toEqual([]);
  expect(git(folder, "show", `refs/tutti/${RUN}.failed/one/1:mine.txt`)).toBe("mine");
  expect(git(folder, "worktree", "list")).toBe(his);
});

test("[I12] repositories that were made inside are put back after a crash, and too many are refused with all files in place", async () => {
  const { open, left } = over(repositoryIn(homes.path({ "a.txt": "a\n" })));
  const space = await open();
  const inner = repositoryIn(homes.path({ "f.txt": "f\n" }));
  cpSync(inner, join(space.root, "d0"), { recursive: true });
  // As a host leaves it that dies while the files are kept.
  cpSync(join(space.root, "d0/.git"), `${space.root}.inner-0`, { recursive: true });
  rmSync(join(space.root, "d0/.git"), { recursive: true });
  writeFileSync(`${space.root}.inner-0.from`, "d0/.git");
  const again = await open();
  expect(git(join(again.root, "d0"), "log", "--format=%s")).toBe("first");
  expect(paths(await again.keep("done"))).toEqual(["d0/f.txt"]);
  for (let i = 1; i <= 20; i++) cpSync(inner, join(again.root, `d${i}`), { recursive: true });
  await expect(again.keep("done")).rejects.toThrow(/more than 20 repositories were made inside the files, such as 'd/);
  expect(existsSync(join(again.root, "d20/.git")) && existsSync(join(again.root, "d0/.git"))).toBe(true);
  // Where a link lies in the way meanwhile, nothing is put behind it.
  const outside = homes.path({ kept: "x" });
  cpSync(join(inner, ".git"), `${again.root}.inner-0`, { recursive: true });
  writeFileSync(`${again.root}.inner-0.from`, "out/.git");
  symlinkSync(outside, join(again.root, "out"));
  await open();
  expect(readdirSync(outside)).toEqual(["kept"]);
  await again.close();
  expect(left()).toEqual([]);
});

test("folders deeper than any name go with the rest, and so do those that nobody may write in", async () => {
  const { open, shell, left } = over(repositoryIn(homes.path({ "a.txt": "a\n" })));
  const space = await open();
  const name = "a".repeat(200);
  await shell(space, `for i in $(seq 30); do mkdir ${name}; cd -P ${name}; done; touch f`);
  await space.close();
  expect(left()).toEqual([]);
  // Root may write everywhere: as anybody.
  const room = mkdtempSync(join(tmpdir(), "tutti-gone-"));
  mkdirSync(join(room, "all/locked"), { recursive: true });
  writeFileSync(join(room, "all/locked/f"), "");
  const isRoot = process.getuid?.() === 0;
  if (isRoot) execFileSync("chown", ["-R", "65534", room]);
  chmodSync(join(room, "all/locked"), 0o555);
  const words = `import(${JSON.stringify(new URL("../src/process/gone.ts", import.meta.url).href)}).then((m) => m.gone(${JSON.stringify(join(room, "all"))}))`;
  execFileSync(process.execPath, ["-e", words], { ...(isRoot && { uid: 65534 }), stdio: "pipe" });
  expect(readdirSync(room)).toEqual([]);
  rmSync(room, { recursive: true });
});

test("[I10] what proves the work sees none of the user's settings, and its files are gone with it", async () => {
  const { folder, where, home, shell } = over(repositoryIn(homes.path({ "a.txt": "a\n" })));
  git(folder, "remote", "add", "origin", "https://user:canary@example.org/x.git");
  await using lane = await lanes(where).open({ run: RUN, task: "land" });
  {
    await using files = await lane.checkout(lane.onto.commit);
    const { output } = await shell(
      files,
      `cat ${folder}/.git/config; git config --list; git log --format=%s; echo x > a.txt`,
    );
    expect(output).toMatch(/core\.repositoryformatversion=0\n[\s\S]*\nfirst\n$/);
    expect(output).not.toMatch(/canary/);
  }
  expect(existsSync(join(home, "lanes"))).toBe(true);
  expect(readdirSync(join(home, "lanes"))).toEqual([]);
});
