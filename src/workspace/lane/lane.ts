/**
 * Where work is brought together: commits and trees alone, without a checkout, beside everything that is the user's.
 *
 * W4. Before a delivery nothing of his changes: no branch, no index, no file.
 * W5. A lane that is opened again after its host died stands upon the same commit, and gives the same commits again.
 */
import { mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { TuttiError } from "../../domain/error.ts";
import type { Applied, Delivered, Delivery, Drift, Lane, Lanes, Work } from "../../domain/landing.ts";
import { addClone, laidOut, remove } from "../checkout.ts";
import type { Git } from "../git.ts";
import { type Repository, repositoryOf } from "../repository.ts";
import type { WorktreeOptions } from "../worktrees.ts";
import { deliver } from "./delivery.ts";
import { commitOf, mergeOnto } from "./three-way.ts";

export const lanes = ({ folder, home }: WorktreeOptions): Lanes => ({
  async open({ run, task }) {
    const repository = await repositoryOf(folder, home);
    const git = await repository.git();
    return new GitLane({ repository, git, home, run, task, ...(await ontoOf(repository, run, task)) });
  },
});

interface Made {
  readonly repository: Repository;
  readonly git: Git;
  readonly home: string;
  readonly run: string;
  readonly task: string;
  readonly onto: Lane["onto"];
}

/** Where the user stood when it was opened first. */
async function ontoOf(repository: Repository, run: string, task: string): Promise<Pick<Made, "onto">> {
  const git = await repository.git();
  const kept = `refs/tutti/${run}.lane/${task}`;
  const head = await headOf(git);
  const before = await git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", kept);
  const named = `refs/tutti/${run}.onto/${task}/`;
  if (before.code === 0) {
    // He may stand on another branch by now.
    const known = await git.run("for-each-ref", "--count=1", "--format=%(refname)", named);
    const name = known === "" ? "a detached HEAD" : known.slice(named.length);
    return { onto: { commit: before.stdout.trim(), name } };
  }
  // Where nothing was ever committed, work is brought onto the files as the run found them.
  const commit =
    head.commit ?? (await git.run("rev-parse", "--verify", "--end-of-options", `refs/tutti/${run}.base^{commit}`));
  // Its name before the commit, by which it is known that both are there.
  if (head.isBranch) await git.run("update-ref", "--end-of-options", `${named}${head.name}`, commit);
  await git.run("update-ref", "--end-of-options", kept, commit);
  return { onto: { commit, name: head.name } };
}

interface Head {
  readonly commit?: string;
  readonly name: string;
  readonly isBranch: boolean;
}

async function headOf(git: Git): Promise<Head> {
  const branch = await git.ask("symbolic-ref", "--quiet", "--short", "HEAD");
  const commit = await git.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}");
  const name = branch.code === 0 ? branch.stdout.trim() : "a detached HEAD";
  const of = { name, isBranch: branch.code === 0 };
  return commit.code === 0 ? { commit: commit.stdout.trim(), ...of } : of;
}

class GitLane implements Lane {
  readonly onto: Lane["onto"];
  readonly #made: Made;
  #checkouts = 0;

  constructor(made: Made) {
    this.onto = made.onto;
    this.#made = made;
  }

  async apply(head: string, work: Work): Promise<Applied> {
    const { git } = this.#made;
    const { tree, conflicts } = await mergeOnto(git, head, work.base, work.commit);
    if (conflicts !== undefined) {
      const words = `What '${work.task}' changed, with the places where it conflicts`;
      return { conflicts, seed: await commitOf(git, { tree, words, parent: head }) };
    }
    // It says nothing new: others have written the same.
    if (tree === (await git.run("rev-parse", "--verify", "--end-of-options", `${head}^{tree}`)))
      return { commit: head };
    const at = await git.run("log", "-1", "--format=%cI", "--end-of-options", work.commit, "--");
    return { commit: await commitOf(git, { tree, words: this.#words(work), parent: head, at }) };
  }

  async seed(name: string, commit: string): Promise<void> {
    await this.#made.git.run("update-ref", "--end-of-options", `refs/tutti/${this.#made.run}.seed/${name}`, commit);
  }

  async marked(commit: string, files: readonly string[]): Promise<readonly string[]> {
    if (files.length === 0) return [];
    const asked = ["grep", "-z", "-l", "-I", "-E", "^(<{7}|>{7}) ", commit, "--", ...files];
    const { code, stdout, stderr } = await this.#made.git.ask("--literal-pathspecs", ...asked);
    if (code > 1) throw new TuttiError("WRONG_STATE", `git grep failed: ${stderr.trim().slice(0, 500)}`);
    return stdout.split("\0").flatMap((one) => (one === "" ? [] : [one.slice(one.indexOf(":") + 1)]));
  }

  async isSame(...commits: readonly [string, string]): Promise<boolean> {
    const { git } = this.#made;
    const [one, other] = await Promise.all(
      commits.map((commit) => git.run("rev-parse", "--verify", "--end-of-options", `${commit}^{tree}`)),
    );
    return one === other;
  }

  async checkout(commit: string) {
    const { repository, home, run, task } = this.#made;
    const folder = join(home, "lanes", run);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${task}.${++this.#checkouts}`);
    // What a host that died has left there was nobody's work.
    await remove(repository, path);
    // What is run there has no need of the user's settings, in which his keys to other machines may stand.
    await addClone(repository, path, { base: commit, from: commit });
    const files = await laidOut(repository, path, true);
    const close = async () => {
      await remove(repository, path);
      // Others may still be laid out there.
      await rmdir(folder).catch(() => {});
    };
    return { ...files, [Symbol.asyncDispose]: close };
  }

  async drift(head: string): Promise<Drift | undefined> {
    const { git } = this.#made;
    const { commit, name } = this.onto;
    // That branch alone: that he stands on another one now is no change of it.
    const told = await git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", `refs/heads/${name}^{commit}`);
    const to = told.stdout.trim();
    if (told.code !== 0 || to === commit || to === head) return undefined;
    const { conflicts = [] } = await mergeOnto(git, to, commit, head);
    return { to, conflicts };
  }

  deliver(head: string, how: Delivery): Promise<Delivered> {
    const { repository, run } = this.#made;
    return deliver(repository, { run, onto: this.onto.commit, branch: this.onto.name, head }, how);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #words({ task, agentName, description }: Work): string {
    const [title = task] = description.trim().split("\n");
    return `${title.slice(0, 200)}\n\nTask: ${task}\nAgent: ${agentName}\nRun: ${this.#made.run}`;
  }
}
