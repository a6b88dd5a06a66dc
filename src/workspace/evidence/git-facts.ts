/** What git knows: which lines differ from where the work began, and what has changed most. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "../../domain/evidence.ts";
import { runProgram } from "../../process/program.ts";
import { Git } from "../git.ts";

const MOST = { commits: 12, looked: 300, hot: 8, files: 40 } as const;
/** Where work usually begins. */
const BASES = ["origin/HEAD", "origin/main", "origin/master", "main", "master"];

interface Told {
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}
const none = (why: string): Told => ({ findings: [], notes: [why] });

/**
 * What all answers here follow from beside the files: what is checked out, where the main branches stand, what is
 * staged. Undefined where that cannot be told.
 */
export async function gitMark(root: string): Promise<string | undefined> {
  const refs = BASES.flatMap((name) => [`refs/heads/${name}`, `refs/remotes/${name}`]);
  const ask = (...args: readonly string[]) => runProgram("git", args, { cwd: root, timeout: 20_000 });
  try {
    const [where, branches] = await Promise.all([
      ask("rev-parse", "--absolute-git-dir", "HEAD"),
      ask("for-each-ref", "--format=%(refname) %(objectname)", ...refs),
    ]);
    const [folder = "", head] = where.stdout.split("\n");
    if (where.code !== 0 || branches.code !== 0 || !head) return undefined;
    const { size, mtimeMs, ino } = await stat(join(folder, "index"));
    return [head, size, mtimeMs, ino, branches.stdout].join("\n");
  } catch {
    return undefined;
  }
}

async function gitAt(root: string): Promise<Git | undefined> {
  const git = await Git.at({ cwd: root, timeout: 20_000 }).catch(() => undefined);
  const head = await git?.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}").catch(() => undefined);
  return head?.code === 0 ? git : undefined;
}

export async function gitDiff(root: string): Promise<Told> {
  const git = await gitAt(root);
  if (!git) return none("it is no repository of git, or has no commit yet");
  const base = await baseOf(git);
  const told = await git.run(
    "diff",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-renames",
    "--relative",
    "-U0",
    base,
    "--",
  );
  const findings: Finding[] = [];
  let path = "";
  let more = 0;
  for (const line of told.split("\n")) {
    if (line.startsWith("+++ ")) path = line.startsWith("+++ b/") ? line.slice(6) : "";
    const [, before = "1", at = "1", after = "1"] = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line) ?? [];
    if (!line.startsWith("@@ ") || path === "") continue;
    if (findings.length >= MOST.files) more++;
    else
      findings.push({
        ...{ collector: "git-diff", severity: "info", path, line: Number(at) },
        text: `changed since ${base.slice(0, 12)}: +${after} -${before} lines`,
      });
  }
  const notes =
    more > 0
      ? [`${more} further changed places`]
      : findings.length === 0
        ? [`nothing differs from ${base.slice(0, 12)}`]
        : [];
  return { findings, notes };
}

/** Where this branch left the main one; on that itself, the last commit. */
async function baseOf(git: Git): Promise<string> {
  const head = await git.run("rev-parse", "HEAD");
  for (const name of BASES) {
    const { code, stdout } = await git.ask("merge-base", "HEAD", name);
    if (code === 0 && stdout.trim() !== head) return stdout.trim();
  }
  return head;
}

export async function gitHistory(root: string): Promise<Told> {
  const git = await gitAt(root);
  if (!git) return none("it is no repository of git, or has no commit yet");
  const log = await git.run(
    "log",
    "-n",
    String(MOST.looked),
    "--no-renames",
    "--name-only",
    "--relative",
    "--format=%x00%h %ad %s",
    "--date=short",
  );
  const commits = log.split("\0").slice(1);
  const touched = new Map<string, number>();
  for (const one of commits)
    for (const path of one.split("\n").slice(1)) if (path !== "") touched.set(path, (touched.get(path) ?? 0) + 1);
  const hot = [...touched]
    .filter(([, times]) => times > 1)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST.hot);
  const findings = [
    ...commits.slice(0, MOST.commits).map((one) => ({ path: ".", text: `commit ${one.split("\n")[0] ?? ""}` })),
    ...hot.map(([path, times]) => ({ path, text: `changed in ${times} of the last ${commits.length} commits` })),
  ];
  return { findings: findings.map((one) => ({ collector: "git-history", severity: "info", ...one })), notes: [] };
}
