/**
 * Brings a task's work onto other files than it began with, without a checkout: only what it changed against its own
 * base is taken, so that what others landed meanwhile stays.
 */
import { TuttiError } from "../../domain/error.ts";
import type { Git } from "../git.ts";

export type Merged =
  | { readonly tree: string; readonly conflicts?: undefined }
  /** The tree holds the marks of git where nobody could decide. */
  | { readonly tree: string; readonly conflicts: readonly string[] };

/** Nobody's merge has more; the others are counted by whoever looks at the tree. */
const MOST_NAMED = 100;

/** All three are commits or trees. */
export async function mergeOnto(git: Git, onto: string, base: string, work: string): Promise<Merged> {
  const trees = await git.run("rev-parse", "--end-of-options", ...[onto, base, work].map((one) => `${one}^{tree}`));
  const [ours = "", origin = "", theirs = ""] = trees.split("\n").filter((line) => line !== "--end-of-options");
  if (origin === theirs || ours === theirs) return { tree: ours };
  if (origin === ours) return { tree: theirs };
  // Git before 2.40 cannot be told a base: two commits that have it as their parent say the same in every version.
  const root = await commitOf(git, { tree: origin, words: "base" });
  const left = await commitOf(git, { tree: ours, words: "onto", parent: root });
  const right = await commitOf(git, { tree: theirs, words: "work", parent: root });
  const args = ["--write-tree", "-z", "--name-only", "--no-messages", left, right];
  const { code, stdout, stderr } = await git.ask("merge-tree", ...args);
  const [tree = "", ...paths] = stdout.split("\0").filter((part) => part !== "");
  if (code > 1 || tree === "")
    throw new TuttiError("WRONG_STATE", `git merge-tree failed: ${stderr.trim().slice(0, 500)}`, {
      path: "repository",
    });
  return code === 0 ? { tree } : { tree, conflicts: [...new Set(paths)].slice(0, MOST_NAMED) };
}

interface Commit {
  readonly tree: string;
  readonly words: string;
  readonly parent?: string;
  /** Given, not now: the same work gives the same commit, so that a landing that is taken up again meets itself. */
  readonly at?: string;
}

export function commitOf(git: Git, { tree, words, parent, at = EPOCH }: Commit): Promise<string> {
  const dated = git.with({ GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at });
  return dated.run("commit-tree", ...(parent === undefined ? [] : ["-p", parent]), "-m", words, tree);
}

const EPOCH = "1970-01-01T00:00:00Z";
