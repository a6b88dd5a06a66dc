/** Constructs that are dangerous in themselves: what somebody from outside may be able to say becomes code, a query, … */
import type { Finding, Severity } from "../../domain/evidence.ts";
import type { Snapshot, SourceFile } from "./snapshot.ts";

interface Risk {
  readonly in: RegExp;
  /** `code`: what stands in strings does not count. */
  readonly of: "code" | "text";
  readonly pattern: RegExp;
  readonly severity: Severity;
  readonly text: string;
  /** Looked at beside the match: the rest of its line, and what comes right before. */
  readonly unless?: RegExp;
}

const SCRIPT = /\.(?:[cm]?[jt]sx?|vue|svelte)$/i;
const PYTHON = /\.py$/i;
const ANY = /./;
const SQL = String.raw`(?:SELECT\s[^"'\x60]{1,400}?\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s)`;
const BUILT = "a query is built out of strings; bind the values instead";

const RISKS: readonly Risk[] = [
  {
    ...{ in: SCRIPT, of: "text", severity: "high", text: BUILT },
    pattern: new RegExp(String.raw`(?<![\w)])\x60\s*${SQL}[^\x60]{0,600}?\$\{(?!\s*[A-Z][A-Z_0-9]*\s*\})`, "gi"),
  },
  {
    ...{ in: ANY, of: "text", severity: "high", text: BUILT },
    pattern: new RegExp(String.raw`["']\s*${SQL}[^"'\n]{0,300}?'?["']\s*(?:\+|\.\s*(?=\$))\s*(?!["'])[\w$(]`, "gi"),
  },
  {
    ...{ in: PYTHON, of: "text", severity: "high", text: BUILT },
    pattern: new RegExp(
      String.raw`(?:\bf["']{1,3}\s*${SQL}[^"\n]{0,300}?\{|["']\s*${SQL}[^"\n]{0,300}?["']{1,3}\s*(?:%\s*[\w(]|\.format\())`,
      "gi",
    ),
  },
  {
    ...{ in: SCRIPT, of: "code", severity: "high", text: "it runs a text as code" },
    pattern: /(?<![.\w$])(?:eval|new\s+Function)\s*\(\s*(?!["'`]\s*["'`]\s*\))(?=[^)\s])/g,
  },
  {
    ...{ in: PYTHON, of: "code", severity: "high", text: "it runs a text as code" },
    pattern: /(?<![.\w])(?:eval|exec)\s*\(\s*(?!["'])(?=[\w])/g,
  },
  {
    ...{ in: SCRIPT, of: "text", severity: "high", text: "a command for a shell is built out of strings" },
    pattern: /(?<![.\w$])(?:child_process\.|cp\.)?exec(?:Sync)?\s*\(\s*(?:`[^`]*\$\{|["'][^"'\n]*["']\s*\+)/g,
  },
  {
    ...{ in: PYTHON, of: "text", severity: "high", text: "a command for a shell is built out of strings" },
    pattern:
      /\bos\.(?:system|popen)\s*\(\s*(?:f["']|["'][^"'\n]*["']\s*[+%]|\w+\s*[+%)])|\bsubprocess\.\w+\([^)\n]*\bshell\s*=\s*True/g,
  },
  {
    ...{ in: PYTHON, of: "code", severity: "medium", text: "what it loads can run code" },
    pattern: /\bpickle\.loads?\s*\(|\byaml\.load\s*\((?![^)\n]*Safe)/g,
  },
  {
    ...{ in: ANY, of: "code", severity: "high", text: "certificates of the other side are not checked" },
    pattern:
      /\brejectUnauthorized["']?\s*[:=]\s*false|\bverify\s*=\s*False\b|\bInsecureSkipVerify\s*:\s*true|\b_create_unverified_context\b|\b(?:verify_mode|cert_reqs)\s*=\s*(?:ssl\.)?CERT_NONE\b|\bstrictSSL\s*:\s*false/g,
  },
  {
    ...{ in: ANY, of: "text", severity: "high", text: "certificates of the other side are not checked" },
    pattern:
      /NODE_TLS_REJECT_UNAUTHORIZED["'\]]{0,2}\s*[:=]\s*["']?0|\bsslVerify\s*=?\s*false|^\s*strict-ssl\s*=\s*false/gim,
  },
  {
    ...{
      in: ANY,
      of: "text",
      severity: "medium",
      text: "a hash that is broken; use SHA-256, and for passwords a slow one",
    },
    pattern:
      /\bcreateHash\(\s*["'](?:md5|sha-?1)["']|\bhashlib\.(?:md5|sha1)\s*\(|getInstance\(\s*"(?:MD5|SHA-?1)"|\b(?:md5|sha1)\.(?:New|Sum)\s*\(/gi,
    unless: /usedforsecurity\s*=\s*False|etag|checksum|cache|fingerprint|gravatar/i,
  },
  {
    ...{ in: SCRIPT, of: "code", severity: "medium", text: "what is put into the page as markup may hold a script" },
    pattern:
      /\.(?:innerHTML|outerHTML)\s*\+?=\s*(?!["'`]\s*["'`]?\s*[;\n])(?=[\w$`])|\bdangerouslySetInnerHTML\b|\bdocument\.write\s*\(\s*[\w$]/g,
    unless: /sanitiz|purify|escape/i,
  },
  {
    ...{ in: SCRIPT, of: "code", severity: "medium", text: "a secret is made with numbers that can be guessed" },
    pattern: /\b\w*(?:token|secret|password|session|nonce|otp|salt)\w*\s*[:=][^;\n]{0,80}\bMath\.random\s*\(/gi,
  },
  {
    ...{ in: PYTHON, of: "code", severity: "medium", text: "the debugger of the server lets anybody run code" },
    pattern: /\.run\([^)\n]*\bdebug\s*=\s*True/g,
  },
];

const MOST_A_FILE = 20;

export function codeRisks({ files }: Snapshot): Finding[] {
  return [...files.values()].flatMap((file) =>
    (file.isCode || /(^|\/)\.npmrc$/.test(file.path)) && !file.isMade && !file.isTest ? risksIn(file) : [],
  );
}

function risksIn(file: SourceFile): Finding[] {
  const { path } = file;
  const found = new Map<string, Finding>();
  for (const { in: where, of, pattern, severity, text, unless } of RISKS) {
    if (!where.test(path)) continue;
    const looked = file.masks[of];
    for (const match of looked.matchAll(pattern)) {
      const line = file.lineAt(match.index + (/^\s*/.exec(match[0])?.[0].length ?? 0));
      if (unless?.test(lineOf(file.text, match.index))) continue;
      const key = `${line} ${text}`;
      if (found.size < MOST_A_FILE) found.set(key, { collector: "code-risks", severity, path, line, text });
    }
  }
  return [...found.values()];
}

function lineOf(text: string, index: number): string {
  const end = text.indexOf("\n", index);
  return text.slice(text.lastIndexOf("\n", index - 1) + 1, end < 0 ? undefined : end);
}
