/**
 * What a repository says to every agent that works in it: AGENTS.md, or CLAUDE.md where there is none. Like its agents
 * it counts only as it was when somebody saw it and said yes.
 *
 * U1. The nearest file above what a task reads is taken, never one outside the repository, and never through a link.
 * U2. What is shown is the text that was hashed, up to `GUIDE_LIMIT` bytes; a cut says so.
 */
import { lstatSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { byCodeUnit, sha256 } from "../domain/json.ts";
import type { Guidance, Guide, GuideLeftOut } from "../domain/ports.ts";
import { readPlain } from "./plain-file.ts";

const NAMES = ["AGENTS.md", "CLAUDE.md"] as const;
/** Bytes that are shown of one. */
const GUIDE_LIMIT = 32 * 1024;
/** Bytes of one that is read at all. */
const LARGEST = 1024 * 1024;
/** Sets of globs whose folder is kept. */
const MOST_KNOWN = 1000;
const [MOST_GUIDES, MOST_ENTRIES] = [200, 50_000];
const PASSED_OVER = new Set([".git", "node_modules", "dist", "vendor", "target"]);

/** Hashes by path. */
export type GuideHashes = { readonly [path: string]: string };

/** All of a repository, to be shown to a person; bounded, because nobody reads more. */
export function guidesIn(repository: string): GuideHashes {
  const root = realpathSync(repository);
  const found: string[] = [];
  const below = [root];
  let seen = 0;
  for (let here = below.shift(); here !== undefined && seen < MOST_ENTRIES; here = below.shift()) {
    for (const entry of entriesOf(here)) {
      seen++;
      if (entry.isDirectory() && !PASSED_OVER.has(entry.name)) below.push(join(here, entry.name));
      else if (entry.isFile() && NAMES.some((name) => name === entry.name)) found.push(join(here, entry.name));
    }
  }
  const hashes = found.slice(0, MOST_GUIDES).flatMap((file) => {
    const read = readPlain(file, LARGEST);
    return "text" in read ? [[pathOf(root, file), sha256(read.text)] as const] : [];
  });
  return Object.fromEntries(hashes.sort(([a], [b]) => byCodeUnit(a, b)));
}

/** As things lie when a folder is first asked about: the attempts of one run are shown the same. */
export class RepositoryGuidance implements Guidance {
  readonly #root: string | undefined;
  readonly #trusted: GuideHashes;
  readonly #known = new Map<string, Guide | GuideLeftOut | undefined>();
  /** Where globs lead, which a forecast asks thousands of times. */
  readonly #folders = new Map<string, string>();

  /** `trusted`: of the repository by its real path. */
  constructor(repository: string, trusted: (root: string) => GuideHashes) {
    this.#root = realOf(repository);
    this.#trusted = this.#root === undefined ? {} : trusted(this.#root);
  }

  at(reads: readonly string[]): Guide | GuideLeftOut | undefined {
    const root = this.#root;
    if (root === undefined) return undefined;
    const key = reads.join("\n");
    const folder = this.#folders.get(key) ?? folderOf(root, reads);
    if (this.#folders.size < MOST_KNOWN) this.#folders.set(key, folder);
    if (!this.#known.has(folder)) this.#known.set(folder, guideAt(root, folder, this.#trusted));
    return this.#known.get(folder);
  }

  for(reads: readonly string[]): Promise<Guide | GuideLeftOut | undefined> {
    return Promise.resolve(this.at(reads));
  }
}

function guideAt(root: string, folder: string, trusted: GuideHashes): Guide | GuideLeftOut | undefined {
  const file = nearest(root, folder);
  if (file === undefined) return undefined;
  const path = pathOf(root, file);
  const read = readPlain(file, LARGEST);
  if ("why" in read) return { path, why: read.why };
  const hash = sha256(read.text);
  if (trusted[path] !== hash) {
    const why = Object.hasOwn(trusted, path) ? "it changed since it was trusted" : "it is not trusted";
    return { path, why: `${why}: tutti trust` };
  }
  const bytes = Buffer.byteLength(read.text);
  if (bytes <= GUIDE_LIMIT) return { path, text: read.text, hash };
  // A letter that the cut would go through is left out.
  const text = new TextDecoder("utf-8").decode(Buffer.from(read.text).subarray(0, GUIDE_LIMIT)).replace(/\uFFFD$/, "");
  return { path, text: `${text}\n[… ${path} has ${bytes} bytes; the rest is not shown …]`, hash, isCut: true };
}

/** An AGENTS.md however far above comes before a CLAUDE.md. */
function nearest(root: string, folder: string): string | undefined {
  for (const name of NAMES)
    for (let here = folder; ; here = dirname(here)) {
      const file = join(here, name);
      if (lstatSync(file, { throwIfNoEntry: false })?.isFile()) return file;
      if (here === root) break;
    }
  return undefined;
}

/** The folder that all globs lie below; the repository itself where they have none in common, or lead out of it. */
function folderOf(root: string, reads: readonly string[]): string {
  const folders = reads.map((glob) => {
    const parts = glob.split("/");
    const first = parts.findIndex((part) => /[*?[\]{}!()]/.test(part));
    return parts.slice(0, first < 0 ? parts.length - 1 : first);
  });
  const [one = [], ...others] = folders;
  const until = one.findIndex((part, i) => others.some((other) => other[i] !== part));
  const folder = resolve(root, ...(until < 0 ? one : one.slice(0, until)));
  const isInside = folder === root || folder.startsWith(root + sep);
  // A folder that is a link leads to where nobody was asked about.
  return isInside && realOf(folder) === folder ? folder : root;
}

/** Where it really lies, if it is there. */
function realOf(folder: string): string | undefined {
  try {
    return realpathSync(folder);
  } catch {
    return undefined;
  }
}

const pathOf = (root: string, file: string) => relative(root, file).split(sep).join("/");

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
