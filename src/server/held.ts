/**
 * What requests have brought and answers have left to take, over all connections. Both are bounded each, and together
 * by this: a client that sends much or takes nothing cannot have more of the memory than there is for it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { tooMany } from "./guard.ts";

export interface HeldOptions {
  /** Bytes of all bodies and answers. */
  readonly most: number;
  /** Of one body, where its length is not announced or is more than will be read; and of an answer not yet known. */
  readonly body: number;
  /** Milliseconds in which a client must have taken an answer that is complete. */
  readonly patience: number;
}

export class Held {
  readonly #options: HeldOptions;
  #bytes = 0;

  constructor(options: HeldOptions) {
    this.#options = options;
  }

  /** Counts a request until its answer has left or its connection is gone. Throws where there is too much already. */
  admit({ headers }: IncomingMessage, response: ServerResponse): void {
    const { most, body, patience } = this.#options;
    const isChunked = headers["transfer-encoding"] !== undefined;
    let own = isChunked ? body : Math.min(body, Number(headers["content-length"] ?? 0));
    // It waits behind another answer on its connection, and nobody says how long its own is until that has left.
    if (response.socket === null) own += body;
    if (this.#bytes + own > most) throw tooMany("too much is under way", 1);
    this.#bytes += own;
    let late: NodeJS.Timeout | undefined;
    response.once("prefinish", () => {
      const unsent = Number(response.getHeader("content-length") ?? 0);
      own += unsent;
      this.#bytes += unsent;
      late = setTimeout(() => response.destroy(), patience).unref();
    });
    response.once("close", () => {
      clearTimeout(late);
      this.#bytes -= own;
    });
  }
}
