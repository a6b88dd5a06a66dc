/** Tools to work as a team: to ask another agent, to pass the work on, and to say how far it is. */
import { z } from "zod";
import { TuttiError } from "../../domain/error.ts";
import { defined } from "../../domain/json.ts";
import { type Tool, tool } from "./tool.ts";

const name = z.string().min(1).max(200);
const whom = {
  to: name.optional().describe("the agent's name; left out, whoever fits"),
  capability: name.optional().describe("what it must be able to do, where no name is known"),
};
const lines = z.array(z.string().min(1).max(2000)).max(100).optional();

// Asked again, the same question is the same request, and a task is passed on once: so they may be done again (`look`).
const requestHelp = tool({
  name: "request_help",
  description:
    "Asks another agent one question and gives its answer back, while you stay at work. It knows of your task what the task says, and sees none of your files: put all that it needs into the question. A few times only, and it costs what the answer costs.",
  effect: "look",
  input: z.strictObject({ ...whom, question: z.string().min(1).max(20_000) }),
  resourceOf: ({ to, capability }) => to ?? capability ?? "anybody",
  perform: async ({ to, capability, question }, { world }) => {
    if (!world.help) throw new TuttiError("BAD_INPUT", "nobody can be asked for help here: go on without");
    const { agentName, text } = await world.help(defined({ name: to, capability }), question);
    return `${agentName} answers:\n\n${text}`;
  },
});

const handoff = tool({
  name: "handoff",
  description:
    "Passes your task on to another agent, which goes on with it in your files, and ends your own work. Only where somebody else is better for what is left. It knows nothing but your package and the files.",
  effect: "look",
  input: z.strictObject({
    ...whom,
    summary: z.string().min(1).max(8000).describe("what the work is about and where it stands"),
    done: lines,
    left: lines,
    questions: lines.describe("what is open"),
    files: lines.describe("paths and refs that matter"),
    decisions: lines.describe("what was decided, and why"),
  }),
  resourceOf: ({ to, capability }) => to ?? capability ?? "anybody",
  perform: async ({ to, capability, ...handed }, { world }) => {
    if (!world.handOver) throw new TuttiError("BAD_INPUT", "a task cannot be handed over here: do it yourself");
    const { summary, ...rest } = handed;
    const heir = await world.handOver(defined({ name: to, capability }), { summary, ...defined(rest) });
    return `'${heir}' takes the task over. End your turn now: nothing that you do or say from here on counts.`;
  },
});

/** More of them say nothing any more, and only fill the journal. */
const MOST_REPORTS = 200;
const reports = new WeakMap<object, number>();

const reportProgress = tool({
  name: "report_progress",
  description:
    "Tells the people who watch how far you are, in one line; nobody answers. Where you have found out that the plan is wrong for others too, say that as 'fact': whoever plans looks at it, and may change what has not begun.",
  effect: "look",
  input: z.strictObject({
    text: z.string().min(1).max(300),
    percent: z.number().min(0).max(100).optional().describe("of the whole task"),
    fact: z
      .string()
      .min(1)
      .max(4000)
      .optional()
      .describe("what the plan does not reckon with, for readers who know nothing of it"),
  }),
  resourceOf: ({ text }) => text,
  perform: async ({ text, percent, fact }, { world, scrub = (words) => words }) => {
    const { log } = world;
    const count = (reports.get(world) ?? 0) + 1;
    if (count > MOST_REPORTS) return `not told: an attempt reports ${MOST_REPORTS} times at most`;
    reports.set(world, count);
    await log.append({ type: "agent:progress", entry: { text: scrub(text), ...defined({ percent }) } });
    if (fact === undefined) return "told";
    const names = (await world.found?.(scrub(fact))) ?? [];
    return names.length > 0
      ? `told; your fact went to ${names.join(", ")}`
      : "told; there is nobody whom your fact concerns";
  },
});

export const TEAM_TOOLS: readonly Tool[] = [requestHelp, handoff, reportProgress];
