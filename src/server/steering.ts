/** Steering a run, whoever conducts it. */
import type { Context } from "hono";
import type { Host } from "../app/host.ts";
import { decideMessage } from "../coordination/talk.ts";
import type { RunState } from "../core/state.ts";
import { TuttiError } from "../domain/error.ts";
import type { Command } from "../domain/facts.ts";
import { isRunId } from "../domain/ids.ts";
import { didYouMean } from "../domain/nearest.ts";
import { fields, isRecord, type Shape, text, whole, wrong } from "../domain/shape.ts";
import { isEnded, orderFault } from "../scheduling/life.ts";
import type { Accepted, Fork, Pause, Resume, Retry, Say, Steered } from "./api.ts";
import { MIB, readBody } from "./body.ts";
import { runOf } from "./query.ts";
import type { Bindings, Route } from "./route.ts";

type Asked = Context<{ Bindings: Bindings }>;

const words = text(10_000);
const amount: Shape = (value) =>
  typeof value === "number" && value >= 0 ? undefined : wrong("must be a number from 0");
const budget = fields({ usd: amount, tokens: amount, turns: amount, spawns: amount });
/** The task that comes of it is checked with the plan that it stands in. */
const changes: Shape = (value) => (isRecord(value) ? undefined : wrong("must be an object of fields of the task"));
const task = text(64, 1);

const STOP = fields({ reason: words });
const RESUME = fields({ budget, globalTimeout: whole(1, Number.MAX_SAFE_INTEGER) });
const RETRY = fields({ task, set: changes });
const FORK = fields({ from: task, set: changes });
const SAY = fields({ agent: text(200, 1), text: text(MIB, 1) }, ["agent", "text"]);

const post = (path: string, handle: Route["handle"]): Route => ({
  method: "POST",
  path: `/api/runs/:id/${path}`,
  handle,
});

export const steeringRoutes: readonly Route[] = [
  post("pause", async (c, { host }) => {
    const run = runOf(c);
    const { reason } = (await readBody(c.env.incoming, MIB, STOP)) as Pause;
    checkOrder(await host.state(run), "pause");
    return steered(c, host, run, { type: "pause", ...(reason !== undefined && { reason }) });
  }),
  post("resume", async (c, { host }) => {
    const run = runOf(c);
    const raise = (await readBody(c.env.incoming, MIB, RESUME)) as Resume;
    const state = await host.state(run);
    const isOrphan = state.life.stage === "running" && host.handle(run) === undefined && !state.life.stop;
    if (!isOrphan) {
      checkOrder(state, "resume");
      return steered(c, host, run, { type: "resume", ...raise });
    }
    // It is not paused: either its process has died, or it lives and says so.
    await host.resume(run);
    const { budget } = raise;
    if (budget !== undefined) await host.command(run, { type: "change", budget });
    return c.json<Steered>({ run, command: "obeyed" }, 202);
  }),
  post("cancel", async (c, { host }) => {
    const run = runOf(c);
    const { reason } = (await readBody(c.env.incoming, MIB, STOP)) as Pause;
    checkOrder(await host.state(run), "cancel");
    return steered(c, host, run, { type: "cancel", ...(reason !== undefined && { reason }) });
  }),
  post("messages", async (c, { host }) => {
    const run = runOf(c);
    const { agent, text: content } = (await readBody(c.env.incoming, 2 * MIB, SAY)) as Say;
    const { start, talk } = await host.state(run);
    const known = Object.keys(start?.agents ?? {});
    if (agent !== "*" && !known.includes(agent))
      throw new TuttiError("BAD_INPUT", `run ${run} has no agent '${agent}'${didYouMean(agent, known)}`, {
        path: "agent",
        hint: `its agents are ${known.join(", ")}; * means all`,
      });
    const said = { from: "user", to: agent, content };
    const decided = decideMessage(talk, { kind: "data", ...said });
    if ("fault" in decided) throw new TuttiError("BAD_INPUT", decided.fault, { path: "text" });
    return steered(c, host, run, { type: "message", ...said });
  }),
  post("retry", async (c, { host }) => {
    const run = runOf(c);
    const { task: from, set } = (await readBody(c.env.incoming, MIB, RETRY)) as Retry;
    return begun(c, await host.retry(run, branchOf("task", from, set)));
  }),
  post("fork", async (c, { host }) => {
    const run = pointOf(c);
    const { from, set } = (await readBody(c.env.incoming, MIB, FORK)) as Fork;
    return begun(c, await host.fork(run, branchOf("from", from, set)));
  }),
];

/** Answers as soon as the order is durable; what comes of it is told by the run's events. */
export async function steered(c: Asked, host: Host, run: string, command: Command): Promise<Response> {
  return c.json<Steered>({ run, command: await host.command(run, command) }, 202);
}

function begun(c: Asked, { handle }: Awaited<ReturnType<Host["retry"]>>): Response {
  return c.json<Accepted>({ run: handle.id }, 202, { Location: `/api/runs/${handle.id}` });
}

/** Said here too, because the process that conducts the run would only note in its journal that it refused. */
function checkOrder({ run, life }: RunState, order: "pause" | "resume" | "cancel"): void {
  const fault = isEnded(life) ? `it has ended: ${life.stage}` : orderFault(life, order);
  if (fault !== undefined) throw new TuttiError("WRONG_STATE", `run ${run} cannot ${order}: ${fault}`);
}

function branchOf(name: string, from: string | undefined, set: Retry["set"]) {
  if (set !== undefined && from === undefined)
    throw new TuttiError("BAD_INPUT", `'set' changes one task: name it in '${name}'`, { path: name });
  return { ...(from !== undefined && { from }), ...(set !== undefined && { set }) };
}

/** A fork may begin at a checkpoint too: `run@seq`. */
function pointOf(c: Asked): string {
  const point = c.req.param("id") ?? "";
  const [run = "", seq, more] = point.split("@");
  return isRunId(run) && more === undefined && (seq === undefined || /^[1-9]\d{0,14}$/.test(seq)) ? point : runOf(c);
}
