/** What was kept as done and then not accepted: nobody builds on it, and nothing of it is lost (I12). */
import type { Changes, WorkspaceOf } from "../domain/workspace.ts";
import { repositoryOf } from "./repository.ts";
import { refFor } from "./standing.ts";
import type { WorktreeOptions } from "./worktrees.ts";

/** Gives it as it is kept then. */
export async function refuseWork(
  { folder, home }: WorktreeOptions,
  of: WorkspaceOf,
  changes: Changes,
): Promise<Changes> {
  const git = await (await repositoryOf(folder, home)).git();
  const ref = refFor(of, "failed");
  await git.run("update-ref", "--end-of-options", ref, changes.commit);
  // Only what was refused: under that name another attempt may have kept something since.
  await git.ask("update-ref", "-d", "--end-of-options", changes.ref, changes.commit);
  return { ...changes, ref };
}
