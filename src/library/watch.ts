/**
 * Tells when agent files come, change or go, so that a process that lives long need not be started again. Nothing here
 * keeps a process alive.
 *
 * F1. A burst of changes is told once, when it is quiet, and at the latest after `MOST_QUIET`.
 * F2. Folders are watched up to `MOST_FOLDERS`; where there are more, or where the system watches none, times of
 *     change are looked at instead.
 */
import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { filesBelow } from "./walk.ts";

export interface Watching {
  close(): void;
}
export interface WatchOptions {
  /** Milliseconds of quiet before a change is told. Default 100. */
  readonly quiet?: number;
  /** Milliseconds between looks where nothing can be watched. Default 2,000. */
  readonly look?: number;
  /** Folders watched at most. Default 500. */
  readonly most?: number;
}

const MOST_QUIET = 1000;
const MOST_FOLDERS = 500;

/** Files and folders by path, there or not yet there. `tell` is called for changes in any of them. */
export function watchPaths(paths: readonly string[], tell: () => void, options: WatchOptions = {}): Watching {
  return new Watcher(paths, tell, options);
}

class Watcher implements Watching {
  readonly #paths: readonly string[];
  readonly #tell: () => void;
  readonly #options: WatchOptions;
  readonly #watched = new Map<string, { readonly watcher: FSWatcher; readonly as: string }>();
  #timer: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  #since: number | undefined;
  #seen = "";
  #isClosed = false;

  constructor(paths: readonly string[], tell: () => void, options: WatchOptions) {
    this.#paths = paths.map((path) => resolve(path));
    this.#tell = tell;
    this.#options = options;
    this.#watch();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#looking);
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  /** As things lie now: folders that have come are watched too. */
  #watch(): void {
    if (this.#isClosed || this.#looking) return;
    const wanted = foldersOf(this.#paths);
    if (wanted.size > (this.#options.most ?? MOST_FOLDERS)) return this.#look();
    for (const [folder, { watcher }] of this.#watched) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#watched.delete(folder);
    }
    for (const [folder, only] of wanted) {
      const known = this.#watched.get(folder);
      try {
        // A folder that was deleted and made again is another one to the system.
        const as = `${statSync(folder).ino} ${JSON.stringify(only && [...only])}`;
        if (known?.as === as) continue;
        known?.watcher.close();
        const watcher = watch(folder, { persistent: false }, (_, name) => {
          if (only === undefined || name === null || only.has(name)) this.#changed();
        });
        watcher.on("error", () => this.#lost());
        this.#watched.set(folder, { watcher, as });
      } catch (error) {
        this.#watched.delete(folder);
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") return this.#look();
      }
    }
  }

  /** The system gave up on a folder, and what happened in it meanwhile nobody knows. */
  #lost(): void {
    if (this.#isClosed) return;
    this.#look();
    this.#changed();
  }

  #changed(): void {
    if (this.#isClosed) return;
    const now = performance.now();
    this.#since ??= now;
    clearTimeout(this.#timer);
    const quiet = Math.min(this.#options.quiet ?? 100, Math.max(0, this.#since + MOST_QUIET - now));
    this.#timer = setTimeout(() => {
      this.#since = undefined;
      // First, so that what comes while it is told is not missed.
      this.#rewatch();
      this.#tell();
    }, quiet).unref();
  }

  #rewatch(): void {
    const before = this.#watched.size;
    this.#watch();
    // What lay in a new folder before it was watched is told with it; what came since is looked at once more.
    if (this.#watched.size > before) this.#changed();
  }

  #look(): void {
    if (this.#looking) return;
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
    this.#seen = this.#times();
    this.#looking = setInterval(() => {
      const seen = this.#times();
      if (seen === this.#seen) return;
      this.#seen = seen;
      this.#tell();
    }, this.#options.look ?? 2000).unref();
  }

  #times(): string {
    return this.#paths.flatMap((path) => filesBelow(path).files).join("\n");
  }
}

/** What to watch: every folder below a path; and above it the nearest that is there, for the one name that leads down. */
function foldersOf(paths: readonly string[]): Map<string, Set<string> | undefined> {
  const wanted = new Map<string, Set<string> | undefined>();
  for (const path of paths) {
    const { folders, isThere } = filesBelow(path);
    for (const folder of folders) wanted.set(folder, undefined);
    const [above, name] = isThere ? [dirname(path), basename(path)] : nearest(path);
    if (!wanted.has(above)) wanted.set(above, new Set([name]));
    else wanted.get(above)?.add(name);
  }
  return wanted;
}

function nearest(path: string): readonly [folder: string, name: string] {
  const above = dirname(path);
  if (above === path || filesBelow(above, 0).isThere) return [above, basename(path)];
  return nearest(above);
}
