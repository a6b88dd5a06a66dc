/** What performs the checks of a run, over the files of its repository. */
import type { Runtime } from "../domain/ports.ts";
import type { Settings } from "../library/settings.ts";
import { checkerRuntime } from "../runtimes/checker/runtime.ts";
import { measuredIn } from "../workspace/evidence/coverage.ts";
import { repositoryEvidence } from "../workspace/evidence/repository.ts";
import { worktrees } from "../workspace/worktrees.ts";

export interface CheckerMeans {
  readonly settings: Settings;
  readonly ownAreAllowed?: boolean;
  readonly env: { readonly [name: string]: string | undefined };
  readonly home: string;
}

export function checkerOf(repository: string, { settings, ownAreAllowed = false, env, home }: CheckerMeans): Runtime {
  const named = settings.evidenceCommands ?? {};
  const held = { env, hidden: [home], mustHold: settings.sandbox === "required", named, areAllowed: ownAreAllowed };
  const ofRepository = repositoryEvidence(repository, held);
  const evidence = (root?: string) => (root === undefined ? ofRepository : repositoryEvidence(root, held));
  const workspaces = worktrees({ folder: repository, home });
  return checkerRuntime({ ...held, workspaces, evidence, measured: measuredIn });
}
