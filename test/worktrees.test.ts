/** Attempts that write, each in a worktree of its own, over real repositories. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { WorkspaceOf } from "../src/domain/workspace.ts";
import { Shell } from "../src/runtimes/tools/shell.ts";
import { tidyWorktrees, worktrees } from "../src/workspace/worktrees.ts";
import { Homes } from "./support/homes.ts";
import { git, repositoryIn } from "./support/repository.ts";

const homes = new Homes();
const RUN = "01arz3ndektsv4rrffq69g5fav";

const repository = (files: { readonly [path: string]: string } = { "a.txt": "one\n" }) =>
  repositoryIn(homes.path(files));

function over(folder: string) {
  const home = homes.path({ ".keep": "" });
  const spaces = worktrees({ folder, home });
  const of = (taskId: string, after: readonly string[] = [], attempt = 1): WorkspaceOf => ({
    ...{ run: RUN, taskId, attempt, after },
  });
  return {
    home,
    async open(taskId: string, after?: readonly string[], writes = true) {
      const space = spaces.open(of(taskId, after), writes);
      const notes = await space.ready();
      return Object.assign(space, { notes });
    },
    /** Writes these files as that task, and keeps them. */
    async write(taskId: string, files: { readonly [path: string]: string }, after?: readonly string[], attempt = 1) {
      const space = spaces.open(of(taskId, after, attempt), true);
      for (const [path, text] of Object.entries(files)) await space.write(path, text);
      const changes = await space.keep("done");
      await space.close();
      return changes;
    },
  };
}
/** All that a person would notice of his own repository. */
const looks = (folder: string) =>
  [
    git(folder, "status", "--porcelain", "--ignored"),
    git(folder, "branch", "--all"),
    git(folder, "stash", "list"),
    git(folder, "rev-parse", "HEAD"),
    git(folder, "config", "--local", "--list"),
    git(folder, "ls-files", "--stage"),
  ].join("\n---\n");

test("[I12] what an attempt wrote is kept under its task, and the user's checkout is as it was", async () => {
  const folder = repository();
  const before = looks(folder);
  const { home, open } = over(folder);
  const space = await open("build");
  await space.write("a.txt", "two\n");
  await space.write("new/b.txt", "b\n");
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("one\n");
  const changes = await space.keep("done");
  await space.close();
  expect(changes).toMatchObject({
    ref: `refs/tutti/${RUN}/build`,
    base: git(folder, "rev-parse", "HEAD"),
    files: [
      { path: "a.txt", added: 1, removed: 1 },
      { path: "new/b.txt", added: 1, removed: 0 },
    ],
  });
  expect(git(folder, "show", `refs/tutti/${RUN}/build:a.txt`)).toBe("two");
  expect(looks(folder)).toBe(before);
  expect(existsSync(space.root)).toBe(false);
  expect(git(folder, "worktree", "list").split("\n")).toHaveLength(1);
  expect(readdirSync(join(home, "worktrees", RUN))).toEqual([]);
});

test("work begins with what the user had not committed, new files included and ignored ones not", async () => {
  const folder = repository({ "a.txt": "one\n", ".gitignore": "secret\n" });
  writeFileSync(join(folder, "a.txt"), "changed\n");
  writeFileSync(join(folder, "b.txt"), "new\n");
  writeFileSync(join(folder, "secret"), "s\n");
  const before = looks(folder);
  const space = await over(folder).open("build");
  expect((await space.list()).paths.toSorted()).toEqual([".gitignore", "a.txt", "b.txt"]);
  expect(await space.read("a.txt")).toBe("changed\n");
  expect(await space.keep("done")).toBeUndefined();
  await space.close();
  expect(looks(folder)).toBe(before);
});

test("a task sees what the tasks before it wrote, brought together, and writes upon it", async () => {
  const folder = repository({ "a.txt": "1\n2\n3\n4\n5\n6\n7\n8\n9\n" });
  const { open, write } = over(folder);
  await write("top", { "a.txt": "one\n2\n3\n4\n5\n6\n7\n8\n9\n" });
  await write("bottom", { "a.txt": "1\n2\n3\n4\n5\n6\n7\n8\nnine\n" });
  const both = await open("review", ["top", "bottom"], false);
  expect(await both.read("a.txt")).toBe("one\n2\n3\n4\n5\n6\n7\n8\nnine\n");
  expect(both).toMatchObject({ isWritable: false, notes: [] });
  await both.close();
  const last = await write("last", { "b.txt": "b\n" }, ["top", "bottom", "review"]);
  expect(last?.files).toEqual([{ path: "b.txt", added: 1, removed: 0 }]);
  expect(git(folder, "show", `refs/tutti/${RUN}/last:a.txt`)).toContain("one\n");
});

