/**
 * Hands over what was brought together. Each way moves one thing, at once or not at all, and can be taken back as long
 * as nobody has moved it on.
 */
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { reasonOf, TuttiError } from "../../domain/error.ts";
import type { Delivered, Delivery } from "../../domain/landing.ts";
import { Git } from "../git.ts";
import { filterFault } from "../large-files.ts";
import type { Repository } from "../repository.ts";
import { inTurn } from "./in-turn.ts";

interface What {
  readonly run: string;
  readonly onto: string;
  /** The branch that the user stood on when the work was brought together. */
  readonly branch: string;
  readonly head: string;
}

export async function deliver(repository: Repository, what: What, how: Delivery): Promise<Delivered> {
  const fault = await filterFault(await repository.git(), what.onto, what.head, how.as === "fast-forward");
  if (fault !== undefined)
    throw new TuttiError("WRONG_STATE", fault, { path: "deliver", hint: HINTS[how.as === "fast-forward" ? 0 : 1] });
  if (how.as === "branch") return asBranch(repository, what, how.name ?? `tutti/${what.run}`);
  return how.as === "patches"
    ? asPatches(repository, what, how.folder)
    : inTurn(repository.gitDir, () => fastForward(repository, what));
}

const HINTS = ["deliver a branch, and merge it yourself", "take that file from the task's own ref by hand"] as const;

/** Why it cannot be delivered like this, whatever comes of the work; or undefined. */
export async function deliveryFault(folder: string, how: Delivery): Promise<string | undefined> {
  const git = await Git.at({ cwd: folder });
  const isRepository = (await git.ask("rev-parse", "--git-dir")).code === 0;
  if (!isRepository && how.as !== "patches") return "this folder is no repository of git: deliver patches";
  if (how.as === "patches") return roomFault(how.folder);
  if (how.as === "fast-forward" && (await git.ask("symbolic-ref", "--quiet", "HEAD")).code !== 0)
    return "HEAD stands on no branch that could move on: check one out, or deliver a branch";
  if (how.as === "fast-forward")
    return (await tipOf(git, "HEAD")) === undefined
      ? "nothing was committed here yet, so that no branch could move on: commit something, or deliver a branch"
      : undefined;
  if (how.as !== "branch" || how.name === undefined) return undefined;
  if (!(await isBranchName(git, how.name))) return `'${how.name}' cannot be the name of a branch`;
  if ((await tipOf(git, `refs/heads/${how.name}`)) !== undefined)
    return `there is a branch '${how.name}' already: choose another name, or delete it`;
  const stood = await stoodOn(git, how.name);
  return stood && `${stood}, which has no commit yet: choose another name`;
}

async function roomFault(folder: string): Promise<string | undefined> {
  try {
    return (await readdir(folder)).length === 0 ? undefined : `${folder} is not empty: name another folder for patches`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? undefined : `${folder} cannot be a folder for patches: ${reasonOf(error)}`;
  }
}

const isBranchName = async (git: Git, name: string): Promise<boolean> =>
  name !== "" && !name.startsWith("-") && (await git.ask("check-ref-format", `refs/heads/${name}`)).code === 0;

/** In words, where a checkout of the user's is on that branch, also one that has no commit yet: it must not move under him. */
export async function stoodOn(git: Git, name: string): Promise<string | undefined> {
  const ref = `refs/heads/${name}`;
  const here = await git.ask("symbolic-ref", "--quiet", "HEAD");
  if (here.code === 0 && here.stdout.trim() === ref) return `you stand on '${name}'`;
  const lines = (await git.worktree("list", "--porcelain")).split("\n");
  return lines.includes(`branch ${ref}`) ? `you stand on '${name}' in a worktree` : undefined;
}

/** It must not be there yet; in words that hold for every length of hash. */
const NOTHING = "";

async function asBranch(repository: Repository, { run, head }: What, name: string): Promise<Delivered> {
  const git = await repository.git();
  const ref = `refs/heads/${name}`;
  if (!(await isBranchName(git, name)))
    throw new TuttiError("BAD_INPUT", `'${name}' cannot be the name of a branch`, {
      path: "deliver",
      hint: "choose another name",
    });
  const now = await tipOf(git, ref);
  // A landing that is taken up again finds its own branch.
  if (now === head) return { as: "branch", name, after: head };
  if (now !== undefined && now !== (await tipOf(git, `refs/tutti/${run}.delivered/${name}`)))
    throw new TuttiError("WRONG_STATE", `there is a branch '${name}' already, and it is none of this run's`, {
      path: "deliver",
      hint: "choose another name, or delete that branch",
    });
  const stood = await stoodOn(await Git.at({ cwd: repository.folder }), name);
  if (stood !== undefined)
    throw new TuttiError("WRONG_STATE", `${stood}, and it would move without your files`, {
      path: "deliver",
      hint: "check out another branch and resume, or choose another name",
    });
  const told = await git.ask("update-ref", "--end-of-options", ref, head, now ?? NOTHING);
  if (told.code !== 0)
    throw new TuttiError("WRONG_STATE", `the branch '${name}' could not be made: ${told.stderr.trim().slice(0, 300)}`, {
      path: "deliver",
      hint: "somebody may have made it just now: choose another name",
    });
  await git.run("update-ref", "--end-of-options", `refs/tutti/${run}.delivered/${name}`, head);
  return { as: "branch", name, after: head, ...(now === undefined ? {} : { before: now }) };
}

