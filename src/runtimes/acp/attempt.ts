/**
 * One attempt by a coding agent: its words, its tools, and what it asks, between its first prompt and its result.
 *
 * A1. Nothing is granted that its definition does not name, or that a person was not asked about where it says so.
 * A2. What it is granted is granted once, for exactly what it asked.
 */
import { isAbsolute } from "node:path";
import { reasonOf } from "../../domain/error.ts";
import type { AttemptWorld } from "../../domain/ports.ts";
import type { Workspace } from "../../domain/workspace.ts";
import type { Scrub } from "../model/secrets.ts";
import type { Judgement, Powers } from "../tools/permission.ts";
import { isOurs, judgeClaim, judgeFile, questionOf, subjectOf } from "./claim.ts";
import { Diary } from "./diary.ts";
import { costIn, modelIn, optionsIn, type ToolNews, textOf, toolIn } from "./protocol.ts";
import type { Surroundings } from "./session.ts";
import { Speech } from "./speech.ts";
import { Refusal, RPC } from "./wire.ts";

export interface ActOptions {
  readonly who: string;
  readonly powers: Powers;
  readonly workspace: Workspace;
  readonly world: AttemptWorld;
  readonly scrub: Scrub;
  readonly onText: (text: string) => void;
  /** It cannot go on: why. */
  readonly broke: (reason: string) => void;
  /** It may be silent while a person is asked. */
  readonly asking: <T>(act: () => Promise<T>) => Promise<T>;
}

/** Milliseconds that a consent is waited for; nobody having answered is a no. */
const EXPIRES = 24 * 3_600_000;
/** Characters of what it asks about. */
const LONGEST_ASKED = 1_000_000;

export class Act implements Surroundings {
  readonly #options: ActOptions;
  readonly diary: Diary;
  readonly speech = new Speech();
  /** US dollars of its session, as it told last. */
  costUsd: number | undefined;
  /** Tokens in its window, as it told last: it has used at least as many. */
  window = 0;
  model: string | undefined;
  /** Tools of ours that it was given. */
  team: readonly string[] = [];

  constructor(options: ActOptions) {
    this.#options = options;
    const { world, scrub, broke } = options;
    this.diary = new Diary(world.log, scrub, (error) => broke(`its log takes no more: ${reasonOf(error)}`));
  }

  updated(update: Record<string, unknown>): void {
    switch (update["sessionUpdate"]) {
      case "agent_message_chunk":
        return this.#said(textOf(update["content"]));
      case "tool_call":
      case "tool_call_update": {
        const news = toolIn(update);
        if (!news) return;
        this.speech.pause();
        this.diary.take(news);
        return;
      }
      case "usage_update": {
        this.costUsd = costIn(update) ?? this.costUsd;
        const { used } = update;
        if (typeof used === "number" && Number.isFinite(used)) this.window = Math.max(this.window, used);
        return;
      }
      case "config_option_update":
        this.model = modelIn(update["configOptions"])?.current ?? this.model;
        return;
      // Its thoughts, plans, modes and commands are its own business.
      default:
    }
  }

  async answer(method: string, params: Record<string, unknown>): Promise<unknown> {
    if (method === "session/request_permission") return { outcome: await this.#permit(params) };
    if (method === "fs/read_text_file") return { content: await this.#read(params) };
    if (method === "fs/write_text_file") {
      await this.#write(params);
      return {};
    }
    throw new Refusal(RPC.noMethod, `'${method.slice(0, 100)}' is not to be had here`);
  }

  #said(text: string): void {
    if (text === "") return;
    if (this.speech.take(text)) this.#options.onText(text);
    else this.#options.broke("its reply is longer than any reply may be");
  }

  async #permit(params: Record<string, unknown>): Promise<object> {
    const { powers, workspace, world } = this.#options;
    const asked = toolIn(params["toolCall"]);
    const options = optionsIn(params["options"]);
    const once = options.find(({ kind }) => kind === "allow_once");
    const no =
      options.find(({ kind }) => kind === "reject_once") ?? options.find(({ kind }) => kind === "reject_always");
    const cancelled = { outcome: "cancelled" };
    const chosen = (option: { readonly id: string } | undefined) =>
      option ? { outcome: "selected", optionId: option.id } : cancelled;
    // Whatever is granted for good could not be taken back.
    if (!asked || !once || world.signal.aborted) return world.signal.aborted ? cancelled : chosen(no);
    const claim = this.diary.take(asked);
    await this.diary.decided(claim);
    // Whether it may use one of ours is decided where that is performed.
    const ours = isOurs(claim, this.team);
    const judgement: Judgement = ours ? { effect: "allow" } : judgeClaim(powers, claim, workspace.root);
    const isGranted = await this.#grants(judgement, claim);
    return world.signal.aborted ? cancelled : chosen(isGranted ? once : no);
  }

  /** A person sees exactly what would be done, and consents to nothing else. */
  async #grants(judgement: Judgement, claim: ToolNews): Promise<boolean> {
    if (judgement.effect !== "ask") return judgement.effect === "allow";
    const { who, world, workspace, scrub } = this.#options;
    if ((JSON.stringify(claim.input) ?? "").length > LONGEST_ASKED) return false;
    const question = scrub(questionOf(who, claim, workspace.root));
    const subject = subjectOf(who, claim, workspace.root);
    const asking = () => world.ask({ question, subject, within: EXPIRES, stays: true });
    const answer = await this.#options.asking(asking).catch(() => undefined);
    return answer?.decision === "approve";
  }

  async #read(params: Record<string, unknown>): Promise<string> {
    const path = await this.#path(params, "read");
    const text = await refusing(this.#options.workspace.read(path));
    const { line, limit } = params;
    if (typeof line !== "number" && typeof limit !== "number") return text;
    const from = typeof line === "number" ? Math.max(0, line - 1) : 0;
    const lines = text.split("\n").slice(from);
    return (typeof limit === "number" ? lines.slice(0, limit) : lines).join("\n");
  }

  async #write(params: Record<string, unknown>): Promise<void> {
    const { content } = params;
    if (typeof content !== "string") throw new Refusal(RPC.badParams, "'content' must be a string");
    const path = await this.#path(params, "edit", content);
    await refusing(this.#options.workspace.write(path, content));
  }

  /** Of a file that it may have. */
  async #path(params: Record<string, unknown>, kind: "read" | "edit", content?: string): Promise<string> {
    const { path } = params;
    const { powers, workspace } = this.#options;
    if (typeof path !== "string" || !isAbsolute(path))
      throw new Refusal(RPC.badParams, "'path' must be an absolute path");
    const judgement = judgeFile(powers, kind, path, workspace.root);
    const input = content === undefined ? { path } : { path, content };
    const isGranted = await this.#grants(judgement, { id: "", kind, paths: [path], input });
    if (isGranted) return path;
    const why = judgement.effect === "deny" ? judgement.reason : "a person did not allow it";
    throw new Refusal(RPC.badParams, why);
  }
}

const refusing = async <T>(act: Promise<T>): Promise<T> => {
  try {
    return await act;
  } catch (error) {
    throw new Refusal(RPC.badParams, reasonOf(error));
  }
};
