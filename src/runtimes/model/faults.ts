/** What went wrong with a call, as the class that recovery acts on, and what a person can do about it. */
import { reasonOf } from "../../domain/error.ts";
import type { Failure } from "../../domain/events.ts";
import type { ModelRef } from "./model-ref.ts";
import { keyAdvice, labelOf } from "./providers.ts";
import { retryAfterOf } from "./retry-after.ts";
import { BROKEN_OFF } from "./turn.ts";

export interface Fault {
  readonly failure: Failure;
  readonly reason: string;
  readonly retry: "never" | "safe";
  readonly retryAfter?: number;
}

/** What the packages throw, read by shape: their classes exist once a copy. */
interface Told {
  readonly statusCode: number | undefined;
  readonly headers: { readonly [name: string]: string | undefined };
  readonly message: string;
  /** The provider's own names for the fault. */
  readonly names: string;
}

/** Names that providers use inside a stream, where there is no status any more. */
const STATUS_OF: readonly (readonly [RegExp, number])[] = [
  [/\b(context_length_exceeded|request_too_large)\b/, 413],
  [/\binsufficient_quota\b/, 402],
  [/\boverloaded(_error)?\b/, 529],
  [/\brate_limit(_error|_exceeded)?\b|\bRESOURCE_EXHAUSTED\b/, 429],
  [/\b(authentication_error|invalid_api_key)\b/, 401],
  [/\bpermission_error\b/, 403],
  [/\bnot_found_error\b/, 404],
  [/\binvalid_request_error\b/, 400],
];
/** A limit that waiting does not lift. */
const USED_UP = /insufficient_quota|billing_hard_limit_reached|billing_not_active|credit balance/i;
/** A prompt that does not fit, in the words of those who refuse it. Not: a limit of tokens a minute. */
const TOO_LONG = new RegExp(
  [
    "context_length_exceeded",
    "context[ _-](?:length|window|size)",
    "maximum context",
    "(?:prompt|input|request|message) (?:is|was) too (?:long|large)",
    "input length and .?max_tokens.? exceed",
    "input token count .{0,40}exceeds",
    "exceeds? the (?:model'?s? )?(?:maximum|max) (?:number of )?(?:input )?tokens",
    "reduce the length of the (?:messages|prompt|input)",
    "request_too_large",
    "string_above_max_length",
  ].join("|"),
  "i",
);

export function faultOf(error: unknown, ref: ModelRef, now: number): Fault {
  const told = toldBy(error);
  const status = told.statusCode ?? STATUS_OF.find(([names]) => names.test(told.names))?.[1];
  if (status === undefined || (status >= 200 && status < 300)) return broken(error, told, ref);
  const what = `${labelOf(ref)} answered ${status} to a call of ${ref.id}: ${told.message}`;
  const wait = retryAfterOf(told.headers, now) ?? retryDelayIn(told.names);
  const retryAfter = wait === undefined ? {} : { retryAfter: wait };
  const isUsedUp = (status === 429 || status === 400) && USED_UP.test(`${told.names} ${told.message}`);
  if (status === 402 || isUsedUp)
    return { failure: "quota", reason: `${what}; its quota or credit is used up`, retry: "never" };
  if (status === 413 || (status < 500 && status !== 429 && TOO_LONG.test(`${told.names} ${told.message}`)))
    return { failure: "context-window", reason: `${what}; ${adviceFor(413, ref)}`, retry: "never" };
  if (status === 429) return { failure: "rate-limit", reason: what, retry: "safe", ...retryAfter };
  if (status === 529 || status === 503) return { failure: "overloaded", reason: what, retry: "safe", ...retryAfter };
  if (status >= 500 || status === 408 || status === 409 || status === 425)
    return { failure: "error", reason: what, retry: "safe", ...retryAfter };
  const failure = status === 401 || status === 403 ? "auth" : "error";
  return { failure, reason: `${what}; ${adviceFor(status, ref)}`, retry: "never" };
}

/** Google writes it into the body. */
function retryDelayIn(body: string): number | undefined {
  const seconds = /"retryDelay":\s*"(\d{1,6}(?:\.\d{1,9})?)s"/.exec(body)?.[1];
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}

function adviceFor(status: number, ref: ModelRef): string {
  if (status < 400) return "it points elsewhere, and keys are not sent after it: set its base URL to the final one";
  if (status === 401 || status === 403) return `it does not accept the key: ${keyAdvice(ref)}`;
  if (status === 404) return "it does not know this model or address: check the model's name and the base URL";
  if (status === 413) return "the prompt is too large: lower pruningThreshold or choose a model with a larger window";
  return "the same request would be refused again: check the model, maxTokens and the output schema";
}

const SOCKET: { readonly [code: string]: string } = {
  ECONNREFUSED: "nothing answers at its address",
  ENOTFOUND: "its address is not known",
  EAI_AGAIN: "its name cannot be looked up now",
  ECONNRESET: "the connection was cut",
  EPIPE: "the connection was cut",
  ETIMEDOUT: "the connection timed out",
  UND_ERR_SOCKET: "the connection was cut",
  UND_ERR_CONNECT_TIMEOUT: "the connection timed out",
};

/** No answer, or one that makes no sense: another try may go better. */
function broken(error: unknown, told: Told, ref: ModelRef): Fault {
  const code = codeOf(error);
  if (/\bbad port$/.test(told.message)) return barred(ref);
  const socket = code === undefined ? undefined : SOCKET[code];
  const words = told.message === BROKEN_OFF ? BROKEN_OFF : `the answer cannot be read: ${told.message}`;
  const fault = socket === undefined ? words : `${socket} (${code})`;
  const advice = code === "ECONNREFUSED" && ref.provider === "ollama" ? "; is Ollama running?" : "";
  const reason = `the call of ${ref.id} at ${labelOf(ref)} failed: ${fault}${advice}`;
  return { failure: socket === undefined ? "error" : "network", reason, retry: "safe" };
}

/** Fetch itself refuses some ports, so that no page may reach a mail server; no try goes better. */
function barred(ref: ModelRef): Fault {
  const reason = `the call of ${ref.id} at ${labelOf(ref)} failed: its port is one that HTTP clients refuse; serve it on another`;
  return { failure: "error", reason, retry: "never" };
}

function toldBy(error: unknown): Told {
  const thrown = (typeof error === "object" && error !== null ? error : {}) as { readonly [field: string]: unknown };
  const inner = (thrown["lastError"] ?? thrown) as { readonly [field: string]: unknown };
  const { statusCode, responseHeaders, responseBody, type, code } = inner;
  const message = typeof inner["message"] === "string" && inner["message"] !== "" ? inner["message"] : reasonOf(error);
  return {
    statusCode: typeof statusCode === "number" ? statusCode : undefined,
    headers: (responseHeaders ?? {}) as Told["headers"],
    message: message.length > 500 ? `${message.slice(0, 500)}…` : message,
    names: [type, code, responseBody]
      .filter((name) => typeof name === "string")
      .join(" ")
      .slice(0, 10_000),
  };
}

/** The system's name for what happened to the socket, however deep it lies. */
function codeOf(error: unknown): string | undefined {
  let here: unknown = error;
  for (let depth = 0; depth < 5 && typeof here === "object" && here !== null; depth++) {
    const { code, cause } = here as { code?: unknown; cause?: unknown };
    if (typeof code === "string") return code;
    here = cause;
  }
  return undefined;
}
