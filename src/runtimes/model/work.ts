/**
 * An attempt at work: turn after turn, until a reply asks for no more tools.
 *
 * K1. A reply is in the log before a tool that it asks for is touched, and a tool's call before it is performed: what
 *     was paid for is never bought again, and what may have been done is never done twice (I3).
 * K2. A call that changes something and was under way when its host died is told to the model as of unknown outcome;
 *     one that only waited for a person's consent is asked about again, at the same gate.
 * K3. It ends: by its reply, by name after too many turns, wrong calls or circles, or because it was asked to.
 */
import { LeftOff } from "../../domain/error.ts";
import type { MayTurn, Outcome } from "../../domain/ports.ts";
import type { Toolbox, ToolCall, ToolResult } from "../tools/toolbox.ts";
import type { Dialogue } from "./dialogue.ts";
import { Repeats } from "./repeats.ts";
import type { KeptTurn, PaidReply } from "./replies.ts";

export interface WorkOptions {
  readonly dialogue: Dialogue;
  readonly toolbox: Toolbox;
  readonly maxTurns: number;
  readonly signal: AbortSignal;
  /** One turn, paid and kept. */
  readonly ask: (dialogue: Dialogue, mustAnswer: boolean, heard: string | undefined) => Promise<PaidReply | Ended>;
  /** What others have said to the agent since its last turn. */
  readonly heard: () => string | undefined;
  readonly begun: (calls: readonly ToolCall[]) => Promise<void>;
  readonly ended: (result: ToolResult) => Promise<void>;
  /** It left off before anything was done, or waits for a person's consent: so it stands, until it is begun after all. */
  readonly undone: (call: ToolCall, asks?: true) => Promise<void>;
  readonly judge: (reply: PaidReply) => Outcome;
  /** How it must leave off before its next turn, if it must. */
  readonly mayTurn: (dialogue: Dialogue) => MayTurn;
  /** How an attempt ends that was asked to. */
  readonly stopped: () => Ended;
}
export type Ended = Extract<Outcome, { ok: false }>;

/** Replies in a row whose calls are all wrong. */
const STRIKES = 3;
const MOST_CALLS = 64;
const EMPTY = "Your last reply was empty. Go on with the task, or give its result.";
const LAST = "This is your last turn. Use no more tools: give the result of the task now, and say what is missing.";

export async function work(options: WorkOptions, kept: readonly KeptTurn[]): Promise<Outcome> {
  const { dialogue, maxTurns, ask, judge, signal } = options;
  const hands = new Calls(options);
  const replay = [...kept];
  let wasUrged = false;
  for (;;) {
    const known = replay.shift();
    const isLast = dialogue.turns >= maxTurns - 1;
    if (!known && signal.aborted) return spent(options.stopped(), dialogue);
    const off = known ? undefined : options.mayTurn(dialogue);
    if (off) return spent(off, dialogue);
    if (!known && isLast && dialogue.turns > 0) dialogue.urge(LAST);
    const heard = known ? known.reply.heard : options.heard();
    if (heard !== undefined) dialogue.hear(heard);
    const reply = known?.reply ?? (await ask(dialogue, isLast, heard));
    if ("ok" in reply) return spent(reply, dialogue);
    dialogue.take(reply, !known?.isCounted);
    if (reply.calls.length === 0 || isLast) {
      const isEmpty =
        reply.text.trim() === "" && (reply.finishReason === "stop" || reply.finishReason === "tool-calls");
      if (!isEmpty || wasUrged || isLast) return spent(judge(reply), dialogue);
      wasUrged = true;
      dialogue.urge(EMPTY);
      continue;
    }
    const fault = await hands.take(reply.calls, known);
    if (fault) return spent(fault, dialogue);
  }
}

function spent(outcome: Outcome, dialogue: Dialogue): Outcome {
  const usage = dialogue.used(outcome.usage);
  if (usage !== undefined) return { ...outcome, usage };
  // Who left off before its first turn took none; who was refused by a provider did.
  const isLeft = !outcome.ok && (outcome.failure === "budget" || outcome.failure === "stopped");
  return isLeft ? { ...outcome, usage: { tokensUsed: 0, costUsd: 0, turns: 0 } } : outcome;
}

