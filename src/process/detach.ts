/** A Node program that goes on when this process and its terminal have gone. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

export interface Detached {
  readonly pid: number;
  /** What the program said when it was ready. */
  readonly message: unknown;
}
/** It ended before it was ready. */
export interface Ended {
  readonly code: number;
}

/**
 * Runs it in a session of its own, its output in a log file, and waits until it sends its first message
 * (`process.send`) or ends.
 */
export function detach(
  args: readonly string[],
  options: { readonly log: string; readonly env: { readonly [name: string]: string | undefined } },
): Promise<Detached | Ended> {
  const log = openSync(options.log, "a", 0o600);
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
    env: { ...process.env, ...options.env },
    windowsHide: true,
  });
  closeSync(log);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve({ code: code ?? 1 }));
    child.once("message", (message) => {
      child.disconnect();
      child.unref();
      resolve({ pid: child.pid ?? 0, message });
    });
  });
}
