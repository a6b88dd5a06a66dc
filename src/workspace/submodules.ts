/**
 * Repositories inside the repository. Of those only the commit is known here, so what is written in one could not be
 * kept: it is refused by name. Commands see them as they lie in the user's checkout.
 */
import { readdir } from "node:fs/promises";
import { join, posix } from "node:path";
import { TuttiError } from "../domain/error.ts";
import type { Workspace } from "../domain/workspace.ts";
import { isReal } from "./folder.ts";
import type { Git } from "./git.ts";

/** More are no work for anybody. */
const MOST = 500;

/**
 * Named in `.gitmodules` and really kept as such, both as of the commit that the files began with: whoever works there
 * may write any name into that file, and put a link in the way of it.
 */
export async function submodulesIn(git: Git, root: string, base: string): Promise<readonly string[]> {
  const kept = KNOWN.get(base) ?? (await keptIn(git, base));
  return kept.filter((path) => isReal(root, path));
}

/** Attempts of one run begin with few commits, and what one holds does not change. */
const KNOWN = new Map<string, readonly string[]>();
const MOST_COMMITS = 200;

async function keptIn(git: Git, base: string): Promise<readonly string[]> {
  const told = await git.ask("config", "--blob", `${base}:.gitmodules`, "-z", "--get-regexp", "\\.path$");
  const named = told.stdout.split("\0").flatMap((one) => {
    const path = posix.normalize(one.slice(one.indexOf("\n") + 1)).replace(/\/$/, "");
    const isInside = one !== "" && path !== "." && !path.startsWith("..") && !path.startsWith("/");
    return isInside ? [path] : [];
  });
  const found = named.length === 0 ? [] : await linksIn(git, base, named);
  // Where git could not even look, another time may go better.
  if (told.code > 1) return found;
  if (KNOWN.size >= MOST_COMMITS) KNOWN.clear();
  KNOWN.set(base, found);
  return found;
}

async function linksIn(git: Git, base: string, named: readonly string[]): Promise<readonly string[]> {
  const asked = ["ls-tree", "-z", "--full-tree", base, "--", ...named.slice(0, MOST)];
  const kept = await git.run("--literal-pathspecs", ...asked);
  return kept.split("\0").flatMap((line) => {
    const path = line.slice(line.indexOf("\t") + 1);
    return line.startsWith("160000 ") ? [path] : [];
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
  const places = paths.map((one) => ({ from: join(checkout, one), at: join(workspace.root, one), one }));
  const lent = places.filter(({ one }) => isReal(checkout, one));
  return {
    ...workspace,
    lent: [...(workspace.lent ?? []), ...lent.map(({ from, at }) => ({ from, at }))],
    locked: [...(workspace.locked ?? []), ...places.filter((one) => !lent.includes(one)).map(({ at }) => at)],
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
