/** The figures that Tutti promises, and how each is taken from what was measured. */
import type { Figures } from "./cases.ts";
import { median } from "./stats.ts";

/** All rounds of all cases, in the order they were measured. */
export type Rounds = ReadonlyMap<string, readonly Figures[]>;

interface Bar {
  /** Begins with the promise's id. */
  readonly name: string;
  readonly unit: string;
  readonly limit: number;
  /** The figure must be at least the limit; otherwise at most. */
  readonly least?: boolean;
  readonly figure: (rounds: Rounds) => number;
}

/** Microseconds a task of a fan-out of 1,000 by Mastra with libSQL, which does not sync its commits; `bench:peers` measures it beside ours. */
const MASTRA_FAN_US = 149;

/** The median over the rounds of something within each round. */
const of =
  (name: string, take: (figures: Figures) => number | undefined) =>
  (rounds: Rounds): number =>
    median((rounds.get(name) ?? []).map((figures) => take(figures) ?? Number.NaN));
const figure = (name: string, key: string) => of(name, (figures) => figures[key]);

/** Ratio of two cases within each round, so that a machine that was busy in one round counts once. */
const growth = (from: string, to: string) => (rounds: Rounds) => {
  const small = rounds.get(from) ?? [];
  return median(
    (rounds.get(to) ?? []).map(
      (figures, i) => (figures["warmUs"] ?? Number.NaN) / (small[i]?.["warmUs"] ?? Number.NaN),
    ),
  );
};
const BARS: readonly Bar[] = [
  {
    name: "[bar:task-cost] graph of 1,000, durable",
    unit: "µs a task",
    limit: 60,
    figure: figure("dag1k durable", "warmUs"),
  },
  {
    name: "[bar:memory-cost] graph of 1,000, in memory",
    unit: "µs a task",
    limit: 20,
    figure: figure("dag1k memory", "warmUs"),
  },
  {
    name: "[bar:durability] (durable − memory) / raw node:sqlite",
    unit: "×",
    limit: 1.5,
    figure: figure("durability", "ratio"),
  },
  {
    name: "[bar:fan-out] fan-out of 1,000, times faster than Mastra + libSQL",
    unit: "×",
    limit: 2.5,
    least: true,
    figure: of("fan durable", ({ warmUs = Number.NaN }) => MASTRA_FAN_US / warmUs),
  },
  {
    name: "[bar:chain] chain of 100 / 100 single commits",
    unit: "×",
    limit: 1.4,
    figure: figure("chain-commits", "ratio"),
  },
  {
    name: "[bar:growth] a task of 10,000 / of 1,000, in memory",
    unit: "×",
    limit: 1.3,
    figure: growth("dag1k memory", "dag10k memory"),
  },
  {
    name: "[bar:growth] a task of 100,000 / of 10,000, in memory",
    unit: "×",
    limit: 1.3,
    figure: growth("dag10k memory", "dag100k memory"),
  },
  {
    name: "[bar:growth] a task of 10,000 / of 1,000, durable",
    unit: "×",
    limit: 1.3,
    figure: growth("dag1k durable", "dag10k durable"),
  },
  {
    name: "[bar:growth] a task of 100,000 / of 10,000, durable",
    unit: "×",
    limit: 1.3,
    figure: growth("dag10k durable", "dag100k durable"),
  },
  {
    name: "[bar:ten-thousand] 10,000 durable, first run",
    unit: "s",
    limit: 2,
    figure: of("dag10k durable", ({ coldMs = Number.NaN }) => coldMs / 1000),
  },
  {
    name: "[bar:ten-thousand] 10,000 durable, peak memory",
    unit: "MB",
    limit: 200,
    figure: figure("dag10k durable", "rssMB"),
  },
  {
    name: "[bar:hundred-thousand] 100,000 durable, peak memory",
    unit: "MB",
    limit: 500,
    figure: figure("dag100k durable", "rssMB"),
  },
  ...(["memory", "durable"] as const).map((journal) => ({
    name: `[bar:makespan] makespan / bound, durations known, ${journal}`,
    unit: "×",
    limit: 1.03,
    figure: figure(`sleep1k ${journal} estimated`, "ratio"),
  })),
  {
    name: "[bar:event-loop] lag p99 while 50 agents append, 5 ms a commit",
    unit: "ms",
    limit: 2,
    figure: figure("event-loop", "lagP99Ms"),
  },
  { name: "[bar:import] import over bare Node", unit: "ms", limit: 100, figure: figure("import", "importMs") },
];

export interface Verdict {
  readonly name: string;
  readonly figure: number;
  readonly bound: string;
  readonly verdict: "PASS" | "FAIL" | "not measured";
}

export function judge(rounds: Rounds): Verdict[] {
  return BARS.map(({ name, unit, limit, least = false, figure: take }) => {
    const value = take(rounds);
    const holds = least ? value >= limit : value <= limit;
    return {
      name,
      figure: value,
      bound: `${least ? "≥" : "≤"} ${limit} ${unit}`,
      verdict: Number.isNaN(value) ? "not measured" : holds ? "PASS" : "FAIL",
    };
  });
}
