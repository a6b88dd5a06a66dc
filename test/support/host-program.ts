/** A process of its own that conducts a run, see `kill/host-child.ts`. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { EventType } from "../../src/index.ts";

const CHILD = join(import.meta.dirname, "../kill/host-child.ts");

export interface Program {
  readonly child: ChildProcess;
  /** The run, once so many events of the type have been told. */
  reached(type: EventType, times?: number): Promise<string>;
  /** How the run ended; undefined where the process was killed. */
  readonly ended: Promise<string | undefined>;
}

export function program(home: string, what: object | string, env: { readonly [name: string]: string } = {}): Program {
  const child = spawn(process.execPath, [CHILD, home, typeof what === "string" ? what : JSON.stringify(what)], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const told = new Map<string, number>();
  let run = "";
  let status: string | undefined;
  let look = () => {};
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [first = "", second = ""] = line.split(" ");
    if (first === "done") status = second;
    else {
      run = first;
      told.set(second, (told.get(second) ?? 0) + 1);
    }
    look();
  });
  const ended = new Promise<string | undefined>((resolve) => child.on("close", () => resolve(status)));
  return {
    child,
    ended,
    reached: (type, times = 1) =>
      new Promise((resolve, reject) => {
        look = () => {
          if ((told.get(type) ?? 0) >= times) resolve(run);
        };
        look();
        void ended.then(() => reject(new Error(`it ended (${status}) before ${times} times ${type}`)));
      }),
  };
}
