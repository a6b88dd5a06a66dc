/** Programs of the user's own: what they print is their result, or JSON lines that say more. */
import type { Fault } from "../model/faults.ts";
import { type Asked, amount, type Dialect, type Heard, objectIn, type Reader, type Report, text } from "./dialect.ts";

/** Characters of a result. */
const LONGEST = 4 * 1024 * 1024;

/** All that it prints. */
export const plainText: Dialect = {
  args: () => [],
  reader: (asked, heard) => new TextReader(asked, heard),
};

class TextReader implements Reader {
  readonly #who: string;
  readonly #heard: Heard;
  readonly #lines: string[] = [];
  #length = 0;

  constructor({ who }: Asked, heard: Heard) {
    this.#who = who;
    this.#heard = heard;
  }

  take(line: string): void {
    this.#length += line.length + 1;
    if (this.#length > LONGEST) return;
    this.#lines.push(line);
    this.#heard.text(`${line}\n`);
  }

  report(): Report {
    if (this.#length > LONGEST) return { fault: tooLong(this.#who) };
    return { text: this.#lines.join("\n").trim() };
  }
}

/** `{ type: "text" | "usage" | "result" | "error" }`, one a line; other lines are nobody's business. */
export const jsonLines: Dialect = {
  args: () => [],
  reader: (asked, heard) => new LineReader(asked, heard),
};

class LineReader implements Reader {
  readonly #who: string;
  readonly #heard: Heard;
  #text = "";
  #result: string | undefined;
  #fault: Fault | undefined;
  #isTooLong = false;
  #used: { tokensUsed: number; costUsd: number | null; turns: number } | undefined;

  constructor({ who }: Asked, heard: Heard) {
    this.#who = who;
    this.#heard = heard;
  }

  take(line: string): void {
    const event = objectIn(line);
    if (!event) return;
    switch (event["type"]) {
      case "text":
        return this.#piece(text(event["text"]));
      case "usage":
        return this.#usage(event);
      case "result":
        this.#result = resultOf(event["output"] ?? event["text"]);
        return;
      case "error":
        this.#fault = faultOf(this.#who, event);
        return;
      default:
    }
  }

  report(): Report {
    const usage = this.#used ? { usage: this.#used } : {};
    if (this.#fault) return { fault: this.#fault, ...usage };
    if (this.#isTooLong) return { fault: tooLong(this.#who), ...usage };
    const said = this.#result ?? this.#text;
    return said === "" ? usage : { text: said, ...usage };
  }

  #piece(piece: string): void {
    if (this.#text.length + piece.length > LONGEST) this.#isTooLong = true;
    else {
      this.#text += piece;
      this.#heard.text(piece);
    }
  }

  /** Each says what came on top of the one before. */
  #usage(event: Record<string, unknown>): void {
    const { tokensUsed = 0, costUsd = 0, turns = 0 } = this.#used ?? {};
    const cost = event["costUsd"];
    const tokens = amount(event["tokensUsed"]) || amount(event["inputTokens"]) + amount(event["outputTokens"]);
    const isTold = typeof cost === "number" && cost >= 0;
    this.#used = {
      tokensUsed: tokensUsed + tokens,
      costUsd: isTold && costUsd !== null ? costUsd + cost : null,
      turns: turns + Math.max(1, amount(event["turns"])),
    };
  }
}

const resultOf = (output: unknown): string => (typeof output === "string" ? output : (JSON.stringify(output) ?? ""));

function faultOf(who: string, event: Record<string, unknown>): Fault {
  const message = text(event["message"]).slice(0, 1000) || "it gave no reason";
  const wait = event["retryAfter"];
  const retryAfter = typeof wait === "number" && wait >= 0 ? { retryAfter: wait } : {};
  return {
    failure: "error",
    retry: event["retry"] === "never" ? "never" : "safe",
    reason: `${who}: ${message}`,
    ...retryAfter,
  };
}

const tooLong = (who: string): Fault => ({
  ...{ failure: "invalid-output", retry: "never", reason: `${who} printed more than ${LONGEST} characters` },
});
