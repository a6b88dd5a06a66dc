/**
 * The agents of a home while it is open: each has a life (idle, executing, errored, recovered), and people and conductors
 * add, edit and delete them. What is added is a file in the home's folder; an agent of one run is only in memory, and
 * ends with it.
 *
 * O1. What is stored is checked as a file would be, and the file is whole or not there.
 * O2. The catalogue is never changed: an edit of one of its agents is a file of one's own in front of it.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentFile } from "../agents/definition.ts";
import { definitionFault, textOf } from "../agents/definition-text.ts";
import type { AgentRegistry } from "../agents/registry.ts";
import { TuttiError } from "../domain/error.ts";
import type { RunEvent } from "../domain/events.ts";
import type { Clock } from "../domain/ports.ts";
import type { Loaded } from "../library/catalog.ts";

export const STAGES = ["idle", "executing", "errored", "recovered"] as const;
export type Stage = (typeof STAGES)[number];
export interface AgentState {
  readonly stage: Stage;
  /** Attempts under way. */
  readonly busy: number;
  readonly lastError?: string;
  /** The run that it ends with. */
  readonly run?: string;
  /** Where it is from, where it can be edited. */
  readonly file?: string;
}
export type AgentEvent =
  | { readonly type: "agent:created" | "agent:deleted"; readonly agent: string; readonly at: number }
  | {
      readonly type: "agent:status";
      readonly agent: string;
      readonly at: number;
      readonly from: Stage;
      readonly to: Stage;
      /** Its definition is another one now. */
      readonly changed?: true;
    };

interface Life {
  stage: Stage;
  readonly attempts: Set<string>;
  lastError?: string;
}
const MOST_OWN = 10_000;

export class Roster {
  readonly #registry: AgentRegistry;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #lives = new Map<string, Life>();
  readonly #ofRuns = new Map<string, string>();
  /** Of the home's own folder, with their files. */
  #own: Map<string, string>;
  /** Came while a run had their name. */
  readonly #waiting = new Map<string, AgentFile>();
  /** What the own stand in front of. */
  #behind: ReadonlyMap<string, AgentFile>;
  readonly #listeners = new Set<(event: AgentEvent) => void>();

  constructor(
    registry: AgentRegistry,
    of: {
      readonly folder: string;
      readonly own: ReadonlyMap<string, string>;
      readonly behind: ReadonlyMap<string, AgentFile>;
      readonly clock: Clock;
    },
  ) {
    this.#registry = registry;
    this.#folder = of.folder;
    this.#clock = of.clock;
    this.#own = new Map(of.own);
    this.#behind = of.behind;
  }

