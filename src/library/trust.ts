/**
 * Which repositories may define agents and workflows. Whoever clones one has not read it: they count only after somebody
 * saw what they would do and said yes, and only as long as they are what was seen.
 *
 * T1. What is trusted is the hash of the definitions as they were read, prompts in other files included; nothing is read
 *     a second time between the check and the use.
 */
import { mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { AgentFile } from "../agents/definition.ts";
import { reasonOf, TuttiError } from "../domain/error.ts";
import { byCodeUnit, canonical, sha256 } from "../domain/json.ts";
import { isRecord } from "../domain/shape.ts";
import { type Loaded, loadAgents, sourcesOf, withLastGood } from "./catalog.ts";
import type { GuideHashes } from "./guides.ts";
import type { WorkflowHashes } from "./workflow-files.ts";

/** What a repository wants to define. */
export interface Offer {
  readonly root: string;
  readonly loaded: Loaded;
  /** Each agent's own, by its name. */
  readonly hashes: { readonly [name: string]: string };
  /** What it says to every agent, where that was looked for. */
  readonly guides?: GuideHashes;
  /** Its slash commands by their path, where those were looked for. */
  readonly prompts?: Hashes;
  /** Its workflows, where they were looked for. */
  readonly workflows?: WorkflowHashes;
}
export interface Trusted {
  readonly root: string;
  readonly at: number;
  readonly hashes: { readonly [name: string]: string };
  readonly guides?: GuideHashes;
  readonly prompts?: Hashes;
  readonly workflows?: WorkflowHashes;
}
export type TrustState =
  | { readonly is: "nothing" | "trusted" | "unknown" }
  | { readonly is: "changed"; readonly added: readonly string[]; readonly changed: readonly string[] };

export interface Repository {
  readonly offer: Offer;
  readonly trust: TrustState;
}

export function repositoryAt(folder: string, home: string, before?: Repository): Repository {
  // Whatever is kept of before is hashed like the rest: it counts as long as it is what was trusted.
  const offer = offerOf(folder, before?.offer.loaded);
  return { offer, trust: new TrustBook(home).stateOf(offer) };
}

export function offerOf(repository: string, before?: Loaded): Offer {
  const root = realpathSync(repository);
  const loaded = withLastGood(loadAgents(sourcesOf(root)), before);
  const hashes = [...loaded.agents].map(([name, agent]) => [
    name,
    hashOf(agent, relative(root, loaded.files.get(name) ?? "")),
  ]);
  return { root, loaded, hashes: Object.fromEntries(hashes.sort(([a = ""], [b = ""]) => byCodeUnit(a, b))) };
}

const hashOf = (agent: AgentFile, file: string) =>
  sha256(canonical({ agent: JSON.parse(JSON.stringify(agent)), file }));

export const trustFileOf = (home: string): string => join(home, "trust.json");

export class TrustBook {
  readonly #file: string;
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
    this.#file = trustFileOf(home);
  }

  /** Fewer agents than were trusted are no danger; another or a new one is asked about again. */
  stateOf({ root, hashes }: Offer): TrustState {
    return compared(this.list().find((one) => one.root === root)?.hashes, hashes);
  }

  /** The same of what it says to every agent, which is asked about with them and counts by itself. */
  guidesOf({ root, guides = {} }: Offer): TrustState {
    const known = this.guides(root);
    return compared(Object.keys(known).length === 0 ? undefined : known, guides);
  }

  /** And of its workflows, each of which counts by itself too. */
  workflowsOf({ root, workflows = {} }: Offer): TrustState {
    const known = this.#workflows(root);
    return compared(Object.keys(known).length === 0 ? undefined : known, workflows);
  }

  /** Those of a repository that may be run, wherever a link to it was followed from. */
  workflowsAt(repository: string): WorkflowHashes {
    return this.#workflows(realpathSync(repository));
  }

  #workflows(root: string): WorkflowHashes {
    return this.list().find((one) => one.root === root)?.workflows ?? {};
  }

  guides(root: string): GuideHashes {
    return this.list().find((one) => one.root === root)?.guides ?? {};
  }

  /** And of its slash commands. */
  promptsOf({ root, prompts = {} }: Offer): TrustState {
    const known = this.prompts(root);
    return compared(Object.keys(known).length === 0 ? undefined : known, prompts);
  }

  prompts(root: string): Hashes {
    return this.list().find((one) => one.root === root)?.prompts ?? {};
  }

  trust(offer: Offer, at: number): void {
    const { root, hashes, guides = this.guides(root) } = offer;
    const { prompts = this.prompts(root), workflows = this.#workflows(root) } = offer;
    const more = {
      ...(isAny(guides) && { guides }),
      ...(isAny(prompts) && { prompts }),
      ...(isAny(workflows) && { workflows }),
    };
    const trusted = { root, at, hashes, ...more };
    this.#write([...this.list().filter((one) => one.root !== root), trusted]);
  }

  /** False where it was not trusted. */
  revoke(root: string): boolean {
    const all = this.list();
    const rest = all.filter((one) => one.root !== root);
    if (rest.length < all.length) this.#write(rest);
    return rest.length < all.length;
  }

  list(): readonly Trusted[] {
    let text: string;
    try {
      text = readFileSync(this.#file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
    try {
      const value: unknown = JSON.parse(text);
      if (isRecord(value) && Array.isArray(value["trusted"])) return value["trusted"].filter(isTrusted);
      throw new Error("it has no list 'trusted'");
    } catch (error) {
      // Not taken for empty: what somebody said no to would be asked again, and what was said yes to forgotten.
      throw new TuttiError("BAD_INPUT", `${this.#file} cannot be read: ${reasonOf(error)}`, {
        path: "trust.json",
        hint: "mend it or delete it; repositories are then asked about again",
      });
    }
  }

  /** All or nothing: a crash leaves the old list. */
  #write(trusted: readonly Trusted[]): void {
    mkdirSync(this.#home, { recursive: true, mode: 0o700 });
    const beside = `${this.#file}.${process.pid}`;
    writeFileSync(beside, `${JSON.stringify({ trusted }, null, 2)}\n`, { mode: 0o600 });
    renameSync(beside, this.#file);
  }
}

const isAny = (hashes: Hashes): boolean => Object.keys(hashes).length > 0;

type Hashes = { readonly [name: string]: string };

function compared(known: Hashes | undefined, now: Hashes): TrustState {
  const names = Object.keys(now);
  if (names.length === 0) return { is: "nothing" };
  if (known === undefined) return { is: "unknown" };
  const added = names.filter((name) => !Object.hasOwn(known, name));
  const changed = names.filter((name) => Object.hasOwn(known, name) && known[name] !== now[name]);
  return added.length + changed.length === 0 ? { is: "trusted" } : { is: "changed", added, changed };
}

const isTrusted = (value: unknown): value is Trusted =>
  isRecord(value) &&
  typeof value["root"] === "string" &&
  typeof value["at"] === "number" &&
  isRecord(value["hashes"]) &&
  (value["guides"] === undefined || isRecord(value["guides"])) &&
  (value["prompts"] === undefined || isRecord(value["prompts"])) &&
  (value["workflows"] === undefined || isRecord(value["workflows"]));