test("what cannot be brought together is said to whoever works on it", async () => {
  const { open, write } = over(repository());
  await write("one", { "a.txt": "mine\n" });
  await write("two", { "a.txt": "yours\n" });
  const space = await open("after", ["one", "two"]);
  expect(space.notes).toEqual([expect.stringMatching(/refs\/tutti\/.*\/two changed could not .* in a\.txt/)]);
  expect(await space.read("a.txt")).toBe("mine\n");
  await space.close();
});

test("[I12] an attempt that failed leaves what it wrote under a name of its own", async () => {
  const folder = repository();
  const space = await over(folder).open("build");
  await space.write("a.txt", "half\n");
  expect(await space.keep("failed")).toMatchObject({ ref: `refs/tutti/${RUN}.failed/build/1` });
  await space.close();
  expect(git(folder, "show", `refs/tutti/${RUN}.failed/build/1:a.txt`)).toBe("half");
});

test("[I12] whoever takes a task over begins with what was left, and keeps it even where it touches no file", async () => {
  const folder = repository();
  const { home, open } = over(folder);
  const first = await open("build");
  await first.write("a.txt", "half\n");
  await first.keep("failed");
  await first.close();
  const heir = { run: RUN, taskId: "build", attempt: 2, after: [], from: 1 };
  const spaces = worktrees({ folder, home });
  const second = spaces.open(heir, true);
  expect(await second.read("a.txt")).toBe("half\n");
  await second.write("b.txt", "rest\n");
  await second.keep("failed");
  await second.close();
  // One that only reads, or does not even that.
  const third = spaces.open({ ...heir, attempt: 3, from: 2 }, false);
  const kept = await third.keep("done");
  await third.close();
  expect(kept?.files.map(({ path }) => path)).toEqual(["a.txt", "b.txt"]);
  expect(git(folder, "show", `refs/tutti/${RUN}/build:b.txt`)).toBe("rest");
  const none = spaces.open({ ...heir, taskId: "talk" }, false);
  expect(await none.keep("done")).toBeUndefined();
  await none.close();
});

test("[I12] a worktree that outlived its host is found again as it was left", async () => {
  const folder = repository();
  const { home, open } = over(folder);
  await (await open("build")).write("a.txt", "half\n");
  const again = worktrees({ folder, home }).open({ run: RUN, taskId: "build", attempt: 1, after: [] }, true);
  expect(await again.read("a.txt")).toBe("half\n");
  await again.close();
});

test("[I12] what attempts left when their run ended is kept, and their worktrees go", async () => {
  const folder = repository();
  const { home, open } = over(folder);
  await (await open("build.x")).write("a.txt", "half\n");
  await tidyWorktrees({ folder, home }, RUN);
  expect(git(folder, "show", `refs/tutti/${RUN}.failed/build.x/1:a.txt`)).toBe("half");
  expect(existsSync(join(home, "worktrees", RUN))).toBe(false);
  expect(git(folder, "worktree", "list").split("\n")).toHaveLength(1);
});

test("a folder without git, and a repository without a commit, serve too", async () => {
  const bare = homes.path({ "a.txt": "one\n" });
  const { write } = over(bare);
  expect(await write("build", { "a.txt": "two\n" })).toMatchObject({
    files: [{ path: "a.txt", added: 1, removed: 1 }],
  });
  expect(readdirSync(bare)).toEqual(["a.txt"]);
  const unborn = homes.path({ "a.txt": "one\n" });
  git(unborn, "init", "--quiet");
  expect(await over(unborn).write("build", { "b.txt": "x\n" })).toMatchObject({ files: [{ path: "b.txt" }] });
});

test("nothing is laid out for whoever touches no file", async () => {
  const folder = repository();
  const { home } = over(folder);
  const space = worktrees({ folder, home }).open({ run: RUN, taskId: "talk", attempt: 1, after: [] }, true);
  expect(await space.keep("done")).toBeUndefined();
  await space.close();
  expect(existsSync(join(home, "worktrees"))).toBe(false);
  expect(git(folder, "for-each-ref", "refs/tutti")).toBe("");
});

test("many at once do not get into each other's way", async () => {
  const folder = repository();
  const { write } = over(folder);
  const all = await Promise.all(Array.from({ length: 12 }, (_, i) => write(`t${i}`, { [`f${i}`]: "x\n" })));
  expect(all.map((changes) => changes?.files.length)).toEqual(Array.from({ length: 12 }, () => 1));
  expect(git(folder, "worktree", "list").split("\n")).toHaveLength(1);
});

