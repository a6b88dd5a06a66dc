/** Codex run once, its JSON lines read. */
import type { Json } from "../../domain/json.ts";
import { faultIn } from "../acp/trouble.ts";
import type { Fault } from "../model/faults.ts";
import type { TokenUsage } from "../prices.ts";
import {
  type Asked,
  amount,
  type Dialect,
  type Heard,
  objectIn,
  type Reader,
  type Report,
  record,
  text,
} from "./dialect.ts";

const CHANGES = ["edit", "write", "bash"];

export const codex: Dialect = {
  team: "environment",
  args: ({ cwd, powers, model, session, team }) => {
    // Its own sandbox holds it; nobody can be asked here.
    const changes = powers.tools?.some((one) => CHANGES.includes(one.replace(/\(.*$/s, "")));
    const common = ["--json", "--skip-git-repo-check", ...(model === undefined ? [] : ["-m", model])];
    const first = ["-C", cwd, "-s", changes ? "workspace-write" : "read-only", ...(team ? serverArgs(team) : [])];
    return session === undefined
      ? ["exec", ...first, ...common, "-"]
      : ["exec", ...first, "resume", ...common, session, "-"];
  },
  reader: (asked, heard) => new CodexReader(asked, heard),
};

/** Seconds of a call: another agent may be at work for one. */
const LONGEST_CALL = 1500;

/** As settings of its own. Of what is secret it is told the names: its environment has the values. */
function serverArgs({ name, command, args, env }: NonNullable<Asked["team"]>): readonly string[] {
  const settings = {
    ...{ command, args, env_vars: Object.keys(env) },
    ...{ tool_timeout_sec: LONGEST_CALL, default_tools_approval_mode: "approve" },
  };
  // Strings, numbers and lists of strings look the same in JSON and in TOML.
  return Object.entries(settings).flatMap(([key, value]) => [
    "-c",
    `mcp_servers.${name}.${key}=${JSON.stringify(value)}`,
  ]);
}

class CodexReader implements Reader {
  readonly #asked: Asked;
  readonly #heard: Heard;
  #said = "";
  #isDone = false;
  #fault: Fault | undefined;
  #tokens: TokenUsage | undefined;
  #turns = 0;

  constructor(asked: Asked, heard: Heard) {
    this.#asked = asked;
    this.#heard = heard;
  }

  take(line: string): void {
    const event = objectIn(line);
    if (!event) return;
    const { who, advice } = this.#asked;
    const type = text(event["type"]);
    if (type === "thread.started") this.#heard.session(text(event["thread_id"]));
    else if (type.startsWith("item.")) this.#item(type, record(event["item"]));
    else if (type === "turn.completed") this.#completed(record(event["usage"]));
    else if (type === "turn.failed") this.#fault = faultIn(who, text(record(event["error"])["message"]), advice);
    // It also says so when it tries again by itself: only what it ends with counts.
    else if (type === "error" && !this.#isDone) this.#fault ??= faultIn(who, text(event["message"]), advice);
  }

  report(): Report {
    const tokens = this.#tokens;
    const tokensUsed = tokens ? tokens.input + tokens.output : 0;
    const usage = { usage: { tokensUsed, costUsd: null, turns: Math.max(1, this.#turns) }, ...(tokens && { tokens }) };
    if (this.#isDone) return { text: this.#said, ...usage };
    return this.#fault ? { fault: this.#fault, ...usage } : usage;
  }

  #completed(usage: Record<string, unknown>): void {
    this.#isDone = true;
    this.#turns++;
    const { input = 0, output = 0, cacheRead = 0 } = this.#tokens ?? {};
    this.#tokens = {
      input: input + amount(usage["input_tokens"]),
      output: output + amount(usage["output_tokens"]),
      cacheRead: cacheRead + amount(usage["cached_input_tokens"]),
      cacheWrite: 0,
    };
  }

  #item(type: string, item: Record<string, unknown>): void {
    const kind = text(item["type"]);
    const id = text(item["id"]);
    if (kind === "agent_message") {
      if (type !== "item.completed") return;
      this.#said = text(item["text"]);
      this.#heard.text(this.#said);
    } else if (kind !== "reasoning" && kind !== "todo_list" && kind !== "error" && id !== "")
      this.#heard.tool({
        ...{ id, name: kind, status: statusOf(type, text(item["status"])) },
        ...(inputOf(item) !== undefined && { input: inputOf(item) as Json }),
        ...(type === "item.completed" && { text: text(item["aggregated_output"]) }),
      });
  }
}

function statusOf(type: string, status: string): string {
  if (type !== "item.completed") return "in_progress";
  return status === "failed" || status === "declined" ? "failed" : "completed";
}

function inputOf(item: Record<string, unknown>): Json | undefined {
  const { command, changes, arguments: given, query } = item;
  return (command ?? changes ?? given ?? query) as Json | undefined;
}
