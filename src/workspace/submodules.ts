/**
 * Repositories inside the repository. Of those only the commit is known here, so what is written in one could not be
 * kept: it is refused by name. Commands see them as they lie in the user's checkout.
 */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, posix } from "node:path";
import { TuttiError } from "../domain/error.ts";
import type { Workspace } from "../domain/workspace.ts";
import type { Git } from "./git.ts";

/** Named in `.gitmodules`, and really kept as such by the index of these files. */
export async function submodulesIn(git: Git, root: string): Promise<readonly string[]> {
  if (!existsSync(join(root, ".gitmodules"))) return [];
  const { stdout } = await git.ask("config", "--file", join(root, ".gitmodules"), "-z", "--get-regexp", "\\.path$");
  return stdout.split("\0").flatMap((one) => {
    const path = posix.normalize(one.slice(one.indexOf("\n") + 1));
    const isInside = one !== "" && path !== "." && !path.startsWith("..") && !path.startsWith("/");
    return isInside && !existsSync(join(root, path, ".git")) && existsSync(join(root, path)) ? [path] : [];
  });
}

/** As agents see it: with what lies in the user's checkout lent to commands, and locked where nothing lies there. */
export function withSubmodules(workspace: Workspace, paths: readonly string[], checkout: string): Workspace {
  if (paths.length === 0) return workspace;
  const refuse = (path: string) => {
    const inside = posix.normalize(path);
    const of = paths.find((one) => inside === one || inside.startsWith(`${one}/`));
    if (of === undefined) return;
    throw new TuttiError("BAD_INPUT", `'${path.slice(0, 300)}' ${lies(of)}`, { path: "path" });
  };
  const lent = paths.map((one) => ({ from: join(checkout, one), at: join(workspace.root, one) }));
  return {
    ...workspace,
    lent: [...(workspace.lent ?? []), ...lent.filter(({ from }) => existsSync(from))],
    locked: [...(workspace.locked ?? []), ...lent.filter(({ from }) => !existsSync(from)).map(({ at }) => at)],
    read: async (path) => {
      refuse(path);
      return workspace.read(path);
    },
    write: async (path, text) => {
      refuse(path);
      return workspace.write(path, text);
    },
  };
}

const lies = (of: string): string =>
  `lies in the submodule '${of}', whose files are not laid out here: commands can read them, and a run in that repository can change them`;

export const toldOf = (paths: readonly string[]): readonly string[] =>
  paths.map(
    (one) => `'${one}' is a submodule: commands can read its files, and nothing that is written there is kept.`,
  );

/** Throws where somebody wrote there all the same: the files must stay, because they can be kept nowhere. */
export async function refuseWritten(root: string, paths: readonly string[]): Promise<void> {
  for (const path of paths)
    if ((await readdir(join(root, path)).catch(() => [])).length > 0)
      throw new TuttiError(
        "WRONG_STATE",
        `something was written in the submodule '${path}', of which only the commit is kept`,
        {
          path: "repository",
          hint: "take it from there by hand, and work on the submodule in a run in its own repository",
        },
      );
}
