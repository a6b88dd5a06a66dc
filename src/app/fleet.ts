/**
 * The fleet of one home, for whoever conducts it: the conductor agent, the HTTP API, the MCP server. What is begun here
 * is an order like any other: checked whole, held to budgets and to what is left of the day.
 *
 * F1. Agents that are not kept are of this session and end with it; only those that a conductor made can be deleted.
 * F2. A model decides only gates that the user's own settings leave to conductors.
 */
import type { AgentFile } from "../agents/definition.ts";
import type {
  AgentFacts,
  AgentQuery,
  AgentRow,
  Fleet,
  PlanDigest,
  PlanWish,
  Routed,
  Told,
} from "../conductor/fleet.ts";
import { TuttiError } from "../domain/error.ts";
import type { Command } from "../domain/facts.ts";
import { defined, type Json } from "../domain/json.ts";
import { didYouMean } from "../domain/nearest.ts";
import { ASK_ABOVE } from "../library/settings.ts";
import type { Chosen } from "./crew-of-files.ts";
import { costsOf } from "./fleet-costs.ts";
import type { FleetHome } from "./fleet-home.ts";
import { keepPlan, planned, plannedOrder, plansOf } from "./fleet-plans.ts";
import { digestOf, logsOf, newestRuns, runsOfAgent, workUnderWay } from "./fleet-runs.ts";
import { waitFor } from "./fleet-wait.ts";
import type { Order, Planned } from "./order.ts";
import type { Purse } from "./purse.ts";

export interface FleetOptions {
  /** Whose agents end with it: a run, or any name that no run has. */
  readonly session: string;
  /** Who decided, as gates note it. */
  readonly by: string;
  /** Who asks is no model: every run is his to end. */
  readonly isPerson?: true;
  /** Where files lie that plans may name. */
  readonly folder?: string;
  /** What all that is begun here may take together. */
  readonly purse?: Purse;
}

/** Kept agents carry it, so that another session knows them again. */
const MARK = "by-conductor";
const MOST_FOUND = 100;
/** Rehearsals that are enough to see that something is dear. */
const QUICK = 16;
const MOST_REMEMBERED = 1000;

export class HomeFleet implements Fleet, Disposable {
  readonly #home: FleetHome;
  readonly #options: FleetOptions;
  /** Newest last. */
  readonly #begun = new Map<string, readonly string[]>();

  constructor(home: FleetHome, options: FleetOptions) {
    this.#home = home;
    this.#options = options;
  }

  get delegated(): readonly string[] {
    return this.#home.settings.delegate ?? [];
  }

