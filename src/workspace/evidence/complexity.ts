/** Functions and files that nobody can hold in his head: by length and by depth, whatever the language. */
import type { Finding, Severity } from "../../domain/evidence.ts";
import type { Snapshot, SourceFile } from "./snapshot.ts";

const LIMITS = { function: 120, hugeFunction: 300, file: 1200, hugeFile: 3000, depth: 6 } as const;
const INDENTED = /\.py$/i;
const BRACED = /\.(?:[cm]?[jt]sx?|php|go|rs|java|kt|swift|cs|c|cc|cpp|scala)$/i;

interface Block {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly depth: number;
}

export function complexity({ files }: Snapshot): Finding[] {
  return [...files.values()].flatMap((file) => (file.isCode && !file.isMade ? ofFile(file) : []));
}

function ofFile(file: SourceFile): Finding[] {
  const { path, lineCount } = file;
  const found: Finding[] = [];
  const add = (severity: Severity, line: number, text: string) =>
    found.push({ collector: "complexity", severity, path, line, text });
  if (lineCount > LIMITS.file)
    add(lineCount > LIMITS.hugeFile ? "medium" : "low", 1, `the file has ${lineCount} lines`);
  // What groups tests is a function too, and as long as they are many.
  if (file.isTest) return found;
  const blocks = BRACED.test(path) ? braced(file) : INDENTED.test(path) ? indented(file) : [];
  for (const { name, from, to, depth } of innermost(blocks)) {
    const lines = to - from + 1;
    if (lines > LIMITS.function)
      add(lines > LIMITS.hugeFunction ? "high" : "medium", from, `${name} has ${lines} lines`);
    if (depth > LIMITS.depth) add("low", from, `${name} is nested ${depth} deep`);
  }
  return found;
}

/** A long function is not blamed for a long one inside it. */
function innermost(blocks: readonly Block[]): readonly Block[] {
  const large = blocks.filter(({ from, to, depth }) => to - from >= LIMITS.function || depth > LIMITS.depth);
  return large.filter((one) => !large.some((other) => other !== one && other.from >= one.from && other.to <= one.to));
}

const NO_FUNCTION =
  /(?:^|[^\w.])(?:if|for|while|switch|catch|else|do|try|with|using|synchronized|match|foreach|elseif|loop|class|interface|enum|struct|namespace|module|impl|trait|record)\b[^=]*$/;
const FUNCTION =
  /\bfunction\b|=>\s*$|\b(?:fn|func|fun)\b|\)\s*(?:const\s*|noexcept\s*|override\s*)*(?:(?::|->)[^;{}=]{1,120})?(?:\s*throws\s[\w., ]+)?\s*$/;
const NAME =
  /(?:\bfunction\s*\*?\s*|\b(?:fn|fun)\s+|\bfunc\s+(?:\([^)]*\)\s*)?)([\w$]+)|(?:\b(?:const|let|var)\s+|^|[\s.])([\w$]+)\s*(?:[:=]\s*(?:async\s*)?(?:function\b)?\s*)?(?:<[^<>]*>)?\(/;
const LONGEST_HEAD = 400;

function braced(file: SourceFile): readonly Block[] {
  const { code } = file.masks;
  const open: { name: string | undefined; from: number; deepest: number; level: number }[] = [];
  const blocks: Block[] = [];
  let headAt = 0;
  let level = 0;
  for (const match of code.matchAll(/[{};]/g)) {
    const at = match.index;
    if (match[0] === "{") {
      const head = code.slice(Math.max(headAt, at - LONGEST_HEAD), at);
      const isFunction = FUNCTION.test(head.trimEnd()) && !NO_FUNCTION.test(head);
      // Literals of objects are no depth that anybody has to follow.
      const isNested = isFunction || /[)\w]\s*$/.test(head);
      if (isNested) level++;
      for (const one of open) one.deepest = Math.max(one.deepest, level - one.level);
      const start = headAt + (/^\s*/.exec(code.slice(headAt, at))?.[0].length ?? 0);
      const from = file.lineAt(Math.max(start, at - LONGEST_HEAD));
      open.push({ name: isFunction ? nameIn(head) : undefined, from, deepest: 0, level: isNested ? level : -level });
    } else if (match[0] === "}") {
      const one = open.pop();
      if (one && one.level > 0) level--;
      if (one?.name !== undefined)
        blocks.push({ name: one.name, from: one.from, to: file.lineAt(at), depth: one.deepest });
    }
    headAt = at + 1;
  }
  return blocks;
}

function nameIn(head: string): string {
  const [, byWord, byPlace] = NAME.exec(head) ?? [];
  const name = byWord ?? byPlace;
  return name === undefined ? "a function without a name" : `function ${name}`;
}

const TAB = 8;

function indented(file: SourceFile): readonly Block[] {
  const blocks: Block[] = [];
  const open: { name: string; from: number; indent: number; inner: number[]; deepest: number }[] = [];
  const lines = file.masks.code.split("\n");
  let last = 0;
  const close = (indent: number) => {
    for (let one = open.at(-1); one && one.indent >= indent; one = open.at(-1)) {
      blocks.push({ name: one.name, from: one.from, to: last, depth: one.deepest });
      open.pop();
    }
  };
  for (const [i, line] of lines.entries()) {
    const body = line.trimStart();
    if (body === "" || /^[)\]}]/.test(body)) continue;
    const indent = [...line.slice(0, line.length - body.length)].reduce(
      (sum, one) => sum + (one === "\t" ? TAB : 1),
      0,
    );
    close(indent);
    for (const one of open) {
      while ((one.inner.at(-1) ?? -1) >= indent) one.inner.pop();
      if (/:\s*$/.test(body)) {
        one.inner.push(indent);
        one.deepest = Math.max(one.deepest, one.inner.length);
      }
    }
    last = i + 1;
    const name = /^(?:async\s+)?def\s+(\w+)/.exec(body)?.[1];
    if (name !== undefined) open.push({ name: `function ${name}`, from: i + 1, indent, inner: [], deepest: 0 });
  }
  close(0);
  return blocks;
}
