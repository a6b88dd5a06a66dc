/** Tells when Node's own fetch has really connected, which fetch itself does not say. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** Published when the head of a request is written, which is when there is a socket to write it to. */
const CHANNEL = "undici:client:sendHeaders";

export class Connections {
  /** Providers write it into their logs, so that a call can be asked about. */
  readonly header = "x-client-request-id";
  readonly #waiting = new Map<string, () => void>();

  /** Calls once when the request that carries the id is on its way. Returns what takes it back. */
  expect(id: string, connected: () => void): () => void {
    if (this.#waiting.size === 0) subscribe(CHANNEL, this.#sent);
    this.#waiting.set(id, connected);
    return () => {
      if (this.#waiting.delete(id) && this.#waiting.size === 0) unsubscribe(CHANNEL, this.#sent);
    };
  }

  readonly #sent = (message: unknown): void => {
    const { headers } = (message ?? {}) as { headers?: unknown };
    const id = typeof headers === "string" ? /\r\nx-client-request-id: (\S+)/i.exec(headers)?.[1] : undefined;
    if (id !== undefined) this.#waiting.get(id)?.();
  };
}
