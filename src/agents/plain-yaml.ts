/**
 * Front matter as nearly all agents have it: one key a line, with a scalar, a list of scalars, or a block of text. Ten
 * times as quick as the whole of YAML. It answers only where YAML says the very same; whatever is doubtful, or merely
 * seldom, gives undefined and is left to the parser: comments, anchors, tags, nested maps, folds, faults.
 */
type Plain = string | number;
type Value = Plain | readonly Plain[];

/** Tabs, odd blanks and marks of order, which YAML treats in ways of its own. */
const ODD = /[^\n\x20-\x7e\xa1-\u1fff\u2010-\u2027\u2030-\ufdff]/;
const KEY = /^([A-Za-z][\w-]{0,60}):(?: +(\S.*))?$/;
const ITEM = /^( {0,16})- +(\S.*)$/;
/** What YAML takes for more than a word, as a key too. */
const SPECIAL = /^(?:null|true|false)$/i;
const BEGINS_PLAIN = /^[A-Za-z0-9_(/$<.+^;=\xa1-\uffff]/;
/** What ends a plain scalar, or makes it a key. */
const ENDS_PLAIN = /:(?: |$)| #/;
const NUMBER = /^(?:0|[1-9]\d{0,8})(?:\.\d{1,6})?$/;
const DOUBLE = /^"(?:[^"\\]|\\["\\/n])*"$/;
const SINGLE = /^'(?:[^']|'')*'$/;
const FLOW = /^\[(?: ?[A-Za-z][\w.-]*(?: ?, ?[A-Za-z][\w.-]*)* ?)?\]$/;

export function readPlainYaml(text: string): { readonly [key: string]: Value } | undefined {
  if (ODD.test(text)) return undefined;
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const value: Record<string, Value> = {};
  for (let i = 0; i < lines.length; ) {
    const [, key, rest] = KEY.exec(lines[i] as string) ?? [];
    if (key === undefined || SPECIAL.test(key) || Object.hasOwn(value, key)) return undefined;
    i += 1;
    const found = rest === undefined ? listAt(lines, i) : blockAt(lines, i, rest);
    const one = found?.value ?? flowOf(rest ?? "") ?? scalarOf(rest ?? "");
    if (one === undefined) return undefined;
    value[key] = one;
    i += found?.lines ?? 0;
  }
  return lines.length === 0 ? undefined : value;
}

interface Found {
  readonly value: Value;
  readonly lines: number;
}

/** Items below each other; what follows them must be a key, or the caller refuses it. */
function listAt(lines: readonly string[], from: number): Found | undefined {
  const items: Plain[] = [];
  const [, margin] = ITEM.exec(lines[from] ?? "") ?? [];
  for (let i = from; i < lines.length; i++) {
    const [, blanks, rest] = ITEM.exec(lines[i] as string) ?? [];
    if (rest === undefined || blanks !== margin) break;
    const item = scalarOf(rest);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items.length === 0 ? undefined : { value: items, lines: items.length };
}

/** Text below `>-` or `|`, no line of which is empty; lines of a fold begin all at one margin. */
function blockAt(lines: readonly string[], from: number, sign: string): Found | undefined {
  if (!/^[>|]-?$/.test(sign)) return undefined;
  const [margin] = /^ +(?=\S)/.exec(lines[from] ?? "") ?? [];
  if (margin === undefined) return undefined;
  const isFolded = sign.startsWith(">");
  const found: string[] = [];
  for (let i = from; i < lines.length; i++) {
    const line = lines[i] as string;
    if (!line.startsWith(" ")) break;
    if (!line.startsWith(margin) || line.endsWith(" ")) return undefined;
    if (isFolded && line[margin.length] === " ") return undefined;
    found.push(line.slice(margin.length));
  }
  return { value: found.join(isFolded ? " " : "\n") + (sign.endsWith("-") ? "" : "\n"), lines: found.length };
}

function flowOf(text: string): readonly string[] | undefined {
  if (!FLOW.test(text)) return undefined;
  const inside = text.slice(1, -1).trim();
  const items = inside === "" ? [] : inside.split(/ ?, ?/);
  return items.some((one) => SPECIAL.test(one)) ? undefined : items;
}

function scalarOf(text: string): Plain | undefined {
  if (DOUBLE.test(text))
    return text.slice(1, -1).replace(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
  if (SINGLE.test(text)) return text.slice(1, -1).replaceAll("''", "'");
  if (NUMBER.test(text)) return Number(text);
  if (!BEGINS_PLAIN.test(text) || ENDS_PLAIN.test(text) || text.endsWith(" ")) return undefined;
  // With a blank inside it is neither a number nor anything else that YAML knows.
  return text.includes(" ") || (/^[A-Za-z]/.test(text) && !SPECIAL.test(text)) ? text : undefined;
}
