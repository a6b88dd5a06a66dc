/** What is answered when a request cannot be served: one shape, and one table from codes to statuses. */
import { type ErrorCode, TuttiError } from "../domain/error.ts";
import type { ApiError } from "./api.ts";

export type RefusalCode =
  | "UNREADABLE"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "TOO_LARGE"
  | "WRONG_TYPE"
  | "RATE_LIMITED";

const STATUS: { readonly [C in ErrorCode | RefusalCode]: number } = {
  UNREADABLE: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  WRONG_STATE: 409,
  RUN_OWNED: 409,
  FENCED: 409,
  TOO_LARGE: 413,
  WRONG_TYPE: 415,
  BAD_INPUT: 422,
  RATE_LIMITED: 429,
  JOURNAL_IO: 500,
  JOURNAL_CORRUPT: 500,
  JOURNAL_NEWER: 500,
  BUG: 500,
  UNREACHABLE: 502,
  JOURNAL_FULL: 503,
  JOURNAL_CLOSED: 503,
};

/** A request that is refused for what it is, before anything of Tutti has looked at it. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly headers: { readonly [name: string]: string };
  declare readonly hint?: string;

  constructor(
    code: RefusalCode,
    message: string,
    more: { readonly hint?: string; readonly headers?: { readonly [name: string]: string } } = {},
  ) {
    super(message);
    this.code = code;
    this.headers = more.headers ?? {};
    if (more.hint !== undefined) this.hint = more.hint;
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: ApiError;
}

/** Characters of a message, and of a path: what somebody sent is told back in part only. */
const LONGEST = { message: 4000, path: 500 } as const;
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);

/** Never a stack, and of an unforeseen error not even its words: they may hold what nobody meant to tell. */
export function answerTo(thrown: unknown): Answer {
  if (thrown instanceof Refusal) {
    const { code, message, hint, headers } = thrown;
    return { status: STATUS[code], headers, body: { error: { code, message, ...(hint !== undefined && { hint }) } } };
  }
  if (thrown instanceof TuttiError && thrown.code !== "BUG") {
    const { code, hint, path } = thrown;
    const error = {
      ...{ code, message: cut(thrown.message, LONGEST.message) },
      ...(hint !== undefined && { hint: cut(hint, LONGEST.message) }),
      ...(path !== undefined && { path: cut(path, LONGEST.path) }),
    };
    return { status: STATUS[code], headers: {}, body: { error } };
  }
  const message = "something broke inside Tutti";
  return {
    status: 500,
    headers: {},
    body: { error: { code: "BUG", message, hint: "the log of the server says what" } },
  };
}

/** On every answer, also on streams and refusals. */
export const SECURITY_HEADERS: { readonly [name: string]: string } = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

export function refusalResponse(thrown: unknown): Response {
  const { status, headers, body } = answerTo(thrown);
  return Response.json(body, { status, headers });
}
