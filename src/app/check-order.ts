/** Checks that a plan orders, looked at before any of them begins: what is wrong with them is said by task and field. */
import { CHECKER, FAIL_ON } from "../domain/check-result.ts";
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentTask } from "../domain/plan.ts";
import type { Settings } from "../library/settings.ts";
import { commandOf } from "./checker.ts";
import { isWorkplace } from "./runtimes-of-run.ts";

/** What a repository may say itself how it is run. */
const OWN: ReadonlySet<string> = new Set(["test", "coverage"]);

interface Place {
  readonly repository?: string;
  readonly evidenceCommands?: boolean;
}

/** Throws BAD_INPUT. */
export function checkCheckers(
  tasks: readonly AgentTask[],
  { evidenceCommands = {} }: Settings,
  { repository, evidenceCommands: ownAreAllowed = false }: Place,
): void {
  const names = Object.keys(evidenceCommands);
  for (const [i, { id, agentName, evidence = [], context }] of tasks.entries()) {
    if (agentName !== CHECKER) continue;
    const refuse = (message: string, path: string, hint: string) => {
      throw new TuttiError("BAD_INPUT", message, { path: `tasks[${i}].${path}`, hint });
    };
    if (!isWorkplace(repository))
      refuse(`task '${id}' is a check, and there are no files of a project here`, "agentName", "run it in a project");
    const [name] = evidence;
    if (name === undefined || evidence.length > 1)
      refuse(
        `task '${id}' is a check and names ${evidence.length === 0 ? "none" : evidence.length} under 'evidence'`,
        "evidence",
        "name one: command:NAME of your settings, or a program such as secret-scan; a further check is a task of its own",
      );
    const failOn = context?.["failOn"];
    if (failOn !== undefined && !FAIL_ON.some((one) => one === failOn))
      refuse(
        `task '${id}': 'context.failOn' cannot be ${JSON.stringify(failOn)}`,
        "context.failOn",
        `give ${FAIL_ON.join(", ")}`,
      );
    const command = commandOf(name ?? "");
    if (command === undefined || names.includes(command) || (OWN.has(command) && ownAreAllowed)) continue;
    const orOwn = OWN.has(command) ? ", or allow the repository's own with --evidence-commands" : "";
    refuse(
      `task '${id}' runs the command '${command}', and your settings name none such${didYouMean(command, names)}`,
      "evidence",
      `name it under evidenceCommands in config.yaml${orOwn}: no plan may say itself what is run`,
    );
  }
}
