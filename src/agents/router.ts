/**
 * Which agent does a task best. Evidence is added up in log-odds, each piece said with what it adds: words of the
 * definition, what the agent did before, how busy, dear and slow it is. What it must have and has not rules it out.
 * "Nobody fits" is an answer.
 */
import { logOdds, sampled, successOf } from "../domain/expectation.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { AgentFile } from "./definition.ts";
import { type Asked, askedBy, featuresOf, SIGN, signsOf } from "./evidence.ts";
import { dot, FIT, type Fit, probability } from "./fit.ts";
import type { Track } from "./performance.ts";
import type { AgentRegistry } from "./registry.ts";
import { writtenOf } from "./synonyms.ts";

export interface RouteTask {
  readonly description: string;
  readonly prompt?: string;
  /** What sort of work: past performance is looked up by it. */
  readonly kind?: string;
  /** All of these, exactly. */
  readonly capabilities?: readonly string[];
  /** Tools without which it cannot be done. */
  readonly tools?: readonly string[];
  readonly language?: string;
}
export interface Load {
  readonly busy: number;
  readonly waiting: number;
  readonly places: number;
}
export interface RouteContext {
  readonly trackOf?: (agent: string, kind: string | undefined) => Track | undefined;
  readonly loadOf?: (agent: string) => Load | undefined;
  readonly exclude?: readonly string[];
  /** Where given, past success is drawn instead of expected, so that others get their chance. */
  readonly explore?: { readonly seed: number };
}
export interface Evidence {
  readonly what: "words" | "success" | "load" | "cost" | "speed" | "model";
  /** Log-odds. */
  readonly adds: number;
  readonly because: string;
}
export interface Candidate {
  readonly agent: string;
  /** Of 1. */
  readonly confidence: number;
  readonly evidence: readonly Evidence[];
}
export interface Routed {
  readonly agent: string | null;
  readonly confidence: number;
  readonly reasoning: string;
  /** Best first, without the one that was chosen. */
  readonly alternatives: readonly Candidate[];
  readonly evidence: readonly Evidence[];
}

/** Looked at closely, out of all. */
const CLOSELY = 40;
const ALTERNATIVES = 8;
/** The most that one kind of evidence may add besides words. */
const MOST = 2;
const TEXT = 20_000;

const UNTRIED: Track = { attempts: 0, successes: 0 };

export class Router {
  readonly #registry: AgentRegistry;
  readonly #fit: Fit;

  constructor(registry: AgentRegistry, fit: Fit = FIT) {
    this.#registry = registry;
    this.#fit = fit;
  }