  on(listener: (event: AgentEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stateOf(name: string): AgentState {
    this.#registry.find(name);
    const { stage = "idle", attempts, lastError } = this.#lives.get(name) ?? {};
    const run = this.#ofRuns.get(name);
    const file = run === undefined ? this.#own.get(name) : undefined;
    return {
      ...{ stage, busy: attempts?.size ?? 0 },
      ...(lastError !== undefined && { lastError }),
      ...(run !== undefined && { run }),
      ...(file !== undefined && { file }),
    };
  }

  /** Stored, or with a run only until that ends. */
  create(definition: unknown, run?: string): AgentFile {
    const agent = checked(definition);
    if (this.#registry.has(agent.name))
      throw new TuttiError("WRONG_STATE", `there is an agent '${agent.name}' already`, {
        path: "name",
        hint: "edit it, or choose another name",
      });
    if (this.#registry.size >= 2 * MOST_OWN)
      throw new TuttiError("WRONG_STATE", `there are ${this.#registry.size} agents already`, { hint: "delete some" });
    if (run === undefined) this.#store(agent);
    else this.#ofRuns.set(agent.name, run);
    this.#registry.put(agent);
    this.#tell({ type: "agent:created", agent: agent.name, at: this.#clock.now() });
    return agent;
  }

  /** Fields that are given take the place of the old; `null` takes one away. */
  update(name: string, change: { readonly [field: string]: unknown }): AgentFile {
    const before = this.#registry.find(name);
    if (change["name"] !== undefined && change["name"] !== name)
      throw new TuttiError("BAD_INPUT", "'name' cannot be changed", {
        path: "name",
        hint: "create another and delete this one",
      });
    const merged = Object.entries({ ...before, ...change }).filter(
      ([, value]) => value !== null && value !== undefined,
    );
    const agent = checked(Object.fromEntries(merged));
    if (!this.#ofRuns.has(name)) {
      this.#checkFile(name);
      this.#store(agent);
    }
    this.#registry.put(agent);
    return agent;
  }

  /** One that stood in front of another lets it come forward again. */
  delete(name: string, force = false): void {
    this.#registry.find(name);
    const { busy, file, run } = this.stateOf(name);
    if (busy > 0 && !force)
      throw new TuttiError("WRONG_STATE", `agent '${name}' is executing ${busy} attempts`, {
        hint: "wait, or force it: they end as they would have",
      });
    if (file === undefined && run === undefined)
      throw new TuttiError("WRONG_STATE", `agent '${name}' is not of this home's own folder`, {
        path: "name",
        hint: "those of the catalogue and of repositories are deleted where they are kept",
      });
    if (run === undefined) {
      this.#checkFile(name);
      if (file !== undefined) rmSync(file, { force: true });
      this.#own.delete(name);
    }
    // A file that came while a run had the name was only waiting for it.
    const behind = (run === undefined ? undefined : this.#waiting.get(name)) ?? this.#behind.get(name);
    this.#waiting.delete(name);
    this.#ofRuns.delete(name);
    this.#lives.delete(name);
    if (behind) this.#registry.put(behind);
    else this.#registry.delete(name);
    this.#tell({ type: "agent:deleted", agent: name, at: this.#clock.now() });
  }

  /**
   * What lies on disk now, whoever put it there. An agent of a run keeps its name until that ends; whoever is gone ends
   * as if deleted by force.
   */
  take({ agents, files }: Loaded, behind: ReadonlyMap<string, AgentFile>): void {
    this.#own = new Map(files);
    this.#behind = behind;
    this.#waiting.clear();
    const next = new Map([...behind, ...agents]);
    for (const name of [...this.#registry.names()])
      if (!next.has(name) && !this.#ofRuns.has(name)) {
        this.#registry.delete(name);
        this.#lives.delete(name);
        this.#tell({ type: "agent:deleted", agent: name, at: this.#clock.now() });
      }
    for (const [name, agent] of next) {
      const before = this.#registry.get(name);
      if (this.#ofRuns.has(name)) this.#waiting.set(name, agent);
      if (this.#ofRuns.has(name) || before === agent || (before && textOf(before) === textOf(agent))) continue;
      this.#registry.put(agent);
      const { stage: from } = this.stateOf(name);
      const at = this.#clock.now();
      if (before) this.#tell({ type: "agent:status", agent: name, at, from, to: from, changed: true });
      else this.#tell({ type: "agent:created", agent: name, at });
    }
  }

  /** What a run that is conducted here does with its agents. */
  note(event: RunEvent): void {
    if (event.type === "workflow:complete" || event.type === "workflow:error" || event.type === "workflow:cancelled") {
      for (const [name, run] of this.#ofRuns) if (run === event.run) this.delete(name, true);
      return;
    }
    if (!("taskId" in event) || !("agentName" in event) || !this.#registry.has(event.agentName)) return;
    const attempt = `${event.run}/${event.taskId}`;
    if (event.type === "agent:invoke") this.#begin(event.agentName, attempt);
    else if (event.type === "task:complete") this.#end(event.agentName, attempt);
    else if (event.type === "task:retry" || event.type === "task:error")
      this.#end(event.agentName, attempt, "handedTo" in event ? undefined : event.reason);
    else if (event.type === "task:cancelled" || event.type === "task:skipped") this.#end(event.agentName, attempt);
  }

  #begin(name: string, attempt: string): void {
    const life = this.#lives.get(name) ?? { stage: "idle", attempts: new Set() };
    this.#lives.set(name, life);
    life.attempts.add(attempt);
    this.#move(name, life, "executing");
  }

  #end(name: string, attempt: string, error?: string): void {
    const life = this.#lives.get(name);
    if (!life?.attempts.delete(attempt)) return;
    if (error !== undefined) life.lastError = error.slice(0, 500);
    if (error !== undefined) this.#move(name, life, "errored");
    else if (life.lastError !== undefined) {
      delete life.lastError;
      this.#move(name, life, "recovered");
    }
    if (error === undefined) this.#move(name, life, life.attempts.size > 0 ? "executing" : "idle");
  }

  #move(name: string, life: Life, to: Stage): void {
    const from = life.stage;
    if (from === to) return;
    life.stage = to;
    this.#tell({ type: "agent:status", agent: name, at: this.#clock.now(), from, to });
  }

  #tell(event: AgentEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** A file of another name may hold others too, and would come before ours. */
  #checkFile(name: string): void {
    const file = this.#own.get(name);
    if (file === undefined || file === this.#fileOf(name)) return;
    throw new TuttiError("WRONG_STATE", `agent '${name}' stands in ${file}`, {
      path: "name",
      hint: `change it there, or move it to ${this.#fileOf(name)}`,
    });
  }

  #fileOf(name: string): string {
    return join(this.#folder, `${name}.md`);
  }

  #store(agent: AgentFile): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = this.#fileOf(agent.name);
    writeFileSync(`${file}.${process.pid}`, textOf(agent), { mode: 0o600 });
    renameSync(`${file}.${process.pid}`, file);
    this.#own.set(agent.name, file);
  }
}

function checked(definition: unknown): AgentFile {
  const fault = definitionFault(definition);
  if (fault) throw new TuttiError("BAD_INPUT", fault.message, { path: fault.path });
  const agent = definition as AgentFile;
  return { ...agent, instructions: agent.instructions.trim() };
}
