/** What its authors know to be unfinished. What concerns security is a finding; of the rest it is said how much there is. */
import type { Finding } from "../../domain/evidence.ts";
import type { Snapshot } from "./snapshot.ts";

const MARK = /\b(TODO|FIXME|HACK|XXX)\b[:\s(]([^\n]{0,200})/g;
const GRAVE =
  /\b(auth\w*|passw\w*|secret\w*|tokens?|permission\w*|sanitiz\w*|sanitis\w*|escap\w*|inject\w*|csrf|xss|ssrf|encrypt\w*|unsafe|insecure|security|credential\w*|login|admin|tls|ssl|cert\w*|signature|rate.?limit|vulnerab\w*|hash(?:ed|ing)?|privilege\w*)\b/i;

export function todo({ files }: Snapshot): Finding[] {
  const found: Finding[] = [];
  let rest = 0;
  let first: { readonly path: string; readonly line: number } | undefined;
  for (const file of files.values()) {
    if (file.isMade || !file.isCode) continue;
    for (const match of file.masks.comments.matchAll(MARK)) {
      const [, mark = "", words = ""] = match;
      const line = file.lineAt(match.index);
      if (GRAVE.test(words)) {
        const text = `left open, and it concerns security: ${mark} ${words.replace(/\*\/.*$/, "").trim()}`;
        found.push({ collector: "todo", severity: "medium", path: file.path, line, text });
      } else {
        rest++;
        first ??= { path: file.path, line };
      }
    }
  }
  if (first)
    found.push({
      collector: "todo",
      severity: "info",
      ...first,
      text:
        rest === 1 ? "one place is marked as unfinished" : `${rest} places are marked as unfinished, this is the first`,
    });
  return found;
}
