/**
 * Files that a filter stands between and the repository. Filters are programs, and none is run here; what Git LFS does
 * is known, so it is done by hand: the content goes to its store, and a pointer into the tree.
 */
import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { constants, mkdir, mkdtemp, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Git } from "./git.ts";

const LFS = "lfs";
const FIRST = "version https://git-lfs.github.com/spec/v1\n";
/** A pointer has no more bytes. */
const LARGEST_POINTER = 1024;

/** Of these paths, as the index of `git` has them, those that a filter is named for. */
async function filtered(git: Git, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (let i = 0; i < paths.length; i += 500) {
    const told = await git.run("check-attr", "--cached", "-z", "filter", "--", ...paths.slice(i, i + 500));
    const words = told.split("\0");
    for (let at = 0; at + 2 < words.length; at += 3) {
      const [path = "", , value = ""] = words.slice(at, at + 3);
      if (value !== "unspecified" && value !== "unset" && value !== "set") found.set(path, value);
    }
  }
  return found;
}

/** Whether any file may have a filter at all: most repositories name none. */
async function hasFilters(git: Git, at = "--cached"): Promise<boolean> {
  const places = [".gitattributes", "**/.gitattributes"];
  const where = at === "--cached" ? [at, "-e", "filter="] : ["-e", "filter=", at];
  return (await git.ask("grep", "-l", ...where, "--", ...places)).stdout.trim() !== "";
}

/** In the index of `git`, of what differs from `base`: contents of Git LFS become pointers, as its own filter would do it. */
export async function pointersFor(git: Git, base: string, { root, gitDir }: Where): Promise<void> {
  if (!(await hasFilters(git))) return;
  const told = await git.run("diff-index", "--cached", "--name-only", "-z", "--diff-filter=AMT", base);
  const changed = told.split("\0").filter((path) => path !== "");
  const large = [...(await filtered(git, changed))].flatMap(([path, filter]) => (filter === LFS ? [path] : []));
  for (const path of large) {
    const pointer = await pointerFor(join(root, path), gitDir);
    if (pointer === undefined) continue;
    const blob = await git.run("hash-object", "-w", "--no-filters", "--", pointer).finally(() => rm(pointer));
    const [mode] = (await git.run("ls-files", "--stage", "-z", "--", path)).split(" ");
    await git.run("update-index", "--cacheinfo", `${mode},${blob},${path}`);
  }
}
interface Where {
  readonly root: string;
  readonly gitDir: string;
}

/**
 * Puts the content where Git LFS looks for it, for whoever pushes later. Gives a file with the pointer to it, or nothing
 * where it is a pointer already, or no plain file.
 */
async function pointerFor(path: string, gitDir: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (file === undefined) return undefined;
  const room = join(gitDir, "lfs", "tmp");
  await mkdir(room, { recursive: true });
  const made = join(room, randomUUID());
  try {
    const { size } = await file.stat();
    const start = await file.read(Buffer.alloc(FIRST.length), 0, FIRST.length, 0);
    if (size <= LARGEST_POINTER && start.buffer.toString("latin1") === FIRST) return undefined;
    const hash = createHash("sha256");
    await pipeline(
      file.createReadStream({ start: 0, autoClose: false }),
      async function* (pieces) {
        for await (const piece of pieces) {
          hash.update(piece);
          yield piece;
        }
      },
      createWriteStream(made),
    );
    const oid = hash.digest("hex");
    const place = join(gitDir, "lfs", "objects", oid.slice(0, 2), oid.slice(2, 4), oid);
    await mkdir(dirname(place), { recursive: true });
    // Whole or not at all; one that is there already is the same.
    await rename(made, place);
    await writeFile(`${made}.pointer`, `${FIRST}oid sha256:${oid}\nsize ${(await stat(place)).size}\n`);
    return `${made}.pointer`;
  } finally {
    await file.close();
    await rm(made, { force: true });
  }
}

/** Why these commits may not go where they are to go; a filter that nobody ran would have changed what they hold. */
export async function filterFault(
  git: Git,
  onto: string,
  head: string,
  isCheckout: boolean,
): Promise<string | undefined> {
  if (!(await hasFilters(git, head))) return undefined;
  const told = await git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--diff-filter=AMT", onto, head);
  const changed = told.split("\0").filter((path) => path !== "");
  const room = await mkdtemp(join(tmpdir(), "tutti-index-"));
  try {
    const own = git.with({ GIT_INDEX_FILE: join(room, "index") });
    await own.run("read-tree", head);
    for (const [path, filter] of await filtered(own, changed)) {
      if (filter !== LFS)
        return `'${path}' goes through the filter '${filter}', which Tutti does not run: its content would be kept as it is`;
      if (isCheckout)
        return `'${path}' is kept by Git LFS, and your checkout would get its pointer instead of its content`;
    }
    return undefined;
  } finally {
    await rm(room, { recursive: true, force: true });
  }
}
