/**
 * The text files of a repository at one moment, for programs that look at them. Nothing outside the repository is
 * read, nothing waits, and what was left out is known.
 */
import { isUtf8 } from "node:buffer";
import { constants } from "node:fs";
import { lstat, open, realpath } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { byCodeUnit, sha256 } from "../../domain/json.ts";
import { listFiles } from "../listing.ts";
import { type Masks, masksOf } from "./masks.ts";

const SNAPSHOT_LIMITS = { files: 5000, file: 512 * 1024, lock: 8 * 1024 * 1024, all: 64 * 1024 * 1024 } as const;
/** Files that are read at once. */
const ABREAST = 32;

const LOCK =
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|Cargo\.lock|poetry\.lock|uv\.lock)$/;
const TEST =
  /(^|\/)(tests?|__tests__|spec|e2e|fixtures?|__mocks__|testdata)\/|[._-](test|spec)\.\w+$|(^|\/)test_[^/]*\.py$|_test\.(py|go)$/i;
const MADE =
  /(^|\/)(dist|build|out|_?vendor|third_party|node_modules|coverage|\.next)\/|\.min\.(js|css)$|\.(map|snap|svg)$/;
const MADE_MARK = /@generated|code generated .*do not edit|automatically generated/i;

const CODE = /\.(?:[cm]?[jt]sx?|py|rb|php|go|rs|java|kt|swift|cs|c|h|cc|cpp|hpp|scala|vue|svelte|sh)$/i;

export class SourceFile {
  readonly path: string;
  readonly text: string;
  readonly bytes: number;
  #masks: Masks | undefined;
  #starts: number[] | undefined;

  constructor(path: string, text: string, bytes: number) {
    this.path = path;
    this.text = text;
    this.bytes = bytes;
  }

  get extension(): string {
    return extname(this.path).toLowerCase();
  }

  get isLock(): boolean {
    return LOCK.test(this.path);
  }

  get isTest(): boolean {
    return TEST.test(this.path);
  }

  /** Written by a program, or by somebody else. */
  get isMade(): boolean {
    return this.isLock || MADE.test(this.path) || MADE_MARK.test(this.text.slice(0, 400));
  }

  get isCode(): boolean {
    return CODE.test(this.path);
  }

  /** Its code without comments and without what stands in strings, and the like. */
  get masks(): Masks {
    this.#masks ??= masksOf(this.text, this.extension);
    return this.#masks;
  }

  /** From 1. */
  lineAt(index: number): number {
    const starts = this.#lines();
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  get lineCount(): number {
    return this.#lines().length;
  }

  /** The line where a text first stands, if it does. */
  lineWith(text: string): number | undefined {
    const at = this.text.indexOf(text);
    return at < 0 ? undefined : this.lineAt(at);
  }

  #lines(): readonly number[] {
    if (!this.#starts) {
      const found = [0];
      for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) found.push(at + 1);
      this.#starts = found;
    }
    return this.#starts;
  }
}

export interface Snapshot {
  readonly root: string;
  readonly paths: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
  readonly files: ReadonlyMap<string, SourceFile>;
  readonly leftOut: readonly string[];
}
export interface Seen {
  readonly root: string;
  readonly paths: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
  readonly leftOut: readonly string[];
  /** The same: nothing has changed. */
  readonly key: string;
}

/** What there is, without having read it. */
export async function see(folder: string): Promise<Seen> {
  const root = await realpath(folder);
  const { paths, fault } = await listFiles(root);
  const chosen = [...paths].sort(byCodeUnit).slice(0, SNAPSHOT_LIMITS.files);
  const sizes = new Map<string, number>();
  const marks: string[] = [];
  await abreast(chosen, async (path) => {
    const stat = await lstat(join(root, path)).catch(() => undefined);
    if (!stat?.isFile()) return;
    sizes.set(path, stat.size);
    marks.push(`${path}:${stat.size}:${stat.mtimeMs}:${stat.ino}`);
  });
  const leftOut = [
    ...(fault === undefined ? [] : [fault]),
    ...(paths.length > chosen.length
      ? [`only the first ${chosen.length} of ${paths.length} files were looked at`]
      : []),
  ];
  const known = chosen.filter((path) => sizes.has(path));
  return { root, paths: known, sizes, leftOut, key: sha256(marks.sort(byCodeUnit).join("\n")) };
}

export const unread = (seen: Seen): Snapshot => ({ ...seen, files: new Map() });

export async function snapshot({ root, paths, sizes, leftOut }: Seen): Promise<Snapshot> {
  const files = new Map<string, SourceFile>();
  const wanted: string[] = [];
  let all = 0;
  let isCut = false;
  for (const path of paths) {
    const size = sizes.get(path) ?? 0;
    if (size > (LOCK.test(path) ? SNAPSHOT_LIMITS.lock : SNAPSHOT_LIMITS.file)) continue;
    isCut = all + size > SNAPSHOT_LIMITS.all;
    if (isCut) break;
    all += size;
    wanted.push(path);
  }
  await abreast(wanted, async (path) => {
    const file = await readOne(root, path).catch(() => undefined);
    if (file) files.set(path, file);
  });
  const cut = isCut ? [`only the first ${SNAPSHOT_LIMITS.all} bytes were looked at`] : [];
  const inOrder = new Map(paths.flatMap((path) => (files.has(path) ? [[path, files.get(path) as SourceFile]] : [])));
  return { root, paths, sizes, files: inOrder, leftOut: [...leftOut, ...cut] };
}

/** A folder above it may be a link: where it really lies decides. */
async function readOne(root: string, path: string): Promise<SourceFile | undefined> {
  const place = join(root, path);
  if ((await realpath(dirname(place))) !== dirname(place)) return undefined;
  const file = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) return undefined;
    const bytes = await file.readFile();
    if (bytes.length > SNAPSHOT_LIMITS.lock || bytes.includes(0) || !isUtf8(bytes)) return undefined;
    return new SourceFile(path, bytes.toString("utf8"), bytes.length);
  } finally {
    await file.close();
  }
}

async function abreast<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const rest = all.values();
  const worker = async () => {
    for (const one of rest) await work(one);
  };
  await Promise.all(Array.from({ length: ABREAST }, worker));
}
