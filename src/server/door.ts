/**
 * How a browser comes in: a one-time code for a session, the session as a cookie.
 *
 * Only digests are kept, so neither the time of a search nor a dump of memory tells a code or a cookie. Both are
 * bounded in number and in life; beyond the number the one unused for longest goes.
 */
import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { newSecret } from "./proof.ts";

export interface DoorOptions {
  /** Milliseconds in which a code must be used. */
  readonly codeLife: number;
  /** Milliseconds after its last request when a session ends. */
  readonly sessionLife: number;
  readonly now?: () => number;
}

interface Session {
  until: number;
  /** What is being answered in it: ends with it. */
  readonly answers: Set<ServerResponse>;
}

const MOST_CODES = 100;
const MOST_SESSIONS = 100;

export class Door {
  readonly codeLife: number;
  readonly #sessionLife: number;
  readonly #now: () => number;
  /** Until when, by the digest. */
  readonly #codes = new Map<string, number>();
  readonly #sessions = new Map<string, Session>();

  constructor({ codeLife, sessionLife, now = () => performance.now() }: DoorOptions) {
    this.codeLife = codeLife;
    this.#sessionLife = sessionLife;
    this.#now = now;
  }

  /** A new code. */
  issue(): string {
    const code = newSecret();
    this.#codes.set(digest(code), this.#now() + this.codeLife);
    if (this.#codes.size > MOST_CODES) this.#codes.delete(this.#codes.keys().next().value ?? "");
    return code;
  }

  /** True once for each code, while it lives. */
  take(code: string): boolean {
    const key = digest(code);
    const until = this.#codes.get(key);
    this.#codes.delete(key);
    return until !== undefined && this.#now() < until;
  }

  /** Begins a session; what it returns is known to its browser alone. */
  open(): string {
    const cookie = newSecret();
    this.#sessions.set(digest(cookie), { until: this.#now() + this.#sessionLife, answers: new Set() });
    if (this.#sessions.size > MOST_SESSIONS) this.close(this.#sessions.keys().next().value ?? "");
    return cookie;
  }

  /** The session of a cookie, which lives on by that; undefined where there is none, or no more. */
  find(cookie: string): string | undefined {
    const id = digest(cookie);
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    const now = this.#now();
    if (now >= session.until) {
      this.close(id);
      return undefined;
    }
    session.until = now + this.#sessionLife;
    // The one unused for longest stands first.
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    return id;
  }

  /** Until it has left, this answer belongs to the session: a stream must not outlive it. */
  hold(id: string, answer: ServerResponse): void {
    const answers = this.#sessions.get(id)?.answers;
    answers?.add(answer);
    answer.once("close", () => answers?.delete(answer));
  }

  close(id: string): void {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    // What has not begun is the answer to the request that closes it.
    for (const answer of session?.answers ?? []) if (answer.headersSent) answer.destroy();
  }
}

const digest = (text: string): string => createHash("sha256").update(text).digest("base64");
