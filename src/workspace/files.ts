/**
 * Files of a repository for a prompt. Only what lies in the repository, what git does not ignore, and no more than
 * fits; what was left out is said, with the reason.
 */
import { open, readdir, realpath } from "node:fs/promises";
import { join, matchesGlob, relative, sep } from "node:path";
import { reasonOf } from "../domain/error.ts";
import { byCodeUnit, sha256 } from "../domain/json.ts";
import type { FileSet, Files } from "../domain/ports.ts";
import { runProgram } from "../process/program.ts";

const READ_LIMITS = {
  files: 400,
  file: 256 * 1024,
  all: 4 * 1024 * 1024,
  listed: 100_000,
  leftOut: 500,
} as const;
/** Never in a prompt, whatever a glob says: they hold what must not leave the machine. */
const SECRET = /(^|\/)(\.env(\..+)?|\.npmrc|\.netrc|id_(rsa|ed25519|ecdsa|dsa)|.*\.(pem|key|p12|pfx))$/i;
const ALLOWED = /(^|\/)\.env\.(example|sample|template)$/i;

/** Reads below `root`, which is looked at anew for each task. */
export function repositoryFiles(root: string): Files {
  return { read: (globs) => readFiles(root, globs) };
}

async function readFiles(root: string, globs: readonly string[]): Promise<FileSet> {
  const base = await realpath(root);
  const leftOut: { path: string; why: string }[] = [];
  const leave = (path: string, why: string) => {
    if (leftOut.length < READ_LIMITS.leftOut) leftOut.push({ path, why });
  };
  const wanted = globs.map((glob) => glob.replace(/^\.\//, ""));
  const listed = await listFiles(base);
  for (const [i, glob] of wanted.entries())
    if (!listed.some((path) => matches(path, glob))) leave(globs[i] ?? glob, "no file of the repository matches");
  const files: { path: string; text: string; hash: string }[] = [];
  let all = 0;
  for (const path of listed.filter((one) => wanted.some((glob) => matches(one, glob))).sort(byCodeUnit)) {
    if (SECRET.test(path) && !ALLOWED.test(path)) leave(path, "it may hold secrets");
    else if (files.length >= READ_LIMITS.files) leave(path, `more than ${READ_LIMITS.files} files were asked for`);
    else if (all >= READ_LIMITS.all) leave(path, `the files before it have ${READ_LIMITS.all} bytes already`);
    else {
      const read = await readOne(base, path);
      if ("why" in read) leave(path, read.why);
      else {
        files.push({ path, text: read.text, hash: sha256(read.text) });
        all += read.text.length;
      }
    }
  }
  return { files, leftOut };
}

/** A folder stands for all that is in it. */
function matches(path: string, glob: string): boolean {
  const bare = glob.replace(/\/+$/, "");
  return bare === "" || bare === "." || matchesGlob(path, glob) || path.startsWith(`${bare}/`);
}

async function readOne(base: string, path: string): Promise<{ readonly text: string } | { readonly why: string }> {
  try {
    const real = await realpath(join(base, path));
    const inside = relative(base, real);
    if (inside.startsWith("..") || inside === ".git" || inside.startsWith(`.git${sep}`))
      return { why: "it leads out of the repository" };
    const file = await open(real, "r");
    try {
      const { size } = await file.stat();
      if (size > READ_LIMITS.file) return { why: `it has ${size} bytes; the limit is ${READ_LIMITS.file}` };
      const bytes = await file.readFile();
      if (bytes.includes(0)) return { why: "it is not text" };
      return { text: bytes.toString("utf8") };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { why: reasonOf(error) };
  }
}

/** By git where it is a repository; elsewhere everything but what is hidden or installed. */
async function listFiles(base: string): Promise<readonly string[]> {
  const git = [
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
  ];
  const env = { GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0" };
  const ran = await runProgram("git", git, { cwd: base, env }).catch(() => undefined);
  if (ran?.code === 0)
    return ran.stdout
      .split("\0")
      .filter((path) => path !== "")
      .slice(0, READ_LIMITS.listed);
  const found: string[] = [];
  await walk(base, "", found);
  return found;
}

async function walk(base: string, folder: string, found: string[]): Promise<void> {
  for (const entry of await readdir(join(base, folder), { withFileTypes: true })) {
    if (found.length >= READ_LIMITS.listed) return;
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules")
      await walk(base, path, found);
    else if (entry.isFile()) found.push(path);
  }
}
