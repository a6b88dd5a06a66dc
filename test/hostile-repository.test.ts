/** A repository whose settings, hooks, names and links are made to run something, or to lead out, taken through it all. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Applied, Work } from "../src/domain/landing.ts";
import { repositoryEvidence } from "../src/workspace/evidence/repository.ts";
import { deliveryFault } from "../src/workspace/lane/delivery.ts";
import { clashes } from "../src/workspace/lane/foresight.ts";
import { lanes } from "../src/workspace/lane/lane.ts";
import { undo } from "../src/workspace/lane/undo.ts";
import { tidyWorktrees, worktrees } from "../src/workspace/worktrees.ts";
import { Homes } from "./support/homes.ts";
import { git, repositoryIn } from "./support/repository.ts";

const homes = new Homes();
const RUN = "01arz3ndektsv4rrffq69g5fav";
const HOOKS = [
  ...["post-checkout", "pre-commit", "commit-msg", "reference-transaction", "post-index-change", "post-merge"],
  ...["pre-merge-commit", "post-rewrite", "applypatch-msg", "pre-auto-gc", "post-commit", "prepare-commit-msg"],
];
const LINES = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

/** Everything in it that can name a program names one that leaves a mark. */
function hostile() {
  const outside = homes.path({ kept: "as it was" });
  const mark = join(outside, "was-run");
  const folder = repositoryIn(homes.path({ "a.txt": LINES, "b.txt": LINES, "t.test.js": "x" }));
  const program = join(outside, "..", "evil.sh");
  writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> ${mark}\ncat\n`, { mode: 0o755 });
  // Signed, so that whoever looks at it could be made to check that.
  const signed = git(folder, "cat-file", "commit", "HEAD").replace(
    "\n\n",
    "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n",
  );
  const object = join(outside, "..", "signed");
  writeFileSync(object, `${signed}\n`);
  const head = git(folder, "hash-object", "-t", "commit", "-w", object);
  // A branch whose name is an option.
  git(folder, "update-ref", `refs/heads/--output=${"was-run"}`, head);
  git(folder, "symbolic-ref", "HEAD", "refs/heads/--output=was-run");
  const drivers = ["filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.command"];
  const programs = ["diff.evil.textconv", "diff.external", "merge.evil.driver", "core.fsmonitor", "core.sshCommand"];
  const others = ["core.pager", "core.editor", "gpg.program", "gpg.ssh.program", "core.askPass", "hook.evil.command"];
  for (const key of [...drivers, ...programs, ...others]) git(folder, "config", key, program);
  const settings = ["filter.evil.required", "commit.gpgSign", "log.showSignature", "tag.gpgSign"];
  for (const key of [...settings, "merge.verifySignatures"]) git(folder, "config", key, "true");
  git(folder, "config", "core.hooksPath", join(outside, "..", "hooks"));
  git(folder, "config", "alias.log", `!${program}`);
  git(folder, "config", "hook.evil.event", "reference-transaction");
  for (const place of [join(outside, "..", "hooks"), join(folder, ".git/hooks")]) {
    mkdirSync(place, { recursive: true });
    for (const hook of HOOKS) writeFileSync(join(place, hook), `#!/bin/sh\necho ${hook} >> ${mark}\n`, { mode: 0o755 });
  }
  writeFileSync(join(folder, ".git/info/attributes"), "* diff=evil merge=evil\n");
  return { folder, outside, mark };
}
const commitIn = (applied: Applied): string => {
  if (!("commit" in applied)) throw new Error(`it conflicts in ${applied.conflicts}`);
  return applied.commit;
};

