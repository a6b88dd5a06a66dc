/**
 * Files of a repository for a prompt. Only what lies in the repository, what git does not ignore, and no more than
 * fits; what was left out is said, with the reason.
 *
 * F1. Where a file really lies decides, not the name that leads there: a link gets in nothing that was not listed.
 * F2. Nothing waits: a pipe or a device is left out, not opened to the end.
 */
import { isUtf8 } from "node:buffer";
import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { join, matchesGlob, relative, sep } from "node:path";
import { reasonOf } from "../domain/error.ts";
import { byCodeUnit, sha256 } from "../domain/json.ts";
import type { FileSet, Files } from "../domain/ports.ts";
import { isSecretPath } from "../domain/secret-path.ts";
import { listFiles } from "./listing.ts";

export const READ_LIMITS = {
  files: 400,
  file: 256 * 1024,
  all: 4 * 1024 * 1024,
  leftOut: 500,
} as const;
/** Reads below `root`, which is looked at anew for each task. */
export function repositoryFiles(root: string): Files {
  return { read: (globs) => readFiles(root, globs) };
}

async function readFiles(root: string, globs: readonly string[]): Promise<FileSet> {
  const leftOut: { path: string; why: string }[] = [];
  const leave = (path: string, why: string) => {
    if (leftOut.length < READ_LIMITS.leftOut) leftOut.push({ path, why });
  };
  const base = await realpath(root);
  const listing = await listFiles(base);
  if (listing.fault !== undefined) for (const glob of globs) leave(glob, listing.fault);
  const listed = new Set(listing.paths);
  const wanted = new Set<string>();
  for (const glob of globs) {
    const found = listing.paths.filter((path) => matches(path, glob));
    if (found.length === 0 && listing.fault === undefined) leave(glob, "no file of the repository matches");
    for (const path of found) wanted.add(path);
  }
  const files: { path: string; text: string; hash: string }[] = [];
  let all = 0;
  for (const path of [...wanted].sort(byCodeUnit)) {
    if (isSecretPath(path)) leave(path, "it may hold secrets");
    else if (files.length >= READ_LIMITS.files) leave(path, `more than ${READ_LIMITS.files} files were asked for`);
    else if (all >= READ_LIMITS.all) leave(path, `the files before it have ${READ_LIMITS.all} bytes already`);
    else {
      const read = await readOne(base, path, listed);
      if ("why" in read) leave(path, read.why);
      else {
        files.push({ path, text: read.text, hash: sha256(read.text) });
        all += read.bytes;
      }
    }
  }
  return { files, leftOut };
}

/** A folder stands for all that is in it, and a path for itself, whatever signs it holds. */
function matches(path: string, glob: string): boolean {
  const bare = glob.replace(/^\.\//, "").replace(/\/+$/, "");
  if (bare === "" || bare === "." || path === bare || path.startsWith(`${bare}/`)) return true;
  return matchesGlob(path, bare);
}

type Read = { readonly text: string; readonly bytes: number } | { readonly why: string };

async function readOne(base: string, path: string, listed: ReadonlySet<string>): Promise<Read> {
  try {
    const real = await realpath(join(base, path));
    const inside = relative(base, real).split(sep).join("/");
    if (inside === ".." || inside.startsWith("../")) return { why: "it leads out of the repository" };
    if (inside !== path && !listed.has(inside)) return { why: "it leads to a file that is ignored" };
    if (isSecretPath(inside)) return { why: "it may hold secrets" };
    const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return { why: "it is no file" };
      if (stat.size > READ_LIMITS.file) return { why: `it has ${stat.size} bytes; the limit is ${READ_LIMITS.file}` };
      const bytes = await file.readFile();
      if (bytes.includes(0) || !isUtf8(bytes)) return { why: "it is not text" };
      return { text: bytes.toString("utf8"), bytes: bytes.length };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { why: reasonOf(error) };
  }
}
