/** From an issue to a run of it, and back: what of an earlier run still holds is not paid for again. */
import type { RunState } from "../core/state.ts";
import { type Issue, isOurs } from "../domain/issues.ts";
import { canonical, type Json } from "../domain/json.ts";
import type { RunEntry } from "../domain/ports.ts";
import { isRecord } from "../domain/shape.ts";
import { isEnded } from "../scheduling/life.ts";
import { ISSUE_LIMITS } from "../workflows/templates/issue.ts";
import type { Host } from "./host.ts";
import type { Order, OrderConfig } from "./order.ts";
import { POSTER } from "./posting.ts";

const WORKFLOW = "issue";
const MOST_NAME = 200;
/** Earlier runs of one issue that are looked at. */
const MOST_RUNS = 20;

/** Its run is called after it, so that lists of runs say which is whose. */
const nameOf = ({ called }: Issue): string => `${WORKFLOW} ${called}`.slice(0, MOST_NAME);

/** Throws BAD_INPUT where it cannot be run at all. */
export function orderOfIssue(host: Host, issue: Issue, config: OrderConfig, approve = false): Order {
  const { tasks } = host.workflows.plan(WORKFLOW, { ...parametersOf(issue), approve });
  return { workflowName: nameOf(issue), tasks, config };
}

function parametersOf({ called, title, body, labels, comments }: Issue) {
  const { comment, comments: most } = ISSUE_LIMITS;
  return {
    issue: cut(called, ISSUE_LIMITS.ref),
    title: cut(title, ISSUE_LIMITS.title),
    body: cut(body, ISSUE_LIMITS.body),
    labels: labels
      .filter((one) => one !== "")
      .map((one) => cut(one, 200))
      .slice(0, 100),
    comments: comments
      .filter(({ text }) => text.trim() !== "")
      .slice(-most)
      .map(({ author, text }) => cut(author === "" ? text : `${author}: ${text}`, comment)),
  };
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const note = ` [cut: it had ${text.length} characters]`;
  return text.slice(0, most - note.length) + note;
}

export interface EarlierRun {
  readonly state: RunState;
  readonly entry: RunEntry;
}

/** The newest real run of this issue, as it is now, from this folder. */
export async function earlierRun(host: Host, issue: Issue, folder: string): Promise<EarlierRun | undefined> {
  const entries = await host.journal.list({ workflow: nameOf(issue), limit: MOST_RUNS });
  const wanted = wordsOf(parametersOf(issue));
  for (const entry of entries) {
    if (entry.rehearsed) continue;
    const state = await host.state(entry.run);
    const given = state.graph.nodes.get("triage")?.spec?.context?.["issue"];
    if (state.start?.options.folder !== folder || !isRecord(given)) continue;
    const { called: _, ...said } = given as { readonly [key: string]: Json };
    return wordsOf(said) === wanted ? { state, entry } : undefined;
  }
  return undefined;
}

/** What was said, but for what we said ourselves. */
function wordsOf({ title, body, labels, comments }: { readonly [key: string]: unknown }): string {
  const others = Array.isArray(comments) ? comments.filter((one) => !isOurs(String(one))) : [];
  return canonical({ title, body, labels, comments: others });
}

export type Standing = "complete" | "open" | "failed";

export const standingOf = ({ life }: RunState): Standing =>
  !isEnded(life) ? "open" : life.stage === "complete" ? "complete" : "failed";

/** Where the reply of a run was posted; undefined where it was not. */
export function postedIn({ graph }: RunState): string | undefined {
  const node = [...graph.nodes.values()].find(({ spec }) => spec?.agentName === POSTER);
  const address = isRecord(node?.output) ? node.output["posted"] : undefined;
  return typeof address === "string" ? address : undefined;
}
