/**
 * What would make the team better, from what it did: each with the figures behind it, what is expected of it, and a change
 * that can be made and taken back. Nothing here changes anything.
 */
import type { AgentRegistry } from "./registry.ts";
import { PAIR, type Statistics, type StatisticsBook } from "./statistics.ts";

/** `retire` without a kind: it is chosen for nothing any more; with one, not for that. Whoever names it still gets it. */
export type TeamChange =
  | { readonly do: "model"; readonly agent: string; readonly model: string }
  | { readonly do: "retire"; readonly agent: string; readonly kind?: string }
  | { readonly do: "places"; readonly places: number };
export const PROPOSAL_KINDS = ["change-model", "retire", "specialise", "merge", "re-balance", "change-places"] as const;
export interface Proposal {
  /** The same as long as it is the same proposal. */
  readonly id: string;
  readonly kind: (typeof PROPOSAL_KINDS)[number];
  readonly what: string;
  readonly evidence: readonly string[];
  readonly effect: string;
  readonly change: TeamChange;
}
/** Of the newest runs: which share of their time ready tasks waited for places. */
export interface Waiting {
  readonly runs: number;
  readonly queuedShare: number;
  readonly places: number;
}

/** Fewer attempts than these say too little. */
const ENOUGH = 8;
const MUCH = 12;

export function proposalsOf(book: StatisticsBook, registry: AgentRegistry, waiting: Waiting): readonly Proposal[] {
  const agents = book.by("agent");
  return [
    ...modelChanges(book),
    ...retirements(agents, registry),
    ...specialisations(book),
    ...merges(agents, registry),
    ...rebalances(agents, registry),
    ...places(waiting),
  ];
}

/** The same agent does as well on a model that costs much less. */
function modelChanges(book: StatisticsBook): readonly Proposal[] {
  const byAgent = Map.groupBy(book.by("agent/model"), ([pair]) => pair.split(PAIR)[0] ?? "");
  return [...byAgent].flatMap(([agent, pairs]) => {
    const known = pairs
      .filter(([, one]) => one.attempts >= ENOUGH && one.costUsd !== null)
      .map(([pair, one]) => ({
        model: pair.slice(agent.length + PAIR.length),
        one,
        cost: (one.costUsd ?? 0) / one.attempts,
      }));
    const [used] = known.toSorted((a, b) => b.one.attempts - a.one.attempts);
    const [better] = known
      .filter(
        (other) =>
          used && other !== used && worth(other.one) >= worth(used.one) - 0.03 && other.cost <= 0.6 * used.cost,
      )
      .toSorted((a, b) => a.cost - b.cost);
    if (used === undefined || better === undefined) return [];
    return [
      {
        id: `model:${agent}:${better.model}`,
        kind: "change-model",
        what: `Let ${agent} use ${better.model} instead of ${used.model}`,
        evidence: [said(`${agent} with ${used.model}`, used.one), said(`${agent} with ${better.model}`, better.one)],
        effect: `about $${(used.cost - better.cost).toFixed(3)} less a task (${percent(1 - better.cost / used.cost)}), as good within the figures`,
        change: { do: "model", agent, model: better.model },
      } as const,
    ];
  });
}

/** Somebody who can do the same does it clearly better. */
function retirements(agents: ReadonlyMap<string, Statistics>, registry: AgentRegistry): readonly Proposal[] {
  return [...agents].flatMap(([name, one]) => {
    if (one.attempts < MUCH || worth(one) >= 0.5) return [];
    const [better] = [...agents]
      .filter(
        ([other, its]) =>
          other !== name &&
          its.attempts >= ENOUGH &&
          worth(its) >= worth(one) + 0.2 &&
          shared(name, other, registry) > 0,
      )
      .toSorted(([, a], [, b]) => worth(b) - worth(a));
    if (better === undefined) return [];
    const gain = percent(worth(better[1]) - worth(one));
    return [
      {
        id: `retire:${name}`,
        kind: "retire",
        what: `Choose ${better[0]} instead of ${name}`,
        evidence: [
          said(name, one),
          said(better[0], better[1]),
          `they share ${shared(name, better[0], registry)} capabilities`,
        ],
        effect: `about ${gain} more of these tasks done well`,
        change: { do: "retire", agent: name },
      } as const,
    ];
  });
}

