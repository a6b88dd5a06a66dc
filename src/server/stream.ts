/**
 * One client's stream of one run's events.
 *
 * It is handed a piece at a time and takes the next when the last has left, so what waits for a client lies in the
 * journal and not in memory. A client that takes nothing while much waits for it is dropped; it comes back with
 * `Last-Event-ID` and has missed nothing.
 */
import type { ServerResponse } from "node:http";
import type { Frame } from "./chapters.ts";

/** Characters that are written at once. */
export const PIECE = 64 << 10;

export interface StreamOptions {
  /** Number of the first event that it wants. */
  readonly from: number;
  /** It ends at a pause too, not only where the run does. */
  readonly untilPause: boolean;
  readonly headers: { readonly [name: string]: string };
}

export class Stream {
  /** Number of the event that it gets next. */
  next: number;
  /** Characters that have come for it since it last took something. */
  owed = 0;
  /** Since when it has taken nothing; undefined while it keeps up. */
  stuckSince: number | undefined;
  readonly #response: ServerResponse;
  readonly #untilPause: boolean;
  #isOver = false;

  constructor(response: ServerResponse, options: StreamOptions) {
    this.#response = response;
    this.next = options.from;
    this.#untilPause = options.untilPause;
    response.writeHead(200, {
      ...options.headers,
      "Content-Type": "text/event-stream; charset=utf-8",
      "X-Accel-Buffering": "no",
    });
    response.flushHeaders();
  }

  /** Ended, dropped, or left by its client. */
  get isOver(): boolean {
    return this.#isOver || this.#response.destroyed;
  }

  get isFull(): boolean {
    return this.#response.writableNeedDrain;
  }

  endsAt({ type }: Pick<Frame, "type">): boolean {
    return isLast(type) || (this.#untilPause && type === "workflow:paused");
  }

  /** A piece that others get too, already as bytes. It holds no event at which a stream ends. */
  push(bytes: Buffer, next: number): void {
    this.next = next;
    this.#response.write(bytes);
  }

  /** Frames that follow what it has had, in pieces, each after the one before has left. */
  async send(frames: readonly Frame[]): Promise<void> {
    for (let i = 0; i < frames.length && !this.isOver; ) {
      let piece = "";
      let ends = false;
      for (; i < frames.length && piece.length < PIECE && !ends; i++) {
        const frame = frames[i] as Frame;
        piece += frame.text;
        this.next = frame.seq + 1;
        ends = this.endsAt(frame);
      }
      if (ends) return this.end(piece);
      // As bytes: for a string that has to wait three times its length is set aside.
      if (!this.#response.write(Buffer.from(piece))) await this.drained();
    }
  }

  /** Resolves when all has left, or the stream is over. */
  async drained(): Promise<void> {
    if (this.isOver || !this.isFull) return;
    this.stuckSince ??= performance.now();
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#response.off("drain", done).off("close", done);
        resolve();
      };
      this.#response.on("drain", done).on("close", done);
    });
    this.stuckSince = undefined;
    this.owed = 0;
  }

  /** Keeps the line open; a reader skips it. */
  beat(): void {
    if (!this.isOver && !this.isFull) this.#response.write(":\n\n");
  }

  end(last = ""): void {
    if (this.isOver) return;
    this.#isOver = true;
    this.#response.end(last);
  }

  drop(): void {
    this.#isOver = true;
    this.#response.destroy();
  }

  onClose(call: () => void): void {
    if (this.#response.closed || this.#response.destroyed) call();
    else this.#response.once("close", call);
  }
}

export function isLast(type: Frame["type"]): boolean {
  return type === "workflow:complete" || type === "workflow:error" || type === "workflow:cancelled";
}
