/** Reading the body of a request: no more than is allowed, only JSON, and only what can be walked safely. */
import type { IncomingMessage } from "node:http";
import { TuttiError } from "../domain/error.ts";
import { json, type Shape } from "../domain/shape.ts";
import { Refusal } from "./refusal.ts";

export const MIB = 1 << 20;
/** The largest body that any route takes: a prompt may be 1 MiB, and JSON writes some characters as six. */
export const LARGEST_BODY = 5 * MIB;
/** Values in one body: walking five times as many keeps everybody else waiting for half a second. */
const MOST_VALUES = 100_000;

/** An empty body counts as `{}`. Throws a Refusal (400, 413, 415), or BAD_INPUT with the path of the field. */
export async function readBody(request: IncomingMessage, limit: number, shape?: Shape): Promise<unknown> {
  const { headers } = request;
  const length = headers["content-length"];
  const isEmpty = headers["transfer-encoding"] === undefined && (length === undefined || length === "0");
  const value = isEmpty ? {} : parsed(await bytesOf(request, limit));
  const found = json(value) ?? shape?.(value);
  if (found) {
    const path = found.at.replace(/^\./, "");
    throw new TuttiError("BAD_INPUT", `${path === "" ? "the body" : `'${path}'`} ${found.fault}`, {
      ...(path !== "" && { path }),
    });
  }
  return value;
}

async function bytesOf(request: IncomingMessage, limit: number): Promise<Buffer> {
  const { headers } = request;
  const [type, ...parameters] = (headers["content-type"] ?? "").toLowerCase().split(";");
  const charset = parameters.map((one) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(one)?.[1]).find(Boolean);
  if (type?.trim() !== "application/json" || (charset !== undefined && charset !== "utf-8" && charset !== "utf8"))
    throw new Refusal("WRONG_TYPE", "the body must be JSON in UTF-8", {
      hint: "send 'Content-Type: application/json'",
    });
  if ((headers["content-encoding"] ?? "identity") !== "identity")
    throw new Refusal("WRONG_TYPE", "the body must not be compressed");
  if (Number(headers["content-length"] ?? 0) > limit) throw tooLarge(limit);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // What exceeds the limit is left unread; the adaptor closes the connection after the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length;
      if (size > limit) throw tooLarge(limit);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal("UNREADABLE", "the body ended before its end");
  }
  return Buffer.concat(chunks);
}

/** A comma outside strings stands before every value but the first of its list. */
function checkValues(bytes: Buffer): void {
  let commas = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === COMMA && ++commas >= MOST_VALUES)
      throw new Refusal("TOO_LARGE", `the body has more than ${MOST_VALUES} values`);
    if (bytes[i] !== QUOTE) continue;
    for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
  }
}
const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];

function parsed(bytes: Buffer): unknown {
  checkValues(bytes);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const why = error instanceof SyntaxError ? error.message.slice(0, 200) : "it is not UTF-8";
    throw new Refusal("UNREADABLE", `the body is not JSON: ${why}`);
  }
}

const tooLarge = (limit: number) =>
  new Refusal("TOO_LARGE", `the body is larger than ${limit / MIB} MiB`, { headers: { Connection: "close" } });
