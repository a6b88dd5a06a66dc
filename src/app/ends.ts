/** What becomes of a run's work at its end: brought together and delivered, and its reply posted. */

import type { Posting } from "../domain/issues.ts";
import type { Landing } from "../domain/landing.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { Settings } from "../library/settings.ts";
import { checkPosting } from "./issue-sources.ts";
import { checkLanding, withLanding } from "./landing.ts";
import { withPosting } from "./posting.ts";

interface Ends {
  readonly deliver?: Landing;
  readonly post?: Posting;
  readonly rehearse?: boolean;
}

/** What is posted may name what was delivered, so that comes first. */
export const withEnds = (tasks: readonly AgentTask[], how: Ends): readonly AgentTask[] =>
  withPosting(withLanding(tasks, how), how);

/** Before anything is paid. Throws BAD_INPUT. */
export async function checkEnds(
  { deliver, post }: Ends,
  folder: string | undefined,
  settings: Settings,
): Promise<void> {
  await checkLanding(deliver, folder);
  checkPosting(post, settings);
}
