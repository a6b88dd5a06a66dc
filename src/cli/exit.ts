/** Exit codes: what scripts rely on. One table for errors, one for the ends of a run. */
import type { ErrorCode } from "../domain/error.ts";
import type { RunStatus } from "../domain/events.ts";

export const EXIT = {
  done: 0,
  failed: 1,
  badInput: 2,
  limit: 3,
  gate: 4,
  interrupted: 130,
} as const;

const OF_ERROR: { readonly [C in ErrorCode]: number } = {
  BAD_INPUT: EXIT.badInput,
  NOT_FOUND: EXIT.badInput,
  WRONG_STATE: EXIT.badInput,
  UNREACHABLE: EXIT.badInput,
  RUN_OWNED: EXIT.badInput,
  FENCED: EXIT.failed,
  JOURNAL_FULL: EXIT.failed,
  JOURNAL_IO: EXIT.failed,
  JOURNAL_CORRUPT: EXIT.failed,
  JOURNAL_CLOSED: EXIT.failed,
  JOURNAL_NEWER: EXIT.failed,
  BUG: EXIT.failed,
};

export const exitOfError = (code: ErrorCode): number => OF_ERROR[code];

const OF_RUN: { readonly [S in RunStatus]: number } = {
  complete: EXIT.done,
  failed: EXIT.failed,
  cancelled: EXIT.failed,
  // At a limit, or by somebody else: either way `tutti resume` goes on.
  paused: EXIT.limit,
  waiting: EXIT.gate,
  running: EXIT.failed,
};

export const exitOfRun = (status: RunStatus): number => OF_RUN[status];
