/** What speaks for an agent, from words alone: how much of what a task asks for each part of its definition answers. */
import { isInstruction, isStop, stem, wordsOf } from "../domain/words.ts";
import type { AgentFile } from "./definition.ts";
import { neighboursOf } from "./synonyms.ts";
import type { Field, Question, TextIndex } from "./text-index.ts";

/** How much a word counts that only means the same, and one of instructions ("review", "write") that many tasks have. */
const NEIGHBOUR = 0.35;
const INSTRUCTION = 0.5;
/** A ticket repeats itself; saying it twice is not twice as much. */
const REPEATED = 0.3;

/** What is asked, with synonyms; own words count in full. */
export interface Asked {
  readonly question: Question;
  readonly own: ReadonlyMap<string, number>;
  /** What all own words are worth. */
  readonly worth: number;
  /** The share of that worth in words that no agent has. */
  readonly unknown: number;
}

export function askedBy(text: string, index: TextIndex): Asked {
  const own = new Map<string, number>();
  for (const word of index.stems(text)) own.set(word, (own.get(word) ?? 0) + (own.has(word) ? REPEATED : 1));
  for (const [word, count] of own) if (isInstruction(word)) own.set(word, count * INSTRUCTION);
  const question = new Map(own);
  for (const [word, count] of own)
    for (const other of neighboursOf(word))
      if (!own.has(other)) question.set(other, Math.max(question.get(other) ?? 0, count * NEIGHBOUR));
  // A word that nobody has is as rare as one that a single agent has.
  const rarest = Math.log(1 + (index.size + 0.5) / 1.5);
  let worth = 0;
  let unknown = 0;
  for (const [word, count] of own) {
    const rarity = index.rarity(word);
    worth += count * (rarity || rarest);
    if (rarity === 0) unknown += count * rarest;
  }
  return { question, own, worth, unknown: worth === 0 ? 1 : unknown / worth };
}

const PARTS = ["name", "capabilities", "tags", "use", "asks", "words", "not", "instructions"] as const;
type Part = (typeof PARTS)[number];

/** How much a word counts by where it stands. What an agent is not for is still what it is about, a little. */
const WEIGHTS: { readonly [part in Part]: number } = {
  ...{ name: 3, capabilities: 3, tags: 3, use: 2, asks: 1.5, words: 2, not: 0.3, instructions: 0.6 },
};

/** The parts of a definition, as stems. */
export interface Parts {
  readonly sets: { readonly [part in Part]: ReadonlySet<string> };
  /** Each request by itself. */
  readonly each: readonly ReadonlySet<string>[];
  /** All words by their weight, and all weights together. */
  readonly bag: ReadonlyMap<string, number>;
  readonly total: number;
}

function textsOf(agent: AgentFile): { readonly [part in Part]: string } {
  const { name, description, capabilities = [], tags = [], category = "", instructions, asks = [], words = "" } = agent;
  const { use, not } = splitUse(description);
  const listed = { capabilities: capabilities.join(" "), tags: `${tags.join(" ")} ${category}`, asks: asks.join("\n") };
  return { name, use, not, words, instructions, ...listed };
}

export const fieldsOf = (agent: AgentFile): readonly Field[] => {
  const texts = textsOf(agent);
  return PARTS.map((part) => ({ text: texts[part], weight: WEIGHTS[part] }));
};

export function partsOf(agent: AgentFile): Parts {
  const texts = textsOf(agent);
  const bag = new Map<string, number>();
  let total = 0;
  const setOf = (part: Part) => {
    const stems = stemsOf(texts[part]);
    for (const word of stems) bag.set(word, (bag.get(word) ?? 0) + WEIGHTS[part]);
    total += stems.length * WEIGHTS[part];
    return [part, new Set(stems)] as const;
  };
  const sets = Object.fromEntries(PARTS.map(setOf)) as unknown as Parts["sets"];
  return { sets, each: (agent.asks ?? []).map((one) => new Set(stemsOf(one))), bag, total };
}

/** `Use to … . Not for …`: what stands in the second is where another is right. */
function splitUse(description: string): { readonly use: string; readonly not: string } {
  const use: string[] = [];
  const not: string[] = [];
  for (const sentence of description.split(/(?<=[.;!?])\s+/))
    (/^(?:do )?not\b|\bnot for\b/i.test(sentence) ? not : use).push(sentence);
  return { use: use.join(" "), not: not.join(" ") };
}

const stemsOf = (text: string): readonly string[] =>
  wordsOf(text)
    .filter((word) => !isStop(word))
    .map(stem);

export const FEATURES = ["found", "likely", ...PARTS, "any", "closest", "neighbours"] as const;
/** How much an agent's own words count against those of all, where both are asked how likely it is to say this. */
const OWN = 0.6;

/**
 * How well the index found it; how much likelier this agent is to say this than anybody; and, of 1, the share of what is
 * asked that each part answers, that any of the chosen words do, that the one closest request does, and that words do
 * which only mean the same.
 */
export function featuresOf(
  { question, own, worth }: Asked,
  { sets, each, bag, total }: Parts,
  index: TextIndex,
  found: number,
): readonly number[] {
  if (worth === 0) return FEATURES.map(() => 0);
  const sums = PARTS.map(() => 0);
  const close = each.map(() => 0);
  let [neighbours, any, likely] = [0, 0, 0];
  for (const [word, count] of question) {
    const value = count * index.rarity(word);
    if (value === 0) continue;
    const isChosen = CHOSEN.some((part) => sets[part].has(word));
    if (!own.has(word)) {
      if (isChosen) neighbours += value;
      continue;
    }
    if (isChosen) any += value;
    for (const [i, part] of PARTS.entries()) if (sets[part].has(word)) sums[i] = (sums[i] as number) + value;
    for (const [i, one] of each.entries()) if (one.has(word)) close[i] = (close[i] as number) + value;
    const usual = index.share(word);
    likely += count * Math.log((OWN * ((bag.get(word) ?? 0) / total) + (1 - OWN) * usual) / usual);
  }
  const all = [found, ...sums, any, Math.max(0, ...close), neighbours].map((sum) => sum / worth);
  return [all[0] as number, likely / Math.sqrt(own.size + 1), ...all.slice(1)];
}

/** Words that somebody chose to be found by. */
const CHOSEN = ["name", "capabilities", "tags", "use", "asks", "words"] as const;
