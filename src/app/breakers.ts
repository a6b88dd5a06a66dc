/**
 * Circuit breakers, one for each provider's model, shared by all runs of a host: what keeps failing is left alone for a
 * while instead of being tried by everybody.
 *
 * Modes: closed → open, after several failures without a success between them → half-open, when the hold is over: one
 * attempt is let through → closed by its success, or open again for twice as long.
 *
 * O1. What has not been heard of yet, or was just closed, is tried by a few first; the others follow on the first good
 *     sign, or when no bad one has come for a moment. So whoever begins in an outage does not begin with everybody.
 * O2. Nobody waits for ever: the hold has a longest time, and whoever is asked to stop leaves the queue.
 */
import type { BreakerNews } from "../domain/breaker.ts";
import type { Clock, Outcome } from "../domain/ports.ts";

export interface BreakerOptions {
  readonly clock: Clock;
  /** Failures without a success between them that open it. Default 5. */
  readonly failures?: number;
  /** Milliseconds of the first hold; it doubles up to `longest`. Default 30,000, and 300,000. */
  readonly hold?: number;
  readonly longest?: number;
  /** Attempts under way at once with what is not known to work. Default 10. */
  readonly trial?: number;
  /** Milliseconds without bad news after which it is taken to work. Default 1,000. */
  readonly calm?: number;
}
type Hear = (news: BreakerNews) => void;
export interface Pass {
  readonly isProbe: boolean;
}
interface Waiter {
  readonly go: (pass: Pass) => void;
  readonly hear: Hear | undefined;
}

/** More than this are not told when it closes; they look at its hold themselves. */
const MOST_HEARERS = 10_000;

/** What speaks of the provider and not of what it was asked. */
function isBad({ ok, ...told }: Outcome): boolean {
  if (ok || !("failure" in told)) return false;
  const { failure, retry } = told;
  return (
    failure === "overloaded" ||
    failure === "network" ||
    failure === "timeout" ||
    (failure === "error" && retry === "safe")
  );
}

export class Breaker {
  readonly #of: { readonly provider: string; readonly model: string };
  readonly #options: Required<BreakerOptions>;
  readonly #queue: Waiter[] = [];
  /** Who was told that it is open. */
  readonly #told = new Set<Hear>();
  #mode: "closed" | "open" | "half-open" = "closed";
  #isTrusted = false;
  #underWay = 0;
  #failures = 0;
  #holds = 0;
  #until = 0;
  #reason = "";
  #timer: (() => void) | undefined;

  constructor(of: { readonly provider: string; readonly model: string }, options: BreakerOptions) {
    this.#of = of;
    this.#options = { failures: 5, hold: 30_000, longest: 300_000, trial: 10, calm: 1000, ...options };
  }

  /** Nobody but a probe may go. */
  get isOpen(): boolean {
    return this.#mode !== "closed";
  }

  /** Nothing is known of it that would be missed. */
  get isIdle(): boolean {
    return this.#mode === "closed" && this.#underWay === 0 && this.#queue.length === 0;
  }

  /** Lets an attempt through, now or when it may. Rejects where the attempt is asked to stop. */
  enter(signal: AbortSignal, hear: Hear | undefined): Promise<Pass> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const go = (pass: Pass) => {
        signal.removeEventListener("abort", leave);
        this.#underWay++;
        resolve(pass);
      };
      const waiter = { go, hear };
      this.#queue.push(waiter);
      signal.addEventListener("abort", leave, { once: true });
      this.#let();
      if (this.#mode !== "closed" && this.#queue.includes(waiter)) this.#tell(hear);
    });
  }

  /** How an attempt that was let through ended; nothing where it says nothing of the provider. */
  end({ isProbe }: Pass, got: Outcome | undefined): void {
    this.#underWay--;
    const silent = got === undefined || (!got.ok && got.failure === "stopped");
    if (isProbe && this.#mode === "half-open") {
      if (silent) this.#mode = "open";
      else if (isBad(got)) this.#open(got);
      else this.#close();
    } else if (this.#mode === "closed" && !silent) {
      if (!isBad(got)) {
        this.#failures = 0;
        this.#isTrusted = true;
      } else if (++this.#failures >= this.#options.failures) this.#open(got);
    }
    this.#let();
  }

  #open(got: Outcome): void {
    const { clock, hold, longest } = this.#options;
    this.#mode = "open";
    this.#reason = got.ok ? "" : got.reason;
    this.#until = clock.now() + Math.min(longest, hold * 2 ** Math.min(30, this.#holds++));
    this.#at(this.#until);
    for (const hear of [...this.#told]) hear(this.#news("opened"));
    for (const { hear } of [...this.#queue]) this.#tell(hear);
  }

  #close(): void {
    this.#mode = "closed";
    this.#isTrusted = false;
    this.#failures = 0;
    this.#holds = 0;
    const told = [...this.#told];
    this.#told.clear();
    for (const hear of told) hear(this.#news("closed"));
  }

  #let(): void {
    const { clock, trial, calm } = this.#options;
    if (this.#mode === "open" && clock.now() >= this.#until && this.#queue.length > 0) {
      this.#mode = "half-open";
      this.#queue.shift()?.go({ isProbe: true });
    }
    if (this.#mode !== "closed") return;
    // Those that have just failed count as if they were under way: nobody is sent after them.
    const most = Math.max(1, trial - this.#failures);
    while (this.#queue.length > 0 && (this.#isTrusted || this.#underWay < most))
      this.#queue.shift()?.go({ isProbe: false });
    if (this.#queue.length > 0) this.#at(clock.now() + calm);
  }

  /** One timer at a time: the end of a hold, or of the moment after which what is tried is trusted. */
  #at(time: number): void {
    if (this.#timer && this.#mode === "closed") return;
    this.#timer?.();
    this.#timer = this.#options.clock.at(time, () => {
      this.#timer = undefined;
      // A clock that was set back must not lengthen the hold.
      if (this.#mode === "open") this.#until = Math.min(this.#until, this.#options.clock.now());
      if (this.#mode === "closed" && this.#failures === 0) this.#isTrusted = true;
      this.#let();
    });
  }

  #tell(hear: Hear | undefined): void {
    if (!hear || this.#told.has(hear) || this.#told.size >= MOST_HEARERS) return;
    this.#told.add(hear);
    hear(this.#news("opened"));
  }

  #news(state: BreakerNews["state"]): BreakerNews {
    const { provider, model } = this.#of;
    return { state, provider, model, until: this.#until, reason: this.#reason };
  }
}
