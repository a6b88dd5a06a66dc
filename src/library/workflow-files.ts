/**
 * Workflows on disk: the user's own below the home, and those that a repository brings. Only text is read here; whoever
 * uses it checks its hash against what is trusted, and parses the very text that was hashed.
 */
import { readdirSync, realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { byCodeUnit, sha256 } from "../domain/json.ts";
import { readPlain } from "./plain-file.ts";

export interface WorkflowOnDisk {
  readonly path: string;
  /** Relative to the repository; what trust and messages call it. */
  readonly file: string;
  readonly text?: string;
  readonly hash?: string;
  /** Why there is no text. */
  readonly fault?: string;
  /** A program of Claude Code, which is known and not run. */
  readonly isProgram?: true;
}
/** Hashes by file. */
export type WorkflowHashes = { readonly [file: string]: string };

/** Bytes of one, and files of one folder. */
const LARGEST = 1024 * 1024;
const MOST = 200;
const DATA = /\.(?:ya?ml|json|md)$/i;

interface Folder {
  readonly path: string;
  readonly takes: RegExp;
}

export const homeWorkflows = (home: string): Folder => ({ path: join(home, "workflows"), takes: DATA });

/** `.claude/workflows` holds programs of Claude Code too. */
export const repositoryWorkflowFolders = (repository: string): readonly Folder[] => [
  { path: join(repository, ".tutti", "workflows"), takes: DATA },
  { path: join(repository, ".claude", "workflows"), takes: /\.(?:md|js)$/i },
];

/** In order of their names; `root` is what they are named from. Links are passed over: they could lead anywhere. */
export function workflowsIn({ path: folder, takes }: Folder, root: string): readonly WorkflowOnDisk[] {
  const names = namesIn(folder).filter((name) => takes.test(name));
  const most = names.slice(0, MOST).map((name) => readOne(join(folder, name), root));
  const rest = names.length - MOST;
  if (rest <= 0) return most;
  const file = relative(root, folder);
  return [...most, { path: folder, file, fault: `holds ${names.length} workflows; the first ${MOST} are read` }];
}

/** All that a repository would define. */
export function workflowsOffered(repository: string): readonly WorkflowOnDisk[] {
  const root = realOf(repository);
  if (root === undefined) return [];
  return repositoryWorkflowFolders(root).flatMap((folder) => workflowsIn(folder, root));
}

export function hashesOf(found: readonly WorkflowOnDisk[]): WorkflowHashes {
  const pairs = found.flatMap(({ file, hash }) => (hash === undefined ? [] : [[file, hash] as const]));
  return Object.fromEntries(pairs.sort(([a], [b]) => byCodeUnit(a, b)));
}

function readOne(path: string, root: string): WorkflowOnDisk {
  const file = relative(root, path);
  if (/\.js$/i.test(path)) return { path, file, isProgram: true };
  const read = readPlain(path, LARGEST);
  return "why" in read ? { path, file, fault: read.why } : { path, file, text: read.text, hash: sha256(read.text) };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .sort(byCodeUnit);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
