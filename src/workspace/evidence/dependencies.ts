/** What a project takes from others, judged without asking anybody: what floats, what is known to be bad, what is not locked. */
import type { Finding, Severity } from "../../domain/evidence.ts";
import { isRecord } from "../../domain/shape.ts";
import { knownBad } from "./known-bad.ts";
import {
  cratesIn,
  type Locked,
  lockedIn,
  lockOf,
  type Manifest,
  packagesIn,
  requirementsIn,
  rootOf,
  type Wanted,
  wantedBy,
} from "./manifests.ts";
import type { Snapshot, SourceFile } from "./snapshot.ts";

const found = (file: SourceFile, line: number, severity: Severity, text: string): Finding => ({
  ...{ collector: "dependency-audit", severity, path: file.path, line, text },
});

export function dependencyAudit(snapshot: Snapshot): Finding[] {
  const packages = packagesIn(snapshot);
  const locks = new Map<string, ReadonlyMap<string, Locked>>();
  const lockAt = (path: string | undefined): ReadonlyMap<string, Locked> => {
    const file = path === undefined ? undefined : snapshot.files.get(path);
    if (!file || !/(?:package-lock|shrinkwrap)\.json$/.test(file.path)) return new Map();
    if (!locks.has(file.path)) locks.set(file.path, lockedIn(file));
    return locks.get(file.path) ?? new Map();
  };
  return [
    ...packages.flatMap((one) => ofPackage(one, snapshot, lockAt)),
    ...[...requirementsIn(snapshot), ...cratesIn(snapshot)].flatMap(ofOther),
    ...[...locks].flatMap(([path, locked]) => ofLock(snapshot.files.get(path), locked)),
  ];
}

function ofPackage(
  one: Manifest,
  snapshot: Snapshot,
  lockAt: (path: string | undefined) => ReadonlyMap<string, Locked>,
): Finding[] {
  const wanted = wantedBy(one);
  const lock = lockOf(one, snapshot);
  const locked = lockAt(lock);
  const all = wanted.flatMap((each) => ofWanted(each, locked.get(`node_modules/${each.name}`)));
  if (lock === undefined && wanted.length > 0)
    all.push(found(one.file, 1, "medium", "there is no lock file: each installation may bring other versions"));
  const lockFile = lock === undefined ? undefined : snapshot.files.get(lock);
  if (lockFile && locked.size > 0) all.push(...outOfStep(one, lockFile, wanted));
  return [...all, ...ownScripts(one)];
}

