/**
 * One HTTP call to a provider, watched.
 *
 * Modes: idle → connecting → waiting for the first byte → streaming → closed. Each of the three in the middle has a
 * timer of its own, and `total` runs over all of them. A timer that runs out says which it was and aborts the call,
 * which closes the socket. A stream that says that it is complete is closed then, whatever its socket does.
 */
import type { Clock } from "../../domain/ports.ts";
import type { Connections } from "./connections.ts";

/** Milliseconds. */
export interface Timers {
  /** Until the request is on its way: name, socket, TLS. */
  readonly connect: number;
  /** From then until the first byte of the reply's body. */
  readonly firstByte: number;
  /** Between two pieces of the reply. */
  readonly idle: number;
  readonly total: number;
}
export const TIMERS: Timers = { connect: 10_000, firstByte: 120_000, idle: 60_000, total: 900_000 };

const WORDS: { readonly [timer in keyof Timers]: (ms: number) => string } = {
  connect: (ms) => `no connection within ${ms} ms`,
  firstByte: (ms) => `no first byte of a reply within ${ms} ms`,
  idle: (ms) => `the reply stood still for ${ms} ms`,
  total: (ms) => `the reply was not complete within ${ms} ms in all`,
};

/** Milliseconds that a finished stream gets to end by itself. */
const DRAIN = 1000;
/** A reply is text; whoever sends more than this is broken or hostile. */
const LARGEST_BODY = 32 * 1024 * 1024;

export interface WireOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** The attempt's own: it is asked to stop. */
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch;
  readonly connections: Connections;
  /** Names the call to the provider and to ourselves. */
  readonly id: string;
  /** The head of a reply, whatever it says. */
  readonly onHead?: (status: number, headers: { readonly [name: string]: string }) => void;
}

export class Wire {
  readonly #options: WireOptions;
  readonly #cut = new AbortController();
  /** Aborted when the attempt must stop or a timer has run out. */
  readonly signal: AbortSignal;
  #endTotal: (() => void) | undefined;
  #endPhase: (() => void) | undefined;
  #expired: { readonly timer: keyof Timers; readonly reason: string } | undefined;
  #isSent = false;
  #status: number | undefined;

  constructor(options: WireOptions) {
    this.#options = options;
    this.signal = AbortSignal.any([options.signal, this.#cut.signal]);
  }

  /** The timer that ran out. */
  get expired(): { readonly timer: keyof Timers; readonly reason: string } | undefined {
    return this.#expired;
  }
  /** It is on its way and was not refused: the provider may charge for it, whether or not it says so. */
  get mayCost(): boolean {
    return this.#isSent && (this.#status === undefined || this.#status < 300);
  }

  /** Given to the provider's package in the place of fetch. */
  readonly fetch: typeof fetch = async (input, init) => {
    const { connections, id } = this.#options;
    this.#endTotal ??= this.#start("total");
    this.#phase("connect");
    const connected = () => {
      if (!this.#isSent) this.#phase("firstByte");
      this.#isSent = true;
    };
    const forget = this.#options.fetch ? undefined : connections.expect(id, connected);
    // Somebody else's fetch does not tell when it has connected; the first byte is what is waited for then.
    if (!forget) connected();
    const headers = new Headers(init?.headers);
    headers.set(connections.header, id);
    try {
      // A redirect would carry the key to wherever it points.
      const response = await (this.#options.fetch ?? fetch)(input, { ...init, headers, redirect: "manual" });
      connected();
      this.#status = response.status;
      this.#options.onHead?.(response.status, Object.fromEntries(response.headers));
      if (!response.body) return response;
      const { status, statusText } = response;
      return new Response(this.#watched(response), { status, statusText, headers: response.headers });
    } finally {
      forget?.();
    }
  };

  /** No timer is left behind. */
  close(): void {
    this.#endTotal?.();
    this.#endPhase?.();
    this.#endPhase = undefined;
  }

  #phase(timer: keyof Timers): void {
    this.#endPhase?.();
    this.#endPhase = this.#start(timer);
  }

  #start(timer: keyof Timers): () => void {
    const { clock, timers } = this.#options;
    const ms = timers[timer];
    return clock.at(clock.now() + ms, () => {
      if (this.#expired || this.#cut.signal.aborted) return;
      this.#expired = { timer, reason: WORDS[timer](ms) };
      this.#cut.abort(new Error(this.#expired.reason));
    });
  }

  /** What is complete may still take a moment to end properly, and then its socket can be used again. */
  #drain(reader: ReadableStreamDefaultReader<Uint8Array>): void {
    const { clock } = this.#options;
    const end = clock.at(clock.now() + DRAIN, () => reader.cancel().catch(() => {}));
    const next = (): Promise<void> => reader.read().then(({ done }) => (done ? undefined : next()));
    next().then(end, end);
  }

  #watched(response: Response): ReadableStream<Uint8Array> {
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const isEvents = response.ok && (response.headers.get("content-type") ?? "").includes("event-stream");
    const last = isEvents ? new LastEvent() : undefined;
    let bytes = 0;
    let isFirst = true;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        // The timer runs only while we wait for the server; a slow reader of ours is not its fault.
        if (!isFirst) this.#phase("idle");
        const { done, value } = await reader.read();
        this.#endPhase?.();
        isFirst = false;
        if (done) return controller.close();
        bytes += value.byteLength;
        if (bytes > LARGEST_BODY) {
          const error = new Error(`the reply is longer than ${LARGEST_BODY} bytes`);
          controller.error(error);
          return reader.cancel(error);
        }
        controller.enqueue(value);
        if (!last?.seenIn(value)) return;
        controller.close();
        this.#drain(reader);
      },
      cancel: (reason) => reader.cancel(reason),
    });
  }
}

/** `event: message_stop` of Anthropic, `data: [DONE]` of OpenAI: nothing comes after them, and some sockets stay open. */
class LastEvent {
  #tail = "";

  /** Inside JSON a line break is escaped, so that text which quotes these lines is no end. */
  seenIn(chunk: Uint8Array): boolean {
    const text = this.#tail + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    this.#tail = text.slice(-1024);
    return /(^|\n)(data: ?\[DONE\]\r?\n\r?\n|event: ?message_stop\r?\n[^\n]*\r?\n\r?\n)/.test(text);
  }
}
