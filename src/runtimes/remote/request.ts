/** One request over HTTP with limits on its time and its size; a redirect is not followed, since a key would go along. */
import { request as plain } from "node:http";
import { request as secure } from "node:https";

export interface Asked {
  readonly method: "GET" | "POST";
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
  /** Milliseconds in all. */
  readonly timeout: number;
  /** Bytes of the answer. */
  readonly most: number;
  readonly signal?: AbortSignal;
}
export interface Answered {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly text: string;
}

/** Rejects with words for what is too much or too late, the signal's reason, or what the system says. */
export function request(url: URL, { method, headers = {}, body, timeout, most, signal }: Asked): Promise<Answered> {
  const begin = url.protocol === "https:" ? secure : plain;
  return new Promise((resolve, reject) => {
    const call = begin(url, { method, headers, agent: false, ...(signal && { signal }) });
    const end = (error: Error) => {
      reject(signal?.aborted ? signal.reason : error);
      call.destroy();
    };
    const late = setTimeout(() => end(new Error(`it did not answer within ${timeout} ms`)), timeout);
    call.once("close", () => clearTimeout(late));
    call.once("error", end);
    call.once("response", (response) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > most) end(new Error(`its answer has more than ${most} bytes`));
        else pieces.push(piece);
      });
      response.once("error", end);
      response.once("aborted", () => end(new Error("the connection was cut")));
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(pieces).toString("utf8"),
        }),
      );
    });
    call.end(body);
  });
}
