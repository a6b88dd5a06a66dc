/** The tool with which an agent runs commands. */
import { z } from "zod";
import { TuttiError } from "../../domain/error.ts";
import { endInWords } from "../../process/child.ts";
import { tool } from "./tool.ts";

const SECONDS = { usual: 120, most: 1800 } as const;

export const bash = tool({
  name: "bash",
  description: `Runs a command with bash in the workspace, and tells its exit code and what it printed. It ends with its children when it is over, at the latest after ${SECONDS.usual} seconds unless 'seconds' says otherwise. There is no terminal, and no network unless this agent was given one.`,
  effect: "change",
  needsFiles: true,
  input: z.strictObject({
    command: z.string().min(1).max(20_000),
    seconds: z.int().min(1).max(SECONDS.most).optional().describe(`at most, default ${SECONDS.usual}`),
  }),
  resourceOf: ({ command }) => command,
  usual: ({ shell }) => (shell?.isHeld ? "allow" : "ask"),
  subjectOf: ({ command }, { shell }) => shell?.subject(command) ?? {},
  perform: async ({ command, seconds = SECONDS.usual }, { shell, world }) => {
    if (!shell) throw new TuttiError("BAD_INPUT", "there is no shell here");
    const wall = seconds * 1000;
    const end = await shell.run(command, wall, world.signal);
    const words = endInWords(end, { wall });
    const parts = [end.output.trimEnd(), end.stderr.trim() === "" ? "" : `[stderr]\n${end.stderr.trimEnd()}`];
    const said = parts.filter((part) => part !== "").join("\n");
    return `${said === "" ? "[it printed nothing]" : said}\n[${words}]`;
  },
});
