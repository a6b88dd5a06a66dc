/** Whether what a project takes from others may be given on under its own licence. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "../../domain/evidence.ts";
import { isRecord } from "../../domain/shape.ts";
import { jsonOf, licenseOf, lockedIn, lockOf, type Manifest, manifestsIn, packagesIn, wantedBy } from "./manifests.ts";
import type { Snapshot } from "./snapshot.ts";

/** Whoever gives on a work with it must give on the whole under these terms. */
const COPYLEFT = /\b(?:A?GPL|SSPL|EUPL|OSL)\b|GNU (?:Affero )?General Public/i;

/** Of several to choose from one is enough. */
const isCopyleft = (licence: string): boolean =>
  licence.split(/\s+OR\s+|\//i).every((one) => COPYLEFT.test(one.replace(/LGPL/gi, "")));

export async function licences(snapshot: Snapshot): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const one of packagesIn(snapshot)) found.push(...(await ofPackage(one, snapshot)));
  return [...found, ...ofCrates(snapshot)];
}

async function ofPackage(one: Manifest, snapshot: Snapshot): Promise<Finding[]> {
  const own = licenseOf(one.value["license"]) ?? licenceFile(snapshot, one.folder);
  if (own === undefined || isCopyleft(own)) return [];
  const path = lockOf(one, snapshot);
  const file = path === undefined ? undefined : snapshot.files.get(path);
  const locked = file?.path.endsWith("package-lock.json") ? lockedIn(file) : new Map();
  const direct = new Set<string>();
  const found: Finding[] = [];
  const clash = (name: string, licence: string) =>
    `'${name}' is under ${licence.slice(0, 60)}, which the whole would have to be under; this project is under ${own.slice(0, 40)}`;
  for (const { name, line, isDev, file: manifest } of wantedBy(one)) {
    direct.add(name);
    if (isDev) continue;
    const licence = locked.get(`node_modules/${name}`)?.license ?? (await installed(snapshot.root, one.folder, name));
    if (licence !== undefined && isCopyleft(licence))
      found.push({ collector: "licences", severity: "high", path: manifest.path, line, text: clash(name, licence) });
  }
  for (const { name, license, line, isDev } of locked.values())
    if (file && license !== undefined && !isDev && !direct.has(name) && isCopyleft(license))
      found.push({ collector: "licences", severity: "medium", path: file.path, line, text: clash(name, license) });
  return found;
}

const LARGEST = 256 * 1024;

/** Names come out of a file of the repository: only such as are names of packages are looked for. */
async function installed(root: string, folder: string, name: string): Promise<string | undefined> {
  if (!/^(?:@[\w.-]+\/)?[\w-][\w.-]*$/.test(name)) return undefined;
  for (const base of [join(root, folder), root]) {
    const text = await readFile(join(base, "node_modules", name, "package.json"), "utf8").catch(() => undefined);
    const value = text === undefined || text.length > LARGEST ? undefined : jsonOf(text);
    if (isRecord(value)) return licenseOf(value["license"]) ?? licenseOf(value["licenses"]);
  }
  return undefined;
}

function licenceFile({ files }: Snapshot, folder: string): string | undefined {
  const name = /^(?:LICEN[CS]E|COPYING)(?:\.\w+)?$/i;
  const file = [...files.values()].find(({ path }) => {
    const inside = folder === "" ? path : path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
    return inside !== undefined && name.test(inside);
  });
  const head = file?.text.slice(0, 400).replace(/\s+/g, " ").trim();
  return head === undefined ? undefined : COPYLEFT.test(head) ? "GPL" : head.slice(0, 30);
}

/** Crates that lie in the repository itself say what they are under. */
function ofCrates(snapshot: Snapshot): Finding[] {
  const licenceIn = (text: string) => /^\s*license\s*=\s*"([^"]+)"/m.exec(text)?.[1];
  const own = manifestsIn(snapshot, (name) => name === "Cargo.toml")
    .map(({ text }) => licenceIn(text))
    .find(Boolean);
  if (own === undefined || isCopyleft(own)) return [];
  return [...snapshot.files.values()].flatMap((file): Finding[] => {
    if (!/(^|\/)vendor\/[^/]+\/Cargo\.toml$/.test(file.path)) return [];
    const licence = licenceIn(file.text);
    if (licence === undefined || !isCopyleft(licence)) return [];
    const line = file.lineWith("license") ?? 1;
    return [
      {
        collector: "licences",
        severity: "high",
        path: file.path,
        line,
        text: `it is under ${licence}; this project is under ${own}`,
      },
    ];
  });
}
