/** What is read of the messages of version 1 of the Agent Client Protocol. Fields that are not as they should be count as absent. */
import type { Json } from "../../domain/json.ts";
import { isRecord } from "../../domain/shape.ts";

export const VERSION = 1;
export const OURS = {
  protocolVersion: VERSION,
  // No terminal: what it runs it runs itself, where its own settings ask us first.
  clientCapabilities: { fs: { readTextFile: true, writeTextFile: true }, terminal: false },
  clientInfo: { name: "tutti", title: "Tutti", version: "0" },
} as const;

const textIn = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const recordIn = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const amountIn = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;

/** What an agent says of itself. */
export interface Introduction {
  readonly version: number | undefined;
  readonly name?: string;
  readonly release?: string;
  readonly canLoad: boolean;
  readonly canResume: boolean;
  readonly canClose: boolean;
  /** Ways of logging in that it offers. */
  readonly logins: readonly string[];
}
export function introductionIn(result: unknown): Introduction {
  const { protocolVersion, agentCapabilities, agentInfo, authMethods } = recordIn(result);
  const { loadSession, sessionCapabilities } = recordIn(agentCapabilities);
  const sessions = recordIn(sessionCapabilities);
  const has = (name: string) => sessions[name] !== undefined && sessions[name] !== null && sessions[name] !== false;
  const info = recordIn(agentInfo);
  const name = textIn(info["title"]) ?? textIn(info["name"]);
  const release = textIn(info["version"]);
  return {
    version: typeof protocolVersion === "number" ? protocolVersion : undefined,
    ...(name !== undefined && { name: name.slice(0, 100) }),
    ...(release !== undefined && { release: release.slice(0, 50) }),
    canLoad: loadSession === true,
    canResume: has("resume"),
    canClose: has("close"),
    logins: listIn(authMethods)
      .slice(0, 20)
      .flatMap((one) => textIn(recordIn(one)["name"]) ?? textIn(recordIn(one)["id"]) ?? []),
  };
}

/** A setting of a session that chooses the model. */
export interface ModelOption {
  readonly id: string;
  readonly current: string | undefined;
  readonly values: readonly string[];
}
export interface Session {
  readonly id: string | undefined;
  readonly model: ModelOption | undefined;
}
export function sessionIn(result: unknown): Session {
  const { sessionId, configOptions } = recordIn(result);
  return { id: textIn(sessionId), model: modelIn(configOptions) };
}
export function modelIn(configOptions: unknown): ModelOption | undefined {
  const option = listIn(configOptions)
    .map(recordIn)
    .find((one) => one["category"] === "model" && textIn(one["id"]) !== undefined);
  if (!option) return undefined;
  // Values stand in one list, or in lists of groups.
  const values = listIn(option["options"]).flatMap((one) => {
    const { value, options } = recordIn(one);
    return textIn(value) ?? listIn(options).flatMap((inner) => textIn(recordIn(inner)["value"]) ?? []);
  });
  return { id: textIn(option["id"]) ?? "", current: textIn(option["currentValue"]), values };
}

/** What of a tool's call is told, at its beginning or later; each piece may come by itself. */
export interface ToolNews {
  readonly id: string;
  readonly name?: string;
  readonly title?: string;
  readonly kind?: string;
  readonly status?: string;
  readonly input?: Json;
  readonly paths?: readonly string[];
  /** What it answered, as far as it is text. */
  readonly text?: string;
}
export function toolIn(value: unknown): ToolNews | undefined {
  const told = recordIn(value);
  const id = textIn(told["toolCallId"]);
  if (id === undefined) return undefined;
  const paths = listIn(told["locations"]).flatMap((one) => textIn(recordIn(one)["path"]) ?? []);
  const content = listIn(told["content"]).map(recordIn);
  const text =
    content
      .map(wordsOf)
      .filter((one) => one !== "")
      .join("\n") || outputOf(told["rawOutput"]);
  const edited = content.flatMap((one) => (one["type"] === "diff" ? (textIn(one["path"]) ?? []) : []));
  const [name, title, kind, status] = ["name", "title", "kind", "status"].map((field) => textIn(told[field]));
  return {
    id: id.slice(0, 200),
    ...(name !== undefined && { name: name.slice(0, 100) }),
    ...(title !== undefined && { title: title.slice(0, 1000) }),
    ...(kind !== undefined && { kind: kind.slice(0, 40) }),
    ...(status !== undefined && { status }),
    ...(told["rawInput"] !== undefined && told["rawInput"] !== null && { input: told["rawInput"] as Json }),
    ...(paths.length + edited.length > 0 && { paths: [...new Set([...paths, ...edited])].slice(0, 200) }),
    ...(text !== "" && { text }),
  };
}

function wordsOf(content: Record<string, unknown>): string {
  if (content["type"] === "content") return textOf(content["content"]);
  if (content["type"] === "diff") return `[changed ${textIn(content["path"]) ?? "a file"}]`;
  return "";
}

function outputOf(raw: unknown): string {
  if (raw === undefined || raw === null) return "";
  const inner = isRecord(raw) ? (textIn(raw["output"]) ?? textIn(raw["stdout"])) : textIn(raw);
  return inner ?? JSON.stringify(raw) ?? "";
}

/** The text of one block of content. */
export function textOf(block: unknown): string {
  const { type, text } = recordIn(block);
  return type === "text" && typeof text === "string" ? text : "";
}

/** Tokens as a prompt's answer counts them. */
export interface ToldTokens {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly total: number;
}
export function tokensIn(usage: unknown): ToldTokens | undefined {
  const told = recordIn(usage);
  const [input, output] = [amountIn(told["inputTokens"]), amountIn(told["outputTokens"])];
  if (input === undefined && output === undefined) return undefined;
  const cacheRead = amountIn(told["cachedReadTokens"]) ?? 0;
  const cacheWrite = amountIn(told["cachedWriteTokens"]) ?? 0;
  const thought = amountIn(told["thoughtTokens"]) ?? 0;
  const plain = (input ?? 0) + (output ?? 0);
  const total = amountIn(told["totalTokens"]) ?? plain + cacheRead + cacheWrite;
  // Some count what came out of a cache among the input, and some beside it; the sum tells which.
  const isInside = total <= plain + thought;
  const all = isInside ? (input ?? 0) : (input ?? 0) + cacheRead + cacheWrite;
  return { input: all, output: Math.max(output ?? 0, total - all), cacheRead, cacheWrite, total };
}

/** US dollars of the session so far; another currency is not known. */
export function costIn(update: Record<string, unknown>): number | undefined {
  const { amount, currency } = recordIn(update["cost"]);
  return typeof currency === "string" && currency.toUpperCase() === "USD" ? amountIn(amount) : undefined;
}

export interface Option {
  readonly id: string;
  readonly kind: string;
}
export function optionsIn(value: unknown): readonly Option[] {
  return listIn(value)
    .slice(0, 50)
    .flatMap((one) => {
      const { optionId, kind } = recordIn(one);
      const id = textIn(optionId);
      return id === undefined ? [] : [{ id, kind: textIn(kind) ?? "" }];
    });
}
