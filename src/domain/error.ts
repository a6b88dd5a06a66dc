/** The one error class. `retry` answers the question an orchestrator asks; `hint` says what to do next. */

export type ErrorCode =
  | "BAD_INPUT"
  | "NOT_FOUND"
  | "WRONG_STATE"
  | "UNREACHABLE"
  | "RUN_OWNED"
  | "FENCED"
  | "JOURNAL_FULL"
  | "JOURNAL_IO"
  | "JOURNAL_CORRUPT"
  | "JOURNAL_CLOSED"
  | "JOURNAL_NEWER"
  | "BUG";

export interface ErrorDetail {
  /** `safe`: the same call may succeed later and nothing has been done twice. */
  readonly retry?: "never" | "safe";
  readonly hint?: string;
  /** Where in the input, as in `tasks.frontend.dependencies`. */
  readonly path?: string;
  readonly data?: unknown;
  readonly cause?: unknown;
}

export class TuttiError extends Error {
  override readonly name = "TuttiError";
  readonly code: ErrorCode;
  readonly retry: "never" | "safe";
  declare readonly hint?: string;
  declare readonly path?: string;
  declare readonly data?: unknown;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.retry = detail.retry ?? "never";
    if (detail.hint !== undefined) this.hint = detail.hint;
    if (detail.path !== undefined) this.path = detail.path;
    if (detail.data !== undefined) this.data = detail.data;
  }
}

/** Whoever waited is to leave off: what he waited for did not come, and nothing came of it. */
export class LeftOff extends TuttiError {
  constructor(reason: string) {
    super("WRONG_STATE", reason, { retry: "safe" });
  }
}

/** The words of whatever was thrown, never empty and never longer than a log line can bear. */
export function reasonOf(thrown: unknown): string {
  const text = wordsOf(thrown);
  return text.length > 2000 ? `${text.slice(0, 2000)}…` : text || "no reason given";
}

/** Whatever is thrown may be anything, also something that cannot be turned into words. */
function wordsOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return String(thrown.message || thrown.name);
    return typeof thrown === "object" && thrown !== null ? JSON.stringify(thrown) : String(thrown);
  } catch {
    return "";
  }
}
