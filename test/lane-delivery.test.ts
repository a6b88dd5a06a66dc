/** Deliveries of the merge lane into real repositories, and taking them back. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { deliveryFault } from "../src/workspace/lane/delivery.ts";
import { lanes } from "../src/workspace/lane/lane.ts";
import { undo } from "../src/workspace/lane/undo.ts";
import { Homes } from "./support/homes.ts";
import { begunIn, commitIn, LINES, looks, RUN } from "./support/lane-kit.ts";
import { git } from "./support/repository.ts";

const homes = new Homes();
const begun = (files?: Parameters<typeof begunIn>[1]) => begunIn(homes, files);

describe("a delivery", () => {
  async function made() {
    const { folder, home, write, open } = await begun();
    const works = [await write("one", { "a.txt": "new\n" }), await write("two", { "c.txt": "c\n" })];
    const lane = await open();
    let head = lane.onto.commit;
    for (const work of works) head = commitIn(await lane.apply(head, work));
    return { from: { folder, home }, head };
  }
  let first: ReturnType<typeof made> | undefined;
  /** Each time a copy of the same. */
  async function proven() {
    first ??= made();
    const { from, head } = await first;
    const own = { folder: homes.path(), home: homes.path() };
    for (const name of ["folder", "home"] as const) cpSync(from[name], own[name], { recursive: true });
    return { ...own, lane: await lanes(own).open({ run: RUN, task: "land" }), head };
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

  test("as a branch that it made itself moves on, but not under the user who stands on it", async () => {
    const { folder, lane, head } = await proven();
    await lane.deliver(head, { as: "branch", name: "new" });
    const more = git(folder, "commit-tree", "-p", head, "-m", "more", `${head}^{tree}`);
    git(folder, "checkout", "--quiet", "new");
    await expect(lane.deliver(more, { as: "branch", name: "new" })).rejects.toThrow(/you stand on 'new', and it would/);
    expect(git(folder, "rev-parse", "new")).toBe(head);
    git(folder, "checkout", "--quiet", "main");
    expect(await lane.deliver(more, { as: "branch", name: "new" })).toMatchObject({ before: head, after: more });
  });

  test("as the branch that is to have the user's first commit is refused", async () => {
    const folder = homes.path({ "a.txt": LINES });
    git(folder, "init", "--quiet", "--initial-branch=main");
    expect(await deliveryFault(folder, { as: "branch", name: "main" })).toMatch(/you stand on 'main', which has no/);
  });

  test("as a fast-forward is refused before anything is done where nothing was committed", async () => {
    const folder = homes.path({ "a.txt": LINES });
    git(folder, "init", "--quiet", "--initial-branch=main");
    expect(await deliveryFault(folder, { as: "fast-forward" })).toMatch(/nothing was committed here yet/);
    expect(await deliveryFault(folder, { as: "branch" })).toBeUndefined();
  });
});
