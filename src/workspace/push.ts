/**
 * A branch that a person allowed to be pushed, with his own keys.
 *
 * W8. It is pushed from a repository of our own that borrows the objects, so that nothing the user's repository says of
 *     itself counts: no hook, no helper, no ssh of its own. The address is the one that he was shown. His own settings and keys do, as when he pushes himself.
 * W9. Nothing is forced, and nobody is asked for a password behind the back of whoever looks at the gate.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TuttiError } from "../domain/error.ts";
import type { Pusher } from "../domain/issues.ts";
import { runProgram } from "../process/program.ts";
import { filterFault } from "./large-files.ts";
import { repositoryOf } from "./repository.ts";
import type { WorktreeOptions } from "./worktrees.ts";

type Environment = { readonly [name: string]: string | undefined };

/** Of the user's own, what git needs to find his settings and keys. */
const HIS = ["HOME", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_CONFIG_GLOBAL"];
const TIMEOUT = 300_000;
/** By such an address git reaches a server or a folder, and runs nothing that the address names. */
const ADDRESS = /^(https?:\/\/|ssh:\/\/|file:\/\/|\/|[\w.-]+@[\w.-]+:)[^\s]+$/;

export const pusher = ({ folder, home }: WorktreeOptions, env: Environment): Pusher => ({
  async to(repository) {
    const git = await (await repositoryOf(folder, home)).git();
    const names = (await git.run("remote")).split("\n").filter((name) => name !== "" && !name.startsWith("-"));
    for (const name of names.sort((a, b) => Number(b === "origin") - Number(a === "origin"))) {
      const told = await git.ask("remote", "get-url", "--push", "--", name);
      const url = told.stdout.trim();
      const path = url.replace(/\.git\/?$/, "").toLowerCase();
      const isIt = told.code === 0 && new RegExp(`[/:]${escaped(repository)}$`).test(path);
      if (isIt && ADDRESS.test(url)) return { url, shown: withoutKeys(url) };
    }
    return undefined;
  },

  async push({ url, shown }, { name, commit, onto }) {
    const { git, gitDir } = await repositoryOf(folder, home);
    const fault = onto === undefined ? undefined : await filterFault(await git(), onto, commit, true);
    if (fault !== undefined) throw refused(`'${name}' is not pushed: ${fault}`, "push it yourself");
    const room = await mkdtemp(join(tmpdir(), "tutti-push-"));
    try {
      const format = commit.length > 40 ? ["--object-format=sha256"] : [];
      const his = Object.fromEntries(HIS.flatMap((key) => (env[key] === undefined ? [] : [[key, env[key]]])));
      const ssh = { GIT_SSH_COMMAND: `${env["GIT_SSH_COMMAND"] ?? "ssh"} -oBatchMode=yes` };
      const how = { cwd: room, env: { ...his, ...ssh, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" }, timeout: TIMEOUT };
      await runProgram("git", ["init", "--bare", "--quiet", "--template=", ...format, room], how);
      await writeFile(join(room, "objects", "info", "alternates"), `${join(gitDir, "objects")}\n`);
      const refs = `${commit}:refs/heads/${name}`;
      const args = ["-c", "core.hooksPath=/dev/null", "push", "--no-verify", "--quiet", "--", url, refs];
      const { code, stderr } = await runProgram("git", args, how);
      if (code === 0) return;
      const words = stderr.trim().replaceAll(url, shown).slice(-600);
      throw refused(`'${name}' could not be pushed to ${shown}: ${words}`, `git push ${shown} ${name}`);
    } finally {
      await rm(room, { recursive: true, force: true });
    }
  },
});

const refused = (message: string, hint: string) => new TuttiError("WRONG_STATE", message, { path: "post", hint });
const escaped = (text: string): string => text.toLowerCase().replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** An address may hold a key, which nobody needs to see. */
function withoutKeys(url: string): string {
  if (!URL.canParse(url)) return url;
  const shown = new URL(url);
  if (shown.password === "" && (shown.username === "" || shown.protocol === "ssh:")) return url;
  shown.password = "";
  shown.username = "";
  return shown.href;
}
