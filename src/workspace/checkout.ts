/**
 * The files of one attempt, laid out: as a worktree of the repository, or as a private clone that borrows its objects.
 *
 * W6. In a clone whoever works may commit, branch, stash and rebase: no ref, setting or reflog of the user's is even seen
 *     there. Nothing that a git of ours or of the user's would act upon there can be written from within the sandbox.
 * W7. What an attempt began with stands beside its files, written when they are all there: whatever it does to its HEAD.
 */
import { existsSync, lstatSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Lent, Workspace } from "../domain/workspace.ts";
import { gone } from "../process/gone.ts";
import { folderWorkspace, isReal } from "./folder.ts";
import { Git } from "./git.ts";
import { inOrder } from "./in-order.ts";
import type { Repository } from "./repository.ts";

/** What tools install beside the files, so that tests can run without a network. What is not ignored lies there anyway. */
const INSTALLED = ["node_modules", ".venv", "vendor"];

const marker = (path: string): string => `${path}.base`;
/** What the files began with, for whoever lists them: an index of ours, which nobody who works there can break. */
const listed = (path: string): string => `${path}.index`;
/** A worktree has a file there. Nothing that lies in the folder is asked: it may be the work of whoever works there. */
const isClone = (path: string): boolean =>
  lstatSync(join(path, ".git"), { throwIfNoEntry: false })?.isDirectory() === true;

/** `from`: what lies there at first; `base`: what changes are told against. */
export interface Beginning {
  readonly base: string;
  readonly from: string;
}

/** As a worktree. Only naming it changes the repository; its files can be laid out beside those of others. */
export async function add(repository: Repository, path: string, { base, from }: Beginning): Promise<void> {
  // It was made before our host died, and what lies in it has not been kept yet.
  if (existsSync(marker(path)) && existsSync(path)) return putBack(path);
  await clear(path);
  const git = await repository.git();
  // Twice, since one that was left half made is locked.
  const how = ["--detach", "--no-checkout", "--force", "--force", "--quiet"];
  await inOrder(repository.gitDir, () => git.worktree("add", ...how, "--", path, from));
  await git.with({}, path).run("read-tree", "--reset", "-u", from);
  await writeFile(marker(path), base);
}

/** What of the user's settings says how his file system is. */
const SYSTEM = "^core\\.(ignorecase|precomposeunicode|symlinks|filemode)$";
/** Branches and tags that are known there by name. */
const MOST_REFS = 5000;

export async function addClone(repository: Repository, path: string, { base, from }: Beginning): Promise<void> {
  if (existsSync(marker(path)) && existsSync(path)) {
    // Of commands that died with our host; whoever goes on there could not change anything.
    for (const lock of ["index.lock", "HEAD.lock"]) await rm(join(path, ".git", lock), { force: true });
    return putBack(path);
  }
  await clear(path);
  const own = join(path, ".git");
  const git = await repository.git();
  const kinds = ["refs/heads", "refs/tags", "refs/remotes"];
  const [stores, refs, settings] = await Promise.all([
    storesOf(repository),
    git.run("for-each-ref", `--count=${MOST_REFS}`, "--format=%(objectname) %(refname)", ...kinds),
    git.ask("config", "--local", "--get-regexp", SYSTEM),
  ]);
  await mkdir(join(own, "objects", "info"), { recursive: true, mode: 0o700 });
  await Promise.all(["refs", "hooks", "info"].map((name) => mkdir(join(own, name))));
  const system = settings.stdout.split("\n").flatMap((line) => {
    const [key, value] = line.split(" ");
    return key && value ? [`\t${key.slice("core.".length)} = ${value}`] : [];
  });
  const isLong = from.length > 40;
  const config = [
    ...["[core]", `\trepositoryformatversion = ${isLong ? 1 : 0}`, "\tbare = false", ...system],
    ...(isLong ? ["[extensions]", "\tobjectFormat = sha256"] : []),
    ...["[user]", "\tname = Tutti", "\temail = tutti@localhost", "[gc]", "\tauto = 0", ""],
  ];
  await Promise.all([
    writeFile(join(own, "HEAD"), `${from}\n`),
    writeFile(join(own, "config"), config.join("\n")),
    // Said, so that nobody else says it: git would read settings from where it leads.
    writeFile(join(own, "commondir"), ".\n"),
    writeFile(join(own, "objects", "info", "alternates"), stores.map((store) => `${store}\n`).join("")),
    writeFile(join(own, "packed-refs"), refs === "" ? "" : `${refs}\n`),
    copied(join(repository.gitDir, "shallow"), join(own, "shallow")),
    copied(join(repository.gitDir, "info", "exclude"), join(own, "info", "exclude")),
  ]);
  // The settings there are the few above, which name nothing to run.
  const inside = git.with({ GIT_DIR: own, GIT_WORK_TREE: path }, path);
  await inside.run("read-tree", "--reset", "-u", from);
  await copyFile(join(own, "index"), listed(path));
  await writeFile(marker(path), base);
}

async function copied(from: string, to: string): Promise<void> {
  if (existsSync(from)) await copyFile(from, to);
}

