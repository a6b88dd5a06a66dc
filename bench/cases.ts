/** What is measured. Each case is a process of its own in every round. */
import type { WorkloadName } from "./workloads.ts";

export type JournalKind = "memory" | "durable";

export type Case = { readonly name: string } & (
  | {
      readonly kind: "run";
      readonly workload: WorkloadName;
      readonly journal: JournalKind;
      /** Runs after the first. */
      readonly warm: number;
      /** Tasks say how long they take. */
      readonly estimated?: boolean;
    }
  | { readonly kind: "chain-commits" | "durability" | "event-loop" | "import" | "timers" }
);

/** Medians over one process, by name. */
export type Figures = { readonly [name: string]: number };

const both = (workload: WorkloadName, warm: number, estimated?: boolean): Case[] =>
  (["memory", "durable"] as const).map((journal) => ({
    name: `${workload} ${journal}${estimated ? " estimated" : ""}`,
    kind: "run",
    workload,
    journal,
    warm,
    ...(estimated && { estimated }),
  }));

export const CASES: readonly Case[] = [
  ...both("chain", 40),
  { name: "chain-commits", kind: "chain-commits" },
  ...both("fan", 20),
  ...both("dag1k", 20),
  { name: "durability", kind: "durability" },
  ...both("dag10k", 3),
  ...both("dag100k", 1),
  ...both("jitter1k", 2),
  ...both("sleep1k", 1, true),
  ...both("sleep1k", 1),
  { name: "timers", kind: "timers" },
  { name: "event-loop", kind: "event-loop" },
  { name: "import", kind: "import" },
];
