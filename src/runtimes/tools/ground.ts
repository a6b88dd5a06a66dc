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
    const workspace = workspaces.open(of, writes);
    return new Ground(workspace, await workspace.ready(), world);
  }

  /** Writes down where the attempt works, and what else must be found again there after a crash. */
  async note(more: { readonly [field: string]: Json } = {}): Promise<void> {
    const { root, isWritable } = this.workspace;
    if (!isWritable) return;
    const entry = { path: root, notes: [...this.notes], ...more };
    await this.#world.log.append({ type: "workspace:opened", entry });
  }

  /** The outcome, with what was written: that is kept before anything is told, however it ended. */
  async kept(outcome: Outcome): Promise<Outcome> {
    if (!this.workspace.isWritable) return outcome;
    try {
      const changes = await this.workspace.keep(outcome.ok ? "done" : "failed");
      if (changes === undefined) return outcome;
      // Whoever left off is gone on with, in these files.
      if (!outcome.ok && (outcome.failure === "budget" || outcome.failure === "stopped")) this.#isLeft = true;
      await this.#world.log.append({ type: "workspace:committed", entry: changes as unknown as Json });
      return outcome.ok ? { ...outcome, changes } : outcome;
    } catch (error) {
      // Nobody hears us any more: this very attempt goes on in these files when the run is taken up again.
      this.#isLeft = true;
      if (!outcome.ok) return outcome;
      const reason = `what it wrote lies in ${this.workspace.root} and cannot be kept: ${reasonOf(error)}`;
      // Another attempt would be paid again, and meet the same fault.
      return { ok: false, failure: "error", retry: "never", reason, ...(outcome.usage && { usage: outcome.usage }) };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isLeft) await this.workspace.close();
  }
}
