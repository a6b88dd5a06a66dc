/** Whom agents at work may have beside those of their run: all that this home knows, chosen by the router. */
import { reasonOf } from "../domain/error.ts";
import type { Wanted } from "../domain/handoff.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { Guide, GuideLeftOut } from "../domain/ports.ts";
import type { Settings } from "../library/settings.ts";
import type { CostOf } from "../runtimes/prices.ts";
import type { Agency } from "./agency.ts";
import type { Scouting } from "./colleagues.ts";
import { type Conducted, guided } from "./conducted.ts";
import { checkPrices, chooseModels, type Known } from "./crew-of-files.ts";

interface Home {
  readonly agency: Agency;
  readonly settings: Settings;
  readonly costOf: CostOf;
  readonly home: string;
}
interface Of {
  /** Looked at when it is first needed. */
  readonly known: () => Known;
  readonly conducted: Conducted;
  readonly guide: () => Guide | GuideLeftOut | undefined;
}

/** Who is in the library, chosen by the router where nobody is named; within the run's own limits of money. */
export function scouting(home: Home, { known, conducted, guide }: Of): Scouting {
  return (wanted, { about, except }) => {
    const { registry } = home.agency;
    const chosen = wanted.name ?? routed(home.agency, wanted, about, except);
    if (typeof chosen !== "string") return chosen;
    const agentName = chosen;
    if (!registry.has(agentName))
      return { fault: `there is no agent '${agentName}'${didYouMean(agentName, registry.names())}` };
    try {
      const { agentModels = {}, ...config } = conducted.config;
      const own = agentModels[agentName];
      const task = { id: "colleague", agentName, description: about, prompt: about };
      const rehearse = conducted.rehearsal !== undefined;
      const how = { ...config, rehearse, agentModels: own === undefined ? {} : { [agentName]: own } };
      const { agents, models } = chooseModels([task], known(), how);
      if (!rehearse) checkPrices(models.keys(), config.budget, "config.budget.usd", home);
      const agent = guided(agents, guide())[agentName];
      return agent ? { agentName, agent } : { fault: `there is no agent '${agentName}'` };
    } catch (error) {
      return { fault: `'${agentName}' cannot work in this run: ${reasonOf(error)}` };
    }
  };
}

/** By a capability as definitions name it, else by the words for it. */
function routed(
  agency: Agency,
  { capability }: Wanted,
  about: string,
  exclude: readonly string[],
): string | { readonly fault: string } {
  const exact = capability === undefined ? [] : [{ description: about, capabilities: [capability] }];
  const words = { description: capability === undefined ? about : `${capability}\n${about}` };
  let reasoning = "";
  for (const task of [...exact, words]) {
    const found = agency.route(task, { exclude });
    if (found.agent !== null) return found.agent;
    reasoning = found.reasoning;
  }
  return { fault: `no agent fits${capability === undefined ? "" : ` for '${capability}'`}: ${reasoning}` };
}
