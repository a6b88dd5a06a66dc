/**
 * What was typed before, kept in the home for the next conversation, for its owner alone. What somebody answers at a gate
 * or to a question is not kept, and keys that we know are blotted out.
 */
import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const MOST = 1000;
const LONGEST = 2000;
/** A file of so many bytes is written anew with its end. */
const LARGEST = 512 * 1024;

/** A line as it is kept; undefined where it is not. */
function remembered(line: string, scrub: (text: string) => string): string | undefined {
  const text = scrub(line.trim());
  if (text === "" || text.length > LONGEST) return undefined;
  // The note is for the agent behind the gate, and may hold what it asked for.
  return /^\/(?:approve|reject)\b/i.test(text) ? text.split(/\s+/).slice(0, 2).join(" ") : text;
}

export class History {
  readonly #file: string;
  readonly #scrub: (text: string) => string;

  constructor(file: string, scrub: (text: string) => string) {
    this.#file = file;
    this.#scrub = scrub;
  }

  /** Newest first, as a terminal wants it. A file that cannot be read is none. */
  load(): string[] {
    try {
      const text = readFileSync(this.#file, "utf8");
      const lines = text.split("\n").filter((line) => line !== "");
      const kept = lines.slice(-MOST);
      if (text.length > LARGEST || lines.length > 2 * MOST) this.#rewrite(kept);
      // Written by an older program, or by hand.
      chmodSync(this.#file, 0o600);
      return kept.reverse();
    } catch {
      return [];
    }
  }

  /** Gives what is kept of it. To be without a history is no reason to end a conversation. */
  add(line: string): string | undefined {
    const text = remembered(line, this.#scrub);
    if (text === undefined) return undefined;
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      appendFileSync(this.#file, `${text}\n`, { mode: 0o600 });
    } catch {
      // Kept for this conversation only.
    }
    return text;
  }

  #rewrite(lines: readonly string[]): void {
    const beside = `${this.#file}.${process.pid}`;
    writeFileSync(beside, `${lines.join("\n")}\n`, { mode: 0o600 });
    renameSync(beside, this.#file);
  }
}
