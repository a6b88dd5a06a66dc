/** Agents: made, given work, watched, stopped and taken away again. */
import { z } from "zod";
import { TuttiError } from "../../domain/error.ts";
import { defined, type Json } from "../../domain/json.ts";
import type { AgentRow, Fleet, Work } from "../fleet.ts";
import { began, budget, configOf, rehearse, runId, wait } from "./begun.ts";
import { type ConductorTool, conductorTool } from "./tool.ts";

const name = z.string().min(1).max(64).describe("the agent's name");
const texts = (most: number) => z.array(z.string().min(1).max(100)).max(most);
const MOST_LISTED = 100;
const MOST_LINES = 200;
const MOST_SHOWN = 10;

const createAgent = conductorTool({
  name: "create_agent",
  title: "Create an agent",
  description:
    "Makes an agent for one purpose: give it a name, when to use it, and instructions. It lasts until this session ends or it is deleted; with keep it stays. Look with list_agents or route first: there may be one that fits. It can have the usual tools of agents, but no rules that lift a question to a person.",
  does: {},
  input: z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "lower-case letters, digits and '-'"),
    description: z.string().min(1).max(2000).describe("when to use it, and when not"),
    instructions: z.string().min(1).max(100_000),
    like: name.optional().describe("begins as a copy of this agent: its model, tools and rules"),
    model: z.string().min(1).max(200).optional().describe("provider/id; left out, the default"),
    tools: texts(50).optional().describe("such as read, list, search, edit, write, bash, fetch; left out, none"),
    capabilities: texts(50).optional(),
    maxTurns: z.int().min(1).max(500).optional().describe("replies of one attempt"),
    places: z.int().min(1).max(100).optional().describe("at most this many of it at once"),
    keep: z.boolean().optional().describe("true: it stays after this session"),
  }),
  perform: async ({ keep = false, like, ...definition }, fleet) => {
    fleet.create(defined(definition) as { [field: string]: Json }, { keep, ...defined({ like }) });
    return { ...fleet.agent(definition.name), next: `command_agent gives '${definition.name}' work` };
  },
});

const commandAgent = conductorTool({
  name: "command_agent",
  title: "Give an agent work",
  description:
    "Begins a run with one task for an agent and answers at once with the run's id; with wait, up to that many seconds for its result. The agent knows nothing but what you write here and the files: say what is wanted, what is there, and how you know that it is done.",
  does: {},
  input: z.strictObject({
    name,
    command: z.string().min(1).max(200_000).describe("the whole task, for a reader who knows nothing of it"),
    reads: z.array(z.string().min(1).max(1000)).max(100).optional().describe("files to show it, as globs"),
    model: z.string().min(1).max(200).optional().describe("for this task only"),
    budget,
    rehearse,
    wait,
  }),
  perform: async ({ name: agentName, command, reads, model, wait: seconds = 0, ...how }, fleet, calling) => {
    fleet.agent(agentName);
    const description = command.trim().split("\n")[0]?.slice(0, 200) || "a command";
    const task = { id: "command", agentName, description, prompt: command, ...defined({ reads, model }) };
    const order = { workflowName: `command ${agentName}`, tasks: [task], config: configOf(how) };
    return began({ begin: () => fleet.begin(order) }, seconds, fleet, calling);
  },
});

const checkAgentStatus = conductorTool({
  name: "check_agent_status",
  title: "How an agent or a run fares",
  description:
    "Of an agent: whether it is idle, executing or errored, and what it has under way. Of a run: its status, each task with the beginning of its result, what it cost, and the gates where it waits for a person. Give a name, a run, or both; with wait, up to that many seconds until the run has ended or waits.",
  does: { reads: true, repeats: true },
  input: z.strictObject({ name: name.optional(), run: runId.optional(), wait }),
  perform: async ({ name: agentName, run, wait: seconds = 0 }, fleet, { signal, tell }) => {
    if (agentName === undefined && run === undefined)
      throw new TuttiError("BAD_INPUT", "give the name of an agent, or the id of a run", { path: "name" });
    if (run !== undefined && seconds > 0) await fleet.wait(run, { seconds, signal, ...(tell && { tell }) });
    const agent = agentName === undefined ? undefined : fleet.agent(agentName);
    const own = agentName === undefined ? undefined : await workOf(fleet, agentName);
    return defined({
      agent,
      working: own?.slice(0, MOST_SHOWN).map(({ run: at, taskId }) => ({ run: at, taskId })),
      newestRuns: agentName === undefined ? undefined : (await fleet.runsOf(agentName)).slice(0, 3),
      run: run === undefined ? undefined : await fleet.run(run),
    });
  },
});

