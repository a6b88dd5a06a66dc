/** How much is shipped to everybody, and what large things lie in the repository. */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "../../domain/evidence.ts";
import type { Snapshot } from "./snapshot.ts";

/** What builds leave behind; git ignores it, so it is looked for. */
const BUILT = ["dist", "build", "out", "public/build", ".next/static", "www"];
const LIMITS = { script: 1024 * 1024, committed: 5 * 1024 * 1024, files: 2000, named: 5 } as const;

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} KB`;

export async function bundleSize({ root, sizes }: Snapshot): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const folder of BUILT) {
    const built = await filesBelow(root, folder);
    const shipped = built.filter(({ path }) => /\.(?:m?js|css|wasm)$/.test(path)).sort((a, b) => b.bytes - a.bytes);
    if (shipped.length === 0) continue;
    const all = shipped.reduce((sum, { bytes }) => sum + bytes, 0);
    const largest = shipped.slice(0, LIMITS.named).map(({ path, bytes }) => `${path} ${kilobytes(bytes)}`);
    const text = `${shipped.length} scripts and styles, ${kilobytes(all)} before compression; ${largest.join(", ")}`;
    found.push({ collector: "bundle-size", severity: "info", path: folder, text });
    for (const { path, bytes } of shipped.slice(0, LIMITS.named))
      if (bytes > LIMITS.script)
        found.push({
          collector: "bundle-size",
          severity: "low",
          path,
          text: `it has ${kilobytes(bytes)}: everybody loads it`,
        });
  }
  for (const [path, bytes] of sizes)
    if (bytes > LIMITS.committed)
      found.push({
        collector: "bundle-size",
        severity: "low",
        path,
        text: `it has ${kilobytes(bytes)} and lies in the repository`,
      });
  return found;
}

interface Sized {
  readonly path: string;
  readonly bytes: number;
}

/** Links are not followed. */
async function filesBelow(root: string, folder: string, found: Sized[] = [], depth = 0): Promise<readonly Sized[]> {
  if (depth > 8 || !(await lstat(join(root, folder)).catch(() => undefined))?.isDirectory()) return found;
  for (const entry of await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])) {
    if (found.length >= LIMITS.files) break;
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) await filesBelow(root, path, found, depth + 1);
    else if (entry.isFile()) found.push({ path, bytes: (await lstat(join(root, path))).size });
  }
  return found;
}
