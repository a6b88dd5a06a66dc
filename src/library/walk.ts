/** What lies below a path, by name and time of change; links are not followed. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

export interface Below {
  readonly isThere: boolean;
  readonly folders: readonly string[];
  /** Each with its size and time of change. */
  readonly files: readonly string[];
}
const MOST = 20_000;

/** With `depth` 0 only whether it is there. */
export function filesBelow(path: string, depth = Number.POSITIVE_INFINITY): Below {
  const stat = statOf(path);
  const folders: string[] = [];
  const files: string[] = [];
  if (stat === undefined) return { isThere: false, folders, files };
  if (!stat.isDirectory()) return { isThere: true, folders, files: [stamp(path, stat)] };
  const below = depth > 0 ? [path] : [];
  for (let here = below.pop(); here !== undefined && folders.length + files.length < MOST; here = below.pop()) {
    folders.push(here);
    for (const entry of entriesOf(here)) {
      const found = join(here, entry.name);
      if (entry.isDirectory()) below.push(found);
      else if (entry.isFile()) {
        const own = statOf(found);
        if (own && files.length < MOST) files.push(stamp(found, own));
      }
    }
  }
  return { isThere: true, folders, files };
}

const stamp = (path: string, { size, mtimeMs }: { readonly size: number; readonly mtimeMs: number }) =>
  `${path} ${size} ${mtimeMs}`;

/** It may go while it is looked at, or not be ours to look at. */
function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
