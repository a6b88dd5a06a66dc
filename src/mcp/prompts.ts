/** Beginnings that a person picks in a client: what is often wanted of whoever conducts. */
import type { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { askedBy, type PromptFile } from "../agents/prompt-file.ts";

/** Names that files cannot take. */
const OURS: ReadonlySet<string> = new Set(["plan_goal", "review_run", "delegate"]);

const text = (most: number) => z.string().min(1).max(most);

/** Prompts of files that one client is offered. */
const MOST_FILES = 200;

export function addPrompts(server: McpServer, files: Iterable<PromptFile>): void {
  server.registerPrompt(
    "plan_goal",
    {
      title: "Plan a goal",
      description: "Make a plan, look at it together, and run it when it is wanted",
      argsSchema: z.object({ goal: text(20_000), minutes: z.string().max(10).optional() }),
    },
    ({ goal, minutes }) =>
      said(
        `Plan this with the tool plan${minutes === undefined ? "" : ` (minutes: ${minutes})`}. Show me the tree, who does what and every problem it names, in your own words and short. Begin nothing until I say so; then use run_workflow with the plan's id and a budget that I agree to.\n\nThe goal:\n${goal}`,
      ),
  );
  server.registerPrompt(
    "review_run",
    {
      title: "Review a run",
      description: "What came of a run, what failed and why, what it cost, what to do next",
      argsSchema: z.object({ run: text(100) }),
    },
    ({ run }) =>
      said(
        `Look at run ${run} with check_agent_status and report_cost; where a task failed, read the log of its agent with read_agent_logs. Tell me what was wanted, what is done and proven, what failed and why, what it cost, and the one next step that you would take. Begin nothing.`,
      ),
  );
  server.registerPrompt(
    "delegate",
    {
      title: "Have it done",
      description: "Pick or make the right agent for a task, give it the work, and report",
      argsSchema: z.object({ task: text(20_000) }),
    },
    ({ task }) =>
      said(
        `Have this done by an agent of the fleet: ask route who fits; where nobody does, make one with create_agent. Give it the work with command_agent, with all that it needs to know, and a budget. Look after it with check_agent_status, tell me the result and the cost, and delete what you made.\n\nThe task:\n${task}`,
      ),
  );
  addFiles(server, files);
}

/** Files that they name are the client's to read: it knows its own folder. */
function addFiles(server: McpServer, files: Iterable<PromptFile>): void {
  let room = MOST_FILES;
  for (const file of files) {
    if (OURS.has(file.name) || room-- <= 0) continue;
    const { name, description, argumentHint } = file;
    const hint = argumentHint === undefined ? text(20_000) : text(20_000).describe(argumentHint);
    const about = { title: name, description, argsSchema: z.object({ arguments: hint.optional() }) };
    server.registerPrompt(name, about, ({ arguments: words = "" }) => said(askedBy(file, words).text));
  }
}

const said = (words: string) => ({
  messages: [{ role: "user" as const, content: { type: "text" as const, text: words } }],
});
