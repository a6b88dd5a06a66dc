/** Looks in a thread of its own, so that nobody waits for it, and a text that a pattern chokes on stops nothing else. */
import { parentPort, workerData } from "node:worker_threads";
import { collectFrom } from "./collect.ts";
import type { Commands } from "./commands.ts";
import type { Seen } from "./snapshot.ts";

export interface Looking {
  readonly seen: Seen;
  readonly names: readonly string[];
  readonly commands: Commands;
}

const { seen, names, commands } = workerData as Looking;
parentPort?.postMessage(await collectFrom(seen, names, commands));
