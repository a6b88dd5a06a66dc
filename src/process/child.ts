/**
 * A program under our eyes: its time, its output, its memory and its children are limited, and when it ends nothing of
 * it is left.
 *
 * P1. It gets the environment that it is given, and no word of ours.
 * P2. It leads a group of its own: TERM, a grace, KILL for all of the group, then a sweep of whoever left it.
 * P3. Each limit ends it by name.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { constants } from "node:os";
import { TuttiError } from "../domain/error.ts";
import type { Environment } from "./environment.ts";
import { CHILD_MARK, carriersOf, familyOf, hostMark, signal as kill, sweep, sweepOrphans } from "./family.ts";
import { findProgram } from "./find.ts";
import { Tape } from "./tape.ts";

export interface ChildLimits {
  /** Milliseconds in all. */
  readonly wall: number;
  /** Milliseconds without a byte of output. */
  readonly idle: number;
  /** Bytes of output. */
  readonly output: number;
  /** Bytes of memory, of it and its children together. */
  readonly memory: number;
  /** It and its children. */
  readonly processes: number;
  /** Seconds of one process. */
  readonly cpu: number;
}
const CHILD_LIMITS: ChildLimits = {
  wall: 600_000,
  idle: 300_000,
  output: 64 * 1024 * 1024,
  memory: 4 * 1024 ** 3,
  processes: 256,
  cpu: 1800,
};

export interface ChildOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
  readonly limits?: Partial<ChildLimits>;
  readonly signal?: AbortSignal;
  /** Milliseconds between asking it to end and ending it. */
  readonly grace?: number;
  /** Called with each piece of its standard output, as it comes. */
  readonly onOutput?: (piece: Buffer) => void;
  /** Called when it can say nothing more there, though it may still run. */
  readonly onOutputEnd?: () => void;
  /** Stays open for `write`; otherwise it reads nothing. */
  readonly talks?: true;
}

export type Why = "wall" | "idle" | "output" | "memory" | "processes" | "cpu" | "stopped";
export interface ChildEnd {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Set where we ended it. */
  readonly why?: Why;
  /** Both streams as they came, its middle left out where it is long. */
  readonly output: string;
  readonly stderr: string;
  /** Processes that had left its group and were still there. */
  readonly swept: number;
}

const GRACE = 5000;
/** Milliseconds; timers of the system reach no further. */
export const FOREVER = 2 ** 31 - 1;
/** Milliseconds until the first look at its memory and its children, and between two. */
const LOOK = { first: 150, next: 1000 } as const;

let orphans: Promise<number> | undefined;

/** Those that keep no process alive: they end with ours, whatever ends it. */
const resting = new Set<() => void>();
let isHeard = false;
function endWithUs(end: () => void): void {
  resting.add(end);
  if (isHeard) return;
  isHeard = true;
  process.once("exit", () => {
    for (const one of resting) one();
  });
}

export class Child {
  readonly #options: ChildOptions;
  readonly #limits: ChildLimits;
  readonly #mark = randomUUID();
  readonly #output = new Tape();
  readonly #errors = new Tape();
  #child: ChildProcessWithoutNullStreams | undefined;
  #why: Why | undefined;
  #bytes = 0;
  #idle: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  #isOver = false;
  #isHeld = true;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly ended: Promise<ChildEnd>;

  /** Resolves when it runs. Throws BAD_INPUT where it cannot be begun. */
  static async begin(options: ChildOptions): Promise<Child> {
    const { file, cwd, env } = options;
    const refused = (why: string) => new TuttiError("BAD_INPUT", `'${file}' ${why}`, { path: "command" });
    const found = findProgram(file, env["PATH"]);
    if (found === undefined) throw refused("is not installed, or not where PATH says");
    if (!existsSync(cwd)) throw refused(`cannot be begun: there is no folder ${cwd}`);
    // What a process of ours that was killed left behind goes before anything new is begun.
    orphans ??= sweepOrphans();
    const [mark] = await Promise.all([hostMark(), orphans]);
    return new Promise((resolve, reject) => {
      const failed = (error: Error) => reject(refused(`cannot be begun: ${error.message}`));
      const child = new Child({ ...options, file: found }, mark, failed);
      child.#process.once("spawn", () => resolve(child));
    });
  }

  private constructor(options: ChildOptions, host: Environment, failed: (error: Error) => void) {
    this.#options = options;
    this.#limits = { ...CHILD_LIMITS, ...options.limits };
    const [file, args] = limited(options, this.#limits);
    const env = { ...options.env, ...host, [CHILD_MARK]: this.#mark };
    const child = spawn(file, args, { cwd: options.cwd, env, detached: true, stdio: "pipe", windowsHide: true });
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => {
        this.#clear();
        failed(error);
      });
      child.once("exit", (code, signal) => void this.#exited(code, signal).then(resolve));
    });
    this.#watch(child);
  }

