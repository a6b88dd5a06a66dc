/** Repositories that are not the plain ones: shallow, sparse, borrowing, with submodules, with large files kept elsewhere. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Way } from "../src/domain/workspace.ts";
import { Shell } from "../src/runtimes/tools/shell.ts";
import { lanes } from "../src/workspace/lane/lane.ts";
import { tidyWorktrees, worktrees } from "../src/workspace/worktrees.ts";
import { Homes } from "./support/homes.ts";
import { git, repositoryIn } from "./support/repository.ts";

const homes = new Homes();
const RUN = "01arz3ndektsv4rrffq69g5fav";
const WAYS: readonly Way[] = ["worktree", "clone"];

const repository = (files: { readonly [path: string]: string } = { "a.txt": "one\n", "d/b.txt": "two\n" }) =>
  repositoryIn(homes.path(files));

function over(folder: string, way: Way, home = homes.path({ ".keep": "" })) {
  const spaces = worktrees({ folder, home });
  return {
    home,
    async open(taskId = "build", after: readonly string[] = []) {
      const space = spaces.open({ run: RUN, taskId, attempt: 1, after }, true, way);
      const notes = await space.ready();
      return Object.assign(space, { notes });
    },
    async shell(workspace: Awaited<ReturnType<typeof spaces.open>>, command: string) {
      await using shell = await Shell.open({ workspace, env: process.env, hidden: [home], network: false });
      // Awaited here: what it runs in must stand until it is over.
      return await shell.run(command, 20_000, new AbortController().signal);
    },
  };
}
/** All that a person would notice of his own repository. */
const looks = (folder: string) =>
  [
    "status --porcelain --ignored",
    "branch --all",
    "stash list",
    "rev-parse HEAD",
    "ls-files --stage -v",
    "config --local --list",
  ]
    .map((words) => git(folder, ...words.split(" ")))
    .join("\n---\n");

