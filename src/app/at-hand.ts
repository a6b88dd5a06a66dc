/** What a host gives its runs of the repository beside it. */
import { defined } from "../domain/json.ts";
import type { Evidence, Files } from "../domain/ports.ts";
import type { Settings } from "../library/settings.ts";
import { repositoryEvidence } from "../workspace/evidence/repository.ts";
import { repositoryFiles } from "../workspace/files.ts";
import { scrubbedFiles, secretsIn } from "./scrubbed.ts";
import type { Busy } from "./virtual-run.ts";

export interface AtHand {
  readonly files?: Files;
  readonly evidence?: Evidence;
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
  const commands = { env, hidden: [home], areAllowed: evidenceCommands, named };
  const files = scrubbedFiles(repositoryFiles(repository), secretsIn(settings, env));
  return { files, evidence: repositoryEvidence(repository, commands) };
}

/** Virtual time stands still while it is looked at. */
export function counted({ files, evidence }: AtHand, busy: Busy): AtHand {
  return defined({ files: files && busy.files(files), evidence: evidence && busy.evidence(evidence) });
}
