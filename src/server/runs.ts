/** Looking at runs, whoever conducts them. */
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Host } from "../app/host.ts";
import { TuttiError } from "../domain/error.ts";
import type { RunEvent, RunStatus } from "../domain/events.ts";
import { isRunId } from "../domain/ids.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { RunEntry, RunQuery } from "../domain/ports.ts";
import type { EventPage, RunList, RunShown } from "./api.ts";
import { wantsJson } from "./guard.ts";
import { queryOf, runOf, wholeOf, wrong } from "./query.ts";
import type { Route } from "./route.ts";

const STATUSES: readonly RunStatus[] = ["running", "waiting", "paused", "complete", "failed", "cancelled"];
const NEWEST = Number.MAX_SAFE_INTEGER;
/** Entries that one request looks through for those it wants. */
const MOST_LOOKED_AT = 5000;
const AT_ONCE = 500;
/** Characters of events after which a page is full. */
const PAGE_SIZE = 4 << 20;

export const runRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/runs",
    async handle(c, { host }) {
      const { status, workflow, q, cursor, ...given } = queryOf(c, ["status", "workflow", "q", "limit", "cursor"]);
      if (status !== undefined && !STATUSES.includes(status as RunStatus))
        throw wrong("status", `must be one of ${STATUSES.join(", ")}${didYouMean(status, STATUSES)}`);
      if (cursor !== undefined && !isRunId(cursor)) throw wrong("cursor", "must be the cursor of an earlier answer");
      const query: RunQuery = {
        ...(status !== undefined && { status: status as RunStatus }),
        ...(workflow !== undefined && { workflow }),
        ...(cursor !== undefined && { before: cursor }),
      };
      return c.json<RunList>(await listed(host, query, { limit: wholeOf("limit", given.limit, 1, 1000) ?? 50, q }));
    },
  },
  {
    method: "GET",
    path: "/api/runs/:id",
    handle: async (c, { host }) => c.json<RunShown>(await host.show(runOf(c))),
  },
  {
    method: "GET",
    path: "/api/runs/:id/events",
    async handle(c, { host, feeds }) {
      const run = runOf(c);
      const given = queryOf(c, ["from", "limit"]);
      const from = wholeOf("from", given.from, 1, NEWEST) ?? 1;
      if (wantsJson(c.req.header("accept"))) {
        const limit = wholeOf("limit", given.limit, 1, 1000) ?? AT_ONCE;
        return c.json<EventPage>(await pageOf(host, run, from, limit));
      }
      const seen = wholeOf("Last-Event-ID", c.req.header("last-event-id") || undefined, 0, NEWEST);
      const attached = await feeds.attach(c.env.outgoing, { run, from: seen === undefined ? from : seen + 1 });
      // An EventSource that is told 204 does not come back.
      return attached === "ended" ? c.body(null, 204) : RESPONSE_ALREADY_SENT;
    },
  },
];

/**
 * Runs that fit, newest first. The journal knows nothing of `q`, nor that a run which is running waits at a gate; so
 * entries are looked through until there are enough.
 */
async function listed(
  host: Host,
  query: RunQuery,
  { limit, q }: { readonly limit: number; readonly q: string | undefined },
): Promise<RunList> {
  const words = q?.toLowerCase();
  const fits = (entry: RunEntry) =>
    words === undefined || `${entry.run} ${entry.workflow} ${entry.reason ?? ""}`.toLowerCase().includes(words);
  const isSifted = words !== undefined || query.status === "running" || query.status === "waiting";
  const { status, ...rest } = query;
  const runs: RunEntry[] = [];
  let before = query.before;
  for (let seen = 0; seen < MOST_LOOKED_AT; ) {
    // One more than wanted says whether there are more.
    const size = isSifted ? AT_ONCE : limit + 1;
    const asked: RunQuery = { ...rest, limit: size, ...(before !== undefined && { before }) };
    const plain = status === undefined || isSifted ? asked : { ...asked, status };
    const entries = await host.list(plain);
    for (const entry of entries) {
      if (!fits(entry) || (status !== undefined && entry.status !== status)) continue;
      const last = runs.at(-1);
      if (runs.length === limit && last !== undefined) return { runs, cursor: last.run };
      runs.push(entry);
    }
    if (entries.length < size) return { runs };
    seen += entries.length;
    before = entries.at(-1)?.run;
  }
  return { runs, ...(before !== undefined && { cursor: before }) };
}

async function pageOf(host: Host, run: string, from: number, limit: number): Promise<EventPage> {
  const events: RunEvent[] = [];
  let size = 0;
  for await (const page of host.journal.read(run, { from, to: from + limit }))
    for (const event of page) {
      if (events.length === limit || size > PAGE_SIZE) return { events, next: event.seq };
      events.push(event);
      size += JSON.stringify(event).length;
    }
  if (from === 1 && events.length === 0) throw new TuttiError("NOT_FOUND", `run ${run} has not begun`, { path: "run" });
  return { events };
}
