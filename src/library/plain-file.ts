/** A file of somebody else's, read as text with a limit. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

/** Without waiting for a pipe, and without following a link that took the file's place meanwhile. */
export function readPlain(file: string, largest: number): { readonly text: string } | { readonly why: string } {
  let handle: number | undefined;
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(handle);
    if (!stat.isFile()) return { why: "it is no file" };
    if (stat.size > largest) return { why: `it has ${stat.size} bytes; the limit is ${largest}` };
    return { text: readFileSync(handle, "utf8") };
  } catch (error) {
    return { why: `it cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown"}` };
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
