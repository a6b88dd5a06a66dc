/** Scouts look at three sides of the code at once, a planner cuts the work, builders share it, a reviewer checks the whole. */
import { z } from "zod";
import type { AgentTask } from "../../domain/plan.ts";
import { FINDINGS, quoted, step } from "../prompt.ts";
import { lines, needed } from "../schema.ts";
import { workflow } from "../template.ts";

const parameters = z.strictObject({
  requirement: needed(
    "Find and fix the most valuable small improvement of this code base",
    "What shall be true afterwards",
  ),
  codebasePath: needed(".", "Folder with the code that is changed"),
  constraints: lines([], "What must not change or must be kept to, one entry each"),
  parallelAgents: z.int().min(1).max(20).default(3).describe("How many builders share the work"),
});

const SCOUTS = [
  {
    id: "scout-frontend",
    agentName: "frontend-scout",
    description: "Scout the frontend",
    look: "Screens, components, state, calls to the API and styles that the requirement touches.",
  },
  {
    id: "scout-backend",
    agentName: "backend-scout",
    description: "Scout the backend",
    look: "Entry points, services, jobs, configuration and outside services that the requirement touches.",
  },
  {
    id: "scout-database",
    agentName: "database-scout",
    description: "Scout the database",
    look: "Tables, queries, migrations, constraints and amounts of data that the requirement touches.",
  },
] as const;

export const scoutPlanBuildReview = workflow({
  id: "scout-plan-build-review",
  version: "1.0.0",
  name: "Scout, Plan, Build, Review",
  description:
    "Scouts a code base from three sides, plans a change, builds it with several builders in parallel, and reviews it.",
  category: "development",
  tags: ["development", "scouting", "planning", "implementation", "review"],
  estimatedDuration: 330,
  complexity: "complex",
  parameters,
  buildTasks({ requirement, codebasePath, constraints, parallelAgents }) {
    const inputs = [
      `Requirement: ${quoted(requirement)}.`,
      `Code base: ${quoted(codebasePath)}.`,
      `Constraints: ${quoted(constraints)}.`,
    ];
    const builders = Array.from({ length: parallelAgents }, (_, i) => i + 1);
    const build = (number: number): AgentTask =>
      step({
        id: `build-${number}`,
        agentName: "builder",
        description: `Build part ${number} of ${parallelAgents}`,
        dependencies: ["plan"],
        phase: "build",
        priority: 8,
        maxTokens: 16_000,
        seconds: 120,
        prompt: {
          goal: `Build exactly part ${number} of the plan; ${parallelAgents === 1 ? "it is the only part" : `the other ${parallelAgents - 1} are built by others at the same time`}.`,
          inputs,
          earlier: `Take \`Part ${number}\` of the plan: its files, interfaces and acceptance checks are binding.`,
          work: [
            "Read the files of your part before you change them, and keep to their style.",
            "Write or change the tests that prove the acceptance checks first.",
          ],
          deliver: [
            "Every changed file: path and diff, or the whole file where it is new.",
            "For each acceptance check: the test that proves it, and its result or `not run`.",
            "What you had to assume about other parts, by interface name.",
            "If the plan leaves this part empty: `Nothing to build` and nothing else.",
          ],
          avoid: [
            "Do not touch files of other parts; say what they would have to change.",
            "Do not tidy up what the requirement does not need.",
          ],
        },
      });
    return [
      ...SCOUTS.map(({ id, agentName, description, look }) =>
        step({
          id,
          agentName,
          description,
          phase: "scout",
          priority: 10,
          maxTokens: 5000,
          seconds: 60,
          prompt: {
            goal: "Find out what a planner must know of your side of the code base to plan the requirement, in as few words as possible.",
            inputs,
            work: [
              look,
              "Find what exists already and could be used, and how this code base does such things elsewhere.",
            ],
            deliver: [
              "Places that matter: path:line, what it does, why it matters here; most important first, at most twenty.",
              "What would break if it were changed carelessly, with path:line.",
              "Facts that contradict the requirement or a constraint, and what you could not find.",
            ],
            avoid: [
              "Do not plan and do not change any file.",
              "Do not quote more than ten lines of a file.",
              "If your side is not concerned or not there, say so in one line and stop.",
            ],
          },
        }),
      ),
      step({
        id: "plan",
        agentName: "planner",
        description: "Plan the change",
        dependencies: SCOUTS.map(({ id }) => id),
        phase: "plan",
        priority: 9,
        maxTokens: 8000,
        evidence: ["repo-map", "todo"],
        seconds: 70,
        prompt: {
          goal: `Cut the requirement into ${parallelAgents === 1 ? "one part for one builder" : `${parallelAgents} parts that ${parallelAgents} builders can build at the same time without meeting`}.`,
          inputs,
          earlier:
            "Take places, risks and existing solutions from the three scouts; settle where they contradict each other.",
          work: [
            "Choose the smallest change that meets the requirement; name one alternative and why it is not taken.",
            "Give every file to one part only; write interfaces between parts as exact signatures before cutting.",
          ],
          deliver: [
            "Approach, and how a person will see that the requirement is met.",
            `Sections \`Part 1\` to \`Part ${parallelAgents}\`: goal, files, interfaces used and offered, steps, acceptance checks. A part that is not needed says \`empty\`.`,
            "Order of merging, and risks with what would show them early.",
          ],
          avoid: [
            "Do not write the code.",
            "Do not make parts that wait for each other; put such steps into one part.",
          ],
        },
      }),
      ...builders.map(build),
      step({
        id: "review",
        agentName: "reviewer",
        description: "Review the whole change",
        dependencies: ["plan", ...builders.map((number) => `build-${number}`)],
        phase: "review",
        priority: 7,
        maxTokens: 8000,
        evidence: ["git-diff", "test-run", "code-risks"],
        seconds: 80,
        prompt: {
          goal: "Decide whether the parts together meet the requirement and its constraints.",
          inputs,
          earlier: `Compare what the ${parallelAgents === 1 ? "builder delivers" : `${parallelAgents} builders deliver`} with the plan's acceptance checks.`,
          work: [
            "Check each acceptance check for its proof; then the seams between parts: signatures, assumptions, merge order.",
            "Look for what the plan itself forgot of the requirement.",
          ],
          deliver: [
            "First line: `ACCEPTED` or `NOT ACCEPTED`, with the reason in one sentence.",
            "A table `acceptance check → part → proof → met`.",
            ...FINDINGS,
          ],
          avoid: ["Do not accept a check whose test was not run.", "Do not change any file."],
        },
      }),
    ];
  },
});
