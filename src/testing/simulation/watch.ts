/**
 * Watches a simulated run from outside and says what was violated. It keeps its own small model, made from the durable
 * events alone, so that a fault in the core's own folding does not hide itself.
 */
import { decide } from "../../core/decide.ts";
import { evolve } from "../../core/evolve.ts";
import { pending } from "../../core/pending.ts";
import { createState, type RunState } from "../../core/state.ts";
import type { RunEvent } from "../../domain/events.ts";
import { canonical, sha256 } from "../../domain/json.ts";
import type { Attempt } from "../../domain/ports.ts";

import { Purse } from "./purse.ts";

const SETTLING = ["task:complete", "task:error", "task:skipped", "task:reused", "task:cancelled"];

interface Seen {
  dependencies: Set<string>;
  continues: boolean;
  started: boolean;
  end: string | undefined;
  invoke: { attempt: number; restart: number } | undefined;
  /** Who has taken it over and has not begun yet. */
  heir?: string;
}

export class Watch {
  readonly violations: string[] = [];
  readonly events: RunEvent[] = [];
  readonly counts = new Map<string, number>();
  readonly #tasks = new Map<string, Seen>();
  readonly #performed = new Set<string>();
  readonly #replans: string[] = [];
  #mostReplans = 0;
  readonly #delivered = new Set<string>();
  readonly #logged = new Map<string, number>();
  readonly #board = new Map<string, Set<number>>();
  #published = 0;
  #stopping: string | undefined;
  #paused = false;
  #ended = false;
  #places = 1;
  #spentTokens = 0;
  #reserved = new Map<string, number>();
  #cap: number | undefined;
  /** Where attempts spend turn by turn: what each turn may take is looked at, and no more is known of an attempt before. */
  readonly purse: Purse | undefined;

  constructor(spends = false) {
    this.purse = spends ? new Purse((what) => this.violated(what)) : undefined;
  }

