/** The merge lane's place over real repositories: bringing together, checking out, delivering; the user's own untouched. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Applied, Work } from "../src/domain/landing.ts";
import { deliveryFault } from "../src/workspace/lane/delivery.ts";
import { clashes } from "../src/workspace/lane/foresight.ts";
import { lanes } from "../src/workspace/lane/lane.ts";
import { undo } from "../src/workspace/lane/undo.ts";
import { worktrees } from "../src/workspace/worktrees.ts";
import { Homes } from "./support/homes.ts";
import { git, repositoryIn } from "./support/repository.ts";

const homes = new Homes();
const RUN = "01arz3ndektsv4rrffq69g5fav";
const LINES = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
type Files = { readonly [path: string]: string };

async function begun(files: Files = { "a.txt": LINES, "b.txt": LINES }) {
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
const commitIn = (applied: Applied): string => {
  if (!("commit" in applied)) throw new Error(`it conflicts in ${applied.conflicts}`);
  return applied.commit;
};
const looks = (folder: string) =>
  [
    ...["status --porcelain --ignored", "branch --all", "stash list", "rev-parse HEAD", "config --local --list"],
    "ls-files --stage",
  ].map((words) => git(folder, ...words.split(" ")));

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

  test.each<[string, (folder: string) => Files, Files]>([
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

describe("a delivery", () => {
  async function proven() {
    const made = await begun();
    const works = [await made.write("one", { "a.txt": "new\n" }), await made.write("two", { "c.txt": "c\n" })];
    const lane = await made.open();
    let head = lane.onto.commit;
    for (const work of works) head = commitIn(await lane.apply(head, work));
    return { ...made, lane, head };
  }

  test("as a branch makes that branch and nothing else; again it is the same one", async () => {
    const { folder, lane, head } = await proven();
    const delivery = { as: "branch", name: "tutti/new" } as const;
    expect(await lane.deliver(head, delivery)).toEqual({ as: "branch", name: "tutti/new", after: head });
    expect(await lane.deliver(head, delivery)).toEqual({ as: "branch", name: "tutti/new", after: head });
    expect(git(folder, "rev-parse", "tutti/new")).toBe(head);
    expect(git(folder, "status", "--porcelain")).toBe("");
    expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe(LINES);
  });

  test.each([
    ["--all", /'--all' cannot be the name of a branch/],
    ["a..b", /'a\.\.b' cannot be the name/],
    ["main", /there is a branch 'main' already/],
  ])("never as the branch '%s'", async (name, reason) => {
    const { folder, lane, head } = await proven();
    const before = looks(folder);
    await expect(lane.deliver(head, { as: "branch", name })).rejects.toThrow(reason);
    expect(looks(folder)).toEqual(before);
  });

  test("as a fast-forward moves the user's branch with his files", async () => {
    const { folder, lane, head } = await proven();
    writeFileSync(join(folder, "b.txt"), "his own, not committed\n");
    const told = await lane.deliver(head, { as: "fast-forward" });
    expect(told).toEqual({ as: "fast-forward", name: "main", before: lane.onto.commit, after: head });
    expect(readFileSync(join(folder, "c.txt"), "utf8")).toBe("c\n");
    expect(git(folder, "status", "--porcelain")).toBe("M b.txt");
  });

  test.each<[string, (folder: string) => void, RegExp]>([
    [
      "his files would be lost",
      (folder) => writeFileSync(join(folder, "a.txt"), "his\n"),
      /could not move on: .*a\.txt/s,
    ],
    [
      "his branch has moved",
      (folder) => git(folder, "commit", "--quiet", "--allow-empty", "-m", "x"),
      /could not move on/,
    ],
    [
      "he stands on another branch",
      (folder) => git(folder, "checkout", "--quiet", "-b", "x"),
      /stand on 'x' now, .* 'main'/,
    ],
    ["he stands on no branch", (folder) => git(folder, "checkout", "--quiet", "--detach"), /HEAD stands on none/],
  ])("as a fast-forward changes nothing where %s", async (_what, act, reason) => {
    const { folder, lane, head } = await proven();
    act(folder);
    const before = looks(folder);
    await expect(lane.deliver(head, { as: "fast-forward" })).rejects.toThrow(reason);
    expect(looks(folder)).toEqual(before);
  });

  test("as a fast-forward waits for nobody who is just doing the same, unless he has died", async () => {
    const { folder, lane, head } = await proven();
    const lock = join(folder, ".git/tutti-deliver.lock");
    writeFileSync(lock, `${process.ppid}\n`);
    const before = looks(folder);
    await expect(lane.deliver(head, { as: "fast-forward" })).rejects.toThrow(
      `process ${process.ppid} is just moving this checkout`,
    );
    expect(looks(folder)).toEqual(before);
    // No process has so high a number.
    writeFileSync(lock, `${2 ** 31 - 1}\n`);
    const [one, other] = await Promise.all([1, 2].map(() => lane.deliver(head, { as: "fast-forward" })));
    expect(one).toEqual(other);
    expect(existsSync(lock)).toBe(false);
    expect(git(folder, "status", "--porcelain")).toBe("");
  });

  test("as patches writes one file a task, which git takes", async () => {
    const { folder, lane, head } = await proven();
    const out = join(homes.path(), "patches");
    expect(await lane.deliver(head, { as: "patches", folder: out })).toEqual({ as: "patches", name: out, after: head });
    const files = readdirSync(out).toSorted();
    expect(files).toEqual(["0001-Does-one.patch", "0002-Does-two.patch"]);
    git(folder, "am", "--quiet", ...files.map((one) => join(out, one)));
    expect(git(folder, "rev-parse", "HEAD^{tree}")).toBe(git(folder, "rev-parse", `${head}^{tree}`));
    writeFileSync(join(out, "kept"), "x");
    await expect(lane.deliver(head, { as: "patches", folder: out })).rejects.toThrow(/is not empty/);
  });

  test("as a branch is taken back, and not when somebody has built on it", async () => {
    const { folder, home, lane, head } = await proven();
    const told = await lane.deliver(head, { as: "branch", name: "new" });
    git(folder, "branch", "-f", "new", "main");
    await expect(undo({ folder, home }, told)).rejects.toThrow(/'new' has moved on since to [0-9a-f]{12}/);
    git(folder, "branch", "-f", "new", head);
    expect(await undo({ folder, home }, told)).toBe("the branch 'new' is gone");
    expect(git(folder, "branch", "--list", "new")).toBe("");
    expect(await undo({ folder, home }, told)).toBe("the branch 'new' is gone already");
    expect(git(folder, "for-each-ref", "--format=%(refname)", `refs/tutti/${RUN}/`).split("\n")).toHaveLength(2);
  });

  test("as a fast-forward is taken back with the user's own changes kept, or not at all", async () => {
    const { folder, home, lane, head } = await proven();
    const told = await lane.deliver(head, { as: "fast-forward" });
    writeFileSync(join(folder, "a.txt"), "his own, upon what landed\n");
    const before = looks(folder);
    await expect(undo({ folder, home }, told)).rejects.toThrow(/it cannot be taken back/);
    expect(looks(folder)).toEqual(before);
    git(folder, "checkout", "--quiet", "--", "a.txt");
    writeFileSync(join(folder, "b.txt"), "his own\n");
    expect(await undo({ folder, home }, told)).toMatch(/^'main' and your files are at [0-9a-f]{12} again$/);
    expect(git(folder, "rev-parse", "HEAD")).toBe(lane.onto.commit);
    expect(git(folder, "status", "--porcelain")).toBe("M b.txt");
  });

  test("as patches is taken back where nothing else lies there", async () => {
    const { folder, home, lane, head } = await proven();
    const out = join(homes.path(), "patches");
    const told = await lane.deliver(head, { as: "patches", folder: out });
    writeFileSync(join(out, "notes"), "x");
    await expect(undo({ folder, home }, told)).rejects.toThrow(/holds more than patches/);
    rmSync(join(out, "notes"));
    expect(await undo({ folder, home }, told)).toMatch(/are gone$/);
    expect(existsSync(out)).toBe(false);
  });

  test("as a fast-forward that was made before its host died is the same delivery, and is taken back", async () => {
    const { folder, home, lane, head } = await proven();
    const told = await lane.deliver(head, { as: "fast-forward" });
    expect(await lane.deliver(head, { as: "fast-forward" })).toEqual(told);
    await undo({ folder, home }, told);
    expect(git(folder, "rev-parse", "HEAD")).toBe(lane.onto.commit);
  });

  test("as patches beside another series of the same names it is refused, and nothing of the user's goes", async () => {
    const { folder, home, lane, head } = await proven();
    const out = join(homes.path({ "patches.making/his.txt": "his" }), "patches");
    const told = await lane.deliver(head, { as: "patches", folder: out });
    expect(existsSync(`${out}.making/his.txt`)).toBe(true);
    expect(await lane.deliver(head, { as: "patches", folder: out })).toEqual(told);
    const first = join(out, "0001-Does-one.patch");
    writeFileSync(first, `${readFileSync(first, "utf8")}his own\n`);
    await expect(lane.deliver(head, { as: "patches", folder: out })).rejects.toThrow(/is not empty/);
    await expect(undo({ folder, home }, told)).rejects.toThrow(/are not as they were delivered/);
    expect(existsSync(first)).toBe(true);
    await expect(lane.deliver(head, { as: "patches", folder: first })).rejects.toThrow(/is no folder for patches/);
    expect(await deliveryFault(folder, { as: "patches", folder: out })).toMatch(/is not empty/);
    expect(await deliveryFault(folder, { as: "patches", folder: first })).toMatch(/cannot be a folder/);
  });

  test("as a branch on which the user stands in a worktree of his own is not taken back", async () => {
    const { folder, home, lane, head } = await proven();
    const told = await lane.deliver(head, { as: "branch", name: "new" });
    git(folder, "worktree", "add", "--quiet", homes.path(), "new");
    await expect(undo({ folder, home }, told)).rejects.toThrow(/you stand on 'new' in a worktree/);
    expect(git(folder, "rev-parse", "new")).toBe(head);
  });

  test("as a fast-forward is refused before anything is done where nothing was committed", async () => {
    const folder = homes.path({ "a.txt": LINES });
    git(folder, "init", "--quiet", "--initial-branch=main");
    expect(await deliveryFault(folder, { as: "fast-forward" })).toMatch(/nothing was committed here yet/);
    expect(await deliveryFault(folder, { as: "branch" })).toBeUndefined();
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
