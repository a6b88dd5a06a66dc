/**
 * A worktree for every attempt that writes, and for every one that must see what others wrote.
 *
 * W2. The user's checkout, index, stash and branches are never touched: a snapshot of them is made beside them, with an
 *     index of its own, and nothing is ever checked out there.
 * I12. What an attempt wrote is committed under `refs/tutti/<run>/` before its files go.
 * W3. A worktree that outlives its host is found again by the attempt that goes on, with all that lies in it.
 */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TuttiError } from "../domain/error.ts";
import type {
  ChangedFile,
  Changes,
  Lent,
  OpenWorkspace,
  Way,
  Workspace,
  WorkspaceOf,
  Workspaces,
} from "../domain/workspace.ts";
import { add, addClone, baseOf, laidOut, putBack, remove, takeOut } from "./checkout.ts";
import { folderWorkspace } from "./folder.ts";
import type { Git } from "./git.ts";
import { inOrder } from "./in-order.ts";
import { pointersFor } from "./large-files.ts";
import { inOneGo, type Repository, repositoryOf } from "./repository.ts";
import { baseRef, refFor, type Standing, standing, titleOf } from "./standing.ts";
import { refuseWritten, submodulesIn, toldOf, withSubmodules } from "./submodules.ts";

/** Files of one change that are named; the commit has all of them. */
const MOST_NAMED = 300;

export interface WorktreeOptions {
  /** The folder that runs are begun in. */
  readonly folder: string;
  /** Where worktrees, and the copies of folders without git, are kept. */
  readonly home: string;
}

export function worktrees(options: WorktreeOptions): Workspaces {
  const made = new Worktrees(options);
  return { open: (of, writes, way) => made.open(of, writes, way) };
}

/** Keeps what lies in worktrees that attempts of this run left, under the names of failed attempts, and removes them. */
export async function tidyWorktrees({ folder, home }: WorktreeOptions, run: string): Promise<void> {
  const place = join(home, "worktrees", run);
  if (!existsSync(place)) return;
  const repository = await repositoryOf(folder, home);
  for (const name of await readdir(place)) {
    const [, taskId, attempt] = /^(.+)\.(\d+)$/.exec(name) ?? [];
    const path = join(place, name);
    if (taskId === undefined || attempt === undefined) continue;
    const base = await baseOf(path);
    if (base !== undefined)
      await keep(repository, { run, taskId, attempt: Number(attempt), after: [] }, path, base, "failed");
    await remove(repository, path);
  }
  await rmdir(place).catch(() => {});
}

class Worktrees {
  readonly #options: WorktreeOptions;
  /** One snapshot a run: all its attempts begin with the same files. */
  readonly #bases = new Map<string, Promise<string>>();

  constructor(options: WorktreeOptions) {
    this.#options = options;
  }

  open(of: WorkspaceOf, writes: boolean, way: Way = "worktree"): OpenWorkspace {
    // What was handed over is the result of whoever takes it over, also where it only reads itself.
    const keeps = writes || of.from !== undefined;
    return new Lazy(
      keeps,
      () => this.#layOut(of, keeps, way),
      of.from === undefined ? undefined : () => this.#isHeir(of),
    );
  }

  async #isHeir(of: WorkspaceOf): Promise<boolean> {
    const { folder, home } = this.#options;
    const git = await (await repositoryOf(folder, home)).git();
    return (await standing(git, of)).handed !== undefined;
  }

  async #layOut(of: WorkspaceOf, writes: boolean, way: Way): Promise<LaidOut> {
    const { folder, home } = this.#options;
    const repository = await repositoryOf(folder, home);
    const now = inOneGo(repository);
    const git = await now.git();
    const there = await standing(git, of);
    if (!writes && there.written.length === 0) return looking(repository.folder);
    const seed = writes ? there.seed : undefined;
    const { base, notes } = seed ? { ...seed, notes: [] } : await this.#baseOf(now, of.run, there);
    const path = join(home, "worktrees", of.run, `${of.taskId}.${of.attempt}`);
    const begun = async () => (await keptBefore(git, there, base)) ?? there.handed ?? seed?.from;
    const from = writes ? await begun() : undefined;
    const beginning = { base, from: from ?? base };
    if (way === "clone") await addClone(now, path, beginning);
    else await add(now, path, beginning);
    const inner = await submodulesIn(git, path, beginning.from);
    return {
      files: withSubmodules(await laidOut(now, path, writes), inner, repository.folder),
      notes: [...notes, ...toldOf(inner)],
      keep: (outcome) => (writes ? keep(repository, of, path, base, outcome) : Promise.resolve(undefined)),
      close: () => remove(repository, path),
    };
  }

  /** The files as they stood when the run first looked, with what the tasks before have written. */
  async #baseOf(repository: Repository, run: string, { base: known, written }: Standing) {
    let base = known ?? (await this.#snapshot(repository, run));
    const git = await repository.git();
    const notes: string[] = [];
    for (const ref of written) {
      const merged = await merge(git, base, ref);
      if (merged.commit !== undefined) base = merged.commit;
      else notes.push(`What ${ref} changed could not be brought together with the rest, in ${merged.conflicts}.`);
    }
    return { base, notes };
  }

  async #snapshot(repository: Repository, run: string): Promise<string> {
    const known = this.#bases.get(run) ?? inOrder(`${repository.gitDir} base`, () => found(repository, run));
    this.#bases.set(run, known);
    try {
      return await known;
    } finally {
      this.#bases.delete(run);
    }
  }
}

