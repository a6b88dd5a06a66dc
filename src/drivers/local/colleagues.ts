/** Whom an agent means who wants another one's help, or hands its task over. */
import type { RunState } from "../../core/state.ts";
import { TuttiError } from "../../domain/error.ts";
import type { RunEvent } from "../../domain/events.ts";
import type { Fact } from "../../domain/facts.ts";
import type { Wanted } from "../../domain/handoff.ts";
import { didYouMean } from "../../domain/nearest.ts";
import { orThrow } from "./attempt-log.ts";
import type { World } from "./world.ts";

interface Host {
  readonly run: string;
  readonly state: Pick<RunState, "places">;
  readonly world: Pick<World, "colleagues">;
  tell(fact: Fact): Promise<readonly RunEvent[]>;
}
interface Of {
  /** Who wants somebody, and what for. */
  readonly by: string;
  readonly about: string;
}

/** The agent's name; one that the run does not know yet has joined it then. Throws in words for whoever asked. */
export async function colleagueFor(driver: Host, wanted: Wanted, { by, about }: Of): Promise<string> {
  const { agents } = driver.state.places;
  const { name } = wanted;
  if (name === by) throw nobody(`you are '${by}' yourself: name another agent`);
  if (name !== undefined && Object.hasOwn(agents, name)) return name;
  const { colleagues } = driver.world;
  const others = Object.keys(agents).filter((one) => one !== by);
  const there =
    others.length > 0 ? `in this run are ${others.slice(0, 20).join(", ")}` : "there is no other in this run";
  if (!colleagues) {
    const what =
      name === undefined ? "name an agent: nobody chooses one here" : `there is no agent '${name}' in this run`;
    throw nobody(`${what}${name === undefined ? "" : didYouMean(name, others)}; ${there}`);
  }
  const found = colleagues.find(wanted, { run: driver.run, about, except: [by] });
  if ("fault" in found) throw nobody(`${found.fault}; ${there}. A person may know: ask_person`);
  const { agentName, card } = found;
  if (card === undefined || Object.hasOwn(driver.state.places.agents, agentName)) return agentName;
  orThrow(await driver.tell({ type: "change", agents: { [agentName]: card }, reason: `'${by}' wants '${agentName}'` }));
  return agentName;
}

const nobody = (reason: string) => new TuttiError("BAD_INPUT", reason);
