/** A shell for one attempt: held by the sandbox where there is one, asked about where there is none. */
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Json } from "../../domain/json.ts";
import type { Workspace } from "../../domain/workspace.ts";
import { type ChildEnd, type ChildLimits, runChild } from "../../process/child.ts";
import { childEnvironment } from "../../process/environment.ts";
import { gone } from "../../process/gone.ts";
import { sandbox, sandboxOr, UNHELD } from "../../process/sandbox.ts";

export interface ShellOptions {
  readonly workspace: Workspace;
  /** Ours: what children may have of it is picked out. */
  readonly env: { readonly [name: string]: string | undefined };
  /** Folders that no child sees, such as where keys and journals lie. */
  readonly hidden: readonly string[];
  readonly network: boolean;
  /** Whether it refuses to run anything where there is no sandbox. Default: no. */
  readonly mustHold?: boolean;
  readonly limits?: Partial<ChildLimits>;
}

export class Shell implements AsyncDisposable {
  readonly #options: ShellOptions;
  readonly #room: string;
  /** Whether what it runs can reach no further than the workspace. */
  readonly isHeld: boolean;

  private constructor(options: ShellOptions, room: string, isHeld: boolean) {
    this.#options = options;
    this.#room = room;
    this.isHeld = isHeld;
  }

  static async open(options: ShellOptions): Promise<Shell> {
    // What commands leave in /tmp and at home is there for the next one, and gone with the attempt.
    const room = await mkdtemp(join(tmpdir(), "tutti-shell-"));
    await mkdir(join(room, "home"));
    return new Shell(options, room, (await sandbox()) !== undefined);
  }

  /** Why it runs nothing at all; nobody needs to be asked then. */
  get refusal(): string | undefined {
    return this.isHeld || !this.#options.mustHold ? undefined : `${UNHELD.message}; ${UNHELD.hint}`;
  }

  /** Exactly what would be run, for whoever must consent to it. */
  subject(command: string): { readonly [field: string]: Json } {
    const { workspace, network } = this.#options;
    const how = this.isHeld ? "sandboxed" : "unsandboxed";
    return { argv: ["bash", "-c", command], cwd: workspace.root, how, network, env: Object.keys(this.#env()) };
  }

  run(command: string, wall: number, signal: AbortSignal): Promise<ChildEnd> {
    return this.exec("bash", ["-c", command], { wall }, signal);
  }

  async exec(
    program: string,
    given: readonly string[],
    own: Partial<ChildLimits> & { readonly wall: number },
    signal: AbortSignal,
  ): Promise<ChildEnd> {
    const { workspace, hidden, network, limits } = this.#options;
    const cwd = workspace.root;
    const env = this.#env();
    const box = await sandboxOr(this.#options.mustHold ?? false);
    const writable = workspace.isWritable ? [cwd] : [];
    const { lent = [], veiled = [], locked = [] } = workspace;
    const keyhole = {
      cwd,
      writable,
      locked,
      lent,
      hidden: [...hidden, ...veiled],
      network,
      env,
      tmp: this.#room,
    };
    const { file, args } = box ? box.wrap(program, given, keyhole) : { file: program, args: given };
    return runChild({ file, args, cwd, env, signal, limits: { ...limits, idle: 2 * own.wall, ...own } });
  }

  #env() {
    const tmp = this.isHeld ? "/tmp" : this.#room;
    return childEnvironment(this.#options.env, [], { HOME: join(tmp, "home"), TMPDIR: tmp, GIT_TERMINAL_PROMPT: "0" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await gone(this.#room);
  }
}
