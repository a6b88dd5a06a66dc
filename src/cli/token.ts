/** The token of the server: `$TUTTI_TOKEN`, or one of this home, made once and readable by its owner alone. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TuttiError } from "../domain/error.ts";
import type { Io } from "./io.ts";

export interface Token {
  readonly value: string;
  readonly from: string;
  /** How a shell gets at it without the token on the screen. */
  readonly shell: string;
}

export async function tokenOf(io: Io): Promise<Token> {
  const given = io.env["TUTTI_TOKEN"];
  if (given && !/^\S{16,}$/.test(given))
    throw new TuttiError("BAD_INPUT", "TUTTI_TOKEN must have at least 16 characters and no blanks", {
      path: "TUTTI_TOKEN",
      hint: "unset it, and one is made and kept in the home",
    });
  if (given) return { value: given, from: "$TUTTI_TOKEN", shell: "$TUTTI_TOKEN" };
  const path = join(io.home, "token");
  const made = randomBytes(32).toString("base64url");
  try {
    // Two servers may begin at once: whoever comes first writes it.
    await writeFile(path, `${made}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return { value: (await readFile(path, "utf8")).trim(), from: path, shell: `$(cat ${path})` };
}
