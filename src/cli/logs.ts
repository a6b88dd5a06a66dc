/** Logs by level, on standard error, with the run and the task on every line. */
import type { RunEvent } from "../domain/events.ts";
import type { Io } from "./io.ts";
import { eventWords } from "./plain.ts";

const LEVELS = ["debug", "info", "warn", "silent"] as const;
export type Level = (typeof LEVELS)[number];

/** `--verbose` says everything; else `$TUTTI_LOG`; else what the caller shows anyhow need not be said twice. */
export function levelOf(io: Io, isVerbose: boolean | undefined, otherwise: Level): Level {
  if (isVerbose) return "debug";
  return LEVELS.find((one) => one === io.env["TUTTI_LOG"]) ?? otherwise;
}

const OF: { readonly [type: string]: Level } = {
  "task:retry": "warn",
  "task:fallback": "warn",
  "task:error": "warn",
  "fact:refused": "warn",
  "budget:exceeded": "warn",
  "workflow:error": "warn",
  "workflow:start": "info",
  "workflow:stopping": "info",
  "workflow:paused": "info",
  "workflow:resumed": "info",
  "task:start": "info",
  "task:complete": "info",
  "task:skipped": "info",
  "agent:invoke": "info",
  "message:sent": "info",
  handoff: "info",
  "gate:opened": "info",
  "gate:decided": "info",
};

/** The line for this event, or nothing where it is below the level. */
export function logLine(event: RunEvent, level: Level): string | undefined {
  const own = OF[event.type] ?? "debug";
  if (LEVELS.indexOf(own) < LEVELS.indexOf(level)) return undefined;
  const task = "taskId" in event && event.taskId !== undefined ? ` task=${event.taskId}` : "";
  const words = eventWords(event);
  const at = new Date(event.at).toISOString();
  return `${at} ${own} run=${event.run}${task} ${event.type}${words === undefined ? "" : ` ${words}`}`;
}
