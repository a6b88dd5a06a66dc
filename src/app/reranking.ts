/** A ranking by words put before a model, for whoever asks for that: what it says is kept, and what it takes is counted. */

import type { AgentRegistry } from "../agents/registry.ts";
import {
  candidatesOf,
  marksIn,
  merged,
  type Reranked,
  type RerankSaid,
  rerankAsk,
  unmerged,
} from "../agents/rerank.ts";
import type { Routed, RouteTask } from "../agents/router.ts";
import { canonical, type Json, sha256 } from "../domain/json.ts";
import type { Clock } from "../domain/ports.ts";
import { AnswerBook, type Spending } from "../journal/answers.ts";
import type { Settings } from "../library/settings.ts";
import { askOnce } from "../runtimes/model/ask-once.ts";
import { callable } from "./crew-of-files.ts";

/** What is asked where nobody has named a model: a small one of the provider that was found. */
const SMALL: { readonly [provider: string]: string } = {
  anthropic: "anthropic/claude-haiku-4-5",
  openai: "openai/gpt-5-mini",
  google: "google/gemini-2.5-flash",
};
const PURPOSE = "route";
const MOST_TOKENS = 2000;
/** Milliseconds. Whoever waits for an agent does not wait for ever. */
const LONGEST = 30_000;

export class Reranking {
  readonly #settings: Settings;
  readonly #registry: AgentRegistry;
  readonly #clock: Clock;
  readonly #answers: AnswerBook;

  constructor(of: {
    readonly settings: Settings;
    readonly registry: AgentRegistry;
    readonly clock: Clock;
    readonly file: string;
  }) {
    this.#settings = of.settings;
    this.#registry = of.registry;
    this.#clock = of.clock;
    this.#answers = new AnswerBook(of.file);
  }

  /** Throws BAD_INPUT where `model` cannot be called; what the model itself does wrong falls back to words, and says so. */
  async rerank(task: RouteTask, routed: Routed, model?: string): Promise<Reranked> {
    const candidates = candidatesOf(routed);
    const named = this.#modelOf(model);
    const none = { cached: false, tokensUsed: 0, costUsd: 0 };
    if (named === undefined)
      return unmerged(routed, { model: "none", ...none, failed: "no model is configured: name one with --model" });
    if (candidates.length === 0)
      return unmerged(routed, { model: named, ...none, failed: "there is nobody to ask about" });
    const key = this.#keyOf(
      task,
      candidates.map(({ agent }) => agent),
      named,
    );
    const known = await this.#answers.get(key);
    const before = known === undefined ? undefined : marksIn(known, candidates);
    if (before) return merged(routed, before, { model: named, cached: true, tokensUsed: 0, costUsd: 0 });
    const { providers, prices } = this.#settings;
    const ask = rerankAsk(task, candidates, (name) => this.#registry.get(name));
    const question = { model: named, maxTokens: MOST_TOKENS, ...ask };
    const given = { providers, prices, clock: this.#clock };
    const outcome = await askOnce(question, given, AbortSignal.timeout(LONGEST));
    const { tokensUsed = 0, costUsd = 0 } = outcome.usage ?? {};
    if (outcome.usage) await this.#answers.spend(PURPOSE, { tokensUsed, costUsd });
    const said: RerankSaid = { model: named, cached: false, tokensUsed, costUsd };
    if (!outcome.ok) return unmerged(routed, { ...said, failed: outcome.reason });
    const marks = marksIn(outcome.output, candidates);
    if (marks === undefined) return unmerged(routed, { ...said, failed: `${named} marked none of them` });
    await this.#answers.put(key, outcome.output, this.#clock.now());
    return merged(routed, marks, said);
  }

  /** What all of it took so far. */
  spent(): Promise<Spending> {
    return this.#answers.spent(PURPOSE);
  }

  close(): Promise<void> {
    return this.#answers.close();
  }

  #modelOf(model: string | undefined): string | undefined {
    const { route, found } = this.#settings;
    if (model !== undefined) return callable(model, "model", this.#settings).text;
    if (route?.model !== undefined) return callable(route.model, "route.model", this.#settings).text;
    const provider = found.find((one) => SMALL[one.provider] !== undefined)?.provider;
    return provider === undefined ? undefined : SMALL[provider];
  }

  #keyOf(task: RouteTask, agents: readonly string[], model: string): string {
    const definitions = agents.map((name) => sha256(canonical(plain(this.#registry.get(name)))));
    return sha256(canonical(plain({ as: "rerank 1", task, definitions, model })));
  }
}

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value ?? null)) as Json;
