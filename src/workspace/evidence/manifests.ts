/** What a project says it is made of, and what its lock file says that is. */
import { isRecord } from "../../domain/shape.ts";
import type { Snapshot, SourceFile } from "./snapshot.ts";

export interface Manifest {
  readonly file: SourceFile;
  readonly folder: string;
  readonly value: { readonly [field: string]: unknown };
}
/** A dependency as somebody wrote it down. */
export interface Wanted {
  readonly ecosystem: "npm" | "PyPI" | "crates.io";
  readonly name: string;
  readonly range: string;
  readonly file: SourceFile;
  readonly line: number;
  readonly isDev: boolean;
}
/** A package as a lock file has it. */
export interface Locked {
  readonly name: string;
  readonly version: string;
  readonly line: number;
  readonly license?: string;
  readonly hasScript: boolean;
  readonly isDev: boolean;
  readonly url?: string;
}

const folderOf = (path: string): string => (path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "");
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const words = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** Files of that name that are the project's own. */
export function manifestsIn({ files }: Snapshot, isIt: (name: string) => boolean): readonly SourceFile[] {
  return [...files.values()].filter(
    (file) => isIt(nameOf(file.path)) && !file.isTest && !/(^|\/)(node_modules|vendor)\//.test(file.path),
  );
}

export function packagesIn(snapshot: Snapshot): readonly Manifest[] {
  return manifestsIn(snapshot, (name) => name === "package.json").flatMap((file) => {
    const value = jsonOf(file.text);
    return isRecord(value) ? [{ file, folder: folderOf(file.path), value }] : [];
  });
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const FIELDS = ["dependencies", "devDependencies", "optionalDependencies"] as const;

export function wantedBy({ file, value }: Manifest): readonly Wanted[] {
  return FIELDS.flatMap((field) => {
    const list = value[field];
    if (!isRecord(list)) return [];
    const at = Math.max(0, file.text.indexOf(`"${field}"`));
    return Object.entries(list).flatMap(([name, range]): Wanted[] => {
      if (typeof range !== "string") return [];
      const place = file.text.indexOf(JSON.stringify(name), at + field.length + 2);
      const line = file.lineAt(place < 0 ? at : place);
      return [{ ecosystem: "npm", name, range: range.trim(), file, line, isDev: field === "devDependencies" }];
    });
  });
}

/** `name==1.2`, `name @ git+https://…`; options and other files are left alone. */
export function requirementsIn(snapshot: Snapshot): readonly Wanted[] {
  return manifestsIn(snapshot, (name) => /^requirements[\w.-]*\.(?:txt|in)$/.test(name)).flatMap((file) =>
    file.text.split("\n").flatMap((raw, i): Wanted[] => {
      const line = raw.replace(/(^|\s)#.*$/, "").trim();
      const url = /^(?:-e\s+)?((?:git\+|https?:)\S+)/.exec(line)?.[1];
      const egg = url === undefined ? undefined : (/#egg=([\w.-]+)/.exec(url)?.[1] ?? url.replace(/^.*\//, ""));
      const [, name = egg, range = url] = /^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*([^;]*)/.exec(url ? "" : line) ?? [];
      if (name === undefined || range === undefined) return [];
      const isDev = /dev|test|doc|lint/.test(nameOf(file.path));
      return [{ ecosystem: "PyPI", name: name.toLowerCase(), range: range.trim(), file, line: i + 1, isDev }];
    }),
  );
}

/** The tables of dependencies of a Cargo.toml, line by line: no more of the language is needed. */
export function cratesIn(snapshot: Snapshot): readonly Wanted[] {
  return manifestsIn(snapshot, (name) => name === "Cargo.toml").flatMap((file) => {
    let table = "";
    return file.text.split("\n").flatMap((line, i): Wanted[] => {
      const head = /^\s*\[([^\]]+)\]/.exec(line)?.[1];
      if (head !== undefined) table = head;
      if (!/(?:^|\.)(?:dev-|build-)?dependencies$/.test(table)) return [];
      const [, name, plain, fields] = /^\s*([\w-]+)\s*=\s*(?:"([^"]*)"|\{(.*)\})/.exec(line) ?? [];
      if (name === undefined) return [];
      const git = /\bgit\s*=\s*"([^"]*)"/.exec(fields ?? "")?.[1];
      const isPinned = /\brev\s*=/.test(fields ?? "");
      const range =
        plain ??
        (git ? `git+${git}${isPinned ? "#rev" : ""}` : (/\bversion\s*=\s*"([^"]*)"/.exec(fields ?? "")?.[1] ?? "path"));
      return [{ ecosystem: "crates.io", name, range, file, line: i + 1, isDev: table.includes("dev-") }];
    });
  });
}

const LOCKS = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"];

/** The lock file that a package.json is under: its own, or that of a workspace above it. */
export function lockOf({ folder }: Manifest, { paths }: Snapshot): string | undefined {
  const known = new Set(paths);
  for (let here = folder; ; here = folderOf(here)) {
    const found = LOCKS.map((name) => (here === "" ? name : `${here}/${name}`)).find((path) => known.has(path));
    if (found !== undefined || here === "") return found;
  }
}

/** By the place in the lock file, `node_modules/a`; only npm's own format is read. */
export function lockedIn(file: SourceFile): ReadonlyMap<string, Locked> {
  const value = jsonOf(file.text);
  const packages = isRecord(value) && isRecord(value["packages"]) ? value["packages"] : {};
  const found = new Map<string, Locked>();
  let at = 0;
  for (const [place, one] of Object.entries(packages)) {
    const here = file.text.indexOf(`${JSON.stringify(place)}:`, at);
    if (here >= 0) at = here;
    if (place === "" || !isRecord(one)) continue;
    const version = words(one["version"]);
    if (version === undefined || one["link"] === true) continue;
    const name = words(one["name"]) ?? place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
    const license = licenseOf(one["license"]);
    const url = words(one["resolved"]);
    found.set(place, {
      ...{ name, version, line: file.lineAt(at), hasScript: one["hasInstallScript"] === true },
      isDev: one["dev"] === true || one["devOptional"] === true,
      ...(license === undefined ? {} : { license }),
      ...(url === undefined ? {} : { url }),
    });
  }
  return found;
}

/** What the lock file believes that package.json asks for. */
export function rootOf(file: SourceFile, folder: string): { readonly [field: string]: unknown } | undefined {
  const value = jsonOf(file.text);
  const packages = isRecord(value) ? value["packages"] : undefined;
  const base = folderOf(file.path);
  const place = folder === base ? "" : folder.slice(base === "" ? 0 : base.length + 1);
  const root = isRecord(packages) ? packages[place] : undefined;
  return isRecord(root) ? root : undefined;
}

export function licenseOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (isRecord(value)) return words(value["type"]);
  if (Array.isArray(value)) return value.map(licenseOf).filter(Boolean).join(" OR ") || undefined;
  return undefined;
}
