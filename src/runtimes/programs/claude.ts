/** Claude Code run once, its stream of JSON lines read. */

import { faultIn } from "../acp/trouble.ts";
import type { Fault } from "../model/faults.ts";
import { type Judgement, judge, type Powers } from "../tools/permission.ts";
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

/** Its names for our tools. Nobody can be asked here: what is not allowed outright it may not do. */
const TOOLS: { readonly [name: string]: readonly string[] } = {
  read: ["Read"],
  list: ["Glob", "LS"],
  search: ["Grep"],
  edit: ["Edit", "MultiEdit", "NotebookEdit"],
  write: ["Write"],
  bash: ["Bash"],
  fetch: ["WebFetch"],
};
const USUAL: { readonly [name: string]: "allow" | "ask" } = { bash: "ask", fetch: "ask" };

/** Those that it may use for anything at all: its patterns are not ours. */
function allowed(powers: Powers): { readonly may: readonly string[]; readonly mayNot: readonly string[] } {
  const all = Object.entries(TOOLS).map(([name, names]) => {
    const judgement: Judgement = judge(powers, name, "\0", USUAL[name] ?? "allow");
    const isHeld = powers.permissions?.some(
      ({ action, effect }) => (action === name || action === "*") && effect !== "allow",
    );
    return { names, isAllowed: judgement.effect === "allow" && !isHeld };
  });
  const namesOf = (isAllowed: boolean) => all.flatMap((one) => (one.isAllowed === isAllowed ? one.names : []));
  return { may: namesOf(true), mayNot: namesOf(false) };
}

export const claude: Dialect = {
  team: "file",
  args: ({ powers, model, session, team }) => {
    const { may: own, mayNot } = allowed(powers);
    const may = [...own, ...(team?.tools.map((name) => `mcp__${team.name}__${name}`) ?? [])];
    return [
      ...["-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "default"],
      ...(may.length > 0 ? ["--allowedTools", may.join(",")] : []),
      ...(mayNot.length > 0 ? ["--disallowedTools", mayNot.join(",")] : []),
      ...(team === undefined ? [] : ["--mcp-config", team.file]),
      ...(model === undefined ? [] : ["--model", model]),
      ...(session === undefined ? [] : ["--resume", session]),
    ];
  },
  reader: (asked, heard) => new ClaudeReader(asked, heard),
};

class ClaudeReader implements Reader {
  readonly #asked: Asked;
  readonly #heard: Heard;
  #result: Record<string, unknown> | undefined;

  constructor(asked: Asked, heard: Heard) {
    this.#asked = asked;
    this.#heard = heard;
  }

  take(line: string): void {
    const event = objectIn(line);
    if (!event) return;
    if (event["type"] === "system" && event["subtype"] === "init") this.#heard.session(text(event["session_id"]));
    if (event["type"] === "assistant" || event["type"] === "user") this.#message(record(event["message"]));
    if (event["type"] === "result") this.#result = event;
  }

  report(): Report {
    const result = this.#result;
    if (!result) return {};
    const usage = this.#usage(result);
    const said = text(result["result"]);
    const fault = this.#fault(text(result["subtype"]), result["is_error"] === true, said);
    return fault ? { fault, usage } : { text: said, usage };
  }

  #message({ content }: Record<string, unknown>): void {
    for (const one of Array.isArray(content) ? content.map(record) : []) {
      if (one["type"] === "text") this.#heard.text(text(one["text"]));
      if (one["type"] === "tool_use" && text(one["id"]) !== "")
        this.#heard.tool({
          id: text(one["id"]),
          name: text(one["name"]),
          status: "in_progress",
          input: record(one["input"]) as never,
        });
      if (one["type"] === "tool_result" && text(one["tool_use_id"]) !== "")
        this.#heard.tool({
          id: text(one["tool_use_id"]),
          text: wordsOf(one["content"]),
          status: one["is_error"] === true ? "failed" : "completed",
        });
    }
  }

  #fault(subtype: string, isError: boolean, said: string): Fault | undefined {
    const { who, advice } = this.#asked;
    if (subtype === "success" && !isError) return undefined;
    if (subtype === "error_max_turns" || subtype.startsWith("error_max_"))
      return { failure: "invalid-output", retry: "never", reason: `${who} came to a limit of its own: ${subtype}` };
    return faultIn(who, said || subtype || "it said no more", advice);
  }

  /** The running total of all its models; what stands under `usage` is one of them alone. */
  #usage(result: Record<string, unknown>) {
    const models = Object.values(record(result["modelUsage"])).map(record);
    const fields = ["inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens"];
    const tokensUsed = models.reduce((sum, one) => sum + fields.reduce((all, field) => all + amount(one[field]), 0), 0);
    const cost = result["total_cost_usd"];
    const turns = amount(result["num_turns"]);
    return { tokensUsed, costUsd: typeof cost === "number" ? cost : null, ...(turns > 0 && { turns }) };
  }
}

function wordsOf(content: unknown): string {
  if (typeof content === "string") return content;
  const parts = Array.isArray(content) ? content.map(record) : [];
  return parts.map((one) => text(one["text"])).join("\n");
}
