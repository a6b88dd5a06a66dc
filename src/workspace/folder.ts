/**
 * A folder as a workspace.
 *
 * G1. Where a file really lies decides, not the name that leads there: it is looked at before a file is opened and,
 *     where the system can tell, again on the open file, since a link may have been put in its place meanwhile.
 * W1. Nothing inside `.git`, at any depth and in any spelling, is read or written through here.
 */
import { isUtf8 } from "node:buffer";
import { constants, existsSync, realpathSync } from "node:fs";
import { type FileHandle, mkdir, open, readlink, realpath } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { reasonOf, TuttiError } from "../domain/error.ts";
import { isSecretPath } from "../domain/secret-path.ts";
import type { Workspace } from "../domain/workspace.ts";
import { type Listed, listFiles } from "./listing.ts";

const LARGEST_FILE = 8 * 1024 * 1024;

/** `git`: as of which repository git is asked what lies there. */
export async function folderWorkspace(folder: string, isWritable: boolean, git?: Listed): Promise<Workspace> {
  const root = await realpath(folder);
  return {
    root,
    isWritable,
    list: () => listFiles(root, git),
    read: (path) => read(root, path),
    write: async (path, text) => {
      if (!isWritable) throw refused(path, "may only be read here");
      if (Buffer.byteLength(text) > LARGEST_FILE) throw refused(path, `would have more than ${LARGEST_FILE} bytes`);
      await write(root, path, text);
    },
  };
}

async function read(root: string, path: string): Promise<string> {
  const real = await within(root, path);
  if (!existsSync(real)) throw refused(path, "does not exist");
  const file = await opened(root, path, real, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refused(path, stat.isDirectory() ? "is a folder: list it" : "is no file");
    if (stat.size > LARGEST_FILE) throw refused(path, `has ${stat.size} bytes; the limit is ${LARGEST_FILE}`);
    const bytes = await file.readFile();
    if (bytes.includes(0) || !isUtf8(bytes)) throw refused(path, "is not text");
    return bytes.toString("utf8");
  } finally {
    await file.close();
  }
}

async function write(root: string, path: string, text: string): Promise<void> {
  const real = await within(root, path);
  const folder = await folderAt(root, path, dirname(real));
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK;
  try {
    // By the open folder: what may be put in its place meanwhile, and be it a link, is not asked.
    const place = folder === undefined ? real : join(placeOf(folder), basename(real));
    const file = await opened(root, path, place, flags, real);
    try {
      if (!(await file.stat()).isFile()) throw refused(path, "is no file");
      await file.truncate(0);
      await file.writeFile(text);
    } finally {
      await file.close();
    }
  } finally {
    await folder?.close();
  }
}

const placeOf = ({ fd }: FileHandle): string => `/proc/self/fd/${fd}`;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** The folder, open, and made where it is missing, step by step from the root. Undefined where the system cannot do that. */
async function folderAt(root: string, path: string, real: string): Promise<FileHandle | undefined> {
  const failed = (error: unknown) => {
    throw refused(path, `cannot be made: ${reasonOf(error)}`);
  };
  if (!existsSync("/proc/self/fd")) {
    await mkdir(real, { recursive: true }).catch(failed);
    // Its folders may have been made by somebody else meanwhile, as links.
    if ((await realpath(real)) !== real) throw refused(path, "was moved while it was written");
    return undefined;
  }
  let here = await open(root, FOLDER);
  for (const name of relative(root, real).split(sep).filter(Boolean)) {
    const place = join(placeOf(here), name);
    const next = await mkdir(place)
      .catch((error) => (error.code === "EEXIST" ? undefined : failed(error)))
      .then(() => open(place, FOLDER))
      .catch(failed)
      .finally(() => here.close());
    here = next as FileHandle;
  }
  return here;
}

/** Where it really lies, or would lie: the deepest folder that exists, looked up, and the rest as it is written. */
async function within(root: string, path: string): Promise<string> {
  if (path.includes("\0")) throw refused(path, "has a NUL character");
  const wanted = resolve(root, path);
  let above = wanted;
  const rest: string[] = [];
  while (!(await exists(above))) {
    rest.unshift(basename(above));
    above = dirname(above);
  }
  const real = join(await realpath(above), ...rest);
  const inside = insideOf(root, real);
  if (inside === undefined) throw refused(path, "leads out of the workspace");
  if (inside.split("/").some((part) => part.toLowerCase() === ".git")) throw refused(path, "belongs to git");
  if (isSecretPath(inside)) throw refused(path, "may hold secrets");
  return real;
}

/** A link that leads nowhere exists too: whoever writes to it would make what it points to. */
async function exists(path: string): Promise<boolean> {
  if (existsSync(path)) return true;
  const target = await readlink(path).catch(() => undefined);
  if (target === undefined) return false;
  throw refused(path, "is a link that leads nowhere");
}

function insideOf(root: string, real: string): string | undefined {
  const inside = relative(root, real).split(sep).join("/");
  return inside === ".." || inside.startsWith("../") || resolve(root, inside) !== real ? undefined : inside;
}

/** Whether it is there, and no link lies in the way. */
export function isReal(folder: string, path: string): boolean {
  try {
    return realpathSync(join(folder, path)) === join(realpathSync(folder), path);
  } catch {
    return false;
  }
}

async function opened(root: string, path: string, place: string, flags: number, real = place): Promise<FileHandle> {
  const file = await open(place, flags | constants.O_NOFOLLOW, 0o666).catch((error) => {
    throw refused(path, `cannot be opened: ${reasonOf(error)}`);
  });
  const now = await readlink(`/proc/self/fd/${file.fd}`).catch(() => real);
  if (now === real || insideOf(root, now) !== undefined) return file;
  await file.close();
  throw refused(path, "leads out of the workspace");
}

function refused(path: string, why: string): TuttiError {
  return new TuttiError("BAD_INPUT", `'${path.slice(0, 300)}' ${why}`, { path: "path" });
}
