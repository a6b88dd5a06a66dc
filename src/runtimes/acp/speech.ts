/** What a coding agent said in one turn: what it said last is its result, what it said to others is kept. */

/** Characters in all; more is no reply. */
const LONGEST = 4 * 1024 * 1024;

export class Speech {
  /** Apart where tools were used in between. */
  #parts: string[] = [""];
  #length = 0;

  /** False where it is too much. */
  take(text: string): boolean {
    this.#length += text.length;
    if (this.#length > LONGEST) return false;
    this.#parts[this.#parts.length - 1] += text;
    return true;
  }

  /** A tool is used: what comes now is another piece. */
  pause(): void {
    if (this.#parts.at(-1)?.trim() !== "") this.#parts.push("");
  }

  clear(): void {
    this.#parts = [""];
    this.#length = 0;
  }

  /** Agents tell what they are about to do; their result is what they say last. */
  get result(): string {
    const said = this.#parts.map((part) => part.trim()).filter((part) => part !== "");
    const last = said.pop() ?? "";
    const toOthers = said.filter((part) => part.includes("<AGENT_MESSAGE"));
    return [...toOthers, last].join("\n\n");
  }
}
