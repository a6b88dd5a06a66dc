/** The files that `tutti init` writes. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const WORKFLOW = `# A workflow of your own. Run it with:
#   tutti run sample -p topic=caching --rehearse --speed max
# Files in .tutti/workflows are known by their id once you have seen and trusted them: tutti trust. Check one with: tutti workflows check FILE
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

const MARKDOWN = `---
# The same in Markdown: front matter, phases, tasks. .claude/workflows/NAME.md is known as well.
description: Looks at one question from two sides and writes the answer down.
tags: [research]
---

A task that names no agent, such as 'history', is done by whoever fits its words best.

Run it with: tutti run question -p arguments="how are errors handled?" --rehearse --speed max

## Phase: Look

What stands here is said to every task of the phase. The question: $ARGUMENTS

### code: What the code does
agent: codebase-explorer

Find the places that answer the question, with path and line.

### history: How it came to be

Say what the documents of this repository tell about it, and where they disagree with the code.

## Phase: Answer

### answer: The answer
agent: doc-writer
expects: every statement names a path

Put both together into one answer of at most ten lines. Say what stays open.
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
  [".tutti/workflows/question.md", MARKDOWN],
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
