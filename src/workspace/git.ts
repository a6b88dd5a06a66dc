/**
 * Git, called so that nothing inside a repository makes it run anything of its own.
 *
 * G2. No hooks, no file monitor, no external diff, no text conversion, no signing, no filters: those that the
 *     repository's own settings name are looked up and blanked, one by one.
 * G3. Arguments are lists, never a shell; what a caller did not choose himself comes after `--` or
 *     `--end-of-options`.
 */
import { reasonOf, TuttiError } from "../domain/error.ts";
import { runProgram } from "../process/program.ts";

export interface GitOptions {
  readonly cwd: string;
  readonly env?: { readonly [name: string]: string };
  readonly timeout?: number;
}

const HARMLESS = [
  ...["core.hooksPath=/dev/null", "core.fsmonitor=false", "core.untrackedCache=false", "core.pager=cat"],
  ...["diff.external=", "commit.gpgSign=false", "tag.gpgSign=false", "gc.auto=0", "maintenance.auto=false"],
  ...[
    "submodule.recurse=false",
    "core.sparseCheckout=false",
    "index.sparse=false",
    "advice.detachedHead=false",
    "core.quotePath=false",
    "core.autocrlf=false",
  ],
  ...["log.showSignature=false", "merge.verifySignatures=false"],
  ...["gpg.program=false", "gpg.ssh.program=false", "gpg.x509.program=false"],
  ...["core.alternateRefsCommand=", "credential.helper=", "core.askPass=", "core.sshCommand=false"],
].flatMap((one) => ["-c", one]);

const ENV = {
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_NO_LAZY_FETCH: "1",
  GIT_EDITOR: "false",
  // Its words are looked into, and told to whoever reads ours.
  LC_ALL: "C",
  GIT_AUTHOR_NAME: "Tutti",
  GIT_AUTHOR_EMAIL: "tutti@localhost",
  GIT_COMMITTER_NAME: "Tutti",
  GIT_COMMITTER_EMAIL: "tutti@localhost",
};

const WORKTREES = "extensions.worktreeconfig";

/** Without a driver git gives up where its settings name one: so that it merges as it would without them. */
const MERGES = "git merge-file -q --marker-size=%L %A %O %B || exit 1";

const HALF_MADE = /failed to read .*worktrees/;
const MOST_TRIES = 20;

export class Git {
  readonly #options: GitOptions;
  readonly #blanked: readonly string[];
  /** Its settings say that each worktree may have settings of its own. */
  readonly namesWorktrees: boolean;

  private constructor(options: GitOptions, blanked: readonly string[], namesWorktrees = false) {
    this.#options = options;
    this.#blanked = blanked;
    this.namesWorktrees = namesWorktrees;
  }

  /** For what reads and writes no file that is worked on, so that no driver could be run. */
  static plain(options: GitOptions): Git {
    return new Git(options, []);
  }

  /** Looks up what its settings would have run; done anew for each use, since an agent may have changed them. */
  static async at(options: GitOptions): Promise<Git> {
    const bare = new Git(options, []);
    const drivers = "filter\\..*\\.(clean|smudge|process|required)|diff\\..*\\.(command|textconv)|merge\\..*\\.driver";
    const keys = `^(${drivers}|hook\\..*\\.command|extensions\\.worktreeconfig)$`;
    const { stdout } = await bare.ask("config", "--includes", "--name-only", "-z", "--get-regexp", keys);
    const all = [...new Set(stdout.split("\0").filter((name) => name !== ""))];
    const names = all.filter((name) => name !== WORKTREES);
    const blank = (name: string) => {
      // Newer ones take hooks from the configuration too.
      if (name.startsWith("hook.")) return `${name.replace(/command$/, "enabled")}=false`;
      return name.endsWith(".required") ? `${name}=false` : `${name}=${name.endsWith(".driver") ? MERGES : ""}`;
    };
    return new Git(
      options,
      names.flatMap((name) => ["-c", blank(name)]),
      names.length < all.length,
    );
  }

  /** Whatever it answers. */
  async ask(
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const { cwd, env, timeout = 120_000 } = this.#options;
    return runProgram("git", [...HARMLESS, ...this.#blanked, ...args], { cwd, env: { ...ENV, ...env }, timeout });
  }

  /** What it printed. Throws with its own words where it failed. */
  async run(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.ask(...args);
    if (code === 0) return stdout.replace(/\n$/, "");
    const words = stderr.trim().slice(0, 500) || `exit code ${code}`;
    throw new TuttiError("WRONG_STATE", `git ${args[0]} failed: ${words}`, { path: "repository" });
  }

  /** As `run`. Git reads all worktrees then, and fails at one that another process is just making or removing. */
  async worktree(...args: readonly string[]): Promise<string> {
    for (let tries = 1; ; tries++)
      try {
        return await this.run("worktree", ...args);
      } catch (error) {
        if (tries === MOST_TRIES || !HALF_MADE.test(reasonOf(error))) throw error;
      }
  }

  with(env: { readonly [name: string]: string }, cwd = this.#options.cwd): Git {
    const options = { ...this.#options, cwd, env: { ...this.#options.env, ...env } };
    return new Git(options, this.#blanked, this.namesWorktrees);
  }
}
