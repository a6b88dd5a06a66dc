/** The merge lane's place over real repositories: bringing together and checking out; the user's own untouched. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { clashes } from "../src/workspace/lane/foresight.ts";
import { Homes } from "./support/homes.ts";
import { begunIn, commitIn, LINES, looks, RUN } from "./support/lane-kit.ts";
import { git } from "./support/repository.ts";

const homes = new Homes();
const begun = (files?: Parameters<typeof begunIn>[1]) => begunIn(homes, files);

describe("[W4] work is brought together beside what is the user's", () => {
  test("one commit a task, in order, each with its own change alone", async () => {
    const { folder, write, open } = await begun();
    const works = [
      await write("top", { "a.txt": LINES.replace("1", "one") }),
      await write("bottom", { "a.txt": LINES.replace("9", "nine") }),
      await write("upon", { "c.txt": "c\n" }, ["top", "bottom"]),
    ];
    const before = looks(folder);
    await using lane = await open();
    let head = lane.onto.commit;
    for (const work of works) head = commitIn(await lane.apply(head, work));
    expect(git(folder, "log", "--format=%s", `${lane.onto.commit}..${head}`).split("\n")).toEqual([
      ...["Does upon", "Does bottom", "Does top"],
    ]);
    expect(git(folder, "log", "-1", "--format=%b", head)).toBe(`Task: upon\nAgent: builder\nRun: ${RUN}`);
    expect(git(folder, "show", "--stat", "--format=", head)).toMatch(/^c\.txt \| 1 \+\n 1 file changed/);
    expect(git(folder, "show", `${head}:a.txt`)).toBe(LINES.replace("1", "one").replace("9", "nine").trim());
    expect(looks(folder)).toEqual(before);
  });

  test("the same work upon the same head is the same commit, also for a lane that is opened again", async () => {
    const { folder, write, open } = await begun();
    const work = await write("one", { "a.txt": "new\n" });
    const first = await open();
    const commit = commitIn(await first.apply(first.onto.commit, work));
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "meanwhile");
    const again = await open();
    expect(again.onto.commit).toBe(first.onto.commit);
    expect(commitIn(await again.apply(again.onto.commit, work))).toBe(commit);
    // He works on it in the same place, and then stands elsewhere.
    const head = git(folder, "rev-parse", "HEAD");
    expect(await again.drift(commit)).toEqual({ to: head, conflicts: [] });
    writeFileSync(join(folder, "a.txt"), "his own\n");
    git(folder, "commit", "--quiet", "--all", "-m", "more");
    git(folder, "checkout", "--quiet", "-b", "other");
    const third = await open();
    expect(third.onto).toEqual(first.onto);
    expect(await third.drift(commit)).toEqual({ to: git(folder, "rev-parse", "main"), conflicts: ["a.txt"] });
    git(folder, "branch", "-f", "main", first.onto.commit);
    expect(await third.drift(commit)).toBeUndefined();
  });

  test("what the user had not committed is where work begins, and no part of what lands", async () => {
    const { folder, write, open } = await begun();
    writeFileSync(join(folder, "a.txt"), LINES.replace("1", "mine"));
    const work = await write("one", { "a.txt": LINES.replace("1", "mine").replace("9", "nine") });
    await using lane = await open();
    const head = commitIn(await lane.apply(lane.onto.commit, work));
    expect(git(folder, "show", `${head}:a.txt`)).toBe(LINES.replace("9", "nine").trim());
  });

  test("a conflict names its files, and its owner begins with the marks upon what others landed", async () => {
    const { folder, spaces, write, open } = await begun();
    const [one, two] = [await write("one", { "a.txt": "mine\n" }), await write("two", { "a.txt": "yours\n" })];
    await using lane = await open();
    const head = commitIn(await lane.apply(lane.onto.commit, one));
    const applied = await lane.apply(head, two);
    if ("commit" in applied) throw new Error("it must conflict");
    expect(applied.conflicts).toEqual(["a.txt"]);
    expect(await lane.marked(applied.seed, ["a.txt", "b.txt"])).toEqual(["a.txt"]);
    await lane.seed("land+mend.two.1", applied.seed);
    const space = spaces.open({ run: RUN, taskId: "land+mend.two.1", attempt: 1, after: ["one", "two"] }, true);
    expect(await space.read("a.txt")).toMatch(/^<{7}.*\nmine\n={7}\nyours\n>{7}/);
    await space.write("a.txt", "mine and yours\n");
    const changes = await space.keep("done");
    await space.close();
    expect(changes?.base).toBe(head);
    if (!changes) throw new Error("nothing was changed");
    expect(await lane.marked(changes.commit, ["a.txt"])).toEqual([]);
    const last = commitIn(await lane.apply(head, { ...two, ...changes }));
    expect(git(folder, "show", `${last}:a.txt`)).toBe("mine and yours");
  });

  test.each<[string, (folder: string) => Record<string, string>, Record<string, string>]>([
    ["a file that one deletes and another changes", () => ({ "a.txt": "changed\n" }), {}],
    ["a file that becomes a folder", () => ({ "b.txt": "changed\n" }), {}],
  ])("%s is a conflict by name, or merged", async (what, first) => {
    const { folder, spaces, write, open } = await begun();
    const one = await write("one", first(folder));
    const space = spaces.open({ run: RUN, taskId: "two", attempt: 1, after: [] }, true);
    await space.ready();
    if (what.includes("deletes")) rmSync(join(space.root, "a.txt"));
    else {
      rmSync(join(space.root, "b.txt"));
      mkdirSync(join(space.root, "b.txt"));
      writeFileSync(join(space.root, "b.txt/in"), "x\n");
    }
    const changes = await space.keep("done");
    await space.close();
    if (!changes) throw new Error("nothing was changed");
    await using lane = await open();
    const head = commitIn(await lane.apply(lane.onto.commit, one));
    const applied = await lane.apply(head, { ...one, task: "two", ...changes });
    expect("conflicts" in applied && applied.conflicts.join()).toMatch(/[ab]\.txt/);
  });

  test("what is checked out can be worked in, sees no trace of it afterwards, and leaves none", async () => {
    const { folder, home, open } = await begun();
    const before = looks(folder);
    await using lane = await open();
    for (let n = 0; n < 2; n++) {
      await using files = await lane.checkout(lane.onto.commit);
      expect(existsSync(join(files.root, "made"))).toBe(false);
      await files.write("made", "x");
    }
    expect(existsSync(join(home, "lanes", RUN))).toBe(false);
    expect(git(folder, "worktree", "list").split("\n")).toHaveLength(1);
    expect(looks(folder)).toEqual(before);
  });
});

describe("what will conflict is foreseen", () => {
  test("while the other is still at work, whose files stay as they are", async () => {
    const { folder, home, spaces, write } = await begun();
    const space = spaces.open({ run: RUN, taskId: "two", attempt: 1, after: [] }, true);
    const atWork = { run: RUN, taskId: "two", attempt: 1 };
    const one = await write("one", { "a.txt": LINES.replace("1", "one") });
    expect(await clashes({ folder, home }, one, atWork)).toEqual([]);
    await space.write("b.txt", "new\n");
    await space.write("a.txt", LINES.replace("9", "nine"));
    expect(await clashes({ folder, home }, one, atWork)).toEqual([]);
    await space.write("a.txt", LINES.replace("1", "ein"));
    const before = git(space.root, "status", "--porcelain");
    expect(await clashes({ folder, home }, one, atWork)).toEqual(["a.txt"]);
    expect(git(space.root, "status", "--porcelain")).toBe(before);
    await space.close();
    expect(await clashes({ folder, home }, one, atWork)).toEqual([]);
  });
});

test("a merge driver of the repository is not run, and both sides come together as without it", async () => {
  const { folder, write, open } = await begun({ "a.txt": LINES, ".gitattributes": "*.txt merge=his\n" });
  git(folder, "config", "merge.his.driver", `touch ${join(folder, "RAN")}; exit 0`);
  const works = [
    await write("top", { "a.txt": LINES.replace("1", "one") }),
    await write("bottom", { "a.txt": LINES.replace("9", "nine") }),
    await write("other", { "a.txt": LINES.replace("1", "eins") }),
  ] as const;
  await using lane = await open();
  const first = commitIn(await lane.apply(lane.onto.commit, works[0]));
  const head = commitIn(await lane.apply(first, works[1]));
  expect(git(folder, "show", `${head}:a.txt`)).toBe(LINES.replace("1", "one").replace("9", "nine").trim());
  const conflict = await lane.apply(head, works[2]);
  expect(conflict).toMatchObject({ conflicts: ["a.txt"] });
  if ("seed" in conflict) expect(await lane.marked(conflict.seed, ["a.txt"])).toEqual(["a.txt"]);
  expect(readdirSync(folder).toSorted()).toEqual([".git", ".gitattributes", "a.txt"]);
});

test("work that is kept again as it was is the same commit", async () => {
  const { folder, spaces } = await begun();
  const of = { run: RUN, taskId: "one", attempt: 1, after: [] };
  const keptAt = async (text: string) => {
    const space = spaces.open(of, true);
    await space.write("a.txt", text);
    const changes = await space.keep("done");
    await space.close();
    return changes?.commit ?? "";
  };
  const first = await keptAt("new\n");
  git(
    folder,
    "update-ref",
    `refs/tutti/${RUN}/one`,
    git(folder, "commit-tree", "-p", `${first}^`, "-m", "one, attempt 1", `${first}^{tree}`),
  );
  const mine = git(folder, "rev-parse", `refs/tutti/${RUN}/one`);
  // As kept by the host that died, at another moment: it is not made anew.
  expect(mine).not.toBe(first);
  expect(await keptAt("new\n")).toBe(mine);
  expect(await keptAt("newer\n")).not.toBe(mine);
});
