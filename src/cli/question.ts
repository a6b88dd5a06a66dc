/** Questions to the person at the terminal. Asked on standard error, so that output stays what was asked for. */
import { createInterface } from "node:readline/promises";

/** The answer's text; undefined where there is none any more: the input ended, or the signal came. */
export async function ask(question: string, signal?: AbortSignal): Promise<string | undefined> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  // In a question the terminal's Ctrl-C arrives as a character.
  reader.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const ended = new Promise<undefined>((resolve) => reader.once("close", () => resolve(undefined)));
  try {
    const answer = reader.question(question, signal ? { signal } : {}).catch(() => undefined);
    return (await Promise.race([answer, ended]))?.trim();
  } finally {
    reader.close();
  }
}

export async function confirm(question: string, preset: boolean): Promise<boolean> {
  const answer = (await ask(`${question} ${preset ? "[Y/n]" : "[y/N]"} `))?.toLowerCase();
  if (answer === undefined) return false;
  return answer === "" ? preset : answer.startsWith("y");
}
