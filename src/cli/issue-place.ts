/** Where the issues are that a command is about: a folder, a repository that is named, or the one that is checked out. */
import { resolve } from "node:path";
import { TuttiError } from "../domain/error.ts";
import type { IssuesAt } from "../domain/issues.ts";
import type { Io } from "./io.ts";

export interface PlaceFlags {
  readonly from?: string;
  readonly repo?: string;
}

const ORIGIN = /^(?:https:\/\/(?:[^@/]+@)?github\.com\/|(?:ssh:\/\/)?git@github\.com[:/])([^/]+\/[^/]+?)(?:\.git)?\/?$/;

export async function placeOf({ cwd }: Io, { from, repo }: PlaceFlags): Promise<IssuesAt> {
  if (from !== undefined && repo !== undefined)
    throw new TuttiError("BAD_INPUT", "--from and --repo name two places", { path: "--from", hint: "keep one" });
  if (from !== undefined) return { from: "folder", folder: resolve(cwd, from) };
  if (repo !== undefined) return { from: "github", repository: repo };
  const { Git } = await import("../workspace/git.ts");
  const { stdout } = await (await Git.at({ cwd })).ask("config", "--get", "remote.origin.url");
  const repository = ORIGIN.exec(stdout.trim())?.[1];
  if (repository !== undefined) return { from: "github", repository };
  throw new TuttiError(
    "BAD_INPUT",
    "it is not said where the issues are, and this folder's origin is not at github.com",
    {
      path: "--from",
      hint: "say --from DIR for a folder of Markdown files, or --repo owner/name",
    },
  );
}
