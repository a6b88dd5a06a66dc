/**
 * Watches what a simulated run spends, turn by turn, with a small model of its own: what was allowed to begin, what was
 * paid, what was settled. It knows nothing of the ledger.
 */
import type { Needs, RunEvent } from "../../domain/events.ts";
import type { Budget } from "../../domain/plan.ts";
import type { Attempt } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";

export interface Cost {
  readonly tokens: number;
  /** What is known of it. */
  readonly usd: number;
  readonly turns: number;
}
type Limit = keyof Cost;
const LIMITS: readonly Limit[] = ["tokens", "usd", "turns"];
const NONE: Cost = { tokens: 0, usd: 0, turns: 0 };
const plus = (a: Cost, b: Cost): Cost => ({
  tokens: a.tokens + b.tokens,
  usd: a.usd + b.usd,
  turns: a.turns + b.turns,
});
/** Sums of fractions drift. */
const DRIFT = 1e-9;

interface Tried {
  readonly task: string;
  /** In its log. */
  paid: Cost;
  /** Paid too late for that. */
  late: Cost;
  /** Told when it ended, and too late. */
  settled: Cost;
  isSettled: boolean;
}

export class Purse {
  readonly #violated: (what: string) => void;
  #caps: Budget = {};
  readonly #ofTask = new Map<string, Budget>();
  readonly #tries = new Map<string, Tried>();
  readonly #turns = new Set<string>();
  /** Turns that have been begun and are not in the log yet, by the effect that takes them. */
  readonly #begun = new Map<string, Cost>();
  /** How far beyond each cap what was under way when it was reached may go. */
  readonly #room = new Map<Limit, number>();
  #spent: Cost = NONE;
  /** Asked for and not yet durable: a turn may go by it a moment earlier. */
  #coming: Budget = {};

  constructor(violated: (what: string) => void) {
    this.#violated = violated;
  }