describe.each(WAYS)("as a %s", (way) => {
  /** Opens, changes a file, keeps it: nothing but that may count as changed. */
  async function changes(folder: string) {
    const before = looks(folder);
    const { home, open } = over(folder, way);
    const space = await open();
    await space.write("new.txt", "new\n");
    const kept = await space.keep("done");
    await space.close();
    expect(looks(folder)).toBe(before);
    expect(existsSync(join(home, "worktrees", RUN)) ? readdirSync(join(home, "worktrees", RUN)) : []).toEqual([]);
    return { kept, files: kept?.files.map(({ path }) => path), notes: space.notes };
  }

  test("a shallow clone", async () => {
    const from = repository();
    writeFileSync(join(from, "a.txt"), "more\n");
    git(from, "commit", "-qam", "second");
    const folder = join(homes.path({ ".keep": "" }), "shallow");
    git("/", "clone", "-q", "--depth=1", `file://${from}`, folder);
    expect((await changes(folder)).files).toEqual(["new.txt"]);
    const { open, shell } = over(folder, way);
    const space = await open("other");
    expect((await shell(space, "git log --format=%s; git status --short")).output).toBe("second\n");
    await space.close();
  });

  test("one that borrows the objects of another, and one whose hashes are long", async () => {
    const from = repository();
    const folder = join(homes.path({ ".keep": "" }), "borrowing");
    git("/", "clone", "-q", "--shared", from, folder);
    expect((await changes(folder)).files).toEqual(["new.txt"]);
    const long = homes.path({ "a.txt": "one\n" });
    git(long, "init", "-q", "--object-format=sha256", "--initial-branch=main");
    expect((await changes(repositoryIn(long))).kept?.commit).toHaveLength(64);
  });

  test("no commit at all, or none that is on a branch", async () => {
    const unborn = homes.path({ "a.txt": "one\n" });
    git(unborn, "init", "-q", "--initial-branch=main");
    const { kept, files } = await changesOfUnborn(unborn);
    expect(files).toEqual(["new.txt"]);
    expect(git(unborn, "show", `${kept?.base}:a.txt`)).toBe("one");
    const detached = repository();
    git(detached, "checkout", "-q", "--detach");
    expect((await changes(detached)).files).toEqual(["new.txt"]);
  });
  async function changesOfUnborn(folder: string) {
    const { open } = over(folder, way);
    const space = await open();
    await space.write("new.txt", "new\n");
    const kept = await space.keep("done");
    await space.close();
    return { kept, files: kept?.files.map(({ path }) => path) };
  }

  test("a sparse checkout: all is laid out, and nothing that was not checked out counts as deleted", async () => {
    const folder = repository();
    git(folder, "sparse-checkout", "set", "d");
    expect(existsSync(join(folder, "a.txt"))).toBe(true);
    git(folder, "sparse-checkout", "set", "--no-cone", "d/");
    expect(existsSync(join(folder, "a.txt"))).toBe(false);
    writeFileSync(join(folder, "d/b.txt"), "changed\n");
    const { kept, files } = await changes(folder);
    expect(files).toEqual(["new.txt"]);
    expect(git(folder, "ls-tree", "-r", "--name-only", kept?.commit ?? "").split("\n")).toEqual([
      ...["a.txt", "d/b.txt", "new.txt"],
    ]);
    expect(git(folder, "show", `${kept?.base}:d/b.txt`)).toBe("changed");
    git(folder, "config", "--worktree", "core.fsmonitor", "false");
    await expect(over(folder, way).open()).rejects.toThrow(/configuration for each worktree/);
  });

  test("a submodule is seen by commands, and whoever writes there is told that it could not be kept", async () => {
    const inner = repository({ "in.txt": "in\n" });
    const folder = repository();
    git(folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner, "sub");
    git(folder, "commit", "-qm", "sub");
    const { files, notes } = await changes(folder);
    expect(files).toEqual(["new.txt"]);
    expect(notes).toEqual([expect.stringMatching(/^'sub' is a submodule/)]);
    const { open, shell } = over(folder, way);
    const space = await open("other");
    for (const path of ["sub/in.txt", "d/../sub/in.txt"]) {
      await expect(space.read(path)).rejects.toThrow(/lies in the submodule 'sub'/);
      await expect(space.write(path, "x")).rejects.toThrow(/lies in the submodule 'sub'/);
    }
    const { output, stderr } = await shell(space, "cat sub/in.txt; echo x > sub/in.txt; echo y > sub/new.txt");
    expect(output).toBe("in\n");
    expect(stderr.match(/Read-only file system/g)).toHaveLength(2);
    // Whoever is not held by the sandbox.
    writeFileSync(join(space.root, "sub/x.txt"), "x");
    await expect(space.keep("done")).rejects.toThrow(/something was written in the submodule 'sub'/);
    expect(readFileSync(join(space.root, "sub/x.txt"), "utf8")).toBe("x");
  });

  test("what Git LFS keeps stays a pointer in the repository, with its content in the store of Git LFS", async () => {
    const [clean, smudge] = ["CLEAN", "SMUDGE"].map((name) => join(homes.path({ ".keep": "" }), name));
    const folder = repository({ ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "a.txt": "x" });
    writeFileSync(join(folder, "a.bin"), pointerTo("big"));
    git(folder, "add", "-A");
    git(folder, "commit", "-qm", "large");
    git(folder, "config", "filter.lfs.clean", `touch ${clean}`);
    git(folder, "config", "filter.lfs.smudge", `touch ${smudge}`);
    // As Git LFS would have laid it out, and one that the user has just changed.
    writeFileSync(join(folder, "a.bin"), "changed by the user");
    const { open } = over(folder, way);
    const space = await open();
    expect(await space.read("a.bin")).toBe(pointerTo("changed by the user"));
    await space.write("a.bin", "new");
    await space.write("b.bin", "more");
    symlinkSync("/etc/hostname", join(space.root, "c.bin"));
    const kept = await space.keep("done");
    await space.close();
    const show = (name: string) => `${git(folder, "show", `${kept?.commit}:${name}`)}\n`;
    expect(show("a.bin")).toBe(pointerTo("new"));
    expect(show("b.bin")).toBe(pointerTo("more"));
    expect(show("c.bin")).toBe("/etc/hostname\n");
    const store = join(folder, ".git/lfs/objects");
    const names = readdirSync(store, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    expect(names.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8")).toSorted()).toEqual([
      ...["changed by the user", "more", "new"],
    ]);
    expect(readdirSync(join(folder, ".git/lfs/tmp"))).toEqual([]);
    expect([clean, smudge].filter((mark) => existsSync(mark ?? ""))).toEqual([]);
  });

  test("[I12] what was committed there by an attempt whose host died is kept, and its own git is asked nothing", async () => {
    const folder = repository();
    const { home, open, shell } = over(folder, way);
    const space = await open();
    if (way === "clone") {
      const words =
        "echo mine > mine.txt && git add -A && git commit -qm mine && git branch here && git stash list && git log --format=%s -2";
      expect((await shell(space, words)).output).toBe("mine\nfirst\n");
    } else writeFileSync(join(space.root, "mine.txt"), "mine\n");
    git(space.root, "add", "-A");
    git(space.root, "commit", "-q", "--allow-empty", "-m", "mine");
    const mark = join(home, "ran");
    if (way === "clone") git(space.root, "config", "core.fsmonitor", `touch ${mark}`);
    expect(await space.list()).toMatchObject({ paths: expect.arrayContaining(["mine.txt"]) });
    // Whoever is not held by the sandbox may even have deleted it.
    rmSync(join(space.root, ".git"), { recursive: true });
    const again = await over(folder, way, home).open();
    expect(await again.read("mine.txt")).toBe("mine\n");
    await tidyWorktrees({ folder, home }, RUN);
    expect(git(folder, "show", `refs/tutti/${RUN}.failed/build/1:mine.txt`)).toBe("mine");
    expect(existsSync(mark)).toBe(false);
    expect(git(folder, "branch", "--all")).toBe("* main");
    expect(git(folder, "worktree", "list").split("\n")).toHaveLength(1);
  });
});

