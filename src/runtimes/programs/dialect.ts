/** How a program that is run once for each attempt is told what to do, and how what it prints is read. */
import type { Usage } from "../../domain/ports.ts";
import type { ToolNews } from "../acp/protocol.ts";
import type { TeamServer } from "../mcp/team.ts";
import type { Fault } from "../model/faults.ts";
import type { TokenUsage } from "../prices.ts";
import type { Powers } from "../tools/permission.ts";

/** Coding agents that are known without the Agent Client Protocol too. */
export type Native = "claude" | "codex";

/** What came out of it. Neither text nor fault: it gave no result. */
export interface Report {
  readonly text?: string;
  readonly fault?: Fault;
  readonly usage?: Usage;
  /** Of which it is priced where it did not tell a price itself. */
  readonly tokens?: TokenUsage;
}
/** Told while lines come in. */
export interface Heard {
  text(piece: string): void;
  tool(news: ToolNews): void;
  /** It can be gone on with under this name after a crash. */
  session(id: string): void;
}
export interface Reader {
  take(line: string): void;
  report(): Report;
}
export interface Asked {
  /** For messages. */
  readonly who: string;
  readonly advice: string;
  readonly cwd: string;
  readonly powers: Powers;
  readonly model?: string;
  /** Of before, to go on with. */
  readonly session?: string;
  /** Tools of ours, and a file that says the same in the way in which most programs want to be told of servers. */
  readonly team?: TeamServer & { readonly file: string };
}
export interface Dialect {
  /** It can be given tools of ours: in a file that it reads, or in its arguments, with what is secret in its environment. */
  readonly team?: "file" | "environment";
  /** After the arguments that are its own. The prompt comes on its standard input. */
  args(asked: Asked): readonly string[];
  reader(asked: Asked, heard: Heard): Reader;
}

/** A line as an object; undefined where it is none. */
export function objectIn(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

export const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
export const text = (value: unknown): string => (typeof value === "string" ? value : "");
export const amount = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
