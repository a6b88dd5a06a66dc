/** Tests that cannot fail, seen without running them: left out, focused on others' cost, or without a claim. */
import type { Finding, Severity } from "../../domain/evidence.ts";
import type { Snapshot, SourceFile } from "./snapshot.ts";

const SCRIPT = /\.[cm]?[jt]sx?$/i;
const MARKS: readonly {
  readonly in: RegExp;
  readonly pattern: RegExp;
  readonly severity: Severity;
  readonly text: string;
}[] = [
  {
    in: SCRIPT,
    pattern: /(?<![\w.$])(?:it|test|describe|suite)\.only\s*\(/g,
    severity: "high",
    text: "only this test runs: it is focused, and the others are left out",
  },
  {
    in: SCRIPT,
    pattern: /(?<![\w.$])(?:(?:it|test|describe|suite)\.skip|x(?:it|test|describe))\s*\(/g,
    severity: "medium",
    text: "the test is left out",
  },
  {
    in: /\.py$/i,
    pattern: /@(?:pytest\.mark|unittest)\.skip\b(?!\w)/g,
    severity: "medium",
    text: "the test is left out",
  },
  { in: /\.rs$/i, pattern: /#\[ignore\b/g, severity: "medium", text: "the test is left out" },
  { in: /_test\.go$/i, pattern: /\bt\.Skip\(/g, severity: "medium", text: "the test is left out" },
];
const BEGINNING = /(?<![\w.$])(?:it|test)\s*\(\s*["'`]/g;
const CLAIM =
  /\b(?:expect\w*|assert\w*|should|verify\w*|check\w*|t\.\w+|rejects|throws|ok|equal|deepEqual|match\w*|fail|snapshot)\b/i;

export function brokenTests({ files }: Snapshot): Finding[] {
  return [...files.values()].flatMap((file) => (file.isTest && file.isCode && !file.isMade ? ofFile(file) : []));
}

function ofFile(file: SourceFile): Finding[] {
  const { path } = file;
  const found: Finding[] = [];
  const add = (index: number, severity: Severity, text: string) =>
    found.push({ collector: "test-run", severity, path, line: file.lineAt(index), text });
  for (const { in: where, pattern, severity, text } of MARKS)
    if (where.test(path)) for (const match of file.masks.code.matchAll(pattern)) add(match.index, severity, text);
  if (!SCRIPT.test(path) || !/\.(test|spec)\.|(^|\/)(tests?|__tests__)\//i.test(path)) return found;
  const { code } = file.masks;
  const empty = [...code.matchAll(BEGINNING)].filter((match) => {
    const body = callAt(code, match.index + match[0].indexOf("("));
    // A claim may stand in a function that the test calls: only what calls hardly anything is said to have none.
    if (body === undefined || CLAIM.test(body) || (body.match(/[\w$]\s*\(/g) ?? []).length > 3) return false;
    return /\{[\s\S]*\}/.test(body);
  });
  const [first] = empty;
  const more = empty.length > 1 ? `, and ${empty.length - 1} more of this file` : "";
  if (first) add(first.index, "low", `the test claims nothing, so it can hardly fail${more}`);
  return found;
}

const LONGEST = 20_000;

/** From a bracket to the one that closes it. */
function callAt(code: string, from: number): string | undefined {
  let depth = 0;
  for (let at = from; at < Math.min(code.length, from + LONGEST); at++) {
    if (code[at] === "(") depth++;
    else if (code[at] === ")" && --depth === 0) return code.slice(from, at + 1);
  }
  return undefined;
}
