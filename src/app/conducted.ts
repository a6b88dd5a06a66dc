/** A run while a host conducts it: what it is conducted with, and how it is attended until it ends. */
import type { RunState } from "../core/state.ts";
import { defined } from "../domain/json.ts";
import type { AgentTask, Rehearsal } from "../domain/plan.ts";
import type { Guide, GuideLeftOut, People, Runtime } from "../domain/ports.ts";
import { type Chosen, pricesFor } from "./crew-of-files.ts";
import { tasksOf } from "./crew-of-run.ts";
import { foresee } from "./foreseeing.ts";
import type { RunHandle } from "./handle.ts";
import type { OrchestratorConfig } from "./options.ts";
import type { AgentOrchestrator } from "./orchestrator.ts";
import type { OrderConfig } from "./order.ts";
import { REPLANNER } from "./replanner.ts";

/** What a run is conducted with. */
export interface Conducted {
  readonly agents: Chosen["agents"];
  readonly runtimes?: { readonly [name: string]: Runtime };
  readonly config: OrderConfig & Partial<Omit<OrchestratorConfig, "replan">>;
  readonly rehearsal: Rehearsal | undefined;
  readonly tasks: readonly AgentTask[];
  /** Where it was begun. */
  readonly folder?: string;
  /** When something last became true in it. */
  readonly at?: number;
}

export function settingsOf(state: RunState): Omit<Conducted, "agents"> {
  const {
    rehearsal,
    globalTimeout = Number.POSITIVE_INFINITY,
    folder,
    replan: _,
    ...rest
  } = state.start?.options ?? {};
  return { config: { ...rest, globalTimeout }, rehearsal, tasks: tasksOf(state), at: state.at, ...defined({ folder }) };
}

/** What the order, or the run as it began, says of how it is conducted. */
export function settingsFor(
  of: Conducted,
  places: number,
  priced: Parameters<typeof pricesFor>[1],
): Partial<OrchestratorConfig> {
  const { config, rehearsal } = of;
  const { contextStrategy, enableCommunication, pruningThreshold, seed, explore, budget } = config;
  const { recovery, attended, deliver, post, list } = config;
  const { maxParallelAgents = places, globalTimeout = Number.POSITIVE_INFINITY } = config;
  const replan = Object.hasOwn(of.agents, REPLANNER) ? { by: REPLANNER } : undefined;
  const how = {
    contextStrategy,
    enableCommunication,
    pruningThreshold,
    recovery,
    attended,
    deliver,
    post,
    list,
    replan,
  };
  const set = { ...how, seed, explore, budget, rehearsal, prices: pricesFor(of, priced) };
  return { maxParallelAgents, globalTimeout, ...defined(set) };
}

/** What the repository says to all of them is part of what each is, so that a result is not taken for another's (I11). */
export function guided(agents: Conducted["agents"], guide: Guide | GuideLeftOut | undefined): Conducted["agents"] {
  if (guide === undefined || "why" in guide) return agents;
  const all = Object.entries(agents).map(([name, agent]) => [name, { ...agent, version: guide.hash }] as const);
  return Object.fromEntries(all);
}

/** Events that tell how an agent fares. */
export const LIFE = [
  ...(["agent:invoke", "task:complete", "task:retry", "task:error", "task:cancelled", "task:skipped"] as const),
  ...(["workflow:complete", "workflow:error", "workflow:cancelled"] as const),
];

export const REHEARSED_PEOPLE: People = {
  ask: () => Promise.resolve({ decision: "approve", note: "approved by the rehearsal", by: "rehearsal" }),
};

export interface Attended {
  readonly handle: RunHandle;
  readonly orchestrator: AgentOrchestrator;
  /** Where its agents work. */
  readonly folder?: string | undefined;
  readonly home: string;
  readonly of: Pick<Conducted, "config" | "rehearsal">;
}

/**
 * To its end, or until its host lets go of all (`over`). At a pause the run stays here, to be steered, and virtual time
 * stands still until it goes on.
 */
export async function attend(
  { handle, orchestrator, folder, home, of }: Attended,
  pass: () => Promise<void>,
  ended: () => void,
  over: AbortSignal,
): Promise<void> {
  let resumed = () => {};
  const where = folder === undefined ? undefined : { folder, home };
  if (where && of.config.deliver && !of.rehearsal) foresee(orchestrator, handle, where);
  orchestrator.on("workflow:resumed", () => resumed());
  const letGo = Promise.withResolvers<readonly [undefined]>();
  const stop = () => letGo.resolve([undefined]);
  over.addEventListener("abort", stop);
  while (!over.aborted) {
    const passing = pass();
    const told = handle.then(
      () => handle.status,
      () => undefined,
    );
    const [status] = await Promise.race([Promise.all([told, passing]), letGo.promise]);
    if (status !== "paused" && status !== "running" && status !== "waiting") break;
    if (handle.status === "paused")
      await Promise.race([
        letGo.promise,
        new Promise<void>((resolve) => {
          resumed = resolve;
        }),
      ]);
  }
  over.removeEventListener("abort", stop);
  ended();
  await orchestrator[Symbol.asyncDispose]().catch(() => {});
}
