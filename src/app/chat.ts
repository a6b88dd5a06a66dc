/**
 * A conversation over a home: each exchange is a run, which brings along what was said before. What may be spent is
 * counted over all of them, and over what they began.
 */
import { CONDUCTOR, objectiveIn } from "../conductor/agent.ts";
import { conversationContext, type Exchange, exchangesIn, remember } from "../conductor/conversation.ts";
import { TuttiError } from "../domain/error.ts";
import { defined } from "../domain/json.ts";
import type { AgentTask, Budget } from "../domain/plan.ts";
import { objectiveFor } from "./conducting.ts";
import type { Host, Prepared } from "./host.ts";
import type { Order, OrderConfig } from "./order.ts";
import { takenBy } from "./purse.ts";

/** The workflow that exchanges go by, and their only task. */
export const CHAT = "chat";

export interface ChatOptions {
  /** Of whoever is asked. */
  readonly model?: string;
  /** For all exchanges and all that they begin together. */
  readonly budget?: Budget;
  readonly rehearsal?: Pick<OrderConfig, "speed" | "seed">;
}
export interface Asking {
  readonly words: string;
  /** Default: whoever is talked to. */
  readonly agent?: string;
  readonly model?: string;
  /** Files of the folder that go along. */
  readonly reads?: readonly string[];
}

/** Runs of one conversation that are counted one by one. */
const MOST_RUNS = 1000;
const LONGEST_TITLE = 80;

export class Chat {
  /** Who is talked to. */
  agent: string = CONDUCTOR;
  options: ChatOptions;
  readonly #host: Host;
  #exchanges: readonly Exchange[] = [];
  readonly #own = new Set<string>();
  readonly #begun = new Set<string>();

  constructor(host: Host, options: ChatOptions) {
    this.#host = host;
    this.options = options;
  }

  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }
  /** Runs that are exchanges of this sitting, in their order. */
  get own(): readonly string[] {
    return [...this.#own];
  }
  /** Runs that exchanges began, or that were begun from here. */
  get begun(): readonly string[] {
    return [...this.#begun];
  }

  /** The next exchange with the conductor, checked; nothing is begun. */
  async objective(asking: Asking): Promise<Prepared> {
    const { rehearsal } = this.options;
    const budget = await this.left();
    const { words, model = this.options.model } = asking;
    const task = { id: CHAT, ...this.#more(asking) };
    const prepared = await objectiveFor(this.#host, words, {
      ...{ workflow: CHAT, task },
      ...defined({ model, budget, rehearsal }),
    });
    return this.#host.admit(prepared);
  }

  /** The next exchange with any other agent, as an order like any other. */
  async order(asking: Asking): Promise<Order> {
    const { words, agent = this.agent, model } = asking;
    const title = words.replace(/\s+/g, " ").trim().slice(0, LONGEST_TITLE) || "a question";
    const own = { id: CHAT, agentName: agent, description: title, prompt: words, ...defined({ model }) };
    return { workflowName: CHAT, tasks: [{ ...own, ...this.#more(asking) }], config: await this.config() };
  }

  #more({ reads = [] }: Asking): Pick<AgentTask, "context"> & Partial<Pick<AgentTask, "reads">> {
    return { context: conversationContext(this.#exchanges), ...(reads.length > 0 && { reads }) };
  }

  /** How whatever is begun from here is conducted. */
  async config(): Promise<OrderConfig> {
    const { model, rehearsal } = this.options;
    const budget = await this.left();
    return { ...defined({ model, budget }), ...(rehearsal && { rehearse: true, ...rehearsal }) };
  }

  /** What is left of the budget, never less than nothing; undefined where there is none. */
  async left(): Promise<Budget | undefined> {
    const { budget } = this.options;
    if (budget === undefined) return undefined;
    const runs = [...this.#own, ...this.#begun];
    const left: { usd?: number; tokens?: number } = {};
    for (const limit of ["usd", "tokens"] as const) {
      const cap = budget[limit];
      if (cap === undefined) continue;
      const rest = Math.max(0, cap - (await takenBy(this.#host, runs, limit)));
      left[limit] = limit === "tokens" ? Math.floor(rest) : rest;
    }
    return { ...budget, ...left };
  }

  /** An exchange has begun: it counts from now on. */
  began(run: string): void {
    add(this.#own, run);
  }
  /** Something else has begun that this conversation is answerable for. */
  counts(run: string): void {
    add(this.#begun, run);
  }

  heard(exchange: Exchange): void {
    this.#exchanges = remember(this.#exchanges, exchange);
  }

  /** Goes on with the conversation that an exchange ended. */
  async continueFrom(run: string): Promise<void> {
    const state = await this.#host.state(run);
    const spec = state.start?.workflow === CHAT ? state.graph.nodes.get(CHAT)?.spec : undefined;
    if (spec === undefined)
      throw new TuttiError("BAD_INPUT", `run ${run} is no exchange of a conversation`, {
        path: "--continue",
        hint: "tutti runs --workflow chat lists them",
      });
    if (state.start?.rehearsed && this.options.rehearsal === undefined)
      throw new TuttiError("BAD_INPUT", `run ${run} was a rehearsal: what was said in it is invented`, {
        path: "--continue",
        hint: "go on with --rehearse, or begin anew without --continue",
      });
    const { output } = (await this.#host.show(run)).tasks[CHAT] ?? {};
    const { agentName, prompt } = spec;
    const said = agentName === CONDUCTOR ? objectiveIn(prompt) : prompt;
    const reply = output === undefined ? NO_ANSWER : typeof output === "string" ? output : JSON.stringify(output);
    this.#exchanges = remember(exchangesIn(spec.context), { run, agent: agentName, said, reply });
    this.agent = agentName;
  }
}

/** Where nothing came of it. */
export const NO_ANSWER = "[no answer]";

/** The oldest goes first: it has ended long ago. */
function add(runs: Set<string>, run: string): void {
  runs.add(run);
  const [oldest] = runs;
  if (runs.size > MOST_RUNS && oldest !== undefined) runs.delete(oldest);
}
