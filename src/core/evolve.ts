/** The only way a state changes: each slice takes from an event what is its own. */
import { evolveLedger } from "../budget/ledger.ts";
import { evolveInheritance } from "../context/inherited.ts";
import { evolveSamples } from "../context/samples.ts";
import { evolveGates } from "../coordination/gates.ts";
import { evolveTalk } from "../coordination/talk.ts";
import type { RunEvent } from "../domain/events.ts";
import { evolveGraph } from "../graph/dag.ts";
import { evolveRecovery } from "../recovery/tries.ts";
import { evolveLife } from "../scheduling/life.ts";
import { evolvePlaces } from "../scheduling/places.ts";
import { evolveWorktime, runWorktime } from "../scheduling/worktime.ts";
import { isWorking, type RunState } from "./state.ts";

export function evolve(state: RunState, event: RunEvent): void {
  state.seq = event.seq;
  state.at = event.at;
  evolveGraph(state.graph, event);
  evolvePlaces(state.places, event);
  evolveRecovery(state.recovery, event);
  evolveLedger(state.ledger, event);
  evolveTalk(state.talk, event);
  evolveGates(state.gates, event);
  evolveSamples(state.samples, event);
  evolveInheritance(state.inherited, event);
  evolveWorktime(state.worktime, event);
  evolveLife(state.life, event);
  if (event.type === "workflow:results") state.results = event.results;
  if (event.type === "workflow:start") state.start = event;
  runWorktime(state.worktime, isWorking(state), state.at);
}
