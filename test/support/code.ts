/**
 * TypeScript text with comments and the insides of strings, templates and regular expressions blanked
 * out, so that a check matches code and never words. Positions and line breaks stay where they were.
 */
export interface Code {
  readonly blanked: string;
  /** What was between the quotes, by the position of the opening quote. */
  readonly strings: ReadonlyMap<number, string>;
}

/** After these words a slash begins a regular expression; after any other word it divides. */
const BEFORE_REGEX = new Set(
  "return typeof case in of delete void throw new else do await yield instanceof default extends".split(" "),
);

export function codeOf(text: string): Code {
  const out = text.split("");
  const strings = new Map<number, string>();
  /** Depth of braces inside each open `${ }`, innermost last. */
  const substitutions: number[] = [];
  const blank = (from: number, to: number) => {
    for (let i = from; i < to && i < out.length; i++) if (out[i] !== "\n") out[i] = " ";
  };
  let operand = false;
  let at = 0;

  /** The end of a template's text that starts at `from`: its closing backtick, or `${`. */
  const template = (quote: number, from: number): number => {
    let end = from;
    while (end < text.length && text[end] !== "`" && !text.startsWith("${", end)) end += text[end] === "\\" ? 2 : 1;
    if (!strings.has(quote)) strings.set(quote, text.slice(from, end));
    blank(from, end);
    if (text[end] !== "$") {
      operand = true;
      return end + 1;
    }
    substitutions.push(0);
    operand = false;
    return end + 2;
  };

  while (at < text.length) {
    const char = text[at] ?? "";
    const next = text[at + 1];
    if (char === "/" && (next === "/" || next === "*")) {
      const close = next === "/" ? text.indexOf("\n", at) : text.indexOf("*/", at + 2);
      const end = close < 0 ? text.length : close + (next === "/" ? 0 : 2);
      blank(at, end);
      at = end;
    } else if (char === '"' || char === "'") {
      let end = at + 1;
      while (end < text.length && text[end] !== char && text[end] !== "\n") end += text[end] === "\\" ? 2 : 1;
      strings.set(at, text.slice(at + 1, end));
      blank(at + 1, end);
      at = end + 1;
      operand = true;
    } else if (char === "`") {
      at = template(at, at + 1);
    } else if (char === "}" && substitutions.at(-1) === 0) {
      substitutions.pop();
      at = template(at, at + 1);
    } else if (char === "/" && !operand) {
      const end = endOfRegex(text, at);
      blank(at + 1, end - 1);
      at = end;
      operand = true;
    } else if (/[\w$#]/.test(char) || char > "\x7f") {
      const word = /^(?:[\w$#]|[^\0-\x7f])+/.exec(text.slice(at, at + 200))?.[0] ?? char;
      operand = text[at - 1] === "." || !BEFORE_REGEX.has(word);
      at += word.length;
    } else if ((char === "+" || char === "-") && next === char) {
      at += 2;
    } else {
      const depth = substitutions.pop();
      if (depth !== undefined) substitutions.push(depth + (char === "{" ? 1 : char === "}" ? -1 : 0));
      if (!/\s/.test(char)) operand = char === ")" || char === "]" || char === "}";
      at++;
    }
  }
  return { blanked: out.join(""), strings };
}

/** The position after a regular expression's closing slash; only the slash itself if the line ends before. */
function endOfRegex(text: string, start: number): number {
  let inClass = false;
  for (let i = start + 1; i < text.length && text[i] !== "\n"; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "[") inClass = true;
    else if (text[i] === "]") inClass = false;
    else if (text[i] === "/" && !inClass) return i + 1;
  }
  return start + 1;
}

export function lineOf(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}
