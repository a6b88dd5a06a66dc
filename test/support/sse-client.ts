/** A client of an event stream on a bare socket: it can stop reading. And what this process holds for it. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { TOKEN } from "./server-kit.ts";

const STARTED = "http.server.request.start";

export class SseClient {
  readonly ids: number[] = [];
  readonly comments: string[] = [];
  readonly socket: Socket;
  /** When the connection is gone, whoever ended it. */
  readonly gone: Promise<void>;
  #head = "";
  #rest = "";
  #look = () => {};

  constructor(
    port: number,
    run: string,
    { from = 1, seen: last }: { readonly from?: number; readonly seen?: number } = {},
  ) {
    this.socket = connect(port, "127.0.0.1");
    const seen = last === undefined ? "" : `Last-Event-ID: ${last}\r\n`;
    this.socket.write(
      `GET /api/runs/${run}/events?from=${from} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n${seen}\r\n`,
    );
    this.socket.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    this.gone = new Promise((resolve) => this.socket.on("error", () => {}).on("close", () => resolve()));
    void this.gone.then(() => this.#look());
  }

  get status(): number {
    return Number(this.#head.split(" ")[1]);
  }

  /** Resolves when what it has had says so. */
  async until(enough: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#look = () => {
        if (enough()) resolve();
        else if (this.socket.closed) reject(new Error(`the stream ended at ${this.ids.at(-1)}`));
      };
      this.#look();
    });
  }

  #take(text: string): void {
    // The frames of chunked coding have lines of their own, which begin with neither word.
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (this.#head === "") this.#head = line;
      const id = /^id: (\d+)$/.exec(line);
      // An event is had when its line of data has come whole.
      if (id) this.#next = Number(id[1]);
      else if (line.startsWith("data: ") && line.endsWith("}")) this.ids.push(this.#next);
      else if (line.startsWith(":")) this.comments.push(line);
    }
    this.#look();
  }
  #next = 0;
}

export interface Answering extends Disposable {
  /** Bytes that this process holds for it, the most of all times it was asked. */
  look(): number;
  /** When it has left, or its connection is gone. */
  readonly closed: Promise<void>;
}

/** The answer of this process to the first request that fits. */
export function answerTo(fits: (request: IncomingMessage) => boolean): Answering {
  let response: ServerResponse | undefined;
  let most = 0;
  const closed = Promise.withResolvers<void>();
  const hear = (message: unknown) => {
    const { request, response: answer } = message as { request: IncomingMessage; response: ServerResponse };
    if (response !== undefined || !fits(request)) return;
    response = answer.once("close", closed.resolve);
  };
  subscribe(STARTED, hear);
  return {
    closed: closed.promise,
    look() {
      most = Math.max(most, response?.writableLength ?? 0, response?.socket?.writableLength ?? 0);
      return most;
    },
    [Symbol.dispose]: () => void unsubscribe(STARTED, hear),
  };
}
