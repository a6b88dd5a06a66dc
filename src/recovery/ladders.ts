/**
 * What follows a failed attempt, as data: each class of failure has a ladder, and the first rung that can still be taken
 * is. A workflow or a task may put its own in the place of any.
 *
 * R3. Whatever a rung is, an agent gets no more further attempts at a task than its `retries`; only another agent or a
 *     person goes beyond.
 * R4. A failure that says `never` is not tried again as it was: only rungs that change what is asked, or who is, count.
 */
import type { EventOf } from "../domain/events.ts";
import type { Advice, Failure, Ladders, Step } from "../domain/failures.ts";
import type { ContextStrategy, ModelChoice, PlannedTask } from "../domain/plan.ts";
import { random, seedOf } from "../domain/random.ts";
import type { Tries } from "./tries.ts";

const AGAIN: readonly Step[] = ["back-off", "fallback", "replan"];
const ELSEWHERE: readonly Step[] = ["switch-model", "fallback", "person", "replan"];
const AFRESH: readonly Step[] = ["reset", "ask-agent", "fallback", "replan"];

const LADDERS: { readonly [failure in Failure]: readonly Step[] } = {
  error: AGAIN,
  timeout: AGAIN,
  network: AGAIN,
  "rate-limit": ["wait", "fallback", "replan"],
  overloaded: ["back-off", "switch-model", "fallback", "replan"],
  "context-window": ["reduce-context", "switch-model", "fallback", "replan"],
  auth: ELSEWHERE,
  quota: ELSEWHERE,
  refused: ["switch-model", "ask-agent", "fallback", "replan"],
  empty: AGAIN,
  "invalid-output": ["repair", "ask-agent", "back-off", "fallback", "replan"],
  stalled: AFRESH,
  tool: AFRESH,
  crash: AFRESH,
  budget: [],
  // A person has decided: nobody else is asked.
  rejected: [],
  until: AGAIN,
  "for-each": AGAIN,
  stopped: AGAIN,
  // The same program would break again; somebody else's may not.
  bug: ["fallback", "replan"],
};

export interface FailedAttempt {
  readonly failure: Failure;
  readonly reason: string;
  readonly retry: "never" | "safe";
  readonly retryAfter?: number;
  readonly advice?: Advice;
}
export interface Means {
  readonly seed: number;
  readonly retryDelay: number;
  /** The run's own ladders. */
  readonly recovery?: Ladders;
  /** Somebody answers gates: a ladder that nobody wrote may ask. */
  readonly attended?: boolean;
  /** The agent that is asked about failures could be; without it only what it has said already counts. */
  readonly mayAsk?: boolean;
  /** Who looks for a way around it, as a task; absent: nobody does. */
  readonly asking?: PlannedTask | undefined;
  /** The models that the agent may use. */
  readonly choices?: readonly ModelChoice[] | undefined;
}
/** Without a step it has failed. `to`: the agent that takes over. `gate`: where a person is asked. `ask`: who looks for a way around. */
export interface Next {
  readonly step?: Step;
  readonly delay: number;
  readonly to?: string;
  readonly hint?: string;
  readonly gate?: { readonly gate: string; readonly question: string };
  readonly ask?: PlannedTask;
}

const LONGEST_WAIT = 60_000;
/** A server that asks for more than this is not waited for blindly. */
const LONGEST_ASKED = 3_600_000;
const NONE: Next = { delay: 0 };

