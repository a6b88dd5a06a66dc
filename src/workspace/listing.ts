/**
 * Which files a folder has: by git where it is a repository, so that what git ignores stays out; elsewhere everything
 * but what is hidden or installed. Where it is a repository and git cannot say, nothing is listed at all.
 */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { reasonOf } from "../domain/error.ts";
import { runProgram } from "../process/program.ts";

export interface Listing {
  readonly paths: readonly string[];
  /** Why some or all are missing. */
  readonly fault?: string;
}

const MOST = 100_000;
const TOO_MANY = `the repository has more than ${MOST} files; only the first were looked at`;

/** A repository's own settings must not make git run anything. */
const LIST = [
  ...["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"],
  ...["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
];

export type Listed = { readonly [name: string]: string };

export async function listFiles(base: string, more: Listed = {}): Promise<Listing> {
  if (!isRepository(base)) return walked(base);
  // The user's home, because what he ignores everywhere is ignored here too.
  const env = { HOME: homedir(), GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0", ...more };
  try {
    const { code, stdout, stderr } = await runProgram("git", LIST, { cwd: base, env });
    if (code !== 0) return { paths: [], fault: `git could not list the repository: ${stderr.trim().slice(0, 300)}` };
    // A conflict lists a path once for each side.
    return bounded([...new Set(stdout.split("\0").filter((path) => path !== ""))]);
  } catch (error) {
    return { paths: [], fault: `git could not be asked: ${reasonOf(error)}` };
  }
}

function isRepository(folder: string): boolean {
  for (let here = folder; ; here = dirname(here)) {
    if (existsSync(join(here, ".git"))) return true;
    if (dirname(here) === here) return false;
  }
}

const bounded = (paths: readonly string[]): Listing =>
  paths.length > MOST ? { paths: paths.slice(0, MOST), fault: TOO_MANY } : { paths };

async function walked(base: string): Promise<Listing> {
  const found: string[] = [];
  await walk(base, "", found);
  return bounded(found);
}

/** A folder that cannot be read hides no other. */
async function walk(base: string, folder: string, found: string[]): Promise<void> {
  for (const entry of await readdir(join(base, folder), { withFileTypes: true }).catch(() => [])) {
    if (found.length > MOST) return;
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules")
      await walk(base, path, found);
    else if (entry.isFile()) found.push(path);
  }
}
