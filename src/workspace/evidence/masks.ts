/**
 * What of a source text is code, what comment and what the inside of a string: enough for programs that look for
 * patterns and must not take a word in a comment for one in the code. Each mask is as long as the text; what is not
 * meant is blank.
 */

export interface Masks {
  /** Without comments and without what stands in strings; the quotes stay. */
  readonly code: string;
  /** Without comments. */
  readonly text: string;
  /** Comments alone. */
  readonly comments: string;
}

const HASH = new Set([".py", ".rb", ".sh", ".yaml", ".yml", ".toml", ".tf"]);
const SLASH = new Set(
  ".js .jsx .ts .tsx .mjs .cjs .mts .cts .java .kt .go .rs .c .h .cc .cpp .hpp .cs .swift .scala .php .vue .svelte".split(
    " ",
  ),
);
const SCRIPT = /^\.(?:[cm]?[jt]sx?|vue|svelte)$/;

export function masksOf(text: string, extension: string): Masks {
  if (SLASH.has(extension) || HASH.has(extension)) return new Reader(text, extension).read();
  return { code: text, text, comments: text };
}

class Reader {
  readonly #text: string;
  readonly #isHash: boolean;
  readonly #isScript: boolean;
  readonly #isPython: boolean;
  readonly #isRust: boolean;
  readonly #comments: [number, number][] = [];
  readonly #strings: [number, number][] = [];

  constructor(text: string, extension: string) {
    this.#text = text;
    this.#isHash = HASH.has(extension);
    this.#isScript = SCRIPT.test(extension);
    this.#isPython = extension === ".py";
    this.#isRust = extension === ".rs";
  }

  read(): Masks {
    const text = this.#text;
    let at = 0;
    while (at < text.length) at = this.#step(at);
    const bare = blank(text, this.#comments);
    return { code: blank(bare, this.#strings), text: bare, comments: only(text, this.#comments) };
  }

  /** Where it goes on. */
  #step(at: number): number {
    const text = this.#text;
    const one = text[at];
    if (one === "#" && this.#isHash) return this.#comment(at, this.#endOfLine(at));
    if (one === "/" && !this.#isHash) {
      if (text[at + 1] === "/") return this.#comment(at, this.#endOfLine(at));
      if (text[at + 1] === "*") return this.#comment(at, this.#after("*/", at + 2));
      if (this.#isScript && this.#isRegex(at)) return this.#regex(at);
    }
    if (this.#isPython && (text.startsWith('"""', at) || text.startsWith("'''", at))) return this.#triple(at);
    if (one === '"' || (one === "'" && !this.#isRust)) return this.#string(at, one, false);
    if (one === "`" && !this.#isHash) return this.#string(at, one, true);
    return at + 1;
  }

  #endOfLine(at: number): number {
    const end = this.#text.indexOf("\n", at);
    return end < 0 ? this.#text.length : end;
  }

  #after(mark: string, from: number): number {
    const end = this.#text.indexOf(mark, from);
    return end < 0 ? this.#text.length : end + mark.length;
  }

  #comment(from: number, to: number): number {
    this.#comments.push([from, to]);
    return to;
  }

  /** As a statement of its own it documents; otherwise it is a value. */
  #triple(at: number): number {
    const mark = this.#text.slice(at, at + 3);
    const end = this.#after(mark, at + 3);
    const before = this.#text.slice(this.#text.lastIndexOf("\n", at - 1) + 1, at);
    if (before.trim() === "") this.#comments.push([at, end]);
    else this.#strings.push([at + 3, Math.max(at + 3, end - 3)]);
    return end;
  }

  #string(at: number, quote: string, isLong: boolean): number {
    const text = this.#text;
    for (let here = at + 1; here < text.length; here++) {
      const one = text[here];
      if (one === "\\") here++;
      else if (one === quote) {
        this.#strings.push([at + 1, here]);
        return here + 1;
        // An apostrophe that is none: the line ends first.
      } else if (one === "\n" && !isLong) return at + 1;
    }
    return at + 1;
  }

  #isRegex(at: number): boolean {
    let before = at - 1;
    while (before >= 0 && (this.#text[before] === " " || this.#text[before] === "\t")) before--;
    const one = this.#text[before];
    if (one === undefined || "(,=:[!&|?{};\n+".includes(one)) return true;
    return /(?:^|\W)(?:return|typeof|case|in|of)$/.test(this.#text.slice(Math.max(0, before - 7), before + 1));
  }

  #regex(at: number): number {
    const text = this.#text;
    let isClass = false;
    for (let here = at + 1; here < text.length; here++) {
      const one = text[here];
      if (one === "\n") return at + 1;
      if (one === "\\") here++;
      else if (one === "[") isClass = true;
      else if (one === "]") isClass = false;
      else if (one === "/" && !isClass) {
        this.#strings.push([at + 1, here]);
        return here + 1;
      }
    }
    return at + 1;
  }
}

const bare = (text: string): string => text.replace(/[^\n]/g, " ");

function blank(text: string, spans: readonly (readonly [number, number])[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const [from, to] of spans) {
    if (from < at) continue;
    parts.push(text.slice(at, from), bare(text.slice(from, to)));
    at = to;
  }
  parts.push(text.slice(at));
  return parts.join("");
}

function only(text: string, spans: readonly (readonly [number, number])[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const [from, to] of spans) {
    parts.push(bare(text.slice(at, from)), text.slice(from, to));
    at = to;
  }
  parts.push(bare(text.slice(at)));
  return parts.join("");
}
