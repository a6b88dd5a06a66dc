/**
 * Commands on a home of their own, with what they said and how they ended: as a child process wherever signals, pipes
 * or several processes are in question, and otherwise in this process, where nothing has to be loaded again.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach } from "vitest";
import { homeIn } from "../../src/cli/code-cache.ts";
import type { Io } from "../../src/cli/io.ts";
import { main } from "../../src/cli/main.ts";
import type { RunEvent } from "../../src/index.ts";
import { Homes } from "./homes.ts";

/** Compiled once for all tests: each home is new, and the program would keep its code there. */
const CODE = join(tmpdir(), "tutti-tests-code");
export const BIN = join(import.meta.dirname, "../../src/cli/bin.ts");

export interface Ended {
  /** Absent where a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves as soon as what it printed, on either stream, fits; rejects where it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

export interface Terminal {
  readonly home: string;
  readonly cwd: string;
  /** To its end, in this process: everything is real but the start of the program. */
  tutti(...args: readonly string[]): Promise<Ended>;
  /** The program, as a child process. */
  start(...args: readonly string[]): Started;
  /** Another terminal on the same home; one in another folder. */
  with(env: Environment): Terminal;
  in(cwd: string): Terminal;
}
type Environment = { readonly [name: string]: string };

export class Cli {
  readonly homes = new Homes();
  readonly #alive = new Set<ChildProcess>();

  constructor() {
    afterEach(() => {
      for (const child of this.#alive) child.kill("SIGKILL");
    });
  }

  /** A terminal in a folder with these files, whose home is new. */
  terminal(files: { readonly [path: string]: string } = {}, env: Environment = {}): Terminal {
    const cwd = this.homes.path({ ...files, ".keep": "" });
    return this.#terminal(this.homes.path(), cwd, env);
  }

  #terminal(home: string, cwd: string, env: Environment): Terminal {
    const start = (...args: readonly string[]) =>
      this.spawn(process.execPath, [BIN, ...args], { cwd, env: { TUTTI_HOME: home, ...env } });
    return {
      ...{ home, cwd, start, tutti: (...args) => inProcess(args, cwd, { TUTTI_HOME: home, ...env }) },
      with: (more) => this.#terminal(home, cwd, { ...env, ...more }),
      in: (folder) => this.#terminal(home, folder, env),
    };
  }

  /** Any program, its output kept. */
  spawn(file: string, args: readonly string[], options: { cwd?: string; env: Environment }): Started {
    const { cwd, env } = options;
    const child = spawn(file, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: CODE, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // In a process group of its own, as a shell would start it.
      detached: true,
    });
    this.#alive.add(child);
    const said = { out: "", err: "" };
    const looking = new Set<() => void>();
    const keep = (stream: "out" | "err") => (piece: string) => {
      said[stream] += piece;
      for (const look of looking) look();
    };
    child.stdout.setEncoding("utf8").on("data", keep("out"));
    child.stderr.setEncoding("utf8").on("data", keep("err"));
    const ended = new Promise<Ended>((resolve) =>
      child.on("close", (code) => {
        this.#alive.delete(child);
        resolve({ code, ...said });
      }),
    );
    const says = (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(said.out) ?? pattern.exec(said.err);
          if (found) resolve(found);
        };
        looking.add(look);
        look();
        void ended.then(({ code }) =>
          reject(new Error(`ended with ${code} before ${pattern}:\n${said.out}${said.err}`)),
        );
      });
    return { child, ended, says };
  }
}

async function inProcess(args: readonly string[], cwd: string, given: Environment): Promise<Ended> {
  const env = { PATH: process.env["PATH"] ?? "", ...given };
  const ended = { code: 0, out: "", err: "" };
  const print = (stream: "out" | "err") => (text: string) => {
    ended[stream] += `${text}\n`;
  };
  const io: Io = {
    ...{ env, cwd, home: homeIn(env), me: "tutti", isLive: false, canAsk: false, isColoured: false },
    ...{ columns: Number(given["COLUMNS"] ?? 80), rows: 24, out: print("out"), err: print("err") },
    input: Readable.from([]),
    write: (text) => {
      ended.out += text;
    },
    json: (value) => print("out")(JSON.stringify(value)),
    outlive: () => {},
    exit: (code) => {
      ended.code = code;
    },
  };
  await main([process.execPath, "tutti", ...args], io);
  return ended;
}

export const linesOf = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");

/** Every line is an event, or this throws. */
export const eventsIn = (text: string): readonly RunEvent[] => linesOf(text).map((line) => JSON.parse(line));

/** The run's id, as `run` prints it first where its output is no terminal. */
export const runIn = (text: string): string => /^run ([0-9a-z]{26})$/m.exec(text)?.[1] ?? "";

export const REHEARSED = ["--rehearse", "--speed", "max", "--seed", "7"] as const;
