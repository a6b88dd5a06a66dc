/**
 * The state of one run: what the slices know, and the life of the run around them.
 *
 * K1. It changes by `evolve` alone, and only ever as the events say (I1). It is changed in place: whoever has
 *     decided and cannot append drops it and loads it again.
 * K2. Queues and indexes in it are drawn from events too; on replay they hold what was live or what the next
 *     `decide` puts there.
 */
import { createLedger, type Ledger } from "../budget/ledger.ts";
import { createInheritance, type Inheritance } from "../context/inherited.ts";
import { createSamples, type Samples } from "../context/samples.ts";
import { asking, createGates, type Gates } from "../coordination/gates.ts";
import { createTalk, type Talk } from "../coordination/talk.ts";
import type { EventOf, RunResults, RunStatus } from "../domain/events.ts";
import { createGraph, type Graph } from "../graph/dag.ts";
import { createRecovery, type Recovery } from "../recovery/tries.ts";
import type { Life } from "../scheduling/life.ts";
import { createPlaces, type Places } from "../scheduling/places.ts";
import type { Worktime } from "../scheduling/worktime.ts";

export interface RunState {
  readonly run: string;
  seq: number;
  at: number;
  readonly life: Life;
  start?: EventOf<"workflow:start">;
  /** As the run told them at its end. */
  results?: RunResults;
  readonly graph: Graph;
  readonly places: Places;
  readonly recovery: Recovery;
  readonly ledger: Ledger;
  readonly talk: Talk;
  readonly gates: Gates;
  readonly worktime: Worktime;
  readonly inherited: Inheritance;
  readonly samples: Samples;
}

export function createState(run: string): RunState {
  return {
    ...{ run, seq: 0, at: 0, worktime: { before: 0 } },
    life: { stage: "unborn" },
    ...{ graph: createGraph(), places: createPlaces(), recovery: createRecovery(), ledger: createLedger() },
    ...{ talk: createTalk(), gates: createGates(), inherited: createInheritance(), samples: createSamples() },
  };
}

/** Something is under way or could be without anybody deciding anything. */
export function isWorking(state: RunState): boolean {
  const { places, recovery, graph, gates } = state;
  const isFree = [recovery.waiting, recovery.parked, graph.free].some(({ size }) => size > 0);
  return state.life.stage === "running" && (isFree || places.running.size > asking(gates));
}

export function statusOf(state: RunState): RunStatus {
  if (state.life.stage === "unborn") return "running";
  if (state.life.stage === "running" && !isWorking(state) && state.gates.open.size > 0) return "waiting";
  return state.life.stage;
}
