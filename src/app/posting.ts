/** The last task of a run whose reply is to be posted: it waits for all others, and a person is asked before. */
import { TuttiError } from "../domain/error.ts";
import type { Posting } from "../domain/issues.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { AgentDefinition } from "./agents.ts";

/** A name that nobody's agent can have, as that of the merge lane. */
export const POSTER = "issue-poster";
const POST = "post";
const REPLY = "reply";

export const posterAgent: AgentDefinition = {
  runtime: "posting",
  description: "Posts the reply to an issue where a person allows it.",
};

/** A rehearsal's reply is invented, so nothing is posted. */
export function withPosting(
  tasks: readonly AgentTask[],
  { post, rehearse }: { readonly post?: Posting; readonly rehearse?: boolean },
): readonly AgentTask[] {
  if (post === undefined || rehearse) return tasks;
  const others = tasks.filter(({ agentName }) => agentName !== POSTER);
  if (!others.some(({ id }) => id === REPLY))
    throw new TuttiError(
      "BAD_INPUT",
      `only a plan with a task '${REPLY}' has something to post, such as workflow 'issue'`,
      {
        path: "config.post",
      },
    );
  const needed = new Set(others.flatMap(({ dependencies = [] }) => dependencies));
  const last = others.filter(({ id }) => !needed.has(id)).map(({ id }) => id);
  const task: AgentTask = {
    ...{ id: POST, agentName: POSTER, phase: "Posting", retries: 0 },
    dependencies: [...new Set([REPLY, ...last])],
    description: `Post the reply as ${post.as === "comment" ? "a comment" : "a pull request"}, if a person allows it`,
    prompt: "Post the reply to the issue, if a person allows it.",
  };
  return [...others, task];
}
