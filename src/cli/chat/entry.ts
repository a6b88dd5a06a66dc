/**
 * What was typed, from lines to what is meant. A line that ends in a backslash goes on; so do words that begin with a
 * quote until a line ends with one, as people write long questions: `/ask "…`.
 */

/** What one entry may be: beyond it whatever came is taken as it is. */
const MOST_LINES = 1000;
const LONGEST = 100_000;

export class EntryReader {
  #lines: string[] = [];
  #length = 0;
  #isQuoted = false;

  get isOpen(): boolean {
    return this.#lines.length > 0;
  }

  /** A whole entry, or undefined while more of it must come. */
  take(line: string): string | undefined {
    const goesOn = line.endsWith("\\");
    this.#isQuoted = this.isOpen ? this.#isQuoted && !isClosing(line) : opensQuote(line);
    this.#lines.push(goesOn ? line.slice(0, -1) : line);
    this.#length += line.length;
    const isFull = this.#lines.length >= MOST_LINES || this.#length >= LONGEST;
    return !isFull && (goesOn || this.#isQuoted) ? undefined : this.end();
  }

  /** All that came, whether it was whole or not. */
  end(): string {
    const whole = this.#lines.join("\n");
    this.#lines = [];
    this.#length = 0;
    return whole;
  }
}

/** Only a quote that the words begin with counts: others are part of what somebody says. */
function opensQuote(line: string): boolean {
  const text = wordsOf(line);
  return text.startsWith('"') && unescaped(text) % 2 === 1 && (text.length === 1 || !isClosing(text));
}

const isClosing = (line: string): boolean => /(?:^|[^\\])"\s*$/.test(line);
const unescaped = (text: string): number => text.match(/(?<!\\)"/g)?.length ?? 0;

/** Without the command and the name of who is asked. */
const wordsOf = (line: string): string => line.trimStart().replace(/^\/\S+\s*(?:@\S+\s+)?/, "");

/** Without the quotes around it. */
export function unquoted(text: string): string {
  const words = text.trim();
  const [, inner] = /^"([\s\S]*)"$/.exec(words) ?? [];
  if (inner === undefined || /(?<!\\)"/.test(inner)) return words;
  return inner.replaceAll('\\"', '"').trim();
}

export interface Typed {
  /** Absent: words for whoever is talked to. */
  readonly command?: string;
  readonly rest: string;
}

/** A path such as /etc/hosts at the beginning of a question is no command. */
export function typedIn(entry: string): Typed {
  const [, command, rest = ""] = /^\s*\/([A-Za-z?][\w:-]*)(?:\s+([\s\S]*))?$/.exec(entry) ?? [];
  return command === undefined ? { rest: entry.trim() } : { command: command.toLowerCase(), rest: rest.trim() };
}

/** The first word, and what follows it. */
export function firstWord(text: string): readonly [string, string] {
  const [, first = "", rest = ""] = /^(\S*)\s*([\s\S]*)$/.exec(text.trim()) ?? [];
  return [first, rest];
}