function ofWanted({ ecosystem, name, range, file, line, isDev }: Wanted, locked: Locked | undefined): Finding[] {
  const all: Finding[] = [];
  const where = /^(?:git\+|git:|github:|gitlab:|bitbucket:|https?:|[\w-]+\/[\w.-]+(?:#|$))/.test(range);
  if (/^http:/.test(range)) all.push(found(file, line, "high", `'${name}' comes over http, unprotected`));
  else if (where && !/#[0-9a-f]{7,40}$|#rev$/.test(range))
    all.push(found(file, line, "medium", `'${name}' comes from ${range.slice(0, 80)}, which names no fixed commit`));
  else if (isFloating(range))
    all.push(found(file, line, "medium", `'${name}' floats: '${range || "any"}' takes whatever is newest`));
  const version = locked?.version ?? /^[\^~=v\s]*(\d+(?:\.\d+)*)/.exec(range)?.[1];
  // What a lock file has is named there too, but here is where it is mended.
  const bad = version === undefined ? undefined : knownBad(ecosystem, name, version);
  if (bad !== undefined)
    all.push(found(file, line, isDev ? "medium" : "high", `'${name}' ${version} is known to be bad: ${bad}`));
  return all;
}

function isFloating(range: string): boolean {
  if (/^(?:workspace|file|link|npm|catalog|portal|patch):|^path$/.test(range)) return false;
  return range === "" || /^(?:\*|x|latest|next)$/i.test(range) || (/^>=?\s*\d/.test(range) && !/</.test(range));
}

function ofOther(one: Wanted): Finding[] {
  if (one.ecosystem !== "PyPI") return ofWanted(one, undefined);
  const { name, range, file, line } = one;
  if (/^(?:git\+|https?:)/.test(range) || range.startsWith("@"))
    return ofWanted(
      { ...one, range: range.replace(/^@\s*/, "").replace(/@([0-9a-f]{7,40})(?:#.*)?$/, "#$1") },
      undefined,
    );
  const version = /^==\s*(\d[\w.]*)/.exec(range)?.[1];
  if (version === undefined)
    return /[<~]|===/.test(range)
      ? []
      : [found(file, line, "medium", `'${name}' floats: '${range || "any"}' takes whatever is newest`)];
  const bad = knownBad("PyPI", name, version);
  return bad === undefined
    ? []
    : [found(file, line, one.isDev ? "medium" : "high", `'${name}' ${version} is known to be bad: ${bad}`)];
}

/** What no manifest names itself. */
function ofLock(file: SourceFile | undefined, locked: ReadonlyMap<string, Locked>): Finding[] {
  if (!file) return [];
  const all: Finding[] = [];
  const scripts: string[] = [];
  for (const [place, { name, version, line, hasScript, isDev, url }] of locked) {
    const isDirect = place === `node_modules/${name}`;
    const bad = knownBad("npm", name, version);
    if (bad !== undefined && !(isDirect && isWantedIn(file, name)))
      all.push(
        found(
          file,
          line,
          isDev ? "low" : "medium",
          `'${name}' ${version}, which another package brings, is known to be bad: ${bad}`,
        ),
      );
    if (url !== undefined && /^http:/.test(url))
      all.push(found(file, line, "high", `'${name}' comes over http, unprotected`));
    if (hasScript) scripts.push(name);
  }
  if (scripts.length > 0)
    all.push(
      found(
        file,
        1,
        "info",
        `${scripts.length} packages run a script when they are installed: ${scripts.slice(0, 8).join(", ")}`,
      ),
    );
  return all;
}

function isWantedIn(lock: SourceFile, name: string): boolean {
  const root = rootOf(lock, lock.path.includes("/") ? lock.path.slice(0, lock.path.lastIndexOf("/")) : "");
  return ["dependencies", "devDependencies", "optionalDependencies"].some((field) => {
    const list = root?.[field];
    return isRecord(list) && Object.hasOwn(list, name);
  });
}

function outOfStep({ folder }: Manifest, lock: SourceFile, wanted: readonly Wanted[]): Finding[] {
  const root = rootOf(lock, folder);
  if (!root) return [];
  const fields = ["dependencies", "devDependencies", "optionalDependencies"].map((field) => root[field]);
  const listed = new Map(fields.flatMap((list) => (isRecord(list) ? Object.entries(list) : [])));
  return wanted.flatMap(({ name, range, file, line }) =>
    listed.get(name) === range
      ? []
      : [
          found(
            file,
            line,
            "medium",
            `the lock file ${lock.path} is out of step: it has ${listed.has(name) ? `'${String(listed.get(name))}'` : "nothing"} for '${name}'`,
          ),
        ],
  );
}

const REACHES_OUT = /\bcurl\b|\bwget\b|https?:|base64|\beval\b|\bnode\s+-e\b/;

function ownScripts({ file, value }: Manifest): Finding[] {
  const scripts = isRecord(value["scripts"]) ? value["scripts"] : {};
  return ["preinstall", "install", "postinstall"].flatMap((name) => {
    const script = scripts[name];
    if (typeof script !== "string" || !REACHES_OUT.test(script)) return [];
    return [
      found(
        file,
        file.lineWith(`"${name}"`) ?? 1,
        "medium",
        `the script '${name}' fetches or makes code when it is installed`,
      ),
    ];
  });
}
