/** Runs a program to its end: no shell, no input, and a limit on its time and its output. */
import { execFile } from "node:child_process";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MOST_OUTPUT = 64 * 1024 * 1024;
const LONGEST = 60_000;

/** Rejects where it could not be begun at all, took too long or wrote too much. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: { readonly [name: string]: string }; readonly timeout?: number },
): Promise<Ran> {
  const { cwd, timeout = LONGEST, env = {} } = options;
  const limits = { timeout, maxBuffer: MOST_OUTPUT, encoding: "utf8" as const, windowsHide: true };
  const path = process.env["PATH"] ?? "";
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      { ...limits, cwd, env: { PATH: path, LC_ALL: "C", ...env } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === "number") resolve({ code, stdout, stderr });
        else reject(error);
      },
    );
    child.stdin?.end();
  });
}