/** Pure: the jitter is drawn from the run's seed and the attempt's name. */
export function afterFailure(tries: Tries, spec: EventOf<"task:added">, failed: FailedAttempt, means: Means): Next {
  const written = spec.recovery?.[failed.failure] ?? means.recovery?.[failed.failure];
  const ladder = written ?? LADDERS[failed.failure];
  const left = tries.failures < (spec.retries ?? 2);
  const isSafe = failed.retry === "safe";
  for (const step of new Set(ladder)) {
    // Named twice it is taken twice; waiting as often as there are retries.
    const unused = (tries.taken[step] ?? 0) < ladder.filter((one) => one === step).length;
    switch (step) {
      case "wait":
      case "back-off":
        if (left && isSafe) return { step, delay: delayOf(tries, spec, failed, means) };
        break;
      case "repair":
        if (left && isSafe && unused) return { step, delay: 0 };
        break;
      case "reduce-context":
      case "reset":
        if (left && unused) return { step, delay: 0 };
        break;
      case "switch-model":
        if (left && spec.model === undefined && hasAnother(tries, means.choices)) return { step, delay: 0 };
        break;
      case "fallback": {
        const to = spec.fallbacks?.[tries.fallback];
        if (to !== undefined) return { step, delay: 0, to };
        break;
      }
      case "person":
        if (written !== undefined || means.attended) return { step, delay: 0, gate: gateOf(tries, spec, failed) };
        break;
      case "replan":
        if (means.asking) return { step, delay: 0, ask: means.asking };
        break;
      case "ask-agent": {
        const { again = means.mayAsk === true, hint } = failed.advice ?? {};
        if (left && unused && again) return { step, delay: 0, ...(hint ? { hint } : {}) };
        break;
      }
    }
  }
  return NONE;
}

function delayOf(tries: Tries, { taskId }: { readonly taskId: string }, failed: FailedAttempt, means: Means): number {
  const jitter = 0.5 + random(means.seed ^ seedOf(`${taskId}#${tries.attempt}`))();
  const backoff = Math.min(LONGEST_WAIT, means.retryDelay * 2 ** tries.failures * jitter);
  const asked = Math.min(LONGEST_ASKED, failed.retryAfter ?? 0);
  return Math.ceil(Math.max(backoff, asked));
}

function hasAnother({ model, left }: Tries, choices: readonly ModelChoice[] = []): boolean {
  return choices.some((one) => one.model !== model && !left.includes(one.model));
}

const nameOf = (task: string, attempt: number) => `${task}#${attempt}.recovery`;

function gateOf({ agentName, attempt }: Tries, { taskId }: { readonly taskId: string }, failed: FailedAttempt) {
  const what = `attempt ${attempt} of '${taskId}' by ${agentName} failed (${failed.failure}): ${failed.reason}`;
  const ways =
    "Approve: it is tried again, with your note. Reject: it fails. Reject with a note that begins with 'skip': it is left out.";
  return { gate: nameOf(taskId, attempt), question: `${what}\n${ways}` };
}

/** What becomes of a task whose gate was not approved, before it began or after an attempt failed. */
export function rejected(
  tries: Tries | undefined,
  gate: string,
  taskId: string,
  note: string | undefined,
): { readonly failure: Failure; readonly reason: string; readonly isSkipped: boolean } {
  const said = note ? `: ${note}` : "";
  if (!tries || gate !== nameOf(taskId, tries.attempt))
    return { failure: "rejected", reason: `rejected at its gate${said}`, isSkipped: false };
  const { failure = "rejected", reason = "" } = tries.failed ?? {};
  const isSkipped = /^\s*skip\b/i.test(note ?? "");
  const how = isSkipped ? "a person left it out" : "a person gave it up";
  return { failure, reason: `${how}${said}; its last attempt failed: ${reason}`, isSkipped };
}

type Prompting = { readonly contextStrategy: ContextStrategy; readonly pruningThreshold: number };

/** How the next prompt is put together: within half the threshold for each time that one did not fit. */
export function shownBy(
  tries: Pick<Tries, "taken"> | undefined,
  options: Prompting | undefined,
): Prompting | undefined {
  const halved = tries?.taken["reduce-context"] ?? 0;
  if (options === undefined || halved === 0) return options;
  const pruningThreshold = Math.max(1, Math.floor(options.pruningThreshold / 2 ** halved));
  return { contextStrategy: options.contextStrategy, pruningThreshold };
}