const listAgents = conductorTool({
  name: "list_agents",
  title: "List agents",
  description:
    "Agents that can be given work, a line each: those that fit some words best first, or of a category or capability, or those that conductors made. Without anything, whoever is busy or was made by a conductor comes first.",
  does: { reads: true, repeats: true },
  input: z.strictObject({
    words: z.string().min(1).max(1000).optional(),
    category: z.string().max(64).optional(),
    capability: z.string().max(100).optional(),
    created: z.boolean().optional().describe("true: only those that a conductor made"),
    limit: z.int().min(1).max(MOST_LISTED).optional().describe("default 20"),
  }),
  perform: async ({ limit = 20, ...query }, fleet) => {
    const found = fleet.agents(defined(query));
    const rows = query.words === undefined ? found.toSorted((a, b) => rank(a) - rank(b)) : found;
    return { total: found.length, agents: rows.slice(0, limit).map(rowOf) };
  },
});

const rank = ({ busy, created }: AgentRow): number => (busy > 0 ? 0 : created ? 1 : 2);
const rowOf = ({ description, ...rest }: AgentRow) => ({ ...rest, description: description.slice(0, 160) });

const deleteAgent = conductorTool({
  name: "delete_agent",
  title: "Delete an agent",
  description:
    "Takes away an agent that a conductor made. One that is at work is refused unless forced; its attempts end as they would have. Agents of the catalogue, the user and the repository are not deleted from here.",
  does: { destroys: true },
  input: z.strictObject({ name, force: z.boolean().optional() }),
  perform: async ({ name: agentName, force = false }, fleet) => {
    if (fleet.agent(agentName).created === undefined)
      throw new TuttiError("WRONG_STATE", `agent '${agentName}' was not made by a conductor`, {
        path: "name",
        hint: "whoever wrote it deletes it: its file, or DELETE /api/agents/NAME",
      });
    fleet.delete(agentName, force);
    return { deleted: agentName };
  },
});

const readAgentLogs = conductorTool({
  name: "read_agent_logs",
  title: "Read an agent's log",
  description:
    "What an agent did in a run, a line for each event: replies, calls of tools and their results, how it ended. Without a run, the newest it worked in. Go on with from: next.",
  does: { reads: true, repeats: true },
  input: z.strictObject({
    name,
    run: runId.optional(),
    from: z.int().min(1).optional().describe("the first event's number, default 1"),
    limit: z.int().min(1).max(MOST_LINES).optional().describe("lines, default 40"),
  }),
  perform: async ({ name: agentName, run, from = 1, limit = 40 }, fleet) => {
    const at = run ?? (await fleet.runsOf(agentName))[0];
    if (at === undefined) {
      fleet.agent(agentName);
      throw new TuttiError("NOT_FOUND", `agent '${agentName}' has worked in none of the newest runs`, {
        path: "name",
        hint: "command_agent gives it work; or name a run",
      });
    }
    return fleet.logs(agentName, { run: at, from, limit });
  },
});

const interruptAgent = conductorTool({
  name: "interrupt_agent",
  title: "Interrupt an agent",
  description:
    "Stops what an agent has under way. A run of yours that is its alone is cancelled; any other is paused, keeps all results and can be resumed. With how you say which; only runs that you began can be cancelled. What it wrote is kept.",
  does: { destroys: true, repeats: true },
  input: z.strictObject({
    name,
    run: runId.optional().describe("only there"),
    how: z.enum(["pause", "cancel"]).optional(),
    reason: z.string().min(1).max(1000).optional(),
  }),
  perform: async ({ name: agentName, run, how, reason = "the conductor interrupted it" }, fleet) => {
    const all = (await workOf(fleet, agentName)).filter((one) => run === undefined || one.run === run);
    const runs = new Map(all.map((one) => [one.run, one]));
    if (runs.size === 0 && run === undefined) fleet.agent(agentName);
    const stopped: object[] = [];
    for (const { run: at, isShared } of runs.values()) {
      const isOwn = await fleet.isOwn(at);
      if (how === "cancel" && !isOwn)
        throw new TuttiError("WRONG_STATE", `run ${at} was not begun in this session, so it can only be paused`, {
          path: "how",
          hint: `a person cancels it: tutti cancel ${at}`,
        });
      const order = how ?? (isOwn && !isShared ? "cancel" : "pause");
      stopped.push({ run: at, order, command: await fleet.stop(at, order, reason) });
    }
    if (stopped.length > 0) return { interrupted: stopped };
    return {
      interrupted: [],
      note: `'${agentName}' has nothing under way${run === undefined ? "" : ` in run ${run}`}`,
    };
  },
});

async function workOf(fleet: Fleet, agentName: string): Promise<readonly Work[]> {
  return (await fleet.work()).filter((one) => one.agentName === agentName);
}

export const AGENT_TOOLS: readonly ConductorTool[] = [
  ...[createAgent, commandAgent, checkAgentStatus, listAgents, deleteAgent, readAgentLogs, interruptAgent],
];