async function found(repository: Repository, run: string): Promise<string> {
  const git = await repository.git();
  // Somebody may have kept it since it was asked for.
  const before = await git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", baseRef(run));
  if (before.code === 0) return before.stdout.trim();
  const base = await repository.snapshot();
  await git.run("update-ref", "--end-of-options", baseRef(run), base);
  return base;
}

interface LaidOut extends Pick<OpenWorkspace, "keep" | "close"> {
  readonly files: Workspace;
  readonly notes: readonly string[];
  readonly isLasting?: true;
}

class Lazy implements OpenWorkspace {
  readonly isWritable: boolean;
  readonly #layOut: () => Promise<LaidOut>;
  readonly #isHeir: (() => Promise<boolean>) | undefined;
  #under: Promise<LaidOut> | undefined;
  #laid: LaidOut | undefined;

  /** `isHeir`: whether there is something to keep although nobody asked for the files. */
  constructor(isWritable: boolean, layOut: () => Promise<LaidOut>, isHeir?: () => Promise<boolean>) {
    this.isWritable = isWritable;
    this.#layOut = layOut;
    this.#isHeir = isHeir;
  }

  get root(): string {
    if (!this.#laid) throw new TuttiError("BUG", "a workspace was looked at before it was laid out");
    return this.#laid.files.root;
  }
  get isLasting(): boolean {
    return this.#laid?.isLasting ?? false;
  }
  get lent(): readonly Lent[] {
    return this.#laid?.files.lent ?? [];
  }
  get veiled(): readonly string[] {
    return this.#laid?.files.veiled ?? [];
  }
  get locked(): readonly string[] {
    return this.#laid?.files.locked ?? [];
  }

  async ready(): Promise<readonly string[]> {
    return (await this.#out()).notes;
  }
  async list(): ReturnType<Workspace["list"]> {
    return (await this.#out()).files.list();
  }
  async read(path: string): Promise<string> {
    return (await this.#out()).files.read(path);
  }
  async write(path: string, text: string): Promise<void> {
    return (await this.#out()).files.write(path, text);
  }
  async keep(outcome: "done" | "failed"): Promise<Changes | undefined> {
    if (!this.#laid && (await this.#isHeir?.())) await this.#out();
    return this.#laid?.keep(outcome);
  }
  async close(): Promise<void> {
    // What is just being laid out must not stay behind.
    await this.#under?.catch(() => {});
    await this.#laid?.close();
  }

  #out(): Promise<LaidOut> {
    this.#under ??= this.#layOut().then(
      (laid) => {
        this.#laid = laid;
        return laid;
      },
      (error) => {
        // Another call may go better.
        this.#under = undefined;
        throw error;
      },
    );
    return this.#under;
  }
}

async function looking(folder: string): Promise<LaidOut> {
  const files = await folderWorkspace(folder, false);
  return { files, notes: [], isLasting: true, keep: async () => undefined, close: async () => {} };
}

async function merge(git: Git, base: string, ref: string) {
  const isIn = async (a: string, b: string) => (await git.ask("merge-base", "--is-ancestor", a, b)).code === 0;
  if (await isIn(ref, base)) return { commit: base };
  if (await isIn(base, ref))
    return { commit: await git.run("rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`) };
  const { code, stdout } = await git.ask("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", base, ref);
  const [tree = "", ...paths] = stdout.split("\0").filter((part) => part !== "");
  if (code !== 0) return { conflicts: paths.slice(0, 10).join(", ") || "their histories" };
  const words = `Bring together what was written before, with ${ref}`;
  return { commit: await git.run("commit-tree", "-p", base, "-p", ref, "-m", words, tree) };
}

/** Where it was begun from other files, they are brought together by nobody. */
async function keptBefore(git: Git, { own }: Standing, base: string): Promise<string | undefined> {
  if (own === undefined || own.parent === "") return undefined;
  const trees = await git.ask("rev-parse", "--end-of-options", `${base}^{tree}`, `${own.parent}^{tree}`);
  const [now, before] = trees.stdout.trim().split("\n").slice(-2);
  return trees.code === 0 && now === before ? own.commit : undefined;
}

/** Commits all that differs from the base, with an index of our own: what the agent did to its index does not count. */
async function keep(
  repository: Repository,
  of: WorkspaceOf,
  path: string,
  base: string,
  outcome: "done" | "failed",
): Promise<Changes | undefined> {
  if (!existsSync(path)) throw new TuttiError("WRONG_STATE", `the worktree ${path} was deleted while it was worked in`);
  const room = await mkdtemp(join(tmpdir(), "tutti-index-"));
  try {
    const bare = await repository.git();
    // From within, and by names that the agent cannot have changed: what lies in `.git` here is not asked.
    const own = { GIT_INDEX_FILE: join(room, "index"), GIT_DIR: repository.gitDir, GIT_WORK_TREE: path };
    const git = bare.with(own, path);
    await git.run("read-tree", base);
    await refuseWritten(path, await submodulesIn(git, path, base));
    const tree = await withoutInner(git, path, async () => {
      await git.run("add", "--all", "--ignore-errors", "--", ".");
      await pointersFor(git, base, { root: path, gitDir: repository.gitDir });
      return git.run("write-tree");
    });
    if (tree === (await bare.run("rev-parse", "--verify", "--end-of-options", `${base}^{tree}`))) return undefined;
    const ref = refFor(of, outcome);
    const before = await bare.ask("log", "-1", "--format=%H %T %P%n%s", "--end-of-options", ref);
    const [ids = "", title = ""] = before.stdout.split("\n");
    const [hash = "", ...rest] = ids.split(" ");
    // Kept before its host died: the same commit, so that whoever has it in hand need not look again.
    const isKept = before.code === 0 && title === titleOf(of) && rest.join(" ") === `${tree} ${base}`;
    const commit = isKept ? hash : await bare.run("commit-tree", "-p", base, "-m", titleOf(of), tree);
    // An attempt before it may have been done and not accepted: its work is kept under another name (I12).
    const earlier = `refs/tutti/${of.run}.failed/${of.taskId}/${of.attempt}.earlier`;
    if (before.code === 0 && title !== titleOf(of)) await bare.run("update-ref", "--end-of-options", earlier, hash);
    await bare.run("update-ref", "--end-of-options", ref, commit);
    return { ref, base, commit, ...(await filesOf(bare, base, commit)) };
  } finally {
    await rm(room, { recursive: true, force: true });
  }
}

/** Repositories that are made inside another; more of them, one in another, are no work. */
const MOST_INNER = 20;

/** Git passes over the files of a repository that lies inside: without its `.git` they are files as any. */
async function withoutInner<T>(git: Git, path: string, act: () => Promise<T>): Promise<T> {
  let count = 0;
  try {
    for (;;) {
      const told = await git.run("ls-files", "-z", "--others", "--exclude-standard");
      const inner = told.split("\0").filter((one) => one.endsWith("/") && existsSync(join(path, one, ".git")));
      if (inner.length === 0) return await act();
      // Of each that is passed over git would keep its commit alone, which nobody else has.
      if (count + inner.length > MOST_INNER)
        throw new TuttiError(
          "WRONG_STATE",
          `more than ${MOST_INNER} repositories were made inside the files, such as '${inner[0]}'`,
          {
            path: "repository",
            hint: "take what is needed out of them by hand, or delete their folders '.git'",
          },
        );
      for (const one of inner) await takeOut(path, join(one, ".git"), count++);
    }
  } finally {
    await putBack(path);
  }
}

async function filesOf(git: Git, base: string, commit: string) {
  const told = await git.run(
    "diff-tree",
    "-r",
    "-z",
    "--numstat",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    base,
    commit,
  );
  const files = told.split("\0").flatMap((line): ChangedFile[] => {
    const [added = "", removed = "", path] = line.split("\t");
    const lines = (text: string) => (text === "-" ? null : Number(text));
    return path === undefined ? [] : [{ path, added: lines(added), removed: lines(removed) }];
  });
  const more = files.length - MOST_NAMED;
  return { files: files.slice(0, MOST_NAMED), ...(more > 0 ? { more } : {}) };
}