test("runs that work at once in one repository, beside the user's own git, do not get into each other's way", async () => {
  const folder = repository();
  const [places, ended] = [homes.path({ ".keep": "" }), new AbortController()];
  const loop = "i=0; while :; do i=$((i+1)); git worktree add -q --detach $0/w$i; git worktree remove -f $0/w$i; done";
  const his = spawn("bash", ["-c", loop, places], { cwd: folder, stdio: "ignore", signal: ended.signal });
  his.on("error", () => {});
  try {
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const { open } = over(folder);
        for (let i = 0; i < 6; i++) await (await open(`t${i}`)).close();
      }),
    );
  } finally {
    ended.abort();
    await once(his, "close");
  }
  const left = git(folder, "worktree", "list", "--porcelain").split("\n");
  expect(left.filter((line) => /^worktree .*\/t\d\.1$/.test(line))).toEqual([]);
});

test("[G2] nothing that a repository brings along is run: hooks, filters, monitors, drivers", async () => {
  const mark = join(homes.path({ ".keep": "" }), "was-run");
  const folder = repository({ "a.txt": "one\n", ".gitattributes": "* filter=evil diff=evil merge=evil\n" });
  const run = `touch ${mark}; cat`;
  for (const [key, value] of [
    ["filter.evil.clean", run],
    ["filter.evil.smudge", run],
    ["filter.evil.process", run],
    ["filter.evil.required", "true"],
    ["diff.evil.textconv", run],
    ["diff.evil.command", run],
    ["diff.external", run],
    ["merge.evil.driver", run],
    ["core.fsmonitor", run],
    ["core.sshCommand", run],
    ["core.pager", run],
    ["gpg.program", run],
    ["commit.gpgSign", "true"],
  ] as const)
    git(folder, "config", key, value);
  mkdirSync(join(folder, ".git/hooks"), { recursive: true });
  for (const hook of ["post-checkout", "pre-commit", "reference-transaction", "post-index-change", "post-merge"])
    writeFileSync(join(folder, ".git/hooks", hook), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
  writeFileSync(join(folder, "a.txt"), "changed\n");
  const { write, open } = over(folder);
  await write("one", { "a.txt": "two\n", b: "b\n" });
  await write("two", { c: "c\n" });
  await (await open("three", ["one", "two"])).close();
  expect(existsSync(mark)).toBe(false);
});

test("commands in a worktree see its history and what was installed for the checkout, and can change neither", async () => {
  const folder = repository({ "a.txt": "one\n", ".gitignore": "node_modules\n" });
  mkdirSync(join(folder, "node_modules/x"), { recursive: true });
  writeFileSync(join(folder, "node_modules/x/index.js"), "x");
  const { home, open } = over(folder);
  const workspace = await open("build");
  await using shell = await Shell.open({ workspace, env: process.env, hidden: [home], network: false });
  const look = "git log --format=%s; git status --short; cat node_modules/x/index.js";
  const spoil = "touch node_modules/y; git commit --allow-empty -m x; git update-ref refs/heads/evil HEAD";
  const { output, stderr } = await shell.run(`${look}; ${spoil}; echo z > z`, 20_000, new AbortController().signal);
  expect(output).toBe("first\nx");
  expect(stderr.match(/Read-only file system/g)?.length).toBe(3);
  expect(await workspace.keep("done")).toMatchObject({ files: [{ path: "z" }] });
  await workspace.close();
  expect(git(folder, "branch", "--all")).toBe("* main");
  expect(readdirSync(join(folder, "node_modules"))).toEqual(["x"]);
});

test("[G4] a repository with settings for each worktree is refused by name", async () => {
  const folder = repository();
  git(folder, "config", "extensions.worktreeConfig", "true");
  await expect(over(folder).open("build")).rejects.toThrow(/configuration for each worktree/);
});

test("a worktree that was deleted under an attempt is named, and nothing is written to the repository", async () => {
  const folder = repository();
  const space = await over(folder).open("build");
  git(folder, "worktree", "remove", "--force", space.root);
  await expect(space.keep("done")).rejects.toThrow(/was deleted while it was worked in/);
  expect(git(folder, "for-each-ref", `refs/tutti/${RUN}/`)).toBe("");
  await space.close();
});

test("[I12] what was done and not accepted is kept when the next attempt is done, and a reviewer's own files lie apart", async () => {
  const folder = repository();
  const { write, open } = over(folder);
  await write("build", { "a.txt": "not good enough\n" });
  await write("build", { "a.txt": "better\n" }, [], 2);
  expect(git(folder, "show", `refs/tutti/${RUN}/build:a.txt`)).toBe("better");
  expect(git(folder, "show", `refs/tutti/${RUN}.failed/build/2.earlier:a.txt`)).toBe("not good enough");
  const space = await open("build+review", ["build"]);
  expect(await space.read("a.txt")).toBe("better\n");
  await space.write("notes.md", "fine\n");
  expect(await space.keep("done")).toMatchObject({ ref: `refs/tutti/${RUN}/build+review` });
  await space.close();
  expect(git(folder, "show", `refs/tutti/${RUN}/build:a.txt`)).toBe("better");
});

test("a worktree of the user's own whose folder is not there now is not forgotten", async () => {
  const folder = repository();
  const away = join(homes.path({ ".keep": "" }), "mine");
  git(folder, "worktree", "add", "--quiet", "--detach", away);
  renameSync(away, `${away}.unmounted`);
  const { home, open, write } = over(folder);
  await write("build", { "a.txt": "two\n" });
  await open("left");
  await tidyWorktrees({ folder, home }, RUN);
  expect(git(folder, "worktree", "list").split("\n")).toHaveLength(2);
});

test("[I12] a worktree that was being laid out when its host died is laid out anew, and no file counts as deleted", async () => {
  const folder = repository({ "a.txt": "one\n", "b.txt": "b\n" });
  const { home, open } = over(folder);
  const path = join(home, "worktrees", RUN, "build.1");
  // As git leaves it where it is killed while it writes the files.
  git(folder, "worktree", "add", "--quiet", "--detach", "--no-checkout", path);
  writeFileSync(join(folder, ".git/worktrees/build.1/locked"), "initializing");
  const space = await open("build");
  await space.write("a.txt", "two\n");
  expect(await space.keep("done")).toMatchObject({ files: [{ path: "a.txt" }] });
  await space.close();
  // And where not even its folder came to be.
  git(folder, "worktree", "add", "--quiet", "--detach", "--no-checkout", join(home, "worktrees", RUN, "other.1"));
  writeFileSync(join(folder, ".git/worktrees/other.1/locked"), "initializing");
  rmSync(join(home, "worktrees", RUN, "other.1"), { recursive: true });
  const other = await open("other");
  expect(await other.read("a.txt")).toBe("one\n");
  await other.close();
  expect(git(folder, "worktree", "list").split("\n")).toHaveLength(1);
});

test("[I12] an attempt that is begun again after its work was kept and its files were gone still has its changes", async () => {
  const folder = repository();
  const { open, write } = over(folder);
  const before = await write("build", { "a.txt": "two\n" });
  const again = await open("build");
  expect(await again.read("a.txt")).toBe("two\n");
  expect(await again.keep("done")).toMatchObject({ ref: before?.ref, base: before?.base, files: before?.files });
  await again.close();
  const after = await open("after", ["build"]);
  expect(await after.read("a.txt")).toBe("two\n");
  await after.close();
});

test("work in a worktree of the user's own begins at the commit that is checked out there", async () => {
  const folder = repository();
  const mine = join(homes.path({ ".keep": "" }), "mine");
  git(folder, "worktree", "add", "--quiet", "-b", "feature", mine);
  writeFileSync(join(mine, "feature.txt"), "f\n");
  git(mine, "add", ".");
  git(mine, "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "-m", "feature");
  const changes = await over(mine).write("build", { "a.txt": "two\n" });
  expect(changes?.base).toBe(git(mine, "rev-parse", "HEAD"));
});

test("a repository inside the files, with no commit, keeps nobody from his work, and what was written in it is kept", async () => {
  const folder = repository();
  mkdirSync(join(folder, "theirs"));
  git(join(folder, "theirs"), "init", "--quiet");
  writeFileSync(join(folder, "theirs/x"), "x");
  const before = looks(folder);
  const space = await over(folder).open("build");
  await space.write("mine/y.txt", "y\n");
  git(join(space.root, "mine"), "init", "--quiet");
  await space.write("z.txt", "z\n");
  const changes = await space.keep("done");
  expect(changes?.files.map(({ path }) => path)).toEqual(["mine/y.txt", "z.txt"]);
  await space.close();
  expect(looks(folder)).toBe(before);
});

test("files that were deleted are told as such", async () => {
  const folder = repository({ "a.txt": "one\n" });
  const space = await over(folder).open("build");
  rmSync(join(space.root, "a.txt"));
  mkdirSync(join(space.root, "empty"));
  expect(await space.keep("done")).toMatchObject({ files: [{ path: "a.txt", removed: 1 }] });
  await space.close();
});
