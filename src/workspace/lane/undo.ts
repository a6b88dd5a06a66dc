/** Takes a delivery back, as long as nobody has built on it. What was written stays under its refs whatever happens. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TuttiError } from "../../domain/error.ts";
import type { Delivered } from "../../domain/landing.ts";
import { Git } from "../git.ts";
import { repositoryOf } from "../repository.ts";
import type { WorktreeOptions } from "../worktrees.ts";
import { isSame, stoodOn, writePatches } from "./delivery.ts";
import { inTurn } from "./in-turn.ts";

/** What was done, in words for whoever asked. Throws WRONG_STATE where it cannot be taken back, and changes nothing then. */
export async function undo({ folder, home }: WorktreeOptions, { as, name, before, after }: Delivered): Promise<string> {
  const repository = await repositoryOf(folder, home);
  if (as === "patches") return withoutPatches(await repository.git(), name, after);
  const git = await Git.at({ cwd: repository.folder });
  const ref = `refs/heads/${name}`;
  const now = await git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`);
  const tip = now.code === 0 ? now.stdout.trim() : undefined;
  if (as === "branch" && tip === undefined) return `the branch '${name}' is gone already`;
  if (tip === before) return `'${name}' is as it was already`;
  if (tip !== after)
    throw refused(
      `'${name}' has moved on since to ${tip?.slice(0, 12) ?? "nothing"}`,
      `git log ${after.slice(0, 12)}..${name}`,
    );
  const stood = await stoodOn(git, name);
  if (as === "branch" && stood !== undefined) throw refused(stood, "check out another branch first");
  if (as === "branch") {
    const args =
      before === undefined ? ["-d", "--end-of-options", ref, after] : ["--end-of-options", ref, before, after];
    await git.run("update-ref", ...args);
    return before === undefined ? `the branch '${name}' is gone` : `'${name}' is at ${before.slice(0, 12)} again`;
  }
  if (before === undefined) throw refused(`nobody knows where '${name}' stood before`, "look into git reflog");
  const here = await git.ask("symbolic-ref", "--quiet", "HEAD");
  if (here.stdout.trim() !== ref)
    throw refused(`you do not stand on '${name}'`, `git checkout ${name}, and undo again`);
  // His own changes stay, or git refuses as a whole.
  const told = await inTurn(repository.gitDir, async () => {
    const still = await git.ask("rev-parse", "--verify", "--quiet", "HEAD");
    if (still.stdout.trim() !== after) throw refused(`'${name}' has just moved on`, "undo again");
    return git.ask("reset", "--keep", "--quiet", before);
  });
  if (told.code !== 0) throw refused(told.stderr.trim().slice(0, 500), "commit or put away what stands in the way");
  return `'${name}' and your files are at ${before.slice(0, 12)} again`;
}

const refused = (why: string, hint: string) =>
  new TuttiError("WRONG_STATE", `it cannot be taken back: ${why}`, { path: "run", hint });

async function withoutPatches(git: Git, folder: string, after: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  if (names.length === 0) return `there are no patches in ${folder} any more`;
  if (names.some((one) => !/^\d{4,}-.*\.patch$/.test(one)))
    throw refused(`${folder} holds more than patches`, "delete them yourself");
  // Of what was put beside them or changed in them nothing is left anywhere else.
  const room = await mkdtemp(join(tmpdir(), "tutti-patches-"));
  try {
    await writePatches(git, `${after}~${names.length}..${after}`, room).catch(() => {});
    if (!(await isSame(folder, room)))
      throw refused(
        `the patches in ${folder} are not as they were delivered`,
        "look at them, and delete them yourself",
      );
  } finally {
    await rm(room, { recursive: true, force: true });
  }
  await rm(folder, { recursive: true });
  return `the patches in ${folder} are gone`;
}
