/** Real repositories for tests. */
import { execFileSync } from "node:child_process";

export const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@localhost", ...args], { cwd, encoding: "utf8" }).trim();

/** Everything that lies in the folder, committed. */
export function repositoryIn(folder: string): string {
  git(folder, "init", "--quiet", "--initial-branch=main");
  git(folder, "add", "--all");
  git(folder, "commit", "--quiet", "--message", "first");
  return folder;
}