  agents({ words, created, ...query }: AgentQuery): readonly AgentRow[] {
    const { agency } = this.#home;
    for (const group of ["category", "capability"] as const)
      checkKnown(group, query[group], agency.registry.groups(group));
    const found = words === undefined ? agency.registry.list(query) : agency.search(words, { query, most: MOST_FOUND });
    const rows = found.map((agent) => this.#row(agent));
    return created === undefined ? rows : rows.filter((row) => (row.created !== undefined) === created);
  }

  agent(name: string): AgentFacts {
    const { registry, roster } = this.#home.agency;
    const agent = registry.find(name);
    const { model, tools, capabilities } = agent;
    const { lastError } = roster.stateOf(name);
    return { ...this.#row(agent), ...defined({ model, tools, capabilities, lastError }) };
  }

  create(
    definition: { readonly [field: string]: Json },
    { keep, like }: { readonly keep: boolean; readonly like?: string },
  ): void {
    const { registry, roster } = this.#home.agency;
    const { tags = [], ...model } = like === undefined ? {} : registry.find(like);
    const made = { ...model, ...definition, tags: keep ? [...new Set([...tags, MARK])] : tags };
    roster.create(made, keep ? undefined : this.#options.session);
  }

  delete(name: string, force: boolean): void {
    this.#home.agency.roster.delete(name, force);
  }

  work() {
    return workUnderWay(this.#home);
  }

  async begin(order: { readonly [field: string]: unknown }): Promise<string> {
    const home = this.#home;
    await home.ready(order);
    const prepared = home.prepare(order);
    // What a person gave a conductor to spend it may spend.
    if ((await this.#options.purse?.isCapped()) !== true) await checkDear(home, order, prepared);
    const held = (await this.#options.purse?.hold(prepared)) ?? prepared;
    const handle = home.start(await home.admit(held));
    await handle.opened();
    await this.#options.purse?.note(handle.id);
    this.#begun.set(handle.id, Object.keys(held.agents));
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > MOST_REMEMBERED && oldest !== undefined) this.#begun.delete(oldest);
    return handle.id;
  }

  async isOwn(run: string): Promise<boolean> {
    const { isPerson, purse } = this.#options;
    return isPerson === true || this.#begun.has(run) || (await purse?.began(run)) === true;
  }

  /** A person may have paused any other for a reason of his own. */
  async goOn(run: string): Promise<string> {
    if (!(await this.isOwn(run)))
      throw new TuttiError("WRONG_STATE", `run ${run} was not begun in this session`, {
        path: "run",
        hint: `a person lets it go on: tutti resume ${run}`,
      });
    await this.#home.command(run, { type: "resume" });
    return run;
  }

  wait(
    run: string,
    how: { readonly seconds: number; readonly signal: AbortSignal; readonly tell?: (told: Told) => void },
  ): Promise<boolean> {
    const handle = this.#home.handle(run);
    return handle === undefined ? Promise.resolve(false) : waitFor(handle, how);
  }

  run(run: string) {
    return digestOf(this.#home, run);
  }

  runs(limit: number) {
    return newestRuns(this.#home, limit);
  }

  stop(run: string, how: "pause" | "cancel", reason: string): Promise<string> {
    return this.#home.command(run, { type: how, reason });
  }

  async change(run: string, change: Parameters<Fleet["change"]>[1]): Promise<string> {
    const { places } = await this.#home.state(run);
    const known = Object.keys(places.agents);
    for (const [i, { agentName }] of change.add.entries())
      if (agentName === undefined || !known.includes(agentName))
        throw new TuttiError("BAD_INPUT", `task ${i + 1} is for nobody who works in run ${run}`, {
          path: `add.${i}.agentName`,
          hint: `its agents are ${known.join(", ")}; others get a run of their own: command_agent`,
        });
    const { add, remove, instead, reason } = change;
    const command: Command = {
      type: "change",
      reason,
      ...(add.length > 0 && { add }),
      ...(remove.length > 0 && { remove }),
      ...defined({ instead }),
    };
    return this.#home.command(run, command);
  }

  async runsOf(agent: string): Promise<readonly string[]> {
    const own = [...this.#begun].flatMap(([run, agents]) => (agents.includes(agent) ? [run] : []));
    return own.length > 0 ? own.reverse() : runsOfAgent(this.#home, agent);
  }

  logs(agent: string, of: { readonly run: string; readonly from: number; readonly limit: number }) {
    return logsOf(this.#home, agent, of);
  }

  costs(run?: string) {
    return costsOf(this.#home, run);
  }

  async plan(goal: string, how: PlanWish = {}): Promise<PlanDigest> {
    const wish = { goal, ...how, ...defined({ folder: this.#options.folder }) };
    return keepPlan(this.#home.home, await planned(this.#home, wish, (order) => this.begin(order)));
  }

  planned(plan: string, toBegin?: boolean) {
    return plannedOrder(this.#home, plan, { toBegin, folder: this.#options.folder });
  }

  plans() {
    return plansOf(this.#home.home);
  }

  async route(task: string, exclude: readonly string[]): Promise<Routed> {
    const { agency } = this.#home;
    await agency.experience.refresh();
    const { agent, confidence, reasoning, alternatives } = agency.route({ description: task }, { exclude });
    return { agent, confidence, reasoning, alternatives };
  }

  decide(
    run: string,
    gate: string,
    decided: { readonly decision: "approve" | "reject"; readonly note?: string },
  ): Promise<string> {
    return this.#home.command(run, { type: "decide", gate, by: this.#options.by, ...decided });
  }

  /** Agents of this session end with it; what they have under way ends as it would have. */
  [Symbol.dispose](): void {
    const { registry, roster } = this.#home.agency;
    for (const name of [...registry.names()])
      if (roster.stateOf(name).run === this.#options.session) roster.delete(name, true);
  }

  #row({ name, description, tags = [] }: AgentFile): AgentRow {
    const { stage, busy, run } = this.#home.agency.roster.stateOf(name);
    const isKept = run === undefined && tags.includes(MARK);
    const created =
      run === this.#options.session ? ("for this session" as const) : isKept ? ("kept" as const) : undefined;
    return { name, description, stage, busy, ...defined({ created }) };
  }
}

function checkKnown(
  group: string,
  value: string | undefined,
  known: { has(name: string): boolean } & ReadonlyMap<string, unknown>,
): void {
  if (value === undefined || known.has(value)) return;
  throw new TuttiError("NOT_FOUND", `no agent has the ${group} '${value}'${didYouMean(value, known.keys())}`, {
    path: group,
    hint: "words finds agents by what they are for",
  });
}

/** Nobody is there who could be asked before a dear run, and a model is not who decides that it is worth it. */
async function checkDear(home: FleetHome, order: unknown, prepared: Planned & Chosen): Promise<void> {
  const { askAbove = ASK_ABOVE } = home.settings;
  if (prepared.config.rehearse || prepared.models.size === 0) return;
  const asked = (order as Order).config?.budget?.usd;
  const most = asked ?? (await home.forecast(prepared, QUICK)).costUsd?.p90;
  if (most === undefined || most <= askAbove) return;
  throw new TuttiError("BAD_INPUT", `this may cost ${Number(most.toFixed(2))} usd, more than ${askAbove} (askAbove)`, {
    path: "budget.usd",
    hint: `give it a budget of at most ${askAbove} usd; a person starts dearer ones with tutti run, or raises askAbove in config.yaml`,
  });
}