async function tipOf(git: Git, ref: string): Promise<string | undefined> {
  const { code, stdout } = await git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`);
  return code === 0 ? stdout.trim() : undefined;
}

/** The user's own checkout, because he asked for it: his branch and files move together, or git refuses both. */
async function fastForward(repository: Repository, { run, onto, head, branch: meant }: What): Promise<Delivered> {
  const git = await Git.at({ cwd: repository.folder });
  const branch = await git.ask("symbolic-ref", "--quiet", "--short", "HEAD");
  const name = branch.stdout.trim();
  const now = await tipOf(git, "HEAD");
  if (branch.code !== 0 || now === undefined)
    throw new TuttiError(
      "WRONG_STATE",
      "there is no branch that could move on: HEAD stands on none, or nothing was committed",
      {
        path: "deliver",
        hint: "check out a branch, or deliver as a branch",
      },
    );
  if (name !== meant)
    throw new TuttiError("WRONG_STATE", `you stand on '${name}' now, and the work was brought onto '${meant}'`, {
      path: "deliver",
      hint: `check out '${meant}' and land it again, or deliver as a branch`,
    });
  // A landing that is taken up again finds it moved.
  if (now === head) return { as: "fast-forward", name, before: onto, after: head };
  const told = await git.ask("merge", "--ff-only", "--no-autostash", "--quiet", "--end-of-options", head);
  if (told.code !== 0 && now !== onto)
    throw new TuttiError(
      "WRONG_STATE",
      `'${name}' could not move on: it stands at ${now.slice(0, 12)} by now, not at ${onto.slice(0, 12)}`,
      {
        path: "deliver",
        hint: `tutti land ${run} --deliver fast-forward brings the work onto that, or deliver as a branch`,
      },
    );
  if (told.code !== 0)
    throw new TuttiError("WRONG_STATE", `'${name}' could not move on: ${told.stderr.trim().slice(0, 500)}`, {
      path: "deliver",
      hint: "commit or put away what stands in its way and resume, or deliver as a branch",
    });
  return { as: "fast-forward", name, before: now, after: head };
}

async function asPatches(repository: Repository, { run, onto, head }: What, folder: string): Promise<Delivered> {
  const git = await repository.git();
  // Of this run alone: whatever else is called like it is the user's.
  const made = `${folder}.${run}.making`;
  await rm(made, { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  await writePatches(git, `${onto}..${head}`, made);
  // Whoever takes them back asks what they were.
  await git.run("update-ref", "--end-of-options", `refs/tutti/${run}.patches/head`, head);
  // All of them at once: who looks into the folder finds the whole series or nothing.
  await rename(made, folder).catch(async (error: NodeJS.ErrnoException) => {
    // A landing that is taken up again finds its own series.
    const isOurs = await isSame(folder, made).catch(() => false);
    await rm(made, { recursive: true, force: true });
    if (isOurs) return;
    const why = error.code === "ENOTEMPTY" || error.code === "EEXIST" ? "is not empty" : "is no folder for patches";
    throw new TuttiError("WRONG_STATE", `${folder} ${why}`, { path: "deliver", hint: "name another folder" });
  });
  return { as: "patches", name: folder, after: head };
}

/** As they are made by nobody's settings but ours. */
export async function writePatches(git: Git, range: string, folder: string): Promise<void> {
  await git.run(
    ...["-c", "format.attach=", "-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false"],
    ...["format-patch", "--quiet", "--no-signature", "--no-ext-diff", "--no-textconv", "--binary", "--full-index"],
    ...["--no-cover-letter", "--no-notes", "--suffix=.patch", "--subject-prefix=PATCH", "--no-base"],
    ...["--output-directory", folder, "--end-of-options", range],
  );
  await mkdir(folder, { recursive: true });
}

/** Whether both hold the same files, to the byte. */
export async function isSame(one: string, other: string): Promise<boolean> {
  const [some, others] = (await Promise.all([readdir(one), readdir(other)])).map((names) => names.toSorted());
  if (some?.join("/") !== others?.join("/")) return false;
  for (const name of some ?? [])
    if (!(await readFile(join(one, name))).equals(await readFile(join(other, name)))) return false;
  return true;
}
