/** A2A as it goes over the wire: JSON-RPC in the words of 1.0 and of 0.3, told apart by the agent's card. */
import { isRecord } from "../../domain/shape.ts";
import type { Fault } from "../model/faults.ts";
import { type Answered, request } from "./request.ts";

export type Fields = { readonly [key: string]: unknown };

export interface A2aAddress {
  /** As failures name it. */
  readonly who: string;
  readonly url: string;
  /** With the key. */
  readonly headers: { readonly [name: string]: string };
  /** Milliseconds of one call, bytes of one answer. */
  readonly limits: { readonly timeout: number; readonly most: number };
  /** What an answer that is no success means. */
  readonly statusFault: (answered: Answered) => Fault;
}

/** The agent, or what stands for it, says no. */
export class Refused extends Error {
  readonly fault: Fault;
  readonly code: unknown;

  constructor(fault: Fault, code?: unknown) {
    super(fault.reason);
    this.fault = fault;
    this.code = code;
  }
}

interface Dialect {
  readonly version: string;
  readonly send: string;
  readonly get: string;
  readonly cancel: string;
  readonly message: (messageId: string, text: string) => Fields;
  /** Not to wait with the answer until all is done: its task must be known before. */
  readonly configuration: Fields;
}
const DIALECTS: readonly Dialect[] = [
  {
    ...{ version: "1.0", send: "SendMessage", get: "GetTask", cancel: "CancelTask" },
    message: (messageId, text) => ({ messageId, role: "ROLE_USER", parts: [{ text }] }),
    configuration: { returnImmediately: true },
  },
  {
    ...{ version: "0.3", send: "message/send", get: "tasks/get", cancel: "tasks/cancel" },
    message: (messageId, text) => ({ kind: "message", messageId, role: "user", parts: [{ kind: "text", text }] }),
    configuration: { blocking: false },
  },
];

const CARD = ".well-known/agent-card.json";
const CANCEL = 5000;
const NOT_THERE = -32001;
/** Such calls are wrong in themselves: parse error, request, method, parameters; no such operation, content or version. */
const NEVER = new Set<unknown>([-32700, -32600, -32601, -32602, -32004, -32005, -32009]);

/** Where its card lies. */
export const cardOf = (url: string): string =>
  url.endsWith(".json") ? url : new URL(CARD, url.endsWith("/") ? url : `${url}/`).href;

export class A2aAgent {
  readonly address: URL;
  readonly #at: A2aAddress;
  readonly #dialect: Dialect;

  private constructor(at: A2aAddress, address: URL, dialect: Dialect) {
    this.#at = at;
    this.address = address;
    this.#dialect = dialect;
  }

  static async find(at: A2aAddress, signal: AbortSignal): Promise<A2aAgent> {
    const { who, url, headers, limits, statusFault } = at;
    const card = cardOf(url);
    const how = { method: "GET", headers: { accept: "application/json", ...headers }, ...limits, signal } as const;
    const answered = await request(new URL(card), how);
    if (answered.status !== 200) throw new Refused(statusFault(answered));
    const { place, dialect } = offerOf(parsed(answered.text)) ?? {};
    const address = place !== undefined && URL.canParse(place, card) ? new URL(place, card) : undefined;
    if (address === undefined || dialect === undefined)
      throw new Refused(never(`${who}: its card at ${card} names no address for JSON-RPC of A2A 1.0 or 0.3`));
    if (address.origin !== new URL(url).origin)
      throw new Refused(never(`${who}: its card sends us to ${address.origin}; if that is right, name it as its url`));
    return new A2aAgent(at, address, dialect);
  }

  send(id: string, text: string, task: Fields | undefined, signal: AbortSignal): Promise<Fields> {
    const { send, message, configuration } = this.#dialect;
    const params = { message: { ...message(id, text), ...task }, configuration };
    return this.#ask(send, params, signal, { "idempotency-key": id });
  }

  /** Undefined where it knows of no such task. */
  async look({ taskId }: Fields, signal: AbortSignal): Promise<Fields | undefined> {
    try {
      return await this.#ask(this.#dialect.get, { id: taskId }, signal);
    } catch (error) {
      if (error instanceof Refused && error.code === NOT_THERE) return undefined;
      throw error;
    }
  }

  /** As far as it can be: nobody waits for more. */
  async cancel({ taskId }: Fields): Promise<void> {
    await this.#ask(this.#dialect.cancel, { id: taskId }, AbortSignal.timeout(CANCEL)).catch(() => {});
  }

  async #ask(method: string, params: Fields, signal: AbortSignal, more: Asked = {}): Promise<Fields> {
    const { who, headers, limits, statusFault } = this.#at;
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const json = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
    const all = { ...json, accept: "application/json", "a2a-version": this.#dialect.version, ...headers, ...more };
    const answered = await request(this.address, { method: "POST", headers: all, body, ...limits, signal });
    const told = parsed(answered.text);
    const error = isRecord(told?.["error"]) ? told["error"] : undefined;
    if (error) {
      const reason = `${who} answered '${method}' with an error: ${String(error["message"] ?? "").slice(0, 500)}`;
      throw new Refused({ ...failed(reason), retry: NEVER.has(error["code"]) ? "never" : "safe" }, error["code"]);
    }
    if (answered.status !== 200) throw new Refused(statusFault(answered));
    const result = told?.["result"];
    const it = isRecord(result) ? [result["task"], result["message"], result].find(isRecord) : undefined;
    if (!it)
      throw new Refused({ ...failed(`${who} answered '${method}' without a result`), failure: "invalid-output" });
    return it;
  }
}
type Asked = { readonly [name: string]: string };

export const failed = (reason: string): Fault => ({ failure: "error", retry: "safe", reason });
const never = (reason: string): Fault => ({ failure: "error", retry: "never", reason });

/** 1.0 lists its interfaces; 0.3 has one address, and may have others. */
function offerOf(card: Fields | undefined): { place: string; dialect: Dialect } | undefined {
  const listed = listOf(card?.["supportedInterfaces"]).map(
    ({ url, protocolBinding: by, protocolVersion: version }) => ({
      ...{ url, by, version },
    }),
  );
  const version = card?.["protocolVersion"];
  const main = { url: card?.["url"], by: card?.["preferredTransport"] ?? "JSONRPC", version };
  const others = listOf(card?.["additionalInterfaces"]).map(({ url, transport: by }) => ({ url, by, version }));
  for (const dialect of DIALECTS)
    for (const one of [...listed, main, ...others])
      if (typeof one.url === "string" && one.by === "JSONRPC" && String(one.version).startsWith(dialect.version))
        return { place: one.url, dialect };
  return undefined;
}

export const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isRecord) : []);

export function parsed(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
