/** What both journals refuse, in the same words. */
import { TuttiError } from "../domain/error.ts";

function refusal(code: TuttiError["code"], what: string, hint: string, more: { retry?: "safe"; data?: unknown } = {}) {
  return new TuttiError(code, `${what}; ${hint}`, { hint, ...more });
}

export function closedJournal(): TuttiError {
  return refusal("JOURNAL_CLOSED", "this journal has been closed", "make a new one");
}
export function closedWriter(run: string): TuttiError {
  return refusal("JOURNAL_CLOSED", `this writer of run ${run} has been closed`, "claim the run again");
}
export function notFound(run: string): TuttiError {
  return refusal("NOT_FOUND", `there is no run ${run} in this journal`, "list the runs to see which there are");
}
export function exists(run: string): TuttiError {
  return refusal("WRONG_STATE", `there is already a run ${run} in this journal`, "take a new id, or claim the run");
}
export function owned(run: string, owner: { pid: number; host: string; since: number }): TuttiError {
  const who = `process ${owner.pid} on ${owner.host} since ${new Date(owner.since).toISOString()}`;
  const hint = "wait until it ends or stop it; commands reach the run through its inbox meanwhile";
  const { pid, host, since } = owner;
  return refusal("RUN_OWNED", `run ${run} is owned by ${who}`, hint, { retry: "safe", data: { pid, host, since } });
}
export function fenced(run: string, now: number | undefined, mine: number): TuttiError {
  const hint = "another owner has taken the run over; read what it wrote";
  return refusal("FENCED", `run ${run} now has epoch ${now}, this writer has ${mine}`, hint);
}
export function wrongExpected(run: string, stands: number, expected: number): TuttiError {
  return refusal(
    "WRONG_STATE",
    `run ${run} stands at event ${stands}, not at ${expected}`,
    "claim the run again and read it",
  );
}
export function wrongHash(run: string, hash: string): TuttiError {
  return refusal("BAD_INPUT", `a blob of run ${run} does not have the hash ${hash}`, "give its SHA-256");
}
export function noBlob(run: string, hash: string): TuttiError {
  return refusal("NOT_FOUND", `run ${run} holds no blob ${hash}`, "take a hash out of one of its events");
}

/** Commands that may wait in a run's inbox. */
export const MAX_WAITING = 1000;
export function inboxFull(run: string): TuttiError {
  const hint = "resume the run, so that it takes them";
  return refusal("WRONG_STATE", `the inbox of run ${run} is full: ${MAX_WAITING} commands wait in it`, hint, {
    retry: "safe",
  });
}
