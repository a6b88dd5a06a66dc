/** What a host gives its runs of the repository beside it. */
import { TuttiError } from "../domain/error.ts";
import { defined } from "../domain/json.ts";
import type { Landing } from "../domain/landing.ts";
import { didYouMean } from "../domain/nearest.ts";
import { type AgentTask, checkName, isCheck } from "../domain/plan.ts";
import type { Checks, Evidence, Files } from "../domain/ports.ts";
import type { Settings } from "../library/settings.ts";
import { sandbox, UNHELD } from "../process/sandbox.ts";
import { type ChecksOptions, namedChecks } from "../runtimes/tools/checks.ts";
import { measuredIn } from "../workspace/evidence/coverage.ts";
import { repositoryEvidence } from "../workspace/evidence/repository.ts";
import { repositoryFiles } from "../workspace/files.ts";
import { refuseWork } from "../workspace/refused.ts";
import { worktrees } from "../workspace/worktrees.ts";
import { checkCheckers } from "./check-order.ts";
import { firstCommand } from "./checker.ts";
import { isWorkplace } from "./runtimes-of-run.ts";
import { scrubbedFiles, secretsIn } from "./scrubbed.ts";
import type { Busy } from "./virtual-run.ts";

export interface AtHand {
  readonly files?: Files;
  readonly evidence?: Evidence;
  readonly checks?: Checks;
}

interface Given {
  readonly repository?: string;
  readonly env: { readonly [name: string]: string | undefined };
  readonly home: string;
  readonly evidenceCommands?: boolean;
}

/** One for all runs: the same files are looked at once. */
export function atHand({ repository, env, home, evidenceCommands = false }: Given, settings: Settings): AtHand {
  if (repository === undefined) return {};
  const named = settings.evidenceCommands ?? {};
  const mustHold = settings.sandbox === "required";
  const held = { env, hidden: [home], mustHold, named };
  const commands = { ...held, areAllowed: evidenceCommands };
  const files = scrubbedFiles(repositoryFiles(repository), secretsIn(settings, env));
  const place = { folder: repository, home };
  const refused: ChecksOptions["refused"] = (of, changes) => refuseWork(place, of, changes);
  const checks = namedChecks({
    ...held,
    ...{ workspaces: worktrees(place), refused, areAllowed: evidenceCommands, measured: measuredIn },
  });
  return { files, evidence: repositoryEvidence(repository, commands), ...(isWorkplace(repository) && { checks }) };
}

/** A command that results are to be checked with must be there before anything is paid. Throws BAD_INPUT. */
export function checkCommands(
  tasks: readonly AgentTask[],
  settings: Settings,
  place: Pick<Given, "evidenceCommands"> & { readonly repository?: string },
): void {
  checkCheckers(tasks, settings, place);
  const { evidenceCommands: ownAreAllowed = false } = place;
  const names = Object.keys(settings.evidenceCommands ?? {});
  for (const [i, { id, validate = [] }] of tasks.entries())
    for (const one of validate.filter(isCheck)) {
      const name = checkName(one);
      const isOwn = !("command" in one);
      if (names.includes(name) || (isOwn && ownAreAllowed)) continue;
      const orOwn = isOwn ? ", or allow the repository's own with --evidence-commands" : "";
      throw new TuttiError(
        "BAD_INPUT",
        `task '${id}' is checked by the command '${name}', and your settings name none such${didYouMean(name, names)}`,
        {
          path: `tasks[${i}].validate`,
          hint: `name it under evidenceCommands in config.yaml${orOwn}: no plan may say itself what is run`,
        },
      );
    }
}

/** What must run a command, and may not where nothing holds it, is refused before anything is paid. */
export async function checkSandbox({ tasks, config }: Commanding, { sandbox: wanted }: Settings): Promise<void> {
  if (wanted !== "required" || (await sandbox()) !== undefined) return;
  const refuse = (what: string, path: string) => {
    throw new TuttiError("BAD_INPUT", `${what}: ${UNHELD.message}`, { path, hint: UNHELD.hint });
  };
  if ((config.deliver?.gates.length ?? 0) > 0) refuse("the work cannot be proven", "config.deliver");
  const at = tasks.findIndex(({ validate = [] }) => validate.some(isCheck));
  if (at >= 0) refuse(`task '${tasks[at]?.id}' cannot be checked by a command`, `tasks[${at}].validate`);
  const check = firstCommand(tasks);
  if (check >= 0) refuse(`task '${tasks[check]?.id}' cannot run its command`, `tasks[${check}].evidence`);
}
interface Commanding {
  readonly tasks: readonly AgentTask[];
  readonly config: { readonly deliver?: Landing };
}

/** Virtual time stands still while it is looked at. */
export function counted({ files, evidence }: AtHand, busy: Busy): AtHand {
  // A rehearsal writes nothing that could be checked.
  return defined({ files: files && busy.files(files), evidence: evidence && busy.evidence(evidence) });
}
