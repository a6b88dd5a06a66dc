/** What importing Tutti adds to the start of Node: pairs of processes, one bare, one that imports it. */
import { spawnSync } from "node:child_process";
import type { Figures } from "./cases.ts";
import { median } from "./stats.ts";

function wall(program: string): number {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { stdio: "ignore" });
  if (status !== 0) throw new Error(`node ended with ${status} on: ${program}`);
  return performance.now() - started;
}

export function measureImport(entry: string): Figures {
  const bare: number[] = [];
  const added: number[] = [];
  for (let i = 0; i < 5; i++) {
    const without = wall("");
    bare.push(without);
    added.push(wall(`await import(${JSON.stringify(entry)})`) - without);
  }
  return { bareMs: median(bare), importMs: median(added) };
}