/** As deep as git itself follows them. */
const MOST_BORROWED = 5;

/** Where objects lie: its own, and those that it borrows itself. */
async function storesOf({ gitDir }: Repository): Promise<readonly string[]> {
  const all = [join(gitDir, "objects")];
  let newest = all;
  for (let depth = 0; depth < MOST_BORROWED && newest.length > 0; depth++) {
    const told = await Promise.all(newest.map((store) => textAt(join(store, "info", "alternates"))));
    newest = told.flatMap((text, i) =>
      text.split("\n").flatMap((line) => (line === "" || line.startsWith("#") ? [] : [resolve(newest[i] ?? "", line)])),
    );
    newest = newest.filter((store) => !all.includes(store));
    all.push(...newest);
  }
  return all;
}

const textAt = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");

/** As tools and commands see it. */
export async function laidOut(repository: Repository, path: string, writes: boolean): Promise<Workspace> {
  const installed = await installedIn(repository, path);
  const veiled = [repository.folder];
  const same = (of: string): Lent => ({ from: of, at: of });
  if (!isClone(path)) {
    const files = await folderWorkspace(path, writes);
    return { ...files, lent: [same(repository.gitDir), ...installed], veiled, locked: [join(path, ".git")] };
  }
  // Git is asked as of the repository: what lies in a clone's own `.git` may be the work of whoever works there.
  const git = { GIT_DIR: repository.gitDir, GIT_WORK_TREE: path, GIT_INDEX_FILE: listed(path) };
  const files = await folderWorkspace(path, writes, git);
  const locked = ["config", "commondir", "hooks", "info", join("objects", "info")];
  return {
    ...files,
    lent: [...(await storesOf(repository)).map(same), ...installed],
    veiled,
    locked: locked.map((name) => join(path, ".git", name)),
  };
}

async function installedIn({ folder, git }: Repository, path: string): Promise<readonly Lent[]> {
  const there = INSTALLED.filter((name) => existsSync(join(folder, name)) && !existsSync(join(path, name)));
  if (there.length === 0) return [];
  const { stdout } = await (await git()).ask("check-ignore", "--", ...there);
  const ignored = new Set(stdout.split("\n"));
  return there.filter((name) => ignored.has(name)).map((name) => ({ from: join(folder, name), at: join(path, name) }));
}

/** What an attempt began with whose files were left behind; undefined where they were never all there. */
export async function baseOf(path: string): Promise<string | undefined> {
  if (!existsSync(path)) return undefined;
  return (await textAt(marker(path))).trim() || undefined;
}

/** A clone is nothing but its folder. */
export async function remove(repository: Repository, path: string): Promise<void> {
  const wasClone = isClone(path);
  await clear(path);
  if (wasClone) return;
  // Of itself alone: the user may have worktrees whose folders are only not there now.
  const git = Git.plain({ cwd: repository.gitDir });
  await inOrder(repository.gitDir, () => git.worktree("remove", "--force", "--force", "--", path)).catch(() => {});
}

/** First what says that they are whole: where our host dies meanwhile, what is gone must not look as if the agent deleted it. */
async function clear(path: string): Promise<void> {
  await rm(marker(path), { force: true });
  await rm(listed(path), { force: true });
  await gone(join(path, ".git"));
  await gone(path);
  for (const { at, from } of await takenOut(path)) {
    await gone(at);
    await rm(from, { force: true });
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
}

/** What lies beside the files while they are kept, and where it belongs: our host may die meanwhile. */
interface TakenOut {
  readonly at: string;
  readonly from: string;
}

async function takenOut(path: string): Promise<readonly TakenOut[]> {
  const own = `${basename(path)}.inner-`;
  const names = await readdir(dirname(path)).catch(() => []);
  const all = names.filter((name) => name.startsWith(own) && /^\d+$/.test(name.slice(own.length)));
  return all.map((name) => ({ at: join(dirname(path), name), from: join(dirname(path), `${name}.from`) }));
}

/** Takes a repository's own folder out of the files; `inside` is where it lies among them. */
export async function takeOut(path: string, inside: string, nth: number): Promise<void> {
  const at = `${path}.inner-${nth}`;
  await rm(at, { recursive: true, force: true });
  await writeFile(`${at}.from`, inside);
  await rename(join(path, inside), at);
}

/** Whoever goes on in these files finds it again. */
export async function putBack(path: string): Promise<void> {
  // The last first: one may lie in another.
  const nth = ({ at }: TakenOut) => Number(at.slice(at.lastIndexOf("-") + 1));
  for (const { at, from } of (await takenOut(path)).toSorted((a, b) => nth(b) - nth(a))) {
    const inside = await textAt(from);
    const place = join(path, inside);
    // Whoever worked there may have put something else in its place, and be it a link that leads out.
    const isFree = isReal(path, dirname(inside)) && lstatSync(place, { throwIfNoEntry: false }) === undefined;
    if (inside === "" || !isFree) continue;
    await rename(at, place);
    await rm(from, { force: true });
  }
}
