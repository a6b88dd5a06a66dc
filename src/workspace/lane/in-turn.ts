/**
 * One at a time moves the user's own checkout: git lays the files out first and moves the branch then, so that of two at
 * once the one that comes too late would leave its files behind.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TuttiError } from "../../domain/error.ts";
import { isAlive } from "../../process/alive.ts";
import { inOrder } from "../in-order.ts";

export const inTurn = <T>(gitDir: string, act: () => Promise<T>): Promise<T> =>
  inOrder(`${gitDir} checkout`, () => alone(gitDir, act));

/** Other processes are told by a file which of them it is; of one that died it counts no more. */
async function alone<T>(gitDir: string, act: () => Promise<T>): Promise<T> {
  const lock = join(gitDir, "tutti-deliver.lock");
  const take = () => writeFile(lock, `${process.pid}\n`, { flag: "wx" });
  await take().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    const holder = Number(await readFile(lock, "utf8").catch(() => ""));
    if (holder !== process.pid && Number.isInteger(holder) && holder > 0 && isAlive(holder))
      throw new TuttiError("WRONG_STATE", `process ${holder} is just moving this checkout`, {
        path: "deliver",
        hint: "wait until it has, and land again",
      });
    await rm(lock, { force: true });
    await take();
  });
  try {
    return await act();
  } finally {
    await rm(lock, { force: true });
  }
}
