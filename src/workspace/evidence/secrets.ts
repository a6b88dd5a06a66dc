/** Keys and passwords that lie in files: formats that are well known, and values that look random beside a telling name. */
import type { Finding, Severity } from "../../domain/evidence.ts";
import { isSecretPath } from "../../domain/secret-path.ts";
import type { Snapshot, SourceFile } from "./snapshot.ts";

interface Format {
  readonly what: string;
  readonly pattern: RegExp;
  readonly severity: Severity;
}
const PRIVATE = "a private key";
const FORMATS: readonly Format[] = [
  ["an access key of AWS", /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g],
  ["a token of GitHub", /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b/g],
  ["a token of GitLab", /\bglpat-[\w-]{20,}/g],
  ["a token of Slack", /\bxox[abeprs]-[\w-]{10,}|hooks\.slack\.com\/services\/T\w+\/B\w+\/\w{16,}/g],
  ["a live key of Stripe", /\b[sr]k_live_[A-Za-z0-9]{16,}/g],
  ["a key of Google", /\bAIza[\w-]{35}\b/g],
  ["a key of Anthropic", /\bsk-ant-[\w-]{20,}/g],
  ["a key of OpenAI", /\bsk-(?:proj-)?(?!ant-)[A-Za-z0-9_-]{40,}/g],
  ["a token of npm", /\bnpm_[A-Za-z0-9]{36}\b/g],
  ["a token of PyPI", /\bpypi-AgEI[\w-]{40,}/g],
  ["a key of SendGrid", /\bSG\.[\w-]{20,24}\.[\w-]{40,46}/g],
  [PRIVATE, /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s*\n[A-Za-z0-9+/=\s]{40,}/g],
].map(([what, pattern]) => ({ what: what as string, pattern: pattern as RegExp, severity: "high" }));

const IN_URL = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"'`<>${}]{1,100}:([^\s/:@"'`<>${}]{4,100})@([\w.-]+)/gi;
const NAMED =
  /\b([\w.-]{0,40}(?:passw(?:or)?d|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)[\w-]{0,30})["']?\s{0,4}(?:[:=]|=>)\s{0,4}(["'`])([^"'`\s$<>{}()[\]\\]{12,200})\2/gi;
const IN_ENVIRONMENT =
  /^\s*(?:export\s+)?([A-Z][A-Z0-9_]*(?:KEY|SECRET|TOKEN|PASSWORD|PASSWD|PWD)[A-Z0-9_]*)\s*=\s*["']?([^\s"'#]{6,})/gm;
const STAND_IN =
  /example|sample|placeholder|change[-_]?me|your[-_]|xxx|\*\*\*|dummy|fake|redacted|todo|insert|test|secret[-_]?here|0{6}|12345|abcdef|password/i;

/** Bits a character: words have few, random keys many. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const one of text) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}

function isRandom(value: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/].filter((kind) => kind.test(value)).length;
  if (STAND_IN.test(value) || kinds < 2 || !/\d/.test(value)) return false;
  // Names of things are written with words between their signs.
  if (/^[a-z]+(?:[-_./:][a-z0-9]{1,12})+$/i.test(value) && !/\d{3}|\d[a-z]\d/i.test(value)) return false;
  return entropy(value) >= 3.3;
}

/** Enough to find it again, and never enough to use it. */
const hidden = (value: string): string => `${value.slice(0, 4)}… (${value.length} characters)`;

export function secretScan({ files }: Snapshot): Finding[] {
  return [...files.values()].flatMap((file) => [...ofFile(file), ...ofEnvironment(file)]);
}

function ofFile(file: SourceFile): Finding[] {
  if (file.isLock || file.path.endsWith(".map") || file.path.endsWith(".snap")) return [];
  const { text, path, isTest } = file;
  const found = new Map<number, Finding>();
  const add = (index: number, severity: Severity, what: string) => {
    const line = file.lineAt(index);
    if (!found.has(line)) found.set(line, { collector: "secret-scan", severity, path, line, text: what });
  };
  for (const { what, pattern, severity } of FORMATS)
    for (const match of text.matchAll(pattern)) {
      const [value] = match;
      if (STAND_IN.test(value.replace(/^sk-|^npm_/, "")) || (what !== PRIVATE && entropy(value) < 3)) continue;
      const shown = what === PRIVATE ? "it must not lie in a repository" : hidden(value);
      add(match.index, isTest ? "medium" : severity, `it looks like ${what}: ${shown}`);
    }
  if (isTest || /\.(?:md|txt|rst|html?)$/i.test(path)) return [...found.values()];
  for (const match of text.matchAll(IN_URL)) {
    const [, password = "", host = ""] = match;
    const isNear = /^(?:localhost|127\.|0\.0\.0\.0|db|postgres|mysql|redis|mongo|rabbitmq)\b/i.test(host);
    if (isNear || STAND_IN.test(password) || /^(?:pass|user|root|admin|postgres)\w{0,4}$/i.test(password)) continue;
    add(match.index, "high", `an address of ${host} with a password in it: ${hidden(password)}`);
  }
  for (const match of text.matchAll(NAMED)) {
    const [, name = "", , value = ""] = match;
    if (!isRandom(value) || /^(?:https?|file|data|arn|urn):/i.test(value)) continue;
    add(match.index, "high", `'${name}' is given a value that looks like a real secret: ${hidden(value)}`);
  }
  return [...found.values()];
}

const ENVIRONMENT = /(^|\/)\.env(\.[\w.-]+)?$/i;

/** A file of secrets that git does not ignore is in the repository, or will be with the next commit. */
function ofEnvironment(file: SourceFile): Finding[] {
  if (!ENVIRONMENT.test(file.path) || !isSecretPath(file.path) || file.isTest) return [];
  const first = [...file.text.matchAll(IN_ENVIRONMENT)].find(([, , value = ""]) => !/^(?:true|false|\d+)$/.test(value));
  const line = first ? file.lineAt(first.index + (/^\s*/.exec(first[0])?.[0].length ?? 0)) : 1;
  const names = first ? `, with a value for ${first[1]}` : "";
  const text = `a file of settings for one machine is not ignored by git${names}: remove it, ignore it, and replace its secrets`;
  return [{ collector: "secret-scan", severity: first ? "high" : "low", path: file.path, line, text }];
}
