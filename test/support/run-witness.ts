/** Reads the events of a run and knows nothing of its state: what must be true of any list of them. */
import type { RunState } from "../../src/core/state.ts";
import type { EventType, RunEvent, Spent } from "../../src/domain/events.ts";
import type { FailurePolicy } from "../../src/domain/plan.ts";

const ENDS: readonly EventType[] = ["task:complete", "task:error", "task:skipped", "task:reused", "task:cancelled"];
const STOPS: readonly EventType[] = [
  "workflow:stopping",
  "workflow:paused",
  "workflow:complete",
  "workflow:error",
  "workflow:cancelled",
];

type OfTask = Extract<RunEvent, { taskId: string; agentName: string }>;
export const isOfTask = (event: RunEvent): event is OfTask => "taskId" in event && "agentName" in event;

/** Thousands of times cheaper than `expect`, and called that often. */
export function must(truth: boolean, what: string | (() => string)): void {
  if (!truth) throw new Error(typeof what === "string" ? what : what());
}

export class Witness {
  #seq = 0;
  #at = 0;
  #stopped = false;
  readonly #added = new Map<string, FailurePolicy | undefined>();
  #failedFast = false;
  readonly #started = new Set<string>();
  readonly #ended = new Map<string, EventType>();
  /** Attempts under way, by task. */
  readonly #running = new Map<string, { attempt: number; agent: string; restart: number; model: string }>();
  readonly #lastAttempt = new Map<string, number>();
  readonly #reserved = new Map<string, number>();
  readonly #paid = new Set<string>();
  #tokens = 0;
  #usd: number | null = 0;
  #duration = 0;

  see(event: RunEvent): void {
    must(event.seq === this.#seq + 1, () => `number ${event.seq} follows ${this.#seq}`);
    must(event.at >= this.#at, () => `event ${event.seq} is earlier than the one before`);
    this.#seq = event.seq;
    this.#at = event.at;
    if (STOPS.includes(event.type)) this.#stopped = true;
    if (event.type === "workflow:resumed") {
      if (event.recovered) this.#running.clear();
      else this.#stopped = false;
    }
    if (isOfTask(event)) this.#seeTask(event, (what) => `${event.seq} ${event.type} ${event.taskId}: ${what}`);
  }

  #seeTask(event: OfTask, says: (what: string) => string): void {
    const { taskId } = event;
    if (event.type === "task:added") {
      must(!this.#added.has(taskId), () => says("is added once"));
      this.#added.set(taskId, event.onFailure);
    }
    if (event.type === "task:start") {
      must(!this.#started.has(taskId), () => says("starts once"));
      this.#started.add(taskId);
      for (const id of event.dependencies) must(this.#ended.has(id), () => says(`'${id}' has not settled`));
    }
    if (event.type === "agent:invoke") this.#seeInvoke(event, says);
    if (event.type === "budget:reserved") {
      must(!this.#reserved.has(taskId), () => says("something is reserved for it already"));
      this.#reserved.set(taskId, event.attempt);
    }
    if (event.type === "budget:settled" && !event.late) {
      must(this.#reserved.get(taskId) === event.attempt, () => says("nothing was reserved for this attempt"));
      this.#reserved.delete(taskId);
    }
    if (event.type === "budget:settled" && event.late) this.#pay(event, `${taskId}#${event.attempt} late`);
    if (ENDS.includes(event.type)) this.#seeEnd(event, says);
    if (ENDS.includes(event.type) || event.type === "task:retry") {
      const { attempt = 0, duration } = event as Partial<Spent> & { attempt?: number };
      this.#running.delete(taskId);
      if (attempt > 0 && duration !== undefined) this.#pay(event as Spent, `${taskId}#${attempt}`);
    }
  }

  #seeEnd(event: OfTask, says: (what: string) => string): void {
    const { taskId } = event;
    must(this.#added.has(taskId), () => says("was never added"));
    must(!this.#ended.has(taskId), () => says(`has ended before, by ${this.#ended.get(taskId)}`));
    this.#ended.set(taskId, event.type);
    if (event.type === "task:complete") must(this.#started.has(taskId), () => says("completes without a start"));
    if (event.type === "task:error" && this.#added.get(taskId) === "fail-fast") this.#failedFast = true;
    if (event.type === "task:cancelled") this.#reserved.delete(taskId);
    must(!this.#reserved.has(taskId), () => says("leaves a reservation behind"));
  }

  #seeInvoke(event: Extract<RunEvent, { type: "agent:invoke" }>, says: (what: string) => string): void {
    const { taskId, attempt, restart = 0, model } = event;
    must(!this.#stopped, () => says("begins after a stop"));
    must(!this.#failedFast, () => says("begins after a failure that ends the run"));
    must(this.#started.has(taskId), () => says("begins without a start"));
    must(!this.#ended.has(taskId), () => says("begins after its end"));
    must(!this.#running.has(taskId), () => says("is under way already"));
    const others = [...this.#running.values()];
    must(restart < 2 || others.length === 0, () => says("has killed its host before and does not begin alone"));
    must(!others.some((one) => one.restart > 1), () => says("begins beside one that has killed its host before"));
    const last = this.#lastAttempt.get(taskId) ?? 0;
    must(attempt === (restart > 0 ? last : last + 1), () => says(`attempt ${attempt} follows ${last}`));
    this.#lastAttempt.set(taskId, attempt);
    this.#running.set(taskId, { attempt, agent: event.agentName, restart, model });
  }

  #pay(spent: Spent, key: string): void {
    must(!this.#paid.has(key), () => `${key} is paid twice`);
    this.#paid.add(key);
    this.#tokens += spent.tokensUsed;
    this.#usd = this.#usd === null || spent.costUsd === null ? null : this.#usd + spent.costUsd;
    this.#duration += spent.duration;
  }

  /** The state says of itself what its events say of it. */
  agrees(state: RunState): void {
    const { places, ledger } = state;
    const equal = (what: string, is: unknown, should: unknown) =>
      must(
        JSON.stringify(is) === JSON.stringify(should),
        () => `${what}: ${JSON.stringify(is)}, ${JSON.stringify(should)}`,
      );
    equal("under way", [...places.running.keys()].sort(), [...this.#running.keys()].sort());
    const agents = [...this.#running.values()].map(({ agent }) => agent);
    must(agents.length <= places.total, () => `${agents.length} attempts in ${places.total} places`);
    for (const [name, { places: most = places.total }] of Object.entries(places.agents))
      must(agents.filter((one) => one === name).length <= most, () => `more than ${most} of agent ${name}`);
    const providers = [...this.#running.values()].map(({ agent, model }) => {
      const card = places.agents[agent];
      return (card?.choices?.find((one) => one.model === model) ?? card)?.provider;
    });
    for (const [name, most] of Object.entries(places.providers))
      must(providers.filter((one) => one === name).length <= most, () => `too many of ${name}`);
    const { tokensUsed, costUsd, duration } = ledger.total;
    equal("tokens", tokensUsed, this.#tokens);
    equal("duration", duration, this.#duration);
    must(
      costUsd === null ? this.#usd === null : Math.abs(costUsd - (this.#usd ?? -1)) < 1e-6,
      () => `cost ${costUsd}, ${this.#usd}`,
    );
    must(ledger.reservedTokens >= 0 && ledger.reservedUsd > -1e-9, "a reservation is negative");
    equal("reserved", [...ledger.reserved.keys()].sort(), [...this.#reserved.keys()].sort());
    equal("unsettled", state.graph.unsettled, this.#added.size - this.#ended.size);
  }
}
