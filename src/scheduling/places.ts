/**
 * Who may go next: places in total, per agent and per provider; among ready tasks the higher priority,
 * then the longer way to the end of the run, then the order given (I4).
 *
 * L1. A ticket lies in one lane, its agent's, at most once.
 * L2. A lane that has no place never holds up another lane.
 */
import type { BreakerNews } from "../domain/breaker.ts";
import type { RunEvent } from "../domain/events.ts";
import { Heap } from "../domain/heap.ts";
import type { AgentCard, AgentCards, ModelChoice } from "../domain/plan.ts";

/** A task that could start. */
export interface Ticket {
  readonly id: string;
  readonly agentName: string;
  readonly priority: number;
  readonly rank: number;
  readonly order: number;
}

interface Lane {
  readonly agentName: string;
  card: AgentCard | undefined;
  readonly heap: Heap<Ticket>;
  running: number;
}

export interface Places {
  total: number;
  agents: AgentCards;
  providers: { readonly [name: string]: number };
  readonly lanes: Map<string, Lane>;
  readonly perProvider: Map<string, number>;
  /** Attempts in flight: the task, and the agent whose place it holds. */
  readonly running: Map<string, string>;
  /** Of agents that may use several models, and of those that had to take a cheaper one: what a task's newest attempt got. */
  readonly chosen: Map<string, string>;
  /** Models that are left alone, by `heldKey`: until when. */
  readonly held: Map<string, number>;
  /** When something last became true. */
  at: number;
  /** The tickets that lie in lanes, the newest of each task. */
  readonly tickets: Map<string, Ticket>;
}

export function createPlaces(): Places {
  return {
    total: 1,
    agents: {},
    providers: {},
    lanes: new Map(),
    perProvider: new Map(),
    running: new Map(),
    chosen: new Map(),
    held: new Map(),
    at: 0,
    tickets: new Map(),
  };
}

export function evolvePlaces(places: Places, event: RunEvent): void {
  places.at = event.at;
  switch (event.type) {
    case "workflow:start":
      places.total = event.options.maxParallelAgents;
      places.providers = event.options.providers ?? {};
      places.agents = event.agents;
      return;
    case "plan:changed":
      return event.agents && change(places, event.agents);
    case "workflow:resumed":
      if (!event.recovered) return;
      for (const task of [...places.running.keys()]) release(places, task);
      // Whoever held them is gone; the new host finds out for itself.
      return places.held.clear();
    case "breaker:opened":
      places.held.set(heldKey(event), event.until);
      return;
    case "breaker:closed":
      places.held.delete(heldKey(event));
      return;
    case "agent:invoke":
      places.tickets.delete(event.taskId);
      if (places.agents[event.agentName]?.choices || event.downgradedFrom !== undefined)
        places.chosen.set(event.taskId, event.model);
      else places.chosen.delete(event.taskId);
      return take(places, event.taskId, event.agentName);
    case "task:retry":
    case "task:fallback":
    case "task:complete":
    case "task:error":
    case "task:cancelled":
    case "task:skipped":
    case "task:reused":
      places.tickets.delete(event.taskId);
      return release(places, event.taskId);
    default:
      return;
  }
}

/** What is under way is counted by what its agent is now. */
function change(places: Places, agents: AgentCards): void {
  places.agents = { ...places.agents, ...agents };
  for (const [task, agentName] of places.running) count(places, task, laneOf(places, agentName), -1);
  for (const lane of places.lanes.values()) lane.card = places.agents[lane.agentName];
  for (const [task, agentName] of places.running) count(places, task, laneOf(places, agentName), 1);
}

function count(places: Places, task: string, { card }: Lane, more: number): void {
  const { perProvider } = places;
  const provider = cardFor(places, task, card)?.provider;
  if (provider !== undefined) perProvider.set(provider, (perProvider.get(provider) ?? 0) + more);
}

/** An agent's card as a task's newest attempt has it, with the model that it got. */
export function cardFor({ chosen }: Places, task: string, card: AgentCard | undefined): AgentCard | undefined {
  const model = chosen.get(task);
  if (card === undefined || model === undefined) return card;
  const choice = card.choices?.find((one) => one.model === model) ?? { model, provider: providerIn(model) };
  const { provider: _, choices: __, ...rest } = card;
  return { ...rest, model: choice.model, ...(choice.provider !== undefined && { provider: choice.provider }) };
}

/** Of `anthropic/NAME` the first part; of what others run, such as `acp/NAME/MODEL`, the first two. */
function providerIn(model: string): string {
  const [first = "", name] = model.split("/");
  return name !== undefined && TWO_PARTS.has(first) ? `${first}/${name}` : first;
}
const TWO_PARTS = new Set(["compatible", "acp", "command", "http"]);

