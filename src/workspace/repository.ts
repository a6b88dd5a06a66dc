/**
 * The repository that worktrees hang on: the user's own, or, for a folder without git, a bare one beside our journals
 * that knows its files.
 */
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TuttiError } from "../domain/error.ts";
import { sha256 } from "../domain/json.ts";
import { Git } from "./git.ts";
import { pointersFor } from "./large-files.ts";
import { listFiles } from "./listing.ts";

export interface Repository {
  /** Its top folder, as the user has it. */
  readonly folder: string;
  readonly gitDir: string;
  git(): Promise<Git>;
  /** A commit of the files as they are now, what is not committed included. Touches nothing of the user's. */
  snapshot(): Promise<string>;
}

/** Of a folder without git, files beyond this are no project but a disk. */
const MOST_COPIED = 20_000;

export async function repositoryOf(folder: string, home: string): Promise<Repository> {
  const git = await Git.at({ cwd: folder });
  const { code, stdout } = await git.ask("rev-parse", "--path-format=absolute", "--show-toplevel", "--git-common-dir");
  const [top, gitDir] = stdout.trim().split("\n");
  if (code !== 0 || !top || !gitDir) return copied(await realpath(folder), home);
  const local = git.namesWorktrees && (await git.ask("config", "--local", "--get", "extensions.worktreeConfig"));
  if (local && local.stdout.trim() === "true" && !(await isSparse(git)))
    throw new TuttiError(
      "BAD_INPUT",
      `${top} has a configuration for each worktree, which could make git run programs`,
      {
        path: "repository",
        hint: "unset extensions.worktreeConfig, or work in a clone",
      },
    );
  // What was just looked up serves whoever asks first, which is at once.
  let first: Git | undefined = git.with({}, top);
  return {
    folder: top,
    gitDir,
    git: async () => {
      const one = first ?? (await Git.at({ cwd: top }));
      first = undefined;
      return one;
    },
    snapshot: () => snapshot(top, gitDir, () => [["."]]),
  };
}

const SPARSE = new Set(["core.sparsecheckout", "core.sparsecheckoutcone", "index.sparse", ""]);

/** That is what such a configuration is mostly for, and harmless: whatever is worked on is laid out whole. */
async function isSparse(git: Git): Promise<boolean> {
  const { code, stdout } = await git.ask("config", "--worktree", "--name-only", "-z", "--list");
  return code === 0 && stdout.split("\0").every((name) => SPARSE.has(name.toLowerCase()));
}

/** One look at its settings serves all that is asked in one go: nobody works in it meanwhile who could change them. */
export function inOneGo(repository: Repository): Repository {
  let git: Promise<Git> | undefined;
  return {
    ...repository,
    git: () => {
      git ??= repository.git();
      return git;
    },
  };
}

/** The bare repository of a folder that has none; it grows by one commit for each run that needs its files. */
async function copied(folder: string, home: string): Promise<Repository> {
  const gitDir = join(home, "copies", `${sha256(folder).slice(0, 16)}.git`);
  if (!existsSync(join(gitDir, "HEAD"))) {
    await mkdir(gitDir, { recursive: true, mode: 0o700 });
    await (await Git.at({ cwd: gitDir })).run("init", "--bare", "--quiet");
  }
  return {
    folder,
    gitDir,
    git: () => Git.at({ cwd: gitDir }),
    snapshot: async () => {
      const { paths, fault } = await listFiles(folder);
      if (fault !== undefined || paths.length > MOST_COPIED)
        throw new TuttiError(
          "BAD_INPUT",
          `the files of ${folder} cannot be copied: ${fault ?? `there are ${paths.length}`}`,
          {
            path: "repository",
            hint: "begin the run in the folder of a project",
          },
        );
      return snapshot(folder, gitDir, () => chunks(paths, 500));
    },
  };
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

/** With an index of its own, begun as a copy of the user's, so that git need not read what has not changed. */
async function snapshot(folder: string, gitDir: string, paths: () => readonly (readonly string[])[]): Promise<string> {
  const room = await mkdtemp(join(tmpdir(), "tutti-index-"));
  const index = join(room, "index");
  try {
    const bare = await Git.at({ cwd: folder, env: { GIT_DIR: gitDir } });
    const own = await Git.at({ cwd: folder });
    const theirs = (await own.ask("rev-parse", "--path-format=absolute", "--git-path", "index")).stdout.trim();
    if (existsSync(theirs)) await copyFile(theirs, index);
    const git = bare.with({ GIT_INDEX_FILE: index, GIT_WORK_TREE: folder });
    for (const some of paths()) {
      const { code, stderr } = await git.ask("add", "--all", "--ignore-errors", "--", ...some);
      // 1: single files could not be read; the others are there.
      if (code > 1)
        throw new TuttiError("WRONG_STATE", `git add failed: ${stderr.trim().slice(0, 500)}`, { path: "repository" });
    }
    // Asked where the user is: in a worktree of his own another commit is checked out than in the repository's main one.
    const head = await own.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}");
    if (head.code === 0) await pointersFor(git, head.stdout.trim(), { root: folder, gitDir });
    const tree = await git.run("write-tree");
    if (head.code !== 0) return await bare.run("commit-tree", "-m", "The files as they were", tree);
    const commit = head.stdout.trim();
    const clean = await bare.run("rev-parse", "--verify", `${commit}^{tree}`);
    // Where all is committed, work begins at the user's own commit.
    return clean === tree ? commit : await bare.run("commit-tree", "-p", commit, "-m", "What was not committed", tree);
  } finally {
    await rm(room, { recursive: true, force: true });
  }
}
