/** JSON lines over a child of ours: under its limits, with the environment that it was given, and gone with all it began. */
import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { Child, type ChildOptions, endInWords } from "../../process/child.ts";

/** Characters of one message; whoever sends more is broken or hostile. */
const LONGEST_LINE = 16 * 1024 * 1024;

export class ChildTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: NonNullable<Transport["onmessage"]>;
  readonly #options: ChildOptions;
  #child: Child | undefined;
  #hasEnded = false;
  #line = "";
  readonly #text = new TextDecoder();

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const child = await Child.begin({ ...this.#options, talks: true, onOutput: (piece) => this.#take(piece) });
    this.#child = child;
    void child.ended.then((end) => {
      this.#hasEnded = true;
      // Asked to end it says nothing more; by itself it has broken off, and why is worth knowing.
      if (end.why !== "stopped")
        this.onerror?.(new Error(`the server ended: ${endInWords(end)} ${end.stderr.slice(-500)}`));
      this.onclose?.();
    });
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#child?.write(`${JSON.stringify(message)}\n`);
  }

  get isThere(): boolean {
    return this.#child !== undefined && !this.#hasEnded;
  }

  /** See `Child`. */
  hold(isHeld: boolean): void {
    this.#child?.hold(isHeld);
  }

  async members(): Promise<number | undefined> {
    return this.#child?.members();
  }

  async close(): Promise<void> {
    this.#child?.closeInput();
    await this.#child?.stop();
  }

  #take(piece: Buffer): void {
    this.#line += this.#text.decode(piece, { stream: true });
    for (let end = this.#line.indexOf("\n"); end >= 0; end = this.#line.indexOf("\n")) {
      const line = this.#line.slice(0, end).trim();
      this.#line = this.#line.slice(end + 1);
      if (line !== "") this.#hear(line);
    }
    if (this.#line.length > LONGEST_LINE) void this.#child?.stop("output");
  }

  #hear(line: string): void {
    try {
      this.onmessage?.(JSON.parse(line) as JSONRPCMessage);
    } catch (error) {
      this.onerror?.(error as Error);
    }
  }
}
