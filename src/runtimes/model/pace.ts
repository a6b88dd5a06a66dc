/**
 * How fast calls go out, by what the provider says of its limits with every reply. One pace is shared by all calls that
 * use the same key, whatever run they belong to.
 *
 * T1. A refusal that asks to be left alone holds all calls of that key, not only the one that was refused.
 * T2. Where little is left of a limit, what is left is spread over the time until it is lifted, so that the limit is
 *     approached slowly instead of being run into. What a provider does not say changes nothing.
 * T3. First come, first served; nobody waits beyond an hour, and whoever is asked to stop leaves.
 */
import type { Clock } from "../../domain/ports.ts";
import { limitsOf, type RateLimit, retryAfterOf } from "./retry-after.ts";

/** Share of a limit below which calls are spread out. */
const LITTLE = 0.1;
/** Milliseconds between the calls that a hold had kept back. */
const AFTER_HOLD = 50;
const MOST_KEYS = 1000;
/** What one call is taken to use of a limit of tokens before that is known. */
const USUAL = 0.02;

export interface Called {
  /** Whose key it is: a provider, or a server by its name. */
  readonly account: string;
  readonly model: string;
}

export class Pace {
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Lane>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined: it may go at once. Rejects where it is asked to stop. */
  enter({ account, model }: Called, signal: AbortSignal): Promise<void> | undefined {
    const of = this.#lane(account).enter(signal);
    const lane = this.#lane(`${account} ${model}`);
    return of === undefined ? lane.enter(signal) : of.then(() => lane.enter(signal));
  }

  /** The head of a reply. */
  heard({ account, model }: Called, status: number, headers: { readonly [name: string]: string | undefined }): void {
    const now = this.#clock.now();
    if (status === 429) this.#lane(account).hold(retryAfterOf(headers, now) ?? 0);
    this.#lane(`${account} ${model}`).spread(limitsOf(headers, now));
  }

  #lane(key: string): Lane {
    const lane = this.#lanes.get(key) ?? new Lane(this.#clock);
    this.#lanes.delete(key);
    this.#lanes.set(key, lane);
    if (this.#lanes.size > MOST_KEYS)
      for (const [old, one] of this.#lanes) if (one.isIdle && one !== lane && this.#lanes.delete(old)) break;
    return lane;
  }
}

class Lane {
  readonly #clock: Clock;
  readonly #queue: (() => void)[] = [];
  readonly #before = new Map<string, { readonly remaining: number; readonly cost: number }>();
  #next = 0;
  #gap = 0;
  #gapUntil = 0;
  #timer: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isIdle(): boolean {
    return this.#queue.length === 0 && Math.max(this.#next, this.#gapUntil) <= this.#clock.now();
  }

  enter(signal: AbortSignal): Promise<void> | undefined {
    if (this.#queue.length === 0 && this.#next <= this.#clock.now()) {
      this.#pass();
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(go), 1);
        reject(signal.reason);
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", leave, { once: true });
      this.#queue.push(go);
      this.#arm();
    });
  }

  hold(milliseconds: number): void {
    if (milliseconds <= 0) return;
    const now = this.#clock.now();
    this.#next = Math.max(this.#next, now + milliseconds);
    this.#slow(AFTER_HOLD, milliseconds + 1000);
    this.#arm();
  }

  spread(limits: readonly RateLimit[]): void {
    for (const { kind, limit, remaining, resetIn } of limits) {
      const cost = this.#costOf(kind, limit, remaining);
      if (remaining >= limit * LITTLE || resetIn <= 0) continue;
      const calls = Math.floor(remaining / cost);
      if (calls < 1) this.#next = Math.max(this.#next, this.#clock.now() + resetIn);
      else this.#slow(resetIn / calls, resetIn);
    }
  }

  /** What a call takes of a limit, from how it went down from reply to reply. */
  #costOf(kind: string, limit: number, remaining: number): number {
    if (kind === "requests") return 1;
    const before = this.#before.get(kind);
    const drop = before === undefined ? 0 : before.remaining - remaining;
    const known = before?.cost ?? limit * USUAL;
    const cost = drop > 0 ? known * 0.7 + drop * 0.3 : known;
    this.#before.set(kind, { remaining, cost });
    return Math.max(1, cost);
  }

  #slow(gap: number, time: number): void {
    const now = this.#clock.now();
    this.#gap = now < this.#gapUntil ? Math.max(this.#gap, gap) : gap;
    this.#gapUntil = Math.max(this.#gapUntil, now + time);
  }

  #pass(): void {
    const now = this.#clock.now();
    if (now < this.#gapUntil) this.#next = Math.max(this.#next, now + this.#gap);
  }

  #arm(): void {
    if (this.#timer || this.#queue.length === 0) return;
    this.#timer = this.#clock.at(Math.max(this.#next, this.#clock.now()), () => {
      this.#timer = undefined;
      // A hold may have come meanwhile.
      if (this.#next <= this.#clock.now()) {
        this.#pass();
        this.#queue.shift()?.();
      }
      this.#arm();
    });
  }
}
