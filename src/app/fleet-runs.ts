/** Runs as whoever conducts a fleet sees them: short, whoever conducts the run itself. */
import { cut, eventText, shortOf } from "../conductor/digest.ts";
import type { LogLine, Logs, RunDigest, RunRow, Work } from "../conductor/fleet.ts";
import type { RunState } from "../core/state.ts";
import { agentOf } from "../core/telling.ts";
import { TuttiError } from "../domain/error.ts";
import { isRunId } from "../domain/ids.ts";
import { defined } from "../domain/json.ts";
import type { FleetHome } from "./fleet-home.ts";
import type { OpenGate } from "./overview.ts";

/** Runs that are looked at for those under way, and for where an agent worked. */
const MOST_LIVE = 200;
const NEWEST = 30;
/** Events that one look goes through. */
const MOST_EVENTS = 20_000;
const MOST_TASKS = 60;
/** Characters of the outputs of one run together, and of one of them. */
const ALL_OUTPUTS = 9000;
const ONE_OUTPUT = 3000;
const MOST_REASON = 500;

export async function workUnderWay(home: FleetHome): Promise<readonly Work[]> {
  const found: Work[] = [];
  for (const { run } of await home.journal.list({ status: "running", limit: MOST_LIVE })) {
    const now = await home.state(run).catch(() => undefined);
    if (!now) continue;
    const isShared = new Set(tasksIn(now).map((node) => agentOf(now, node))).size > 1;
    for (const [taskId, agentName] of now.places.running) found.push({ run, taskId, agentName, isShared });
  }
  return found;
}

const tasksIn = ({ graph }: RunState) => [...graph.nodes.values()].filter(({ spec, removed }) => spec && !removed);

export async function digestOf(home: FleetHome, run: string): Promise<RunDigest> {
  if (!isRunId(run)) throw noRun(run);
  const [now, shown, gates] = await Promise.all([home.state(run), home.show(run), home.gates(run)]);
  const { status, reason, rehearsed, workflow, summary, tasks } = shown;
  const nodes = tasksIn(now);
  const room = Math.min(ONE_OUTPUT, Math.floor(ALL_OUTPUTS / Math.max(1, Math.min(MOST_TASKS, nodes.length))));
  const digests = nodes.slice(0, MOST_TASKS).map((node) => {
    const { output, reason: why, changes } = tasks[node.id] ?? {};
    const text = output === undefined ? undefined : shortOf(output, room);
    const said = why === undefined ? undefined : cut(why, MOST_REASON);
    const facts = defined({ output: text, reason: said, files: changes?.files.length });
    return { id: node.id, agentName: agentOf(now, node), status: node.status, ...facts };
  });
  const more = nodes.length > MOST_TASKS ? `${nodes.length - MOST_TASKS} more tasks are not shown` : undefined;
  return {
    // Whole ones: whoever asks again within one learns nothing new, and is told so.
    minutes: Math.floor(summary.totalDuration / 60_000),
    ...{ run, workflow, status, tokensUsed: summary.totalTokens, costUsd: summary.totalCostUsd },
    ...defined({ rehearsed, reason: reason ?? more }),
    ...{ tasks: digests, gates: gates.slice(0, MOST_TASKS).map((gate) => gateOf(now, gate)) },
  };
}

/** An attempt that asks, a person's own task among them, and a failure that a person is asked about are no gates of a plan. */
function gateOf({ gates }: RunState, { gate, taskId, question }: OpenGate) {
  const isOfPlan = gates.open.get(gate)?.attempt === undefined && !gate.endsWith(".recovery");
  return { gate, taskId, question: cut(question, MOST_REASON), isOfPlan };
}

export async function newestRuns({ journal }: FleetHome, limit: number): Promise<readonly RunRow[]> {
  const entries = await journal.list({ limit });
  return entries.map(({ run, workflow, status, startedAt, rehearsed }) => ({
    ...{ run, workflow, status, startedAt },
    ...defined({ rehearsed }),
  }));
}

export async function runsOfAgent(home: FleetHome, agent: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { run } of await home.journal.list({ limit: NEWEST })) {
    const now = await home.state(run).catch(() => undefined);
    if (now && tasksIn(now).some((node) => agentOf(now, node) === agent)) found.push(run);
  }
  return found;
}

export async function logsOf(
  home: FleetHome,
  agent: string,
  { run, from, limit }: { readonly run: string; readonly from: number; readonly limit: number },
): Promise<Logs> {
  if (!isRunId(run)) throw noRun(run);
  const { places } = await home.state(run);
  const names = Object.keys(places.agents);
  if (!names.includes(agent))
    throw new TuttiError("NOT_FOUND", `agent '${agent}' does not work in run ${run}`, {
      path: "name",
      hint: `its agents are ${names.join(", ")}`,
    });
  const lines: LogLine[] = [];
  let next = from;
  for await (const page of home.journal.read(run, { from, to: from + MOST_EVENTS }))
    for (const event of page) {
      if (lines.length === limit) return { run, lines, next: event.seq };
      next = event.seq + 1;
      if (!("taskId" in event) || !("agentName" in event) || event.agentName !== agent) continue;
      const text = eventText(event);
      const { seq, at, type } = event;
      if (text !== undefined) lines.push({ seq, at, type, taskId: String(event.taskId), text });
    }
  return next > from + MOST_EVENTS ? { run, lines, next } : { run, lines };
}

const noRun = (run: string) =>
  new TuttiError("NOT_FOUND", `there is no run '${run.slice(0, 100)}'`, { path: "run", hint: "tutti runs lists them" });