  violated(what: string): void {
    if (this.violations.length < 10) this.violations.push(what);
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** Events that the journal holds now. */
  durable(events: readonly RunEvent[]): void {
    for (const event of events) {
      this.counts.set(event.type, (this.counts.get(event.type) ?? 0) + 1);
      if (event.seq !== this.events.length + 1) this.violated(`event ${event.seq} follows ${this.events.length}`);
      const last = this.events.at(-1);
      if (last && event.at < last.at) this.violated(`event ${event.seq} is older than the one before it`);
      if (this.#ended) this.violated(`${event.type} after the end of the run`);
      this.events.push(event);
      this.#see(event);
      this.purse?.see(event);
    }
  }

  #see(event: RunEvent): void {
    if ("taskId" in event && event.taskId !== undefined && SETTLING.includes(event.type))
      this.#settle(event.taskId, event.type);
    switch (event.type) {
      case "workflow:start":
        this.#places = event.options.maxParallelAgents;
        this.#cap = event.options.budget?.tokens;
        this.#mostReplans = event.options.replan?.most ?? 0;
        return;
      case "task:added":
        if (event.replans !== undefined) this.#replanned(event.replans);
        this.#tasks.set(event.taskId, {
          dependencies: new Set(event.dependencies),
          continues: event.onFailure === "continue",
          started: false,
          end: undefined,
          invoke: undefined,
        });
        return;
      case "task:start": {
        const task = this.#task(event.taskId);
        if (task.started) this.violated(`task ${event.taskId} started twice`);
        task.started = true;
        return;
      }
      case "agent:invoke":
        return this.#invoke(event);
      case "handoff":
        this.#task(event.taskId).heir = event.to;
        return;
      case "task:complete":
        if (this.#task(event.taskId).heir !== undefined)
          this.violated(`task ${event.taskId} was completed by an attempt that had passed it on`);
        this.#spentTokens += event.tokensUsed;
        return;
      case "task:error":
      case "task:retry":
        if (event.attempt > 0) this.#spentTokens += event.tokensUsed;
        return;
      case "budget:reserved":
        this.#reserved.set(event.taskId, event.tokens);
        return;
      case "budget:settled":
        if (!event.late && !this.#reserved.delete(event.taskId))
          this.violated(`task ${event.taskId} settled what was not reserved`);
        return;
      case "message:delivered":
        for (const seq of event.messages) {
          const name = `${seq} to ${event.agentName}`;
          if (this.#delivered.has(name)) this.violated(`message ${name} was delivered twice`);
          this.#delivered.add(name);
        }
        return;
      case "workflow:stopping":
        this.#stopping = event.stop;
        return;
      case "workflow:paused":
        this.#paused = true;
        this.#stopping = undefined;
        return;
      case "workflow:resumed":
        if (event.recovered) return;
        this.#paused = false;
        this.#stopping = undefined;
        if (event.budget?.tokens !== undefined) this.#cap = event.budget.tokens;
        return;
      case "plan:changed":
        for (const { task, dependencies } of event.changed ?? []) this.#task(task).dependencies = new Set(dependencies);
        if (event.budget?.tokens !== undefined) this.#cap = event.budget.tokens;
        return;
      case "workflow:complete":
      case "workflow:error":
      case "workflow:cancelled":
        this.#ended = true;
        return;
      default:
        return;
    }
  }

  #task(id: string): Seen {
    let task = this.#tasks.get(id);
    if (!task) {
      this.violated(`task ${id} was never added`);
      task = { dependencies: new Set(), continues: false, started: false, end: undefined, invoke: undefined };
      this.#tasks.set(id, task);
    }
    return task;
  }

  /** Whoever plans is asked about a task once, and so many times in all. */
  #replanned(about: string): void {
    this.#replans.push(about);
    if (this.#replans.length > this.#mostReplans)
      this.violated(`the plan was asked about ${this.#replans.length} times`);
    if (about !== "*" && this.#replans.indexOf(about) < this.#replans.length - 1)
      this.violated(`a way around ${about} was asked for twice`);
  }

  #settle(id: string, by: string): void {
    const task = this.#task(id);
    if (task.end !== undefined) this.violated(`task ${id} ended twice: ${task.end}, then ${by}`);
    task.end = by;
    task.invoke = undefined;
    this.#reserved.delete(id);
  }

  #invoke(event: Extract<RunEvent, { type: "agent:invoke" }>): void {
    const task = this.#task(event.taskId);
    const restart = event.restart ?? 0;
    if (task.end !== undefined) this.violated(`task ${event.taskId} was invoked after ${task.end}`);
    if (!task.started) this.violated(`task ${event.taskId} was invoked before it started`);
    for (const id of task.dependencies) {
      const before = this.#tasks.get(id);
      if (before?.end === undefined) this.violated(`task ${event.taskId} was invoked before ${id} was done`);
      else if (before.end === "task:error" && !before.continues)
        this.violated(`task ${event.taskId} was invoked although ${id} had failed`);
    }
    if (this.#paused || this.#stopping !== undefined)
      this.violated(`task ${event.taskId} was invoked after a ${this.#stopping ?? "pause"} was durable`);
    if (this.#cap !== undefined && restart === 0 && !this.#reserved.has(event.taskId))
      this.violated(`attempt ${event.attempt} of ${event.taskId} began without a reservation`);
    if (restart === 0 && task.invoke && event.attempt <= task.invoke.attempt)
      this.violated(`attempt ${event.attempt} of ${event.taskId} was invoked twice`);
    if (task.heir !== undefined && restart === 0) {
      if (task.heir !== event.agentName)
        this.violated(`task ${event.taskId} went to ${event.agentName}, not ${task.heir}`);
      delete task.heir;
    }
    task.invoke = { attempt: event.attempt, restart };
    this.#checkBudget();
  }

  /** Tasks here declare what they may use and use no more, so the cap itself holds. */
  #checkBudget(): void {
    if (this.#cap === undefined || this.purse) return;
    const ahead = [...this.#reserved.values()].reduce((a, b) => a + b, 0);
    if (this.#spentTokens + ahead > this.#cap)
      this.violated(`${this.#spentTokens} tokens used and ${ahead} reserved of ${this.#cap}`);
  }

  published(events: readonly RunEvent[]): void {
    for (const event of events) {
      const held = this.events[event.seq - 1];
      if (!held || held.type !== event.type) this.violated(`event ${event.seq} was told before it was durable`);
      if (event.seq <= this.#published) this.violated(`event ${event.seq} was told twice by one process`);
      this.#published = event.seq;
    }
  }

  /** A new process tells again from where the journal stands. */
  reborn(): void {
    this.#published = 0;
  }

  performed(attempt: Attempt, inFlight: number): void {
    const name = `${attempt.effectId}+${attempt.restart}`;
    const task = this.#tasks.get(attempt.task.id);
    const invoke = task?.invoke;
    if (task?.end !== undefined) this.violated(`${name} was performed after ${task.end}`);
    if (!invoke || invoke.attempt !== attempt.attempt || invoke.restart !== attempt.restart)
      this.violated(`${name} was performed before its invocation was durable`);
    if (this.#performed.has(name)) this.violated(`${name} was performed twice`);
    this.#performed.add(name);
    if (inFlight > this.#places) this.violated(`${inFlight} attempts at once on ${this.#places} places`);
  }

  logged(effect: string): void {
    this.#logged.set(effect, (this.#logged.get(effect) ?? 0) + 1);
  }

  logRead(effect: string, entries: number): void {
    if (entries < (this.#logged.get(effect) ?? 0)) this.violated(`${effect} lost acknowledged entries of its log`);
  }

  boardSet(key: string, version: number): void {
    const versions = this.#board.get(key) ?? new Set();
    if (versions.has(version)) this.violated(`two writers got version ${version} of '${key}'`);
    this.#board.set(key, versions.add(version));
  }

  /** Folding the journal gives the state that the process lives in (I1), and owes the world the same. */
  compare(live: RunState): void {
    const folded = createState(live.run);
    for (const event of this.events.slice(0, live.seq)) evolve(folded, event);
    const a = project(live);
    const b = project(folded);
    if (a !== b) this.violated(`the folded state differs from the live one:\n  live   ${a}\n  folded ${b}`);
  }

  /** At its end: everything is settled, sums are right, replay decides nothing. */
  finished(): void {
    const { events } = this;
    this.purse?.finished();
    const end = events.at(-1);
    if (!this.#ended || !end) return this.violated("the run has no end");
    for (const [id, task] of this.#tasks) if (task.end === undefined) this.violated(`task ${id} has no end`);
    if (events.filter((event) => event.type === "workflow:results").length !== 1)
      this.violated("not exactly one workflow:results");
    const state = createState(end.run);
    for (const event of events) evolve(state, event);
    if (decide(state, { type: "timer" }, end.at + 1e9).length > 0 || pending(state).length > 0)
      this.violated("an ended run has more to say");
    if (!("summary" in end)) return;
    let tokens = 0;
    for (const event of events) {
      const counts =
        event.type === "task:complete" ||
        event.type === "task:error" ||
        event.type === "task:retry" ||
        event.type === "task:cancelled" ||
        (event.type === "budget:settled" && event.late === true);
      if (counts && "tokensUsed" in event) tokens += event.tokensUsed ?? 0;
    }
    if (tokens !== end.summary.totalTokens)
      this.violated(`the summary says ${end.summary.totalTokens} tokens, the attempts used ${tokens}`);
  }

  hash(): string {
    return sha256(canonical(this.events));
  }
}

function project(state: RunState): string {
  const tasks = [...state.graph.nodes.values()].map((node) => [
    node.id,
    node.status,
    node.how ?? "",
    node.open,
    node.wave,
    state.recovery.tries.get(node.id) ?? null,
  ]);
  return canonical([
    state.seq,
    state.life,
    state.worktime,
    tasks,
    [...state.places.running].sort(),
    [...state.recovery.waiting].sort(),
    [...state.recovery.parked],
    state.ledger.total,
    [...state.ledger.reserved].sort(),
    [...state.gates.open.keys()].sort(),
    [...state.talk.board],
    [...state.talk.waiting],
  ]);
}
