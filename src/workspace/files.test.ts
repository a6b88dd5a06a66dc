/** Real repositories of git in a temporary folder. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { sha256 } from "../domain/json.ts";
import { READ_LIMITS, repositoryFiles } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "tutti-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let places = 0;

type Contents = { readonly [path: string]: string | Buffer };

/** A folder with these files; `isGit`: a repository. */
function place(files: Contents, isGit = true): string {
  const root = join(folder, `place-${++places}`);
  mkdirSync(root);
  if (isGit) execFileSync("git", ["init", "-q", root]);
  put(root, files);
  return root;
}

function put(root: string, files: Contents): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const read = async (root: string, ...globs: string[]) => {
  const { files, leftOut } = await repositoryFiles(root).read(globs);
  return { paths: files.map(({ path }) => path), files, leftOut };
};
const why = (leftOut: readonly { path: string; why: string }[]) =>
  Object.fromEntries(leftOut.map(({ path, why }) => [path, why]));

const SOURCES = {
  "src/a.ts": "a",
  "src/deep/b.ts": "b",
  "src/c.md": "c",
  "app/[id]/page.tsx": "d",
  ".github/ci.yml": "e",
};

test.each([
  ["a glob", ["src/**/*.ts"], ["src/a.ts", "src/deep/b.ts"]],
  ["a folder", ["src"], ["src/a.ts", "src/c.md", "src/deep/b.ts"]],
  ["a folder with a slash", ["./src/deep/"], ["src/deep/b.ts"]],
  ["a path", ["src/c.md"], ["src/c.md"]],
  ["a path with signs of globs", ["app/[id]/page.tsx"], ["app/[id]/page.tsx"]],
  ["braces", ["{app,.github}/**"], [".github/ci.yml", "app/[id]/page.tsx"]],
  ["two that overlap, each file once", ["src/*.md", "src"], ["src/a.ts", "src/c.md", "src/deep/b.ts"]],
  ["all", ["."], [".github/ci.yml", "app/[id]/page.tsx", "src/a.ts", "src/c.md", "src/deep/b.ts"]],
])("%s names files", async (_what, globs, paths) => {
  const found = await read(place(SOURCES), ...globs);
  expect(found.paths).toEqual(paths);
  expect(found.leftOut).toEqual([]);
});

test("a file comes with its text and the hash of it", async () => {
  const { files } = await read(place({ "a.txt": "héllo\n" }), "a.txt");
  expect(files).toEqual([{ path: "a.txt", text: "héllo\n", hash: sha256("héllo\n") }]);
});

test("what git ignores stays out, also what the user ignores everywhere", async () => {
  const root = place({ ".gitignore": "dist/\n*.log\n", "dist/a.js": "x", "a.log": "x", "a.ts": "x" });
  expect((await read(root, "**")).paths).toEqual(["a.ts"]);
  expect((await read(root, "dist/a.js")).leftOut).toEqual([
    { path: "dist/a.js", why: "no file of the repository matches" },
  ]);
});

test.each(["../outside.txt", "/etc/passwd", "src/../../outside.txt", ".git/config", ".git"])(
  "%s leads to nothing",
  async (glob) => {
    const root = place(SOURCES);
    put(dirname(root), { "outside.txt": "secret" });
    expect(await read(root, glob)).toMatchObject({ paths: [], leftOut: [{ path: glob }] });
  },
);

test("a link gets in nothing that was not to be read", async () => {
  const root = place({ ".gitignore": "hidden/\n", "hidden/x.txt": "x", ".env": "KEY=1", "a.ts": "a" });
  put(dirname(root), { "outside.txt": "secret" });
  symlinkSync("../outside.txt", join(root, "out.txt"));
  symlinkSync("/etc", join(root, "etc"));
  symlinkSync(".git/config", join(root, "config.txt"));
  symlinkSync("hidden/x.txt", join(root, "ignored.txt"));
  symlinkSync(".env", join(root, "notes.txt"));
  symlinkSync("a.ts", join(root, "same.ts"));
  symlinkSync("loop.ts", join(root, "loop.ts"));
  const { paths, leftOut } = await read(root, ".", "etc/passwd");
  expect(paths).toEqual([".gitignore", "a.ts", "same.ts"]);
  expect(why(leftOut)).toMatchObject({
    ...{ "out.txt": "it leads out of the repository", etc: "it leads out of the repository" },
    ...{ "config.txt": "it leads to a file that is ignored", "ignored.txt": "it leads to a file that is ignored" },
    ...{ "notes.txt": "it may hold secrets", "loop.ts": expect.stringContaining("ELOOP") },
  });
});

