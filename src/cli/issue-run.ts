/** Issues to their ends, one after another: begun, gone on with, or known from before. */

import type { Host } from "../app/host.ts";
import type { EarlierRun } from "../app/issue-orders.ts";
import { TuttiError } from "../domain/error.ts";
import type { Issue, IssuesAt, Posting } from "../domain/issues.ts";
import { defined } from "../domain/json.ts";
import type { Landing } from "../domain/landing.ts";
import { EXIT } from "./exit.ts";
import type { Io } from "./io.ts";
import { type PlaceFlags, placeOf } from "./issue-place.ts";
import { type LandFlags, landingOf } from "./land-flags.ts";
import { shortRun } from "./plain.ts";
import type { ConductFlags } from "./run-input.ts";

export interface IssueRunFlags extends ConductFlags, LandFlags, PlaceFlags {
  readonly post?: "comment" | "pr";
  readonly base?: string;
  readonly approveChanges?: true;
  readonly again?: true;
  readonly wait: boolean;
  readonly verbose?: true;
  readonly out?: string;
  readonly yes?: true;
  readonly json?: true;
}

/** Of one call. */
const MOST = 50;

export async function runIssues(io: Io, ids: readonly string[], flags: IssueRunFlags): Promise<number> {
  if (ids.length > MOST)
    throw new TuttiError("BAD_INPUT", `at most ${MOST} issues at once, not ${ids.length}`, { path: "issue" });
  checkFlags(flags);
  const [{ openHome, warnOf }, { issueSource }] = await Promise.all([
    import("./home.ts"),
    import("../app/issue-sources.ts"),
  ]);
  await using home = await openHome(io, { evidenceCommands: flags.evidenceCommands === true });
  const { host } = home;
  warnOf(io, home);
  const at = await placeOf(io, flags);
  const source = issueSource(at, host.settings);
  const deliver = landingOf(flags, io.cwd);
  let code: number = EXIT.done;
  for (const id of new Set(ids.map((one) => one.replace(/^#/, "")))) {
    const issue = await source.read(id);
    if (!flags.json && ids.length > 1) io.out(`\n${issue.called}`);
    const one = await new OneIssue(io, host, { issue, at, flags, deliver }).run();
    // The worst of them; what somebody stopped stops the rest.
    if (one === EXIT.interrupted) return one;
    if (code === EXIT.done) code = one;
  }
  return code;
}

function checkFlags({ post, base, deliver, rehearse }: IssueRunFlags): void {
  const wrong = (message: string, hint: string) => new TuttiError("BAD_INPUT", message, { path: "--post", hint });
  if (post !== undefined && rehearse)
    throw wrong("a rehearsal's reply is invented, and is not posted", "leave --post out");
  if (post === "pr" && !/^branch(?::|$)/.test(deliver ?? ""))
    throw wrong("a pull request is made of a branch", "add --deliver branch, or post a comment: --post");
  if (base !== undefined && post !== "pr") throw wrong("--base belongs to --post pr", "add it, or leave it out");
}

interface Of {
  readonly issue: Issue;
  readonly at: IssuesAt;
  readonly flags: IssueRunFlags;
  readonly deliver: Landing | undefined;
}

class OneIssue {
  readonly #io: Io;
  readonly #host: Host;
  readonly #of: Of;

  constructor(io: Io, host: Host, of: Of) {
    this.#io = io;
    this.#host = host;
    this.#of = of;
  }

  async run(): Promise<number> {
    const { issue, flags } = this.#of;
    const { earlierRun } = await import("../app/issue-orders.ts");
    const isNew = flags.rehearse || flags.again;
    const earlier = isNew ? undefined : await earlierRun(this.#host, issue, this.#io.cwd);
    return earlier === undefined ? this.#begin() : this.#goOn(earlier);
  }

  async #begin(): Promise<number> {
    const io = this.#io;
    const { issue, flags, deliver } = this.#of;
    const [{ orderOfIssue }, { configOf }, begin, { perform }, { outFolder }] = await Promise.all([
      import("../app/issue-orders.ts"),
      import("./run-input.ts"),
      import("./begin.ts"),
      import("./perform.ts"),
      import("./report.ts"),
    ]);
    const post = this.#posting();
    const config = { ...configOf(flags), ...defined({ deliver, post }) };
    const order = orderOfIssue(this.#host, issue, config, flags.approveChanges);
    const prepared = await begin.prepare(io, this.#host, order);
    const out = await outFolder(io.cwd, flags.out);
    if (!(await begin.mayPay(io, this.#host, prepared, flags))) {
      io.err("not begun; nothing was paid");
      return EXIT.badInput;
    }
    return perform(io, this.#host, prepared, { ...this.#view, ...out, target: issue.id, by: "issues run", flags });
  }

  /** The issue says what it said then: what was paid for is kept. */
  async #goOn({ state, entry }: EarlierRun): Promise<number> {
    const isPosting = state.start?.options.post !== undefined;
    const { standingOf, postedIn } = await import("../app/issue-orders.ts");
    const { run } = entry;
    const { deliver } = this.#of;
    const post = this.#posting();
    const standing = standingOf(state);
    const posted = postedIn(state);
    if (standing === "open") {
      if (post !== undefined && !isPosting)
        this.#io.err("note: that run was begun without --post: to post its reply, call this again when it has ended");
      return this.#follow(run, await this.#host.resume(run), "goes on");
    }
    if (standing === "failed")
      return this.#follow(run, await this.#host.retry(run, defined({ post })), "is tried again");
    const isLanded = deliver === undefined || state.start?.options.deliver !== undefined;
    if (isLanded && (post === undefined || posted !== undefined)) return this.#known(run, posted);
    const { checkEnds } = await import("../app/ends.ts");
    await checkEnds(defined({ post, deliver }), this.#io.cwd, this.#host.settings);
    const more = defined({ post: posted === undefined ? post : undefined, land: isLanded ? undefined : deliver });
    return this.#follow(run, await this.#host.fork(run, more), "is kept");
  }

  async #follow(run: string, { handle }: Awaited<ReturnType<Host["resume"]>>, what: string): Promise<number> {
    const io = this.#io;
    if (!this.#of.flags.json)
      io.err(`the issue is as it was for run ${shortRun(run)}, which ${what}; --again runs it anew`);
    const [{ goOn, sayNext }, { outFolder }] = await Promise.all([import("./perform.ts"), import("./report.ts")]);
    const out = await outFolder(io.cwd, this.#of.flags.out);
    const { code, progress } = await goOn(io, this.#host, handle, { ...this.#view, ...out });
    if (!this.#of.flags.json) await sayNext(io, progress);
    return code;
  }

  async #known(run: string, posted: string | undefined): Promise<number> {
    const io = this.#io;
    const { harmless } = await import("./text.ts");
    const { tasks } = await this.#host.show(run);
    const reply = tasks["reply"]?.output ?? null;
    if (this.#of.flags.json) io.json({ run, unchanged: true, reply, ...defined({ posted }) });
    else {
      io.out(harmless(typeof reply === "string" ? reply : JSON.stringify(reply)));
      io.err(
        `\nthe issue is as it was for run ${shortRun(run)}, which is complete: nothing was paid; --again runs it anew`,
      );
      io.err(posted === undefined ? `to post the reply: add --post` : `it was posted: ${posted}`);
    }
    return EXIT.done;
  }

  get #view() {
    const { json, verbose, wait } = this.#of.flags;
    return { isJson: json, isVerbose: verbose, noWait: !wait };
  }

  #posting(): Posting | undefined {
    const { issue, at, flags } = this.#of;
    const { post, base } = flags;
    if (post === undefined) return undefined;
    const to = { at, issue: issue.id };
    return post === "pr"
      ? { ...to, as: "pull-request", title: issue.title, ...defined({ base }) }
      : { ...to, as: "comment" };
  }
}