  route(task: RouteTask, context: RouteContext = {}): Routed {
    const { fits, candidates } = this.#rank(task, context);
    const [best, ...others] = candidates;
    if (best !== undefined && fits) return { ...best, reasoning: reasonFor(best, others[0]), alternatives: others };
    const confidence = 1 - (best?.confidence ?? 0);
    return { agent: null, confidence, reasoning: this.#nobody(task, best), alternatives: candidates, evidence: [] };
  }

  /** The best of those who may, best first; `fits` is false where the task seems to be for nobody. */
  #rank(task: RouteTask, context: RouteContext): { readonly fits: boolean; readonly candidates: readonly Candidate[] } {
    const { index } = this.#registry;
    const text = [task.description, task.prompt ?? "", task.language ?? ""].join("\n").slice(0, TEXT);
    const asked = askedBy(text, index);
    const may = (agent: AgentFile) => isAble(agent, task) && !context.exclude?.includes(agent.name);
    const scores = new Map(index.search(asked.question, CLOSELY).map(({ id, score }) => [id, score]));
    const [wanted] = task.capabilities ?? [];
    const found =
      wanted === undefined
        ? [...scores.keys()].map((name) => this.#registry.find(name))
        : this.#registry.list({ capability: wanted });
    const able = found.filter(may).slice(0, 10 * CLOSELY);
    const seen = able.map((agent) => {
      const features = featuresOf(asked, agent.name, index, scores.get(agent.name) ?? 0);
      return { features, value: dot(this.#fit.weights, features) };
    });
    const order = seen.map((_, i) => i).sort((a, b) => (seen[b]?.value ?? 0) - (seen[a]?.value ?? 0));
    const [first = 0, second] = order;
    const [best, next] = [seen[first]?.value ?? 0, second === undefined ? 0 : (seen[second]?.value ?? 0)];
    const signs =
      able[first] &&
      signsOf(asked, index, {
        id: able[first].name,
        value: best,
        lead: best - next,
        features: seen[first]?.features ?? [],
      });
    // Whoever names a capability knows that it is for somebody.
    const fits = wanted !== undefined || (signs !== undefined && dot(this.#fit.fits, signs) >= this.#fit.least);
    const peers = able.map(({ name }) => context.trackOf?.(name, task.kind) ?? (context.explore ? UNTRIED : undefined));
    const candidates = able.map((agent, i) => {
      const value = seen[i]?.value ?? 0;
      // How sure one can be of this task at all is told by its best; the others lie behind.
      const own = (signs ?? []).with(SIGN.value, value).with(SIGN.lead, value - (i === first ? next : best));
      const adds = dot(this.#fit.sure, own);
      const others = measured(agent, peers[i], peers, context);
      return { agent, adds, others, confidence: probability(adds + sum(others.map((one) => one.adds))) };
    });
    const ranked = candidates.sort((a, b) => b.confidence - a.confidence || (a.agent.name < b.agent.name ? -1 : 1));
    const shown = ranked.slice(0, ALTERNATIVES + 1).map(({ agent, adds, others, confidence }) => {
      const words: Evidence = { what: "words", adds, because: this.#words(asked, agent) };
      return { agent: agent.name, confidence, evidence: [words, ...others] };
    });
    return { fits, candidates: shown };
  }

  #words({ question, own, written }: Asked, agent: AgentFile): string {
    const gains = this.#registry.index.explain(question, agent.name).filter(({ gain }) => gain > 0);
    const said = gains
      .slice(0, 5)
      .map(({ word }) => (own.has(word) ? (written.get(word) ?? word) : `${writtenOf(word)} (means the same)`));
    return said.length === 0
      ? "nothing of the task stands in its definition"
      : `its definition answers ${said.join(", ")}`;
  }

  #nobody(task: RouteTask, best: Candidate | undefined): string {
    const missing = task.capabilities?.find((one) => !this.#registry.groups("capability").has(one));
    if (missing !== undefined)
      return `no agent has the capability '${missing}'${didYouMean(missing, this.#registry.groups("capability").keys())}`;
    if (best === undefined) return "no agent that may do this has anything in common with it";
    return `nobody fits: the nearest is ${best.agent}, right in ${percent(best.confidence)} of such cases, because ${best.evidence[0]?.because}`;
  }
}

function isAble(agent: AgentFile, { capabilities = [], tools = [] }: RouteTask): boolean {
  const has = (tool: string) =>
    agent.tools === undefined || agent.tools.some((one) => one === tool || one.startsWith(`${tool}(`));
  return (
    capabilities.every((one) => agent.capabilities?.includes(one)) &&
    tools.every((tool) => has(tool) && !agent.deniedTools?.includes(tool))
  );
}

function measured(
  { name }: AgentFile,
  track: Track | undefined,
  peers: readonly (Track | undefined)[],
  { loadOf, explore }: RouteContext,
): readonly Evidence[] {
  const evidence: Evidence[] = [];
  if (track !== undefined && (track.attempts > 0 || explore)) {
    const known = peers.filter((peer) => peer !== undefined);
    const usual = successOf({
      successes: sum(known.map((one) => one.successes)),
      attempts: sum(known.map((one) => one.attempts)),
    });
    const own = explore ? sampled(track, usual, explore.seed, name) : successOf(track, usual);
    evidence.push({
      what: "success",
      adds: bounded(logOdds(own) - logOdds(usual)),
      because: `${explore ? "drawn" : "expected"} ${percent(own)} success after ${track.attempts.toFixed(0)} attempts that count; all others ${percent(usual)}`,
    });
    for (const [what, of] of [
      ["cost", "costUsd"],
      ["speed", "duration"],
    ] as const) {
      const typical = median(known.flatMap((peer) => (peer[of] === undefined ? [] : [peer[of]])));
      const its = track[of];
      if (its === undefined || typical === undefined || its <= 0 || typical <= 0 || its === typical) continue;
      evidence.push({
        what,
        adds: bounded(-0.2 * Math.log2(its / typical)),
        because:
          what === "cost"
            ? `$${its.toFixed(3)} a task, others $${typical.toFixed(3)}`
            : `${(its / 1000).toFixed(1)} s a task, others ${(typical / 1000).toFixed(1)} s`,
      });
    }
  }
  const load = loadOf?.(name);
  if (load !== undefined && load.busy + load.waiting > 0) {
    const { busy, waiting, places } = load;
    const queue = Math.max(0, busy + waiting + 1 - places) / Math.max(1, places);
    evidence.push({
      what: "load",
      adds: bounded(-0.1 * (busy / Math.max(1, places)) - 0.7 * queue),
      because: `${busy} of ${places} places taken, ${waiting} waiting`,
    });
  }
  return evidence;
}

function reasonFor({ agent, confidence, evidence }: Candidate, next: Candidate | undefined): string {
  const terms = evidence.map(({ adds, because }) => `${because} (${adds >= 0 ? "+" : ""}${adds.toFixed(1)})`);
  const other = next === undefined ? "" : `; next ${next.agent} with ${percent(next.confidence)}`;
  return `${agent} with ${percent(confidence)}: ${terms.join("; ")}${other}`;
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const bounded = (value: number) => Math.max(-MOST, Math.min(MOST, value));
const percent = (of: number) => `${Math.round(100 * of)} %`;

function median(numbers: readonly number[]): number | undefined {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