test("a folder above that is a link does not make its files foreign", async () => {
  const root = place({ "a.ts": "a" });
  symlinkSync(root, join(folder, "link-to-root"));
  expect((await read(join(folder, "link-to-root"), "**")).paths).toEqual(["a.ts"]);
});

test.each([
  ".env",
  ".env.local",
  "deploy/.env.production",
  ".npmrc",
  "keys/id_rsa",
  "a.PEM",
  ".ssh/config",
  ".aws/credentials",
])("%s is never read", async (path) => {
  const { paths, leftOut } = await read(place({ [path]: "secret", "a.ts": "a" }), ".");
  expect(paths).toEqual(["a.ts"]);
  expect(leftOut).toEqual([{ path, why: "it may hold secrets" }]);
});

test("what is no text, too large, gone or a pipe is left out with the reason, and nothing waits", async () => {
  const root = place({
    ...{ "a.bin": Buffer.from([1, 0, 2]), "latin.txt": Buffer.from([0x68, 0xe9, 0x6c]), "ok.txt": "", "gone.txt": "x" },
    ...{ "big.txt": "x".repeat(READ_LIMITS.file + 1), pipe: "soon a pipe" },
  });
  execFileSync("git", ["-C", root, "add", "."]);
  rmSync(join(root, "gone.txt"));
  rmSync(join(root, "pipe"));
  execFileSync("mkfifo", [join(root, "pipe")]);
  const { paths, leftOut } = await read(root, ".");
  expect(paths).toEqual(["ok.txt"]);
  expect(why(leftOut)).toEqual({
    ...{ "a.bin": "it is not text", "latin.txt": "it is not text", pipe: "it is no file" },
    "big.txt": `it has ${READ_LIMITS.file + 1} bytes; the limit is ${READ_LIMITS.file}`,
    "gone.txt": expect.stringContaining("ENOENT"),
  });
});

test("so many files and bytes, and then the rest is named", async () => {
  const many = Object.fromEntries(Array.from({ length: READ_LIMITS.files + 5 }, (_, i) => [`f${1000 + i}.txt`, "x"]));
  const found = await read(place(many), ".");
  expect(found.paths).toHaveLength(READ_LIMITS.files);
  expect(found.leftOut).toHaveLength(5);
  const size = READ_LIMITS.file;
  const large = Object.fromEntries(
    Array.from({ length: READ_LIMITS.all / size + 2 }, (_, i) => [`f${10 + i}.txt`, "x".repeat(size)]),
  );
  const bounded = await read(place(large), ".");
  expect(bounded.paths).toHaveLength(READ_LIMITS.all / size);
  expect(bounded.leftOut[0]?.why).toContain(`${READ_LIMITS.all} bytes already`);
});

test("a repository's own settings make git run nothing", async () => {
  const root = place({ "a.ts": "a", "evil.sh": "#!/bin/sh\ntouch ran\n" });
  chmodSync(join(root, "evil.sh"), 0o755);
  execFileSync("git", ["-C", root, "config", "core.fsmonitor", "./evil.sh"]);
  expect((await read(root, ".")).paths).toEqual(["a.ts", "evil.sh"]);
});

test("a repository that git cannot list is read by nobody, not as if nothing were ignored", async () => {
  const root = place({ ".gitignore": "*.log\n", "a.log": "x", "a.ts": "a" });
  writeFileSync(join(root, ".git/config"), "[broken");
  expect(await read(root, "**")).toMatchObject({
    paths: [],
    leftOut: [{ path: "**", why: expect.stringContaining("git could not list") }],
  });
});

test("a folder that is no repository is read without what is hidden or installed", async () => {
  const files = { "a.ts": "a", "x/b.ts": "b", "node_modules/m/i.js": "m", ".cache/c": "c", ".env": "s" };
  const root = place(files, false);
  mkdirSync(join(root, "locked"), { mode: 0o000 });
  const { paths, leftOut } = await read(root, ".");
  expect(paths).toEqual(["a.ts", "x/b.ts"]);
  expect(leftOut).toEqual([{ path: ".env", why: "it may hold secrets" }]);
});

test("10,000 files are looked through, and what matches is read", async () => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`d${i % 100}/f${i}.ts`, "x"]));
  const { paths } = await read(place({ ...many, "d7/only.md": "here" }), "**/*.md", "**/nothing/*.ts");
  expect(paths).toEqual(["d7/only.md"]);
});
