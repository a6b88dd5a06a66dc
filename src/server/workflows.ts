/** Ordering a run, and the workflows that can be ordered. */
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { TuttiError } from "../domain/error.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { Accepted, WorkflowList } from "./api.ts";
import { LARGEST_BODY, readBody } from "./body.ts";
import { wantsJson } from "./guard.ts";
import { queryOf } from "./query.ts";
import type { Route } from "./route.ts";

/** Of a plan that comes over HTTP. */
const MOST_TASKS = 1000;
const MOST_EDGES = 10_000;

export const workflowRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/api/workflows/execute",
    async handle(c, { host, feeds }) {
      const order = await readBody(c.env.incoming, LARGEST_BODY);
      await host.ready(order);
      const planned = host.prepare(order);
      checkSize(planned.tasks);
      const prepared = await host.admit(planned);
      const wantsStream = !wantsJson(c.req.header("accept"));
      if (wantsStream) feeds.checkRoom();
      const handle = host.start(prepared);
      await handle.opened();
      const run = handle.id;
      const headers = { Location: `/api/runs/${run}` };
      if (!wantsStream) return c.json<Accepted>({ run }, 202, headers);
      // The run is conducted by the host and not by this request: it goes on when the client has left.
      await feeds.attach(c.env.outgoing, { run, from: 1, untilPause: true, headers });
      return RESPONSE_ALREADY_SENT;
    },
  },
  {
    method: "GET",
    path: "/api/workflows/list",
    handle(c, { host }) {
      const { category, tags } = queryOf(c, ["category", "tags"]);
      const asked = tags?.split(",").map((tag) => tag.trim());
      const workflows = host.workflows.list({
        ...(category !== undefined && { category }),
        ...(asked && { tags: asked.filter((tag) => tag !== "") }),
      });
      const notUsed = host.workflows.unused();
      return c.json<WorkflowList>({ workflows, ...(notUsed.length > 0 && { notUsed }) });
    },
  },
];

function checkSize(tasks: readonly AgentTask[]): void {
  const refuse = (message: string) => {
    throw new TuttiError("BAD_INPUT", message, { path: "tasks", hint: "larger plans run from the library" });
  };
  if (tasks.length > MOST_TASKS) refuse(`a plan over HTTP has at most ${MOST_TASKS} tasks, not ${tasks.length}`);
  const edges = tasks.reduce((sum, { dependencies = [] }) => sum + dependencies.length, 0);
  if (edges > MOST_EDGES) refuse(`a plan over HTTP has at most ${MOST_EDGES} dependencies, not ${edges}`);
}
