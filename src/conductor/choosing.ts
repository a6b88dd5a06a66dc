/** Who does a task of a plan: whoever does such work by custom, or whoever the router finds in its words. */
import type { AgentRegistry } from "../agents/registry.ts";
import type { RouteContext, Routed, RouteTask } from "../agents/router.ts";
import type { Able } from "./checks.ts";
import type { Choose } from "./planner.ts";

/** Below it custom is the better guess. */
const SURE = 0.6;
const WRITES = /^(?:write|edit)\b/;

type Route = (task: RouteTask, context: Pick<RouteContext, "exclude">) => Routed;

const canWrite = (registry: AgentRegistry, name: string): boolean =>
  registry.find(name).tools?.some((one) => WRITES.test(one)) === true;

export const ableOf = (registry: AgentRegistry): ReadonlyMap<string, Able> =>
  new Map([...registry.names()].map((name) => [name, { canWrite: canWrite(registry, name) }]));

export const chooseFrom =
  (registry: AgentRegistry, route: Route): Choose =>
  ({ text, writes, usual = [], except = [], byCustom = false }) => {
    const may = (name: string) => registry.has(name) && !except.includes(name) && (!writes || canWrite(registry, name));
    const custom = usual.find(may);
    if (byCustom && custom !== undefined) return { agentName: custom, reason: "who does such work by custom" };
    const routed = route({ description: text, ...(writes ? { tools: ["write"] } : {}) }, { exclude: except });
    const { agent, confidence, reasoning, alternatives } = routed;
    if (agent !== null && may(agent) && confidence > SURE) return { agentName: agent, reason: reasoning };
    if (custom !== undefined)
      return {
        agentName: custom,
        reason: `who does such work by custom; by words alone nobody is sure: ${reasoning}`.slice(0, 2000),
      };
    const next = [...(agent === null ? [] : [agent]), ...alternatives.map((one) => one.agent)].find(may);
    return next === undefined
      ? undefined
      : { agentName: next, reason: `the nearest that there is: ${reasoning}`.slice(0, 2000) };
  };