/** Those of these models that an attempt could be begun with now, in the same order. */
export const placedOf = (places: Places, models: readonly string[]): readonly string[] =>
  models.filter((model) => {
    const provider = providerIn(model);
    return hasPlace(places, provider) && !isHeld(places, { provider, model });
  });

const heldKey = ({ provider, model = "" }: { readonly provider?: string; readonly model?: string }) =>
  JSON.stringify([provider, model]);

/** A model that is left alone now, because it keeps failing. */
export function isHeld({ held, at }: Places, one: { readonly provider?: string; readonly model?: string }): boolean {
  return held.size > 0 && (held.get(heldKey(one)) ?? 0) > at;
}

/** Whether a run learns something from what is said of a breaker. */
export function isNews({ held }: Places, news: BreakerNews): boolean {
  const until = held.get(heldKey(news));
  return news.state === "opened" ? until !== news.until : until !== undefined;
}

export interface Candidate {
  readonly choice: ModelChoice;
  /** Attempts of this run that the agent has under way with it. */
  readonly busy: number;
  /** Its provider has a place for one more. */
  readonly isFree: boolean;
  /** It keeps failing and is left alone now. */
  readonly isHeld: boolean;
}

/** The models that an agent may use: how busy it is with each, and whether one more has a place there. */
export function choicesOf(places: Places, agentName: string): readonly Candidate[] {
  const busy = new Map<string, number>();
  for (const [task, agent] of places.running) {
    const model = agent === agentName ? places.chosen.get(task) : undefined;
    if (model !== undefined) busy.set(model, (busy.get(model) ?? 0) + 1);
  }
  return (places.agents[agentName]?.choices ?? []).map((choice) => ({
    choice,
    busy: busy.get(choice.model) ?? 0,
    isFree: hasPlace(places, choice.provider),
    isHeld: isHeld(places, choice),
  }));
}

function laneOf(places: Places, agentName: string): Lane {
  let lane = places.lanes.get(agentName);
  if (!lane) {
    lane = { agentName, card: places.agents[agentName], heap: new Heap(goesBefore), running: 0 };
    places.lanes.set(agentName, lane);
  }
  return lane;
}

function goesBefore(a: Ticket, b: Ticket): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  return a.rank === b.rank ? a.order < b.order : a.rank > b.rank;
}

function take(places: Places, task: string, agentName: string): void {
  if (places.running.has(task)) return;
  places.running.set(task, agentName);
  const lane = laneOf(places, agentName);
  lane.running++;
  count(places, task, lane, 1);
}

function release(places: Places, task: string): void {
  const agentName = places.running.get(task);
  if (agentName === undefined) return;
  places.running.delete(task);
  const lane = laneOf(places, agentName);
  lane.running--;
  count(places, task, lane, -1);
}

/** Puts a task into its lane. Again with a new rank: the older ticket no longer counts. */
export function offer(places: Places, ticket: Ticket): void {
  places.tickets.set(ticket.id, ticket);
  laneOf(places, ticket.agentName).heap.push(ticket);
}

/** Takes a task out of its lane; whoever finds it free again puts it back. */
export function withdraw(places: Places, task: string): void {
  places.tickets.delete(task);
}

/** The ticket that may go now, left in its lane; it leaves by the events that follow. */
export function nextTicket(places: Places): Ticket | undefined {
  if (places.running.size >= places.total || places.tickets.size === 0) return undefined;
  let best: Ticket | undefined;
  for (const lane of places.lanes.values()) {
    const head = headOf(places, lane);
    if (!head || (best && !goesBefore(head, best)) || isFull(places, lane)) continue;
    best = head;
  }
  return best;
}

/** Drops tickets that have been used or replaced. */
function headOf(places: Places, lane: Lane): Ticket | undefined {
  for (let head = lane.heap.peek(); head; head = lane.heap.peek()) {
    if (places.tickets.get(head.id) === head) return head;
    lane.heap.pop();
  }
  return undefined;
}

function isFull(places: Places, lane: Lane): boolean {
  if (lane.running >= (lane.card?.places ?? Number.POSITIVE_INFINITY)) return true;
  const { choices, provider } = lane.card ?? {};
  return !(choices ?? [{ provider }]).some((one) => hasPlace(places, one.provider));
}

function hasPlace({ perProvider, providers }: Places, provider: string | undefined): boolean {
  if (provider === undefined) return true;
  return (perProvider.get(provider) ?? 0) < (providers[provider] ?? Number.POSITIVE_INFINITY);
}