const pointerTo = (text: string): string => {
  const oid = createHash("sha256").update(text).digest("hex");
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${text.length}\n`;
};

test("of the user's repository a clone sees objects, branches and tags, and neither settings nor stash", async () => {
  const folder = repository();
  git(folder, "remote", "add", "origin", "https://user:canary@example.org/x.git");
  git(folder, "tag", "v1");
  writeFileSync(join(folder, "a.txt"), "put away\n");
  git(folder, "stash");
  const { open, shell } = over(folder, "clone");
  const space = await open();
  const words = "git tag; git branch --all; git stash list; git config --list; git remote -v; cat .git/config; ls -a ";
  const { output } = await shell(space, `${words} ${folder}/.git`);
  expect(output).toMatch(/^v1\n\* \(no branch\)\n {2}main\n/);
  expect(output).not.toMatch(/canary|stash@|origin/);
  expect(output.trim().split("\n").slice(-3)).toEqual([".", "..", "objects"]);
  await space.close();
});

test.each([
  ["git-crypt", "branch", /goes through the filter 'git-crypt', which Tutti does not run/],
  ["git-crypt", "patches", /goes through the filter 'git-crypt'/],
  ["lfs", "fast-forward", /would get its pointer instead of its content/],
  ["lfs", "branch", undefined],
] as const)(
  "what goes through the filter %s is delivered as %s only where that is right",
  async (filter, as, fault) => {
    const folder = repository({ ".gitattributes": `*.data filter=${filter}\n` });
    const { home, open } = over(folder, "worktree");
    const space = await open();
    await space.write("a.data", pointerTo("secret"));
    const kept = await space.keep("done");
    await space.close();
    const lane = await lanes({ folder, home }).open({ run: RUN, task: "land" });
    const how = as === "patches" ? { as, folder: join(home, "patches") } : { as };
    const before = looks(folder);
    const landed = lane.deliver(kept?.commit ?? "", how);
    if (fault === undefined) expect(await landed).toMatchObject({ as });
    else {
      await expect(landed).rejects.toThrow(fault);
      expect(looks(folder)).toBe(before);
    }
  },
);
