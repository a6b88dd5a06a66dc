/**
 * Who posts what came of an issue, as the agent of a run's last task: so that it is journaled, asked about and taken up
 * again as attempts are.
 *
 * E1. Nothing is posted but the very text and mark that a person saw at the gate and approved, or what he made of it there.
 * E2. Before anything is asked or posted, and again right before it is posted, the mark of this text is looked for where
 *     it would stand: whoever is begun again, in this run or another, finds it and posts nothing.
 * E3. Keys that we know are blotted out before the text is shown, and no text is longer than its host takes.
 */
import { reasonOf, TuttiError } from "../domain/error.ts";
import {
  type Branch,
  type IssueSource,
  LONGEST_POST,
  type Posting,
  type Pusher,
  postMark,
  postWords,
} from "../domain/issues.ts";
import { canonical, type Json, sha256 } from "../domain/json.ts";
import type { Attempt, AttemptWorld, Outcome, Runtime } from "../domain/ports.ts";
import { isRecord } from "../domain/shape.ts";

export interface PostingOptions {
  readonly posting: Posting;
  readonly source: IssueSource;
  readonly scrub: (text: string) => string;
  /** Absent: a branch must be there already. */
  readonly pusher?: Pusher;
}

/** What a mark may take of a text. */
const ROOM_FOR_MARK = 200;
const REPLY = "reply";

export function postingRuntime(options: PostingOptions): Runtime {
  return {
    perform: async (attempt, world) => {
      try {
        return await perform(options, attempt, world);
      } catch (error) {
        if (world.signal.aborted)
          return { ok: false, failure: "stopped", reason: reasonOf(world.signal.reason), retry: "safe" };
        // Whoever leaves off at a gate says so himself.
        if (error instanceof TuttiError && error.constructor !== TuttiError) throw error;
        const hint = error instanceof TuttiError && error.hint !== undefined ? `; ${error.hint}` : "";
        return failed(options.scrub(`${reasonOf(error)}${hint}`));
      }
    },
  };
}

async function perform(options: PostingOptions, attempt: Attempt, world: AttemptWorld): Promise<Outcome> {
  const { posting, source, scrub } = options;
  const reply = textOf(attempt.results[REPLY]);
  if (reply === undefined) return failed("there is no reply to post: task 'reply' gave none");
  const what = posting.as === "comment" ? commentOf(options) : await pullOf(options, attempt);
  if ("fault" in what) return failed(what.fault);
  const text = bounded(scrub(reply), what.tail);
  const shownHash = hashOf(posting, text);
  const there = await what.find(shownHash);
  if (there !== undefined) return posted(there, "it was there already");
  const answer = await world.ask({
    question: what.question,
    subject: { to: source.name, ...what.shown, text, mark: postMark(attempt.run, shownHash) },
  });
  if (answer.decision === "reject")
    return { ok: true, output: { posted: null, reason: `a person said no${answer.note ? `: ${answer.note}` : ""}` } };
  const final = answer.edited === undefined ? text : bounded(scrub(answer.edited), "");
  const hash = hashOf(posting, final);
  const again = await what.find(hash);
  if (again !== undefined) return posted(again, "it was there already");
  const id = hash.slice(0, 16);
  await world.log.append({
    type: "tool:call",
    entry: { id, name: "post", input: { to: source.name, ...what.shown, text: final } },
  });
  const address = await what.post(`${final}\n\n${postMark(attempt.run, hash)}`).catch(async (error: unknown) => {
    // It may have arrived all the same.
    const arrived = await what.find(hash).catch(() => undefined);
    if (arrived !== undefined) return arrived;
    throw error;
  });
  await world.log.append({ type: "tool:result", entry: { id, name: "post", text: address } });
  return posted(address);
}

interface What {
  readonly question: string;
  readonly shown: { readonly [field: string]: Json };
  /** After the reply. */
  readonly tail: string;
  find(hash: string): Promise<string | undefined>;
  post(text: string): Promise<string>;
}

function commentOf({ posting: { issue }, source }: PostingOptions): What {
  return {
    question: `Post this as a comment to issue ${issue} of ${source.name}?`,
    shown: { as: "comment", issue },
    tail: "",
    find: (hash) => source.find(issue, postWords(hash)),
    post: (text) => source.comment(issue, text),
  };
}

async function pullOf(
  { posting, source, pusher }: PostingOptions,
  attempt: Attempt,
): Promise<What | { readonly fault: string }> {
  const { pulls } = source;
  if (pulls === undefined) return { fault: `${source.name} has no pull requests: post a comment` };
  const branch = branchIn(attempt.results);
  if (branch === undefined)
    return { fault: "a pull request needs a branch, and nothing was delivered as one: run it with --deliver branch" };
  const { name: head, commit } = branch;
  const stands = await pulls.branch(head);
  const push = `type: git push origin ${head}, then: tutti retry ${attempt.run} ${attempt.task.id}`;
  if (stands !== undefined && stands !== commit)
    return {
      fault: `branch '${head}' stands at ${stands.slice(0, 12)} at ${source.name}, not at ${commit.slice(0, 12)} as delivered: ${push}`,
    };
  const isThere = stands === commit;
  const to = isThere || posting.at.from !== "github" ? undefined : await pusher?.to(posting.at.repository);
  if (!isThere && (pusher === undefined || to === undefined))
    return {
      fault: `branch '${head}' is not at ${source.name}, and no remote of your repository leads there: ${push}`,
    };
  const base = posting.base ?? (await pulls.base());
  const title = (posting.title ?? `Issue ${posting.issue}`).replace(/\s+/g, " ").slice(0, 200);
  return {
    question: `${to ? `Push '${head}' and open` : "Open"} this pull request at ${source.name}?`,
    shown: { as: "pull request", title, head, base, commit, ...(to && { push: to.shown }) },
    tail: `\n\nCloses #${posting.issue}`,
    find: () => pulls.find(head),
    post: async (text) => {
      if (to) await pusher?.push(to, branch);
      return pulls.open({ title, text, head, base });
    },
  };
}

/** What the merge lane delivered. */
function branchIn(results: Attempt["results"]): Branch | undefined {
  for (const output of Object.values(results)) {
    if (!isRecord(output)) continue;
    const { delivered, onto } = output;
    if (!isRecord(delivered) || delivered["as"] !== "branch") continue;
    const { name, after } = delivered;
    const before = isRecord(onto) && typeof onto["commit"] === "string" ? { onto: onto["commit"] } : {};
    if (typeof name === "string" && typeof after === "string") return { name, commit: after, ...before };
  }
  return undefined;
}

const hashOf = ({ at, issue, as }: Posting, text: string): string =>
  sha256(canonical([at.from === "github" ? at.repository : "folder", issue, as, text])).slice(0, 32);

function textOf(output: Json | undefined): string | undefined {
  if (output === undefined || output === null || output === "") return undefined;
  return typeof output === "string" ? output.trim() : JSON.stringify(output, null, 2);
}

function bounded(text: string, tail: string): string {
  const most = LONGEST_POST - ROOM_FOR_MARK - tail.length;
  if (text.length <= most) return text + tail;
  const note = `\n\n[cut: it had ${text.length} characters]`;
  return text.slice(0, most - note.length) + note + tail;
}

const posted = (address: string, why?: string): Outcome => ({
  ok: true,
  output: { posted: address, ...(why !== undefined && { reason: why }) },
  usage: { tokensUsed: 0, costUsd: 0 },
});

const failed = (reason: string): Outcome => ({ ok: false, failure: "error", reason, retry: "never" });
