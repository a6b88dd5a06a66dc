/**
 * Whether what one task has written will conflict with what another is just writing, seen before either has landed.
 * Only looks: the files that somebody works in, their index and every ref stay as they are.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Changes } from "../../domain/workspace.ts";
import { baseOf } from "../checkout.ts";
import { Git } from "../git.ts";
import { repositoryOf } from "../repository.ts";
import type { WorktreeOptions } from "../worktrees.ts";
import { mergeOnto } from "./three-way.ts";

interface AtWork {
  readonly run: string;
  readonly taskId: string;
  readonly attempt: number;
}

/** Files in which they clash; none where the other has written nothing so far. */
export async function clashes(
  { folder, home }: WorktreeOptions,
  done: Pick<Changes, "base" | "commit">,
  { run, taskId, attempt }: AtWork,
): Promise<readonly string[]> {
  const path = join(home, "worktrees", run, `${taskId}.${attempt}`);
  const base = await baseOf(path);
  if (base === undefined) return [];
  const repository = await repositoryOf(folder, home);
  const git = await repository.git();
  const tree = await treeOf(repository.gitDir, path, base);
  const theirs = await mergeOnto(git, base, done.base, done.commit);
  // What the one who is at work began with may have clashed already, and was told so.
  if (theirs.conflicts !== undefined) return [];
  const { conflicts = [] } = await mergeOnto(git, theirs.tree, base, tree);
  return conflicts;
}

/** Of the files as they are this moment; half a file at worst foresees wrongly. */
async function treeOf(gitDir: string, path: string, base: string): Promise<string> {
  const room = await mkdtemp(join(tmpdir(), "tutti-index-"));
  try {
    const env = { GIT_INDEX_FILE: join(room, "index"), GIT_DIR: gitDir, GIT_WORK_TREE: path };
    const git = await Git.at({ cwd: path, env });
    await git.run("read-tree", base);
    await git.ask("add", "--all", "--ignore-errors", "--", ".");
    return await git.run("write-tree");
  } finally {
    await rm(room, { recursive: true, force: true });
  }
}