/** The calls of one reply after the other. */
class Calls {
  readonly #options: WorkOptions;
  readonly #repeats = new Repeats();
  #strikes = 0;

  constructor(options: WorkOptions) {
    this.#options = options;
  }

  /** Performs what a reply asks for and answers it; or says why the attempt ends. */
  async take(calls: readonly ToolCall[], known: KeptTurn | undefined): Promise<Ended | undefined> {
    const { dialogue, signal, stopped } = this.#options;
    const results = await this.#perform(calls, known);
    if (results instanceof LeftOff && !signal.aborted) return ended("stopped", "safe", results.message);
    if (results instanceof LeftOff || results === undefined || signal.aborted) return stopped();
    this.#strikes = results.every(({ fault }) => fault === "misuse") ? this.#strikes + 1 : 0;
    if (this.#strikes >= STRIKES)
      return ended("invalid-output", "safe", `its calls were wrong ${STRIKES} times in a row: ${results[0]?.text}`);
    const told: ToolResult[] = [];
    for (const [i, result] of results.entries()) {
      const noted = this.#repeats.note(calls[i] as ToolCall, result);
      if ("stop" in noted) return ended("stalled", "never", noted.stop);
      told.push(noted.result);
    }
    dialogue.answer(told);
    return undefined;
  }

  /** In the order they were asked for; those that only look share their time. Undefined: it was asked to stop. */
  async #perform(calls: readonly ToolCall[], known: KeptTurn | undefined): Promise<ToolResult[] | LeftOff | undefined> {
    const { toolbox, signal } = this.#options;
    const results = new Map<ToolCall, ToolResult>();
    for (let at = 0; at < calls.length; ) {
      if (signal.aborted) return undefined;
      const from = at++;
      const isLook = (call: ToolCall | undefined) => call !== undefined && toolbox.isRepeatable(call);
      if (isLook(calls[from])) while (isLook(calls[at])) at++;
      const group = calls.slice(from, at);
      const fresh = group.filter(({ id }) => !known?.results.has(id) && !known?.begun.has(id));
      if (fresh.length > 0) await this.#options.begun(fresh);
      const done = group.map((call, i) => this.#one(call, known, from + i));
      // None of them must go on behind our back.
      await Promise.allSettled(done);
      for (const [i, result] of (await Promise.all(done)).entries()) {
        if (result instanceof LeftOff) return result;
        results.set(group[i] as ToolCall, result);
      }
    }
    return calls.map((call) => results.get(call) as ToolResult);
  }

  /** A host that dies while a person is asked has done nothing: it is asked about again then, and not taken for done. */
  #consentOf(call: ToolCall) {
    const { undone, begun } = this.#options;
    return { asked: () => undone(call, true), given: () => begun([call]) };
  }

  async #one(call: ToolCall, known: KeptTurn | undefined, index: number): Promise<ToolResult | LeftOff> {
    const { toolbox, undone } = this.#options;
    const { id, name } = call;
    const before = known?.results.get(id);
    if (before) {
      toolbox.remember(before);
      return before;
    }
    const isLost = known?.begun.has(id) && !toolbox.isRepeatable(call);
    const result: ToolResult | LeftOff = isLost
      ? { id, name, fault: "failed", text: UNKNOWN }
      : index >= MOST_CALLS
        ? { id, name, fault: "misuse", text: `a reply may ask for ${MOST_CALLS} tools at most; ask again for this one` }
        : await toolbox.perform(call, this.#consentOf(call)).catch(leftOff);
    await (result instanceof LeftOff ? undone(call) : this.#options.ended(result));
    return result;
  }
}

function leftOff(error: unknown): LeftOff {
  if (error instanceof LeftOff) return error;
  throw error;
}

const UNKNOWN =
  "outcome unknown: the machine stopped while this was under way, and it is not done again by itself. Look what was done before you go on.";

function ended(failure: Ended["failure"], retry: Ended["retry"], reason: string): Ended {
  return { ok: false, failure, reason, retry };
}
