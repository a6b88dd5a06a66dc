/** The tool with which an agent asks a person. */
import { z } from "zod";
import { tool } from "./tool.ts";

export const askPerson = tool({
  name: "ask_person",
  description:
    "Asks the person who ordered this work, and waits for the answer. Only for what the task, the files and the other agents cannot tell: a person may take hours.",
  effect: "look",
  input: z.strictObject({ question: z.string().min(1).max(4000) }),
  resourceOf: ({ question }) => question,
  perform: async ({ question }, { world }) => {
    const { decision, note, edited } = await world.ask({ question });
    const words = edited ?? note;
    if (words !== undefined) return words;
    return decision === "approve" ? "yes (without a further word)" : "no (without a further word)";
  },
});
