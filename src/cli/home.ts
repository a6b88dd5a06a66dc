/** Opens a home for a command: the host, and the workflows that the user and the repository have as files. */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { Host, type HostOptions } from "../app/host.ts";
import { reasonOf, TuttiError } from "../domain/error.ts";
import { isRunId } from "../domain/ids.ts";
import { nearest } from "../domain/nearest.ts";
import type { PlanFileFault } from "../workflows/source.ts";
import { templateFrom } from "../workflows/template-file.ts";
import type { Io } from "./io.ts";

export interface FaultyFile {
  readonly file: string;
  readonly faults: readonly (Pick<PlanFileFault, "message"> & Partial<PlanFileFault>)[];
}

export interface Home extends AsyncDisposable {
  readonly host: Host;
  /** Workflow files that could not be used, and why. */
  readonly faulty: readonly FaultyFile[];
}

export async function openHome(io: Io, options: Pick<HostOptions, "onDelta" | "evidenceCommands"> = {}): Promise<Home> {
  try {
    await mkdir(io.home, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new TuttiError("BAD_INPUT", `${io.home} cannot be Tutti's home: ${reasonOf(error)}`, {
      path: "TUTTI_HOME",
      hint: "set TUTTI_HOME to a folder that you may write to",
    });
  }
  const host = await Host.open({ home: io.home, env: io.env, repository: io.cwd, ...options });
  const faulty: FaultyFile[] = [];
  for (const folder of workflowFolders(io)) faulty.push(...(await loadWorkflows(host, folder, io)));
  return { host, faulty, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
}

const workflowFolders = ({ home, cwd }: Io): readonly string[] => [
  join(home, "workflows"),
  join(cwd, ".tutti", "workflows"),
];

/** One faulty file hides no other. */
async function loadWorkflows(host: Host, folder: string, { cwd }: Io): Promise<readonly FaultyFile[]> {
  const faulty: FaultyFile[] = [];
  const names = await namesIn(folder);
  const agents = new Set(names.length > 0 ? host.library.agents.keys() : []);
  for (const name of names) {
    const file = relative(cwd, join(folder, name)) || name;
    try {
      const result = templateFrom(await readFile(join(folder, name), "utf8"), name, { agents });
      if (result.ok) host.workflows.register(result.template);
      else faulty.push({ file, faults: result.faults });
    } catch (error) {
      faulty.push({ file, faults: [{ message: reasonOf(error) }] });
    }
  }
  return faulty;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => /\.(?:ya?ml|json)$/i.test(name)).sort();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

/** Says what could not be loaded, a line a file; whoever needs one of them gets its error besides. */
export function warnOf(io: Io, { host, faulty }: Home): void {
  sayUntrusted(io, host);
  for (const { file, faults } of faulty) {
    const [first] = faults;
    const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
    const place = first?.line === undefined ? "" : `:${first.line}:${first.column}`;
    io.err(`warning: ${file}${place}: ${first?.message ?? "unreadable"}${more}`);
  }
  for (const { file, line, message } of host.library.warnings) io.err(`warning: ${file}:${line}: ${message}`);
}

/** Agents that lie here and do not count, so that nobody wonders where they are. */
function sayUntrusted(io: Io, { agency: { repository } }: Host): void {
  if (repository === undefined) return;
  const { offer, trust } = repository;
  const size = offer.loaded.agents.size;
  if (trust.is === "unknown") io.err(`note: this folder defines ${size} agents that are not trusted: ${io.me} trust`);
  if (trust.is === "changed")
    io.err(`note: agents of this folder changed since they were trusted, and do not count: ${io.me} trust`);
}

const LEAST = 4;

/** A run by its id, the beginning or the end of one, or `last`. */
export async function runOf(host: Host, text: string): Promise<string> {
  const word = text.toLowerCase();
  if (isRunId(word)) return word;
  const entries = await host.journal.list({ limit: 1000 });
  const [newest] = entries;
  if (word === "last") {
    if (newest) return newest.run;
    throw new TuttiError("NOT_FOUND", "there is no run yet", { hint: "tutti run fullstack-dev --rehearse makes one" });
  }
  const found = entries.filter(({ run }) => word.length >= LEAST && (run.startsWith(word) || run.endsWith(word)));
  const [only, ...others] = found;
  if (only && others.length === 0) return only.run;
  if (only)
    throw new TuttiError("BAD_INPUT", `'${text}' fits ${found.length} runs`, {
      path: "run",
      hint: `such as ${found
        .slice(0, 3)
        .map(({ run }) => run)
        .join(", ")}; give more of it`,
    });
  const near = nearest(
    word,
    entries.map(({ run }) => run.slice(-8)),
  );
  throw new TuttiError(
    "NOT_FOUND",
    `there is no run '${text}'${near === undefined ? "" : `: did you mean '${near}'?`}`,
    {
      path: "run",
      hint: "tutti runs lists them",
    },
  );
}