  see(event: RunEvent): void {
    switch (event.type) {
      case "workflow:start":
        return this.#cap(event.options.budget);
      case "workflow:resumed":
        // What its host had under way died with it; none of it was put into a log.
        if (event.recovered) this.#begun.clear();
        return this.#cap(event.budget);
      case "plan:changed":
        if (event.budget) this.#coming = {};
        return this.#cap(event.budget);
      case "task:added":
        if (event.budget) this.#ofTask.set(event.taskId, event.budget);
        return;
      case "agent:invoke": {
        const name = `${event.taskId}#${event.attempt}`;
        const tried = this.#tries.get(name);
        if (tried?.isSettled) this.#violated(`${name} was begun again after it had been settled`);
        if (!tried)
          this.#tries.set(name, { task: event.taskId, paid: NONE, late: NONE, settled: NONE, isSettled: false });
        return;
      }
      case "turn:complete":
        return this.#paid(`${event.taskId}#${event.attempt}`, event.entry);
      case "task:error":
        if (event.failure === "budget" && !this.#ofTask.has(event.taskId))
          this.#violated(`task ${event.taskId} failed for want of budget, and has none of its own`);
        return this.#settle(event, false);
      case "task:complete":
      case "task:retry":
      case "task:cancelled":
        return this.#settle(event, false);
      case "budget:settled":
        return event.late ? this.#settle(event, true) : undefined;
      case "workflow:paused":
        if (event.cause !== "budget") return;
        for (const [name, { isSettled }] of this.#tries)
          if (!isSettled) this.#violated(`the run paused for want of budget while ${name} was under way`);
        return;
      default:
        return;
    }
  }

  /** A turn was let begin. What is known to have been paid, with what it is expected to take, must fit. */
  begin({ effectId, task }: Attempt, needs: Needs, takes: Cost): void {
    const need: Cost = { ...needs, turns: 1 };
    const most = LIMITS.map(
      (limit) => [limit, Math.max(this.#caps[limit] ?? Infinity, this.#coming[limit] ?? 0)] as const,
    );
    this.#fits(`a turn of ${effectId}`, Object.fromEntries(most), this.#spent, need);
    this.#fits(
      `a turn of ${effectId}, by its task's own budget`,
      this.#ofTask.get(task.id) ?? {},
      this.#of(task.id),
      need,
    );
    this.#begun.set(effectId, takes);
  }

  /** Somebody asks for other caps. */
  asked(budget: Budget): void {
    this.#coming = budget;
  }

  unlogged({ effectId, task, attempt }: Attempt, cost: Cost): void {
    const tried = this.#tries.get(`${task.id}#${attempt}`);
    if (tried) tried.late = plus(tried.late, cost);
    this.#begun.delete(effectId);
  }

  /** It was asked to stop: what it may have taken nobody knows. */
  lost(effectId: string): void {
    this.#begun.delete(effectId);
  }

  finished(): void {
    for (const [name, { isSettled, paid, late, settled }] of this.#tries) {
      if (!isSettled) this.#violated(`${name} was never settled`);
      for (const limit of LIMITS) {
        const isFit = settled[limit] >= paid[limit] - DRIFT && settled[limit] <= paid[limit] + late[limit] + DRIFT;
        // One that began no turn counts as one.
        if (!isFit && !(limit === "turns" && paid.turns === 0))
          this.#violated(`${name} paid ${paid[limit]} ${limit}, and ${settled[limit]} were settled`);
      }
    }
  }

  #cap(more: Budget | undefined): void {
    if (!more) return;
    this.#caps = { ...this.#caps, ...more };
    this.#room.clear();
    for (const limit of LIMITS) this.#crossed(limit, NONE);
  }

  #fits(what: string, caps: Budget, spent: Cost, need: Cost): void {
    for (const limit of LIMITS) {
      const cap = caps[limit];
      if (cap === undefined || (spent[limit] < cap && spent[limit] + need[limit] <= cap + DRIFT)) continue;
      this.#violated(`${what} began with ${spent[limit]} of ${cap} ${limit} used and ${need[limit]} more expected`);
    }
  }

  #paid(name: string, entry: unknown): void {
    const tried = this.#tries.get(name);
    const { id, usage } = isRecord(entry) ? entry : {};
    if (!tried || typeof id !== "string" || !isRecord(usage)) return;
    if (this.#turns.has(id)) this.#violated(`turn ${id} was paid twice`);
    this.#turns.add(id);
    const number = (field: string) => (typeof usage[field] === "number" ? usage[field] : 0);
    const cost: Cost = { tokens: number("tokensUsed"), usd: number("costUsd"), turns: 1 };
    tried.paid = plus(tried.paid, cost);
    this.#spent = plus(this.#spent, cost);
    this.#begun.delete(id.slice(0, id.lastIndexOf("/")));
    for (const limit of LIMITS) this.#crossed(limit, cost);
  }

  /** Beyond a cap comes only what was under way when it was reached, a turn each. */
  #crossed(limit: Limit, last: Cost): void {
    const cap = this.#caps[limit];
    if (cap === undefined || this.#spent[limit] <= cap) return;
    const before = this.#spent[limit] - last[limit];
    const known = this.#room.get(limit);
    const most =
      known ??
      [...this.#begun.values()].reduce((sum, one) => sum + one[limit], Math.max(0, before - cap) + last[limit]);
    if (known === undefined) this.#room.set(limit, most);
    if (this.#spent[limit] - cap > most + DRIFT)
      this.#violated(`${this.#spent[limit]} of ${cap} ${limit} used: more than a turn of each that was under way`);
  }

  #of(task: string): Cost {
    return [...this.#tries.values()].reduce((sum, one) => (one.task === task ? plus(sum, one.paid) : sum), NONE);
  }

  #settle(event: Extract<RunEvent, { taskId: string }>, isLate: boolean): void {
    const { attempt, tokensUsed = 0, costUsd = 0, knownUsd = 0, turns = 0 } = event as Partial<Settling>;
    if (attempt === undefined || attempt === 0) return;
    const name = `${event.taskId}#${attempt}`;
    const tried = this.#tries.get(name);
    if (!tried) return this.#violated(`${name} was settled and never begun`);
    if (tried.isSettled && !isLate) this.#violated(`${name} was settled twice`);
    tried.isSettled = true;
    tried.settled = plus(tried.settled, { tokens: tokensUsed, usd: costUsd ?? knownUsd, turns });
  }
}

interface Settling {
  readonly attempt: number;
  readonly tokensUsed: number;
  readonly costUsd: number | null;
  readonly knownUsd: number;
  readonly turns: number;
}