test("[G2] [G3] a hostile repository is worked in, landed, delivered in each way and taken back, and nothing of it runs", async () => {
  const { folder, outside, mark } = hostile();
  const home = homes.path();
  const where = { folder, home };
  const spaces = worktrees(where);
  const write = async (task: string, act: (root: string) => void, way: "worktree" | "clone"): Promise<Work> => {
    const space = spaces.open({ run: RUN, taskId: task, attempt: 1, after: [] }, true, way);
    await space.ready();
    act(space.root);
    await space.list();
    const changes = await space.keep("done");
    await space.close();
    if (!changes) throw new Error("nothing was changed");
    return { task, agentName: "builder", description: "--output=x\n", after: [], ...changes };
  };
  const top = await write("top", (root) => writeFileSync(join(root, "a.txt"), LINES.replace("1", "one")), "worktree");
  const odd = await write(
    "odd",
    (root) => {
      writeFileSync(join(root, "a.txt"), LINES.replace("9", "nine"));
      // Names that are options, patterns or more than a line.
      for (const name of ["--output=was-run", "-n", ":(top)x", "new\nline", "*.glob"])
        writeFileSync(join(root, name), "x\n");
      symlinkSync(outside, join(root, "out"));
      // A repository within, which has settings and hooks of its own.
      git(root, "init", "--quiet", "inner");
      git(join(root, "inner"), "config", "core.fsmonitor", `touch ${mark}`);
      writeFileSync(join(root, "inner", "f.txt"), "f\n");
      mkdirSync(join(root, "inner/.git/hooks"), { recursive: true });
      writeFileSync(join(root, "inner/.git/hooks/post-checkout"), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
    },
    "clone",
  );
  const left = spaces.open({ run: RUN, taskId: "left", attempt: 1, after: [] }, true, "clone");
  await left.write("a.txt", "left");
  const leftOf = { run: RUN, taskId: "left", attempt: 1 };
  expect(await clashes(where, { base: top.base, commit: top.commit }, leftOf)).toEqual(["a.txt"]);
  await tidyWorktrees(where, RUN);
  await using lane = await lanes(where).open({ run: RUN, task: "land" });
  expect(lane.onto.name).toBe("--output=was-run");
  const head = commitIn(await lane.apply(commitIn(await lane.apply(lane.onto.commit, top)), odd));
  expect(git(folder, "show", `${head}:a.txt`)).toBe(LINES.replace("1", "one").replace("9", "nine").trim());
  expect(await lane.marked(head, ["--output=was-run", ":(top)x", "new\nline"])).toEqual([]);
  {
    await using files = await lane.checkout(head);
    await files.write("made-by-a-gate.txt", "x");
  }
  const out = join(home, "patches");
  for (const how of [{ as: "patches", folder: out }, { as: "branch", name: "new" }, { as: "fast-forward" }] as const) {
    expect(await deliveryFault(folder, how)).toBeUndefined();
    const delivered = await lane.deliver(head, how);
    if (how.as === "fast-forward") expect(readFileSync(join(folder, "inner/f.txt"), "utf8")).toBe("f\n");
    await undo(where, delivered);
  }
  await repositoryEvidence(folder).collect(["git-diff", "git-history", "repo-map"]);
  expect(existsSync(join(folder, "was-run"))).toBe(false);
  expect(readdirSync(outside)).toEqual(["kept"]);
  expect(git(folder, "rev-parse", "HEAD")).toBe(lane.onto.commit);
});

test("[G6] a link in the user's checkout that leads out is written through by nobody", async () => {
  const outside = homes.path({ kept: "as it was" });
  const folder = repositoryIn(homes.path({ "a.txt": LINES }));
  const where = { folder, home: homes.path() };
  const space = worktrees(where).open({ run: RUN, taskId: "one", attempt: 1, after: [] }, true);
  await space.write("d/x.txt", "x\n");
  const changes = await space.keep("done");
  await space.close();
  symlinkSync(outside, join(folder, "d"));
  await using lane = await lanes(where).open({ run: RUN, task: "land" });
  await expect(lane.deliver(changes?.commit ?? "", { as: "fast-forward" })).rejects.toThrow(/could not move on/);
  expect(readdirSync(outside)).toEqual(["kept"]);
  expect(git(folder, "rev-parse", "HEAD")).toBe(lane.onto.commit);
});
