/** The files that one attempt works on, from their opening until what was written is kept, whoever works there. */

import { reasonOf } from "../../domain/error.ts";
import type { Json } from "../../domain/json.ts";
import type { AttemptWorld, Outcome } from "../../domain/ports.ts";
import type { OpenWorkspace, WorkspaceOf, Workspaces } from "../../domain/workspace.ts";

export class Ground implements AsyncDisposable {
  readonly workspace: OpenWorkspace;
  /** What whoever works here should know of the files. */
  readonly notes: readonly string[];
  readonly #world: AttemptWorld;
  #isLeft = false;

  private constructor(workspace: OpenWorkspace, notes: readonly string[], world: AttemptWorld) {
    this.workspace = workspace;
    this.notes = notes;
    this.#world = world;
  }

  static async open(workspaces: Workspaces, of: WorkspaceOf, world: AttemptWorld, writes: boolean): Promise<Ground> {
    // A clone, because nobody holds it: in a worktree it could move the branches of the user.
    const workspace = workspaces.open(of, writes, "clone");
    return new Ground(workspace, await workspace.ready(), world);
  }

  /** Writes down where the attempt works, and what else must be found again there after a crash. */
  async note(more: { readonly [field: string]: Json } = {}): Promise<void> {
    const { root, isWritable } = this.workspace;
    if (!isWritable) return;
    const entry = { path: root, notes: [...this.notes], ...more };
    await this.#world.log.append({ type: "workspace:opened", entry });
  }

  async kept(outcome: Outcome): Promise<Outcome> {
    const kept = await keepWork(this.workspace, this.#world, outcome);
    this.#isLeft = kept.isLeft;
    return kept.outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isLeft) await this.workspace.close();
  }
}

/**
 * The outcome, with what was written: that is kept before anything is told, however it ended. `isLeft`: the files must
 * stay where they are, for whoever goes on in them.
 */
export async function keepWork(
  workspace: OpenWorkspace | undefined,
  world: AttemptWorld,
  made: Outcome,
): Promise<{ readonly outcome: Outcome; readonly isLeft: boolean }> {
  const to = world.heir?.();
  const outcome = to === undefined ? made : handedOver(made, to);
  if (!workspace?.isWritable) return { outcome, isLeft: false };
  try {
    const changes = await workspace.keep(outcome.ok ? "done" : "failed");
    if (changes === undefined) return { outcome, isLeft: false };
    await world.log.append({ type: "workspace:committed", entry: changes as unknown as Json });
    // Whoever left off between two turns is gone on with, in these files.
    const isLeft = to === undefined && !outcome.ok && (outcome.failure === "budget" || outcome.failure === "stopped");
    return { outcome: outcome.ok ? { ...outcome, changes } : outcome, isLeft };
  } catch (error) {
    // Nobody hears us any more: this very attempt goes on in these files when the run is taken up again.
    if (!outcome.ok) return { outcome, isLeft: true };
    const { usage } = outcome;
    const reason = `what it wrote lies in ${workspace.root} and cannot be kept: ${reasonOf(error)}`;
    // Another attempt would be paid again, and meet the same fault.
    const failed = { ok: false, failure: "error", retry: "never", reason, ...(usage && { usage }) } as const;
    return { outcome: failed, isLeft: true };
  }
}

/** Whoever takes the task over begins with what was written: it is no result. */
function handedOver({ usage }: Outcome, to: string): Outcome {
  const left = { ok: false, failure: "stopped", retry: "safe", reason: `handed over to '${to}'` } as const;
  return usage ? { ...left, usage } : left;
}
