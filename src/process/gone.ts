/** Removes what programs of others have filled. */
import { rm } from "node:fs/promises";
import { runProgram } from "./program.ts";

/**
 * Whatever they made of it: folders that nobody may write in, as those of Go's modules, and more of them in each other
 * than Node has names for.
 */
export async function gone(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(async (error) => {
    // Links are not followed by either.
    await runProgram("chmod", ["-R", "u+rwX", path], { cwd: "/" });
    const { code } = await runProgram("rm", ["-rf", path], { cwd: "/" });
    if (code !== 0) throw error;
  });
}
