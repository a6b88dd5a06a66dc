/**
 * Evidence out of a repository: what programs find there, bounded and cited.
 *
 * E1. It only looks at files, and never outside the repository; what would run something of it is refused unless the
 *     user allowed it.
 * E2. The same files give the same findings: they are looked at once, for as many tasks as ask.
 * E3. What a file says is cut to a line, and a secret in it is never shown whole.
 */
import { Worker } from "node:worker_threads";
import { reasonOf, TuttiError } from "../../domain/error.ts";
import { byWeight, type EvidenceSet } from "../../domain/evidence.ts";
import type { Evidence } from "../../domain/ports.ts";
import type { collectFrom, Told } from "./collect.ts";
import type { Commands } from "./commands.ts";
import { type Seen, see } from "./snapshot.ts";
import type { Looking } from "./thread.ts";

const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);

/** What they find does not follow from the files alone. */
const ANEW = new Set(["bundle-size", "coverage"]);
/** They only ask git, whose answers are bounded. */
const ASK_GIT = new Set(["git-diff", "git-history"]);
/** Milliseconds for which what git said counts, while nothing else shows that it would say otherwise. */
const GIT_COUNTS = 30_000;
const NO_COMMANDS: Commands = { env: {}, hidden: [], areAllowed: false, named: {} };
/** Milliseconds; commands have limits of their own, which together are less. */
const PATIENCE = { looking: 60_000, running: 600_000 } as const;

export function repositoryEvidence(root: string, commands: Commands = NO_COMMANDS): Evidence {
  const collection = new Collection(root, commands);
  return { collect: (names) => collection.collect(names) };
}

class Collection {
  readonly #root: string;
  readonly #commands: Commands;
  #seen: Promise<Seen> | undefined;
  /** What was found in the files as they were last seen. */
  #known = { key: "", told: new Map<string, Promise<Told>>() };
  /** Where git stood when it was last asked. */
  #stood: { readonly mark: string; readonly at: number } | undefined;
  #marking: Promise<string | undefined> | undefined;

  constructor(root: string, commands: Commands) {
    this.#root = root;
    // Plain, so that a thread can be given it.
    this.#commands = { ...commands, env: { ...commands.env } };
  }

  async collect(names: readonly string[]): Promise<EvidenceSet> {
    const wanted = [...new Set(names)];
    try {
      const seen = await this.#see();
      if (this.#known.key !== seen.key) this.#known = { key: seen.key, told: new Map() };
      const { told } = this.#known;
      if (wanted.some((name) => ASK_GIT.has(name))) await this.#checkGit(seen.root, told);
      const missing = wanted.filter((name) => ANEW.has(name) || !told.has(name));
      this.#begin(seen, missing, told);
      const all = await Promise.all(wanted.map(async (name) => [name, await told.get(name)] as const));
      return {
        findings: all.flatMap(([, one]) => one?.findings ?? []).sort(byWeight),
        notes: [
          ...all.flatMap(([collector, one]) => (one?.notes ?? []).map((text) => ({ collector, text }))),
          // What each who read the files had to leave out, said once.
          ...[...new Set([...seen.leftOut, ...all.flatMap(([, one]) => one?.leftOut ?? [])])].map((text) => ({
            ...{ collector: "all", text },
          })),
        ],
      };
    } catch (error) {
      return { findings: [], notes: [{ collector: "all", text: `nothing could be looked at: ${reasonOf(error)}` }] };
    }
  }

  /** Those who ask at once look once. */
  #see(): Promise<Seen> {
    this.#seen ??= see(this.#root).finally(() => {
      this.#seen = undefined;
    });
    return this.#seen;
  }

  /** Forgets what git said where it stands elsewhere now, or where that cannot be told. Those who ask at once look once. */
  async #checkGit(root: string, told: Map<string, Promise<Told>>): Promise<void> {
    this.#marking ??= import("./git-facts.ts").then(({ gitMark }) => gitMark(root));
    const marking = this.#marking;
    const mark = await marking;
    // One of them, for all who waited.
    if (this.#marking !== marking) return;
    this.#marking = undefined;
    const now = performance.now();
    const { mark: before, at = 0 } = this.#stood ?? {};
    if (mark !== undefined && mark === before && now - at < GIT_COUNTS) return;
    this.#stood = mark === undefined ? undefined : { mark, at: now };
    for (const name of ASK_GIT) told.delete(name);
  }

  #begin(seen: Seen, names: readonly string[], told: Map<string, Promise<Told>>): void {
    const isHere = (name: string) => ASK_GIT.has(name) || (hasNoText(seen) && !isCommand(name));
    const here = names.filter(isHere);
    const apart = names.filter((name) => !isHere(name));
    const commands = this.#commands;
    if (here.length > 0) this.#keep(here, lookHere({ seen, names: here, commands }), told);
    if (apart.length > 0) this.#keep(apart, lookApart({ seen, names: apart, commands }), told);
  }

  #keep(names: readonly string[], all: Promise<Found>, told: Map<string, Promise<Told>>): void {
    for (const [i, name] of names.entries()) {
      const one = all.then(
        ({ told: each, leftOut }) => ({ ...(each[i] ?? { findings: [], notes: [] }), leftOut }),
        // What failed is not kept: the next who asks tries again.
        (error): Told => {
          told.delete(name);
          return { findings: [], notes: [`it failed: ${reasonOf(error)}`] };
        },
      );
      told.set(name, one);
    }
  }
}

type Found = Awaited<ReturnType<typeof collectFrom>>;

const hasNoText = ({ sizes }: Seen): boolean => [...sizes.values()].every((size) => size === 0);
const isCommand = (name: string): boolean => name === "test-run" || name === "coverage" || name.startsWith("command:");

/** Without a thread, whose start takes longer than what is done here. */
async function lookHere({ seen, names, commands }: Looking): Promise<Found> {
  const { collectFrom } = await import("./collect.ts");
  return collectFrom(seen, names, commands);
}

/** In a thread that is gone with its answer, and with all that it read. */
async function lookApart(looking: Looking): Promise<Found> {
  const { promise, resolve, reject } = Promise.withResolvers<Found>();
  const worker = new Worker(ENTRY, { workerData: looking, execArgv: [] });
  const isRunning = looking.names.some(isCommand);
  const late = new TuttiError("WRONG_STATE", "looking at the files took too long");
  const timer = setTimeout(() => reject(late), isRunning ? PATIENCE.running : PATIENCE.looking);
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.once("exit", (code) => reject(new TuttiError("WRONG_STATE", `its thread ended with code ${code}`)));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
