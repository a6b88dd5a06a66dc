/** Compiled code is kept in the home, where there is one, so that the program is there at once the next time. */
import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

export const homeIn = (env: { readonly [name: string]: string | undefined }): string =>
  // Whole, as it is handed on to those who work in other folders.
  resolve(env["TUTTI_HOME"] || join(homedir(), ".tutti"));

/** Nobody but the user can write there: what is kept is run. */
export function keepCode(home: string): void {
  if (existsSync(home)) enableCompileCache(join(home, "cache"));
}
