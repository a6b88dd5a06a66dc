/**
 * The agents that there are, by name, category, capability, tag and text. They change while runs run: definitions are
 * added, edited and deleted, and each has a life of its own.
 *
 * N1. A name is one agent. An agent of a run hides nobody: it is refused where the name is taken.
 * N2. Whoever is executing can be deleted only by force; its attempts end as they would have.
 */
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentFile } from "./definition.ts";
import { fieldsOf } from "./evidence.ts";
import { type Hit, type Question, TextIndex } from "./text-index.ts";

export interface Query {
  readonly category?: string;
  readonly capability?: string;
  readonly tag?: string;
}

export class AgentRegistry {
  readonly #agents = new Map<string, AgentFile>();
  readonly #groups = {
    category: new Map<string, Set<string>>(),
    capability: new Map<string, Set<string>>(),
    tag: new Map<string, Set<string>>(),
  };
  readonly #index = new TextIndex();
  /** Not in the index yet: most programs never ask for a text. */
  readonly #unread = new Set<string>();

  constructor(agents: Iterable<AgentFile> = []) {
    for (const agent of agents) this.put(agent);
  }

  /** As they are now, whenever it is looked at. */
  get all(): ReadonlyMap<string, AgentFile> {
    return this.#agents;
  }
  get size(): number {
    return this.#agents.size;
  }
  get(name: string): AgentFile | undefined {
    return this.#agents.get(name);
  }
  has(name: string): boolean {
    return this.#agents.has(name);
  }
  names(): IterableIterator<string> {
    return this.#agents.keys();
  }
  [Symbol.iterator](): IterableIterator<AgentFile> {
    return this.#agents.values();
  }

  /** Throws NOT_FOUND with the nearest name. */
  find(name: string): AgentFile {
    const agent = this.#agents.get(name);
    if (agent) return agent;
    const short = name.slice(0, 100);
    throw new TuttiError("NOT_FOUND", `there is no agent '${short}'${didYouMean(short, this.names())}`, {
      path: "name",
      hint: "tutti agents lists them",
    });
  }

  put(agent: AgentFile): void {
    this.delete(agent.name);
    this.#agents.set(agent.name, agent);
    this.#unread.add(agent.name);
    for (const [group, value] of groupsOf(agent)) {
      const names = this.#groups[group].get(value);
      if (names) names.add(agent.name);
      else this.#groups[group].set(value, new Set([agent.name]));
    }
  }

  delete(name: string): boolean {
    const agent = this.#agents.get(name);
    if (agent === undefined) return false;
    this.#agents.delete(name);
    if (!this.#unread.delete(name)) this.#index.delete(name);
    for (const [group, value] of groupsOf(agent)) {
      const names = this.#groups[group].get(value);
      names?.delete(name);
      if (names?.size === 0) this.#groups[group].delete(value);
    }
    return true;
  }

  /** Those that fit all that is asked, in the order in which they came. */
  list({ category, capability, tag }: Query = {}): readonly AgentFile[] {
    const asked = [
      ["category", category],
      ["capability", capability],
      ["tag", tag],
    ] as const;
    const sets = asked.flatMap(([group, value]) =>
      value === undefined ? [] : [this.#groups[group].get(value) ?? new Set<string>()],
    );
    const [first, ...others] = sets.toSorted((a, b) => a.size - b.size);
    const names =
      first === undefined ? this.#agents.keys() : [...first].filter((name) => others.every((set) => set.has(name)));
    return [...names].map((name) => this.#agents.get(name) as AgentFile);
  }

  /** The values that a group has, with how many agents each. */
  groups(group: keyof Query): ReadonlyMap<string, number> {
    return new Map([...this.#groups[group]].map(([value, names]) => [value, names.size]));
  }

  get index(): TextIndex {
    for (const name of this.#unread) this.#read(this.#agents.get(name) as AgentFile);
    this.#unread.clear();
    return this.#index;
  }

  #read(agent: AgentFile): void {
    this.#index.put(agent.name, fieldsOf(agent), agent.category);
  }

  search(question: Question, limit: number): readonly Hit[] {
    return this.index.search(question, limit);
  }
}

function groupsOf({ category, capabilities = [], tags = [] }: AgentFile): readonly (readonly [keyof Query, string])[] {
  return [
    ...(category === undefined ? [] : [["category", category] as const]),
    ...capabilities.map((one) => ["capability", one] as const),
    ...tags.map((one) => ["tag", one] as const),
  ];
}
