/** Opens a home for a command: the host, and which workflow files of the user and the repository cannot be used. */
import { mkdir } from "node:fs/promises";
import { relative } from "node:path";
import { Host, type HostOptions } from "../app/host.ts";
import { reasonOf, TuttiError } from "../domain/error.ts";
import { isRunId } from "../domain/ids.ts";
import { nearest } from "../domain/nearest.ts";
import type { PlanFileFault } from "../workflows/source.ts";
import type { Io } from "./io.ts";
import { plural } from "./units.ts";

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
  return {
    host,
    get faulty() {
      return faultyIn(io, host);
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

/** Of the files that count; what is not trusted may be as faulty as it likes. */
const faultyIn = ({ cwd }: Io, { workflows }: Host): readonly FaultyFile[] =>
  workflows.files.flatMap(({ path, not, faults = [] }) =>
    not === "faulty" ? [{ file: relative(cwd, path) || path, faults }] : [],
  );

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

/** Agents and workflows that lie here and do not count, so that nobody wonders where they are. */
function sayUntrusted(io: Io, { agency: { repository }, workflows }: Host): void {
  const waiting = workflows.files.filter(({ not }) => not === "not-trusted" || not === "changed");
  const [one] = waiting;
  if (waiting.length === 1 && one) io.err(`note: workflow ${one.why?.replace("tutti trust", `${io.me} trust`)}`);
  else if (waiting.length > 1)
    io.err(`note: ${waiting.length} workflows of this folder are not trusted as they are: ${io.me} trust`);
  if (repository === undefined) return;
  const { offer, trust } = repository;
  const size = offer.loaded.agents.size;
  if (trust.is === "unknown")
    io.err(`note: this folder defines ${plural(size, "agent")} of its own, not trusted yet: ${io.me} trust`);
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