  get #process(): ChildProcessWithoutNullStreams {
    return this.#child as ChildProcessWithoutNullStreams;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Resolves when it has taken it; a child that has gone takes nothing. */
  write(text: string): Promise<void> {
    return new Promise((resolve) => this.#process.stdin.write(text, () => resolve()));
  }

  closeInput(): void {
    this.#process.stdin.end();
  }

  /** False: it keeps our process alive no longer, and ends at once with it. */
  hold(isHeld: boolean): void {
    const { stdin, stdout, stderr } = this.#process;
    // Pipes of children are sockets.
    const streams = [stdin, stdout, stderr] as unknown as readonly Socket[];
    const all = [this.#process, ...streams, ...this.#timers, ...(this.#looking ? [this.#looking] : [])];
    for (const one of all) isHeld ? one.ref() : one.unref();
    this.#isHeld = isHeld;
    if (isHeld || this.#isOver) resting.delete(this.#killed);
    else endWithUs(this.#killed);
  }

  /** How many it and all that it began are, wherever they went; undefined where that cannot be seen. */
  members(): Promise<number | undefined> {
    return carriersOf(this.#mark);
  }

  /** Asks it to end, and ends it where it does not. */
  stop(why: Why = "stopped"): Promise<ChildEnd> {
    if (this.#why === undefined && this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#why = why;
      this.#group("SIGTERM");
      this.#timers.push(setTimeout(() => this.#group("SIGKILL"), this.#options.grace ?? GRACE));
    }
    return this.ended;
  }

  #watch(child: ChildProcessWithoutNullStreams): void {
    const { signal, onOutput, onOutputEnd, talks } = this.#options;
    const take = (tape: Tape, told?: (piece: Buffer) => void) => (piece: Buffer) => {
      this.#bytes += piece.length;
      tape.take(piece);
      told?.(piece);
      this.#idle?.refresh();
      if (this.#bytes > this.#limits.output) void this.stop("output");
    };
    child.stdout.on("data", take(this.#output, onOutput));
    child.stderr.on("data", take(this.#errors));
    if (onOutputEnd) child.stdout.once("close", onOutputEnd);
    // Whoever has gone cannot be written to: how it ended says why.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => {});
    if (!talks) child.stdin.end();
    this.#timers.push(setTimeout(() => void this.stop("wall"), this.#limits.wall));
    this.#idle = setTimeout(() => void this.stop("idle"), this.#limits.idle);
    this.#timers.push(this.#idle);
    if (existsSync("/proc/self")) this.#watchFamily(LOOK.first);
    if (signal?.aborted) void this.stop();
    signal?.addEventListener("abort", this.#aborted, { once: true });
  }

  readonly #aborted = (): void => void this.stop();
  readonly #killed = (): void => this.#group("SIGKILL");

  #watchFamily(after: number): void {
    this.#looking = setTimeout(() => void this.#look().then(() => this.#isOver || this.#watchFamily(LOOK.next)), after);
    if (!this.#isHeld) this.#looking.unref();
  }

  async #look(): Promise<void> {
    const { pid } = this.#process;
    if (pid === undefined) return;
    const { count, memory } = await familyOf(pid);
    if (count > this.#limits.processes) void this.stop("processes");
    else if (memory > this.#limits.memory) void this.stop("memory");
  }

  #group(name: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (pid !== undefined) kill(-pid, name);
  }

  /** Its children may hold its streams open: they go first, and then what they had still to say is read. */
  async #exited(code: number | null, signal: string | null): Promise<ChildEnd> {
    const child = this.#process;
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    this.#group("SIGKILL");
    const swept = await sweep(this.#mark);
    const late = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, 1000);
    await closed;
    clearTimeout(late);
    this.#clear();
    const told = { output: this.#output.text(), stderr: this.#errors.text() };
    const isSpent = signal === "SIGXCPU" || code === 128 + constants.signals.SIGXCPU;
    const why = this.#why ?? (isSpent ? "cpu" : undefined);
    return { code, signal, ...(why === undefined ? {} : { why }), ...told, swept };
  }

  #clear(): void {
    this.#isOver = true;
    resting.delete(this.#killed);
    for (const timer of this.#timers) clearTimeout(timer);
    clearTimeout(this.#looking);
    this.#options.signal?.removeEventListener("abort", this.#aborted);
  }
}

/** To its end. */
export async function runChild(options: ChildOptions): Promise<ChildEnd> {
  return (await Child.begin(options)).ended;
}

const PRLIMIT = "/usr/bin/prlimit";

/** What the system itself can hold it to. */
function limited({ file, args }: ChildOptions, { cpu }: ChildLimits): readonly [string, readonly string[]] {
  if (!existsSync(PRLIMIT)) return [file, args];
  // Told first, by a signal that has a name, and ended some seconds later.
  return [PRLIMIT, [`--cpu=${cpu}:${cpu + 5}`, "--core=0", "--", file, ...args]];
}

const WORDS: { readonly [W in Why]: (limits: ChildLimits) => string } = {
  wall: ({ wall }) => `it took longer than ${wall} ms`,
  idle: ({ idle }) => `it said nothing for ${idle} ms`,
  output: ({ output }) => `it wrote more than ${output} bytes`,
  memory: ({ memory }) => `it and its children took more than ${memory} bytes of memory`,
  processes: ({ processes }) => `it began more than ${processes} processes`,
  cpu: ({ cpu }) => `it computed for more than ${cpu} s`,
  stopped: () => "it was asked to stop",
};

/** How it ended, in words. */
export function endInWords({ code, signal, why }: ChildEnd, limits: Partial<ChildLimits> = {}): string {
  if (why !== undefined) return WORDS[why]({ ...CHILD_LIMITS, ...limits });
  return signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
}
