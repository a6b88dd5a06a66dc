/** What a repository is, in a few lines: so that nobody has to guess it. */
import { extname } from "node:path";
import type { Finding } from "../../domain/evidence.ts";
import { isRecord } from "../../domain/shape.ts";
import { packagesIn } from "./manifests.ts";
import type { Snapshot } from "./snapshot.ts";

const MOST = { folders: 12, languages: 8, packages: 6 } as const;

const fact = (collector: string, path: string, text: string): Finding => ({ collector, severity: "info", path, text });

export function repoMap(snapshot: Snapshot): Finding[] {
  const { files, paths } = snapshot;
  const languages = new Map<string, { files: number; lines: number }>();
  const folders = new Map<string, { files: number; lines: number }>();
  const tests = { files: 0 };
  for (const file of files.values()) {
    if (file.isMade) continue;
    if (file.isTest && file.isCode) tests.files++;
    const top = file.path.includes("/") ? file.path.slice(0, file.path.indexOf("/")) : ".";
    count(folders, top, file.lineCount);
    if (file.isCode) count(languages, extname(file.path).toLowerCase(), file.lineCount);
  }
  const found = [
    fact(
      "repo-map",
      ".",
      `${paths.length} files; ${most(languages, MOST.languages, "no code")}; ${tests.files} files of tests`,
    ),
  ];
  const large = [...folders].filter(([name]) => name !== ".").sort(([, a], [, b]) => b.lines - a.lines);
  for (const [name, { files: count, lines }] of large.slice(0, MOST.folders))
    found.push(fact("repo-map", name, `${count} files, ${lines} lines`));
  for (const { file, value } of packagesIn(snapshot).slice(0, MOST.packages)) {
    const said = ["main", "module", "bin", "exports", "types"].filter((field) => value[field] !== undefined);
    const scripts = isRecord(value["scripts"]) ? Object.keys(value["scripts"]).slice(0, 12) : [];
    const entries = said.map((field) => `${field} ${JSON.stringify(value[field]).slice(0, 80)}`);
    found.push(fact("repo-map", file.path, [...entries, `scripts ${scripts.join(", ") || "none"}`].join("; ")));
  }
  return found;
}

function count(all: Map<string, { files: number; lines: number }>, name: string, lines: number): void {
  const one = all.get(name) ?? { files: 0, lines: 0 };
  all.set(name, { files: one.files + 1, lines: one.lines + lines });
}

function most(all: ReadonlyMap<string, { files: number; lines: number }>, number: number, none: string): string {
  const sorted = [...all].sort(([, a], [, b]) => b.lines - a.lines).slice(0, number);
  return sorted.length === 0 ? none : sorted.map(([name, { lines }]) => `${name} ${lines} lines`).join(", ");
}
