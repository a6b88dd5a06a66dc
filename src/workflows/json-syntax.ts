/** The first fault of a text that should be JSON, with its place: engines word theirs differently, some without a place. */

export interface SyntaxFault {
  readonly offset: number;
  readonly message: string;
}

const DEEPEST = 200;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;

class Stop {
  readonly fault: SyntaxFault;
  constructor(offset: number, message: string) {
    this.fault = { offset, message };
  }
}

export function jsonSyntaxFault(text: string): SyntaxFault | undefined {
  try {
    const end = space(text, value(text, space(text, 0), 0));
    return end < text.length ? { offset: end, message: "nothing may follow the JSON value" } : undefined;
  } catch (thrown) {
    if (thrown instanceof Stop) return thrown.fault;
    throw thrown;
  }
}

/** Each reader takes an offset and returns the one behind what it read. */
function value(text: string, at: number, depth: number): number {
  if (depth > DEEPEST) throw new Stop(at, `nested more than ${DEEPEST} deep`);
  switch (text[at]) {
    case "{":
      return members(text, at, depth);
    case "[":
      return items(text, at, depth);
    case '"':
      return string(text, at);
    case undefined:
      throw new Stop(at, "the text ends where a value is expected");
    default:
      return atom(text, at);
  }
}

function items(text: string, open: number, depth: number): number {
  let at = space(text, open + 1);
  if (text[at] === "]") return at + 1;
  for (;;) {
    at = space(text, value(text, at, depth + 1));
    if (text[at] === "]") return at + 1;
    at = comma(text, at, "]");
  }
}

function members(text: string, open: number, depth: number): number {
  const names = new Set<string>();
  let at = space(text, open + 1);
  if (text[at] === "}") return at + 1;
  for (;;) {
    if (text[at] !== '"') throw new Stop(at, "a name in double quotes is expected here");
    const end = string(text, at);
    const name = JSON.parse(text.slice(at, end)) as string;
    if (names.has(name)) throw new Stop(at, `the name ${JSON.stringify(name)} is there twice`);
    names.add(name);
    at = space(text, end);
    if (text[at] !== ":") throw new Stop(at, "a ':' is expected here");
    at = space(text, value(text, space(text, at + 1), depth + 1));
    if (text[at] === "}") return at + 1;
    at = comma(text, at, "}");
  }
}

function comma(text: string, at: number, close: string): number {
  if (text[at] === undefined) throw new Stop(at, `the text ends before '${close}'`);
  if (text[at] !== ",") throw new Stop(at, `a ',' or '${close}' is expected here`);
  const next = space(text, at + 1);
  if (text[next] === close) throw new Stop(at, `there is a ',' before '${close}'`);
  return next;
}

function string(text: string, at: number): number {
  const end = match(STRING, text, at);
  if (end === undefined)
    throw new Stop(at, "this text in quotes is not ended, or holds a bare line break or wrong escape");
  return end;
}

function atom(text: string, at: number): number {
  for (const word of ["true", "false", "null"]) if (text.startsWith(word, at)) return at + word.length;
  const end = match(NUMBER, text, at);
  if (end !== undefined) return end;
  const hint = text[at] === "'" ? "; JSON uses double quotes" : text[at] === "/" ? "; JSON has no comments" : "";
  throw new Stop(at, `a value is expected here${hint}`);
}

const space = (text: string, at: number): number => match(SPACE, text, at) ?? at;

function match(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
