/** The files that `tutti init` writes. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const WORKFLOW = `# A workflow of your own. Run it with:
#   tutti run sample -p topic=caching --rehearse --speed max
# Every file in .tutti/workflows is known by its id. Check one with: tutti workflows check FILE
id: sample
name: Sample
description: Three agents look at one topic, and one of them writes it down.

# {{topic}} in a prompt stands for the parameter's value.
parameters:
  topic:
    type: string # or number, integer, boolean, list
    default: error handling
    description: What to look at.

tasks:
  - id: survey
    agentName: code-reviewer # tutti agents lists who there is
    description: Survey {{topic}}
    prompt: List what this repository does about {{topic}}, with file names.
    phase: look
    # Files for the prompt; without them a model sees none.
    # reads: ["src/**/*.ts"]

  # No dependency on each other: these two run at the same time.
  - id: risks
    agentName: security-auditor
    description: Risks of {{topic}}
    prompt: Name the three largest risks in how {{topic}} is done here, each with its severity.
    dependencies: [survey]
    phase: judge
  - id: speed
    agentName: performance-engineer
    description: Cost of {{topic}}
    prompt: Say where {{topic}} costs time, and how you would measure it.
    dependencies: [survey]
    phase: judge

  - id: summary
    agentName: code-reviewer
    description: What to do about {{topic}}
    prompt: Put both reports together into one list of steps, the most urgent first.
    # It is shown the outputs of these tasks.
    dependencies: [risks, speed]
    phase: write
    # A person decides before it starts:
    # gate: true
`;

const AGENT = `---
# An agent of your own: front matter that describes it, then its instructions.
# Agents of a repository count once you have seen what they may do: tutti trust
name: sample-agent
description: Answers questions about this repository. Use it for small questions, not for changes.
category: research
capabilities: [reading, explaining]
# model: anthropic/claude-sonnet-5
---
You answer questions about a code base for a colleague who is in a hurry.

Say first what the answer is, then where it can be seen (file and line), then what you are not sure of.
Do not propose changes unless you are asked for them.
`;

const FILES: readonly (readonly [string, string])[] = [
  [".tutti/workflows/sample.yaml", WORKFLOW],
  [".tutti/agents/sample-agent.md", AGENT],
];

/** Never over a file that is there. */
export async function writeSamples(folder: string): Promise<{ written: string[]; kept: string[] }> {
  const [written, kept]: [string[], string[]] = [[], []];
  for (const [name, text] of FILES) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    try {
      await writeFile(path, text, { flag: "wx" });
      written.push(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      kept.push(name);
    }
  }
  return { written, kept };
}
