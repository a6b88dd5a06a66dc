/** `--detach`: the same command once more, as a process of its own, which reports the run that it began. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { TuttiError } from "../domain/error.ts";
import { isRecord } from "../domain/shape.ts";
import { detach } from "../process/detach.ts";
import type { Io } from "./io.ts";

const MARK = "TUTTI_DETACHED";

/** This process is the one in the background. */
export const inBackground = (io: Io): boolean => io.env[MARK] === "1";

/** Told once, as soon as the run is in its journal. */
export function reportRun(run: string): void {
  process.send?.({ run }, undefined, undefined, () => {
    if (process.connected) process.disconnect();
  });
}

export interface Begun {
  readonly run: string;
  readonly pid: number;
  readonly log: string;
}

/** `more`: what was settled by a question here, which the background cannot ask. */
export async function runInBackground(io: Io, more: readonly string[]): Promise<Begun> {
  const logs = join(io.home, "logs");
  await mkdir(logs, { recursive: true, mode: 0o700 });
  const log = join(logs, `${Date.now()}-${process.pid}.log`);
  const ended = await detach([...process.argv.slice(1), ...more], { log, env: { [MARK]: "1" } });
  if ("code" in ended) {
    const words = (await readFile(log, "utf8")).trim().split("\n").slice(-20).join("\n");
    throw new TuttiError("BAD_INPUT", words.replace(/^error: /, "") || `it ended with code ${ended.code}`);
  }
  const { message, pid } = ended;
  return { run: isRecord(message) ? String(message["run"]) : "", pid, log };
}
