/** How a coding agent fails, as the class that recovery acts on, and what a person can do about it. */
import type { Fault } from "../model/faults.ts";
import { type RemoteError, RPC } from "./wire.ts";

/** Thrown within an attempt; it ends as this fault. */
export class Trouble extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.reason);
    this.fault = fault;
  }
}

export const trouble = (failure: Fault["failure"], retry: Fault["retry"], reason: string): Trouble =>
  new Trouble({ failure, retry, reason });

const USED_UP = /insufficient_quota|billing|credit balance|usage limit|quota exceeded/i;
const LIMITED = /rate.?limit|too many requests|\b429\b|RESOURCE_EXHAUSTED/i;
const BUSY = /overloaded|\b529\b|\b503\b|service unavailable/i;
const LOGIN =
  /auth_required|authentication required|not logged in|please log ?in|invalid.api.key|\b401\b|unauthorized/i;
const SECONDS = /retry[-_ ]?after["':= ]+(\d{1,5})\b/i;

/** By what it says: agents pass on the words of whoever serves their model. */
export function faultIn(who: string, said: string, advice: string): Fault {
  const reason = `${who} failed: ${said.slice(0, 1000)}`;
  if (LOGIN.test(said)) return { failure: "error", retry: "never", reason: `${reason}; ${advice}` };
  if (USED_UP.test(said)) return { failure: "rate-limit", retry: "never", reason };
  if (LIMITED.test(said)) {
    const seconds = SECONDS.exec(said)?.[1];
    return {
      ...{ failure: "rate-limit", retry: "safe", reason },
      ...(seconds !== undefined && { retryAfter: Number(seconds) * 1000 }),
    };
  }
  return { failure: BUSY.test(said) ? "overloaded" : "error", retry: "safe", reason };
}

/** It answered a request with an error. */
export function answered(who: string, method: string, error: RemoteError, advice: string): Fault {
  if (error.code === RPC.needsLogin)
    return { failure: "error", retry: "never", reason: `${who} must be logged in: ${error.message}; ${advice}` };
  const said = `${error.message}${error.details === "" ? "" : ` ${error.details}`}`;
  const fault = faultIn(who, `it answered '${method}' with an error: ${said}`, advice);
  const isOurs = error.code === RPC.noMethod || error.code === RPC.badParams;
  return isOurs ? { ...fault, retry: "never" } : fault;
}

/** What a turn's stop reason means; undefined: it is done. */
export function stopFault(who: string, reason: unknown): Fault | undefined {
  if (reason === "end_turn") return undefined;
  if (reason === "refusal") return { failure: "refused", retry: "never", reason: `${who} refused` };
  if (reason === "max_tokens")
    return no(`the reply of ${who} was cut at its own limit of tokens: ask for less, or set another model there`);
  if (reason === "max_turn_requests")
    return no(`${who} used up the calls of its model that one turn may take: ask for less, or raise its limit`);
  if (reason === "cancelled")
    return {
      failure: "error",
      retry: "safe",
      reason: `${who} ended its turn as cancelled, which nobody here asked for`,
    };
  return no(
    `${who} ended its turn with '${String(reason).slice(0, 100)}', which version 1 of the protocol does not know`,
  );
}

const no = (reason: string): Fault => ({ failure: "invalid-output", retry: "never", reason });
