/** The agents that this host knows: looking at them, changing them, and asking who does a task best. */
import type { AgentFile } from "../agents/definition.ts";
import type { RouteTask } from "../agents/router.ts";
import { conductedIn, GROUPINGS, type Grouping } from "../agents/statistics.ts";
import type { Host } from "../app/host.ts";
import { fields, listOf, oneOf, text, whole } from "../domain/shape.ts";
import type { AgentList, AgentListed, AgentShown, AgentStatistics, Routing } from "./api.ts";
import { MIB, readBody } from "./body.ts";
import { queryOf, wholeOf, wrong } from "./query.ts";
import type { Route } from "./route.ts";

const MOST_FOUND = 100;
const TASK = {
  description: text(20_000, 1),
  prompt: text(MIB),
  kind: text(200),
  language: text(100),
  capabilities: listOf(text(100, 1)),
  tools: listOf(text(100, 1)),
};
const taskShape = fields(TASK, ["description"]);
const CONTEXT = fields({
  exclude: listOf(text(200, 1)),
  explore: fields({ seed: whole(0, 2 ** 32 - 1) }, ["seed"]),
});
const ROUTE = fields(
  {
    task: (value) => (typeof value === "string" ? TASK.description(value) : taskShape(value)),
    context: CONTEXT,
    rerank: (value) => (typeof value === "boolean" ? undefined : { at: "", fault: "must be true or false" }),
    model: text(200, 1),
  },
  ["task"],
);
interface RouteBody {
  readonly task: string | RouteTask;
  /** A model is asked about the best of them, which is paid for. */
  readonly rerank?: boolean;
  readonly model?: string;
  readonly context?: { readonly exclude?: readonly string[]; readonly explore?: { readonly seed: number } };
}

export const agentRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/agents",
    handle(c, { host }) {
      const { q, limit, ...query } = queryOf(c, ["category", "capability", "tag", "q", "limit"]);
      const most = wholeOf("limit", limit, 1, 10_000);
      const found =
        q === undefined ? host.agency.registry.list(query) : host.agency.search(q, { query, most: MOST_FOUND });
      return c.json<AgentList>({ agents: found.slice(0, most).map(listed) });
    },
  },
  {
    method: "POST",
    path: "/api/agents",
    async handle(c, { host }) {
      const { run, ...definition } = (await readBody(c.env.incoming, MIB)) as { readonly run?: unknown };
      if (run !== undefined && (typeof run !== "string" || host.handle(run) === undefined))
        throw wrong("run", "must be a run that this server conducts");
      const { name } = host.agency.roster.create(definition, run);
      return c.json<AgentShown>(shown(host, name), 201, { Location: `/api/agents/${name}` });
    },
  },
  {
    method: "GET",
    path: "/api/agents/:name",
    handle: (c, { host }) => c.json<AgentShown>(shown(host, c.req.param("name") ?? "")),
  },
  {
    method: "PATCH",
    path: "/api/agents/:name",
    async handle(c, { host }) {
      const name = c.req.param("name") ?? "";
      host.agency.roster.update(name, (await readBody(c.env.incoming, MIB)) as { readonly [field: string]: unknown });
      return c.json<AgentShown>(shown(host, name));
    },
  },
  {
    method: "DELETE",
    path: "/api/agents/:name",
    handle(c, { host }) {
      const { force } = queryOf(c, ["force"]);
      if (force !== undefined && force !== "true") throw wrong("force", "must be true, or left out");
      host.agency.roster.delete(c.req.param("name") ?? "", force === "true");
      return c.body(null, 204);
    },
  },
  {
    method: "GET",
    path: "/api/stats",
    async handle(c, { host }) {
      const { by = "agent" } = queryOf(c, ["by"]);
      const found = oneOf(GROUPINGS)(by);
      if (found) throw wrong("by", found.fault);
      const { statistics, lessons } = await host.agency.experience.refresh();
      const all = Object.fromEntries(statistics.by(by as Grouping));
      return c.json<AgentStatistics>({ runs: lessons.length, by, statistics: all, conducting: conductedIn(lessons) });
    },
  },
  {
    method: "POST",
    path: "/api/route",
    async handle(c, { host }) {
      const body = (await readBody(c.env.incoming, 2 * MIB, ROUTE)) as RouteBody;
      const { context = {}, rerank = false, model } = body;
      if (model !== undefined && !rerank) throw wrong("model", "belongs to 'rerank': true");
      const { agency } = host;
      await agency.experience.refresh();
      const task = typeof body.task === "string" ? { description: body.task } : body.task;
      return c.json<Routing>(rerank ? await agency.rerank(task, context, model) : agency.route(task, context));
    },
  },
];

function shown(host: Host, name: string): AgentShown {
  const { registry, roster, library } = host.agency;
  const agent = registry.find(name);
  const file = library.files.get(name);
  return { ...agent, ...listed(agent), ...(file !== undefined && { file }), state: roster.stateOf(name) };
}

function listed({ name, description, category, capabilities = [], tags = [], tier, model }: AgentFile): AgentListed {
  return {
    ...{ name, description, capabilities, tags },
    ...(category !== undefined && { category }),
    ...(tier !== undefined && { tier }),
    ...(model !== undefined && { model }),
  };
}
