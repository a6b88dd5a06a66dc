/** Work of tasks in a real repository, ready to be brought together. */
import type { Applied, Work } from "../../src/domain/landing.ts";
import { lanes } from "../../src/workspace/lane/lane.ts";
import { worktrees } from "../../src/workspace/worktrees.ts";
import type { Homes } from "./homes.ts";
import { git, repositoryIn } from "./repository.ts";

export const RUN = "01arz3ndektsv4rrffq69g5fav";
export const LINES = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
type Files = { readonly [path: string]: string };

export async function begunIn(homes: Homes, files: Files = { "a.txt": LINES, "b.txt": LINES }) {
  const folder = repositoryIn(homes.path(files));
  const home = homes.path();
  const spaces = worktrees({ folder, home });
  const write = async (task: string, changed: Files, after: readonly string[] = []): Promise<Work> => {
    const space = spaces.open({ run: RUN, taskId: task, attempt: 1, after }, true);
    for (const [path, text] of Object.entries(changed)) await space.write(path, text);
    const changes = await space.keep("done");
    await space.close();
    if (!changes) throw new Error("nothing was changed");
    return { task, agentName: "builder", description: `Does ${task}\nand more`, after, ...changes };
  };
  const open = () => lanes({ folder, home }).open({ run: RUN, task: "land" });
  return { folder, home, spaces, write, open };
}

export const commitIn = (applied: Applied): string => {
  if (!("commit" in applied)) throw new Error(`it conflicts in ${applied.conflicts}`);
  return applied.commit;
};

export const looks = (folder: string) =>
  [
    ...["status --porcelain --ignored", "branch --all", "stash list", "rev-parse HEAD", "config --local --list"],
    "ls-files --stage",
  ].map((words) => git(folder, ...words.split(" ")));
