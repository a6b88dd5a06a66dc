/** What stands under `refs/tutti/` that one attempt begins with: asked for once, because every question is a program. */
import type { WorkspaceOf } from "../domain/workspace.ts";
import type { Git } from "./git.ts";

export const titleOf = ({ taskId, attempt }: WorkspaceOf): string => `${taskId}, attempt ${attempt}`;
export const refFor = ({ run, taskId, attempt }: WorkspaceOf, outcome: "done" | "failed"): string =>
  outcome === "done" ? `refs/tutti/${run}/${taskId}` : `refs/tutti/${run}.failed/${taskId}/${attempt}`;
export const baseRef = (run: string): string => `refs/tutti/${run}.base`;

interface Kept {
  readonly commit: string;
  readonly parent: string;
  readonly title: string;
}
export interface Standing {
  /** The files as the run found them. */
  readonly base?: string;
  /** Of the tasks before it, those that wrote, in the order in which they build on each other. */
  readonly written: readonly string[];
  /** Where the merge lane lets it begin: upon the work of others, with what is to be mended before it. */
  readonly seed?: { readonly from: string; readonly base: string };
  /** What this very attempt had kept before its host died. */
  readonly own?: Kept;
  /** What the attempt had written that handed the task over to this one. */
  readonly handed?: string;
}

export async function standing(git: Git, of: WorkspaceOf): Promise<Standing> {
  const { run, taskId, after, from } = of;
  const refs = {
    base: baseRef(run),
    seed: `refs/tutti/${run}.seed/${taskId}`,
    done: refFor(of, "done"),
    failed: refFor(of, "failed"),
    handed: from === undefined ? undefined : refFor({ ...of, attempt: from }, "failed"),
  };
  const before = after.map((one) => (one.startsWith("refs/tutti/") ? one : `refs/tutti/${run}/${one}`));
  const asked = [...Object.values(refs), ...before].filter((ref) => ref !== undefined);
  const format = "%(refname)%00%(objectname)%00%(parent)%00%(contents:subject)";
  const told = await git.run("for-each-ref", `--format=${format}`, ...new Set(asked));
  const there = new Map<string, Kept>();
  for (const line of told.split("\n")) {
    const [ref = "", commit = "", parents = "", title = ""] = line.split("\0");
    if (ref !== "") there.set(ref, { commit, parent: parents.split(" ")[0] ?? "", title });
  }
  const base = there.get(refs.base)?.commit;
  const seed = there.get(refs.seed);
  const handed = refs.handed === undefined ? undefined : there.get(refs.handed)?.commit;
  const own = [there.get(refs.done), there.get(refs.failed)].find((one) => one?.title === titleOf(of));
  return {
    // Those of another run are named whole, and must be there.
    written: before.filter((ref, i) => there.has(ref) || ref === after[i]),
    ...(base !== undefined && { base }),
    ...(seed && seed.parent !== "" && { seed: { from: seed.commit, base: seed.parent } }),
    ...(own && { own }),
    ...(handed !== undefined && { handed }),
  };
}