/** Good at one kind of work and not at another. */
function specialisations(book: StatisticsBook): readonly Proposal[] {
  const byAgent = Map.groupBy(book.by("agent/kind"), ([pair]) => pair.split(PAIR)[0] ?? "");
  return [...byAgent].flatMap(([agent, pairs]) => {
    const known = pairs.filter(([, one]) => one.attempts >= ENOUGH);
    const best = known.toSorted(([, a], [, b]) => worth(b) - worth(a))[0];
    const worst = known.toSorted(([, a], [, b]) => worth(a) - worth(b))[0];
    if (!best || !worst || worth(best[1]) < 0.85 || worth(worst[1]) > 0.6) return [];
    const kind = worst[0].slice(agent.length + PAIR.length);
    return [
      {
        id: `specialise:${agent}:${kind}`,
        kind: "specialise",
        what: `Keep ${agent} for what it is good at, and choose others for '${kind}'`,
        evidence: [said(best[0], best[1]), said(worst[0], worst[1])],
        effect: `'${kind}' goes to whoever comes next; ${percent(1 - worth(worst[1]))} of it was not done well`,
        change: { do: "retire", agent, kind },
      } as const,
    ];
  });
}

/** Two who can nearly the same, and neither is used much. */
function merges(agents: ReadonlyMap<string, Statistics>, registry: AgentRegistry): readonly Proposal[] {
  const used = [...agents].filter(([name, one]) => one.attempts < ENOUGH && registry.has(name));
  return used.flatMap(([name, one], i) =>
    used.slice(i + 1).flatMap(([other, its]) => {
      const least = Math.min(...[name, other].map((agent) => registry.get(agent)?.capabilities?.length ?? 0));
      const both = shared(name, other, registry);
      if (least < 2 || both / least < 0.7) return [];
      const [keep, drop] = one.attempts >= its.attempts ? [name, other] : [other, name];
      return [
        {
          id: `merge:${keep}:${drop}`,
          kind: "merge",
          what: `Let ${keep} do what ${drop} does`,
          evidence: [said(name, one), said(other, its), `${both} of ${least} capabilities are the same`],
          effect: "one definition less to keep, and one track record instead of two thin ones",
          change: { do: "retire", agent: drop },
        } as const,
      ];
    }),
  );
}

/** One does most of it, though another who can the same does it as well. */
function rebalances(agents: ReadonlyMap<string, Statistics>, registry: AgentRegistry): readonly Proposal[] {
  const all = [...agents].reduce((sum, [, one]) => sum + one.attempts, 0);
  return [...agents].flatMap(([name, one]) => {
    if (one.attempts < 2 * MUCH || one.attempts / all < 0.5) return [];
    const other = [...agents].find(
      ([its, they]) =>
        its !== name &&
        they.attempts >= ENOUGH &&
        worth(they) >= worth(one) - 0.03 &&
        they.duration.p50 <= one.duration.p50 &&
        shared(name, its, registry) > 0,
    );
    if (other === undefined) return [];
    return [
      {
        id: `re-balance:${name}`,
        kind: "re-balance",
        what: `Give part of the work of ${name} to ${other[0]}`,
        evidence: [
          `${name} did ${percent(one.attempts / all)} of all attempts`,
          said(name, one),
          said(other[0], other[1]),
        ],
        effect: "shorter waiting where both could work side by side",
        change: { do: "retire", agent: name },
      } as const,
    ];
  });
}

function places({ runs, queuedShare, places: now }: Waiting): readonly Proposal[] {
  if (runs < 3 || queuedShare < 0.2) return [];
  const more = Math.min(50, Math.ceil(now * 1.6));
  return [
    {
      id: `places:${more}`,
      kind: "change-places",
      what: `Let ${more} agents work at once instead of ${now}`,
      evidence: [`in the last ${runs} runs ready tasks waited ${percent(queuedShare)} of the time for a place`],
      effect: `up to ${percent(queuedShare)} shorter runs, at the same cost`,
      change: { do: "places", places: more },
    },
  ];
}

/** Done, and done well where somebody judged it. */
const worth = ({ success, quality = 1 }: Statistics) => success * quality;
const percent = (of: number) => `${Math.round(100 * of)} %`;

function shared(a: string, b: string, registry: AgentRegistry): number {
  const theirs = new Set(registry.get(b)?.capabilities);
  return (registry.get(a)?.capabilities ?? []).filter((one) => theirs.has(one)).length;
}

function said(who: string, one: Statistics): string {
  const quality = one.quality === undefined ? "" : `, quality ${percent(one.quality)}`;
  const cost = one.costUsd === null ? "cost unknown" : `$${(one.costUsd / one.attempts).toFixed(3)} each`;
  return `${who}: ${percent(one.success)} of ${one.attempts} attempts succeeded${quality}, ${(one.duration.p50 / 1000).toFixed(1)} s, ${cost}`;
}
