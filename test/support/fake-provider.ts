/** A real HTTP server that speaks the protocols of model providers, says what a script says and fails as it is told. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { eventsOf, type FakeReply, jsonOf, type Protocol, protocolOf } from "./fake-protocols.ts";

export interface SeenCall {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  // biome-ignore lint/suspicious/noExplicitAny: bodies of three protocols, looked into by tests
  readonly body: any;
  /** Resolves when the client has closed the connection before the reply was complete. */
  readonly hungUp: Promise<void>;
}

export class FakeProvider {
  readonly calls: SeenCall[] = [];
  /** Said in order; the last one is said again and again. */
  replies: FakeReply[] = [{}];
  /** Or: what to say to this call. Undefined: the next of `replies`. */
  answer: ((call: SeenCall) => FakeReply | undefined | Promise<FakeReply | undefined>) | undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => this.#serve(request, response).catch(() => response.destroy()));
  }

  static async start(): Promise<FakeProvider> {
    const fake = new FakeProvider();
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What comes next; what was seen so far is forgotten. */
  script(...replies: readonly FakeReply[]): void {
    this.replies = [...replies];
    this.calls.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const hungUp = new Promise<void>((resolve) =>
      response.on("close", () => {
        if (!response.writableFinished) resolve();
      }),
    );
    const path = request.url ?? "";
    const call: SeenCall = { path, headers: request.headers, body: JSON.parse(await textOf(request)), hungUp };
    this.calls.push(call);
    const reply =
      (await this.answer?.(call)) ?? (this.replies.length > 1 ? this.replies.shift() : this.replies[0]) ?? {};
    if (reply.silent) return;
    if (reply.delay) await new Promise((resolve) => setTimeout(resolve, reply.delay));
    const protocol = protocolOf(path);
    if (!protocol) return void response.writeHead(404).end("{}");
    const status = reply.status ?? 200;
    if (status !== 200) return refuse(response, status, protocol, reply);
    const isStream = protocol === "google" || call.body.stream === true;
    if (!isStream) return void response.writeHead(200, head("application/json", reply)).end(jsonOf(protocol, reply));
    response.writeHead(200, head("text/event-stream", reply));
    response.flushHeaders();
    await stream(response, reply.body === undefined ? eventsOf(protocol, reply) : [reply.body], reply);
  }
}

const head = (type: string, { headers = {} }: FakeReply) => ({ "content-type": type, ...headers });

function refuse(response: ServerResponse, status: number, protocol: Protocol, reply: FakeReply): void {
  const error = reply.error ?? { type: "some_error", message: `status ${status}` };
  const body = protocol === "anthropic" ? { type: "error", error } : { error: { ...error, code: error.type } };
  response.writeHead(status, head("application/json", reply)).end(reply.body ?? JSON.stringify(body));
}

async function stream(response: ServerResponse, events: readonly string[], reply: FakeReply): Promise<void> {
  const { after, fault, until } = reply;
  const bytes = typeof after === "object" ? [Buffer.from(events.join("")).subarray(0, after.bytes)] : undefined;
  for (const event of bytes ?? events.slice(0, after as number | undefined))
    if (event.length > 0) await new Promise((resolve) => response.write(event, resolve));
  if (until !== undefined) {
    await until;
    return stream(response, events.slice(after as number), {});
  }
  if (fault === "cut") response.destroy();
  else if (fault !== "hold") response.end();
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString() || "null";
}
