/**
 * JSON-RPC 2.0, one object a line, both ways, over whatever takes and gives lines.
 *
 * W1. Every request of ours ends: by its answer, by its time, or with the wire.
 * W2. What the other side says out of turn is counted and otherwise ignored; too much of it ends the wire.
 */
import { reasonOf } from "../../domain/error.ts";
import { isRecord } from "../../domain/shape.ts";

/** What the other side answered instead of a result. */
export class RemoteError extends Error {
  readonly code: number;
  readonly details: string;

  constructor(error: unknown) {
    const { code, message, data } = isRecord(error) ? error : {};
    super(typeof message === "string" ? message : "it gave no reason");
    this.code = typeof code === "number" ? code : 0;
    this.details = data === undefined ? "" : (JSON.stringify(data) ?? "").slice(0, 2000);
  }
}
/** It did not answer in time. */
export class Late extends Error {}

/** Thrown by a handler: what the other side is told. */
export class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
export const RPC = { noMethod: -32601, badParams: -32602, internal: -32603, needsLogin: -32000 } as const;

export interface WireOptions {
  readonly send: (line: string) => void;
  /** Answers a request of the other side; what it throws is told there. */
  readonly answer: (method: string, params: unknown) => Promise<unknown>;
  readonly heard: (method: string, params: unknown) => void;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

/** Lines that are no message. Some programs greet first, or print warnings where they should not. */
const MOST_GARBAGE = 200;
/** Requests of the other side that are under way at once. */
const MOST_ASKED = 64;

export class Wire {
  readonly #options: WireOptions;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #asked = 0;
  #garbage = 0;
  #firstGarbage: string | undefined;
  #broken: Error | undefined;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** The first line that was no message, for whoever must explain why it failed. */
  get garbage(): string | undefined {
    return this.#firstGarbage;
  }

  /** Rejects with RemoteError, Late, or what broke the wire. `time` in milliseconds; absent: as long as it takes. */
  request(method: string, params: unknown, time?: number): Promise<unknown> {
    if (this.#broken) return Promise.reject(this.#broken);
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const late = () => {
        this.#waiting.delete(id);
        reject(new Late(`it did not answer '${method}' within ${time} ms`));
      };
      this.#waiting.set(id, { resolve, reject, timer: time === undefined ? undefined : setTimeout(late, time) });
      this.#send({ id, method, params });
    });
  }

  notify(method: string, params: unknown): void {
    if (!this.#broken) this.#send({ method, params });
  }

  take(line: string): void {
    if (this.#broken || line.trim() === "") return;
    const message = parsed(line);
    if (message === undefined) return this.#ignore(line);
    const { id, method, params } = message;
    if (typeof method === "string") {
      if (id === undefined || id === null) this.#hear(method, params);
      else void this.#answer(id, method, params);
      return;
    }
    const waiting = typeof id === "number" ? this.#waiting.get(id) : undefined;
    // An answer that came too late, or to nobody.
    if (!waiting) return;
    this.#waiting.delete(id as number);
    clearTimeout(waiting.timer);
    if ("error" in message) waiting.reject(new RemoteError(message["error"]));
    else waiting.resolve(message["result"]);
  }

  /** Whoever waits is told; nothing is sent or taken any more. */
  break(error: Error): void {
    if (this.#broken) return;
    this.#broken = error;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }

  #hear(method: string, params: unknown): void {
    try {
      this.#options.heard(method, params);
    } catch (error) {
      this.break(new Error(reasonOf(error)));
    }
  }

  async #answer(id: unknown, method: string, params: unknown): Promise<void> {
    if (this.#asked >= MOST_ASKED)
      return this.#send({ id, error: { code: RPC.internal, message: "too many requests at once; ask again later" } });
    this.#asked++;
    try {
      this.#send({ id, result: (await this.#options.answer(method, params)) ?? null });
    } catch (error) {
      const code = error instanceof Refusal ? error.code : RPC.internal;
      this.#send({ id, error: { code, message: reasonOf(error) } });
    } finally {
      this.#asked--;
    }
  }

  #ignore(line: string): void {
    this.#firstGarbage ??= line.slice(0, 300);
    if (++this.#garbage > MOST_GARBAGE)
      this.break(
        new Error(
          `more than ${MOST_GARBAGE} lines of it are no message of the protocol, such as '${line.slice(0, 200)}'`,
        ),
      );
  }

  #send(message: object): void {
    if (!this.#broken) this.#options.send(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return isRecord(message) && ("method" in message || "id" in message) ? message : undefined;
  } catch {
    return undefined;
  }
}
