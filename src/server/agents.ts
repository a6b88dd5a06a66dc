/** The agents that this host knows. */
import type { AgentFile } from "../agents/definition.ts";
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentList, AgentListed, AgentShown } from "./api.ts";
import type { Route } from "./route.ts";

export const agentRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/agents",
    handle: (c, { host }) => c.json<AgentList>({ agents: [...host.library.agents.values()].map(listed) }),
  },
  {
    method: "GET",
    path: "/api/agents/:name",
    handle(c, { host }) {
      const name = c.req.param("name") ?? "";
      const agent = host.library.agents.get(name);
      if (!agent)
        throw new TuttiError(
          "NOT_FOUND",
          `there is no agent '${name.slice(0, 100)}'${didYouMean(name.slice(0, 100), host.library.agents.keys())}`,
          { path: "name", hint: "GET /api/agents lists them" },
        );
      const { instructions, tools } = agent;
      return c.json<AgentShown>({ ...listed(agent), instructions, ...(tools && { tools }) });
    },
  },
];

function listed({ name, description, category, capabilities = [], tags = [], tier, model }: AgentFile): AgentListed {
  return {
    ...{ name, description, capabilities, tags },
    ...(category !== undefined && { category }),
    ...(tier !== undefined && { tier }),
    ...(model !== undefined && { model }),
  };
}
