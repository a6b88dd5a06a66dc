/** What speaks for an agent, from words alone: how much of what a task asks for each part of its definition answers. */
import { isInstruction, stem, wordsOf } from "../domain/words.ts";
import type { AgentFile } from "./definition.ts";
import { isOutside } from "./outside.ts";
import { neighboursOf } from "./synonyms.ts";
import { FIRST_PASSAGE, type Field, MOST_PASSAGES, type Question, type TextIndex } from "./text-index.ts";

/** How much a word counts that only means the same, and one of instructions ("review", "write") that many tasks have. */
const NEIGHBOUR = 0.35;
const INSTRUCTION = 0.5;
/** A ticket repeats itself; saying it twice is not twice as much. */
const REPEATED = 0.3;

/** What is asked, with synonyms; own words count in full. */
export interface Asked {
  readonly question: Question;
  readonly own: ReadonlyMap<string, number>;
  /** Own words as they were written, by their stems. */
  readonly written: ReadonlyMap<string, string>;
  /** Those of the question that some agent has. */
  readonly words: Words;
  /** Own words that stand side by side, and how many words there are. */
  readonly pairs: Uint32Array;
  readonly length: number;
  /** What all own words count where requests are compared. */
  readonly told: number;
  /** What all own words are worth. */
  readonly worth: number;
  /** Of 1: the share of that worth in words that no agent has, and in words of matters that no agent is for. */
  readonly unknown: number;
  readonly outside: number;
}

/**
 * Words that are asked for, with what all agents share of them: that is found once and not for each of them. In rows of
 * numbers: as objects they would cost each route a megabyte of numbers in boxes, and every tenth a pause to clear it away.
 */
interface Words {
  readonly stems: Int32Array;
  /** 1 where it was asked in these words, 0 where it only means the same. */
  readonly own: Uint8Array;
  readonly counts: Float64Array;
  /** By how rare each is. */
  readonly values: Float64Array;
  /** How much each counts where requests are compared. */
  readonly telling: Float64Array;
  /** Of all that all agents say. */
  readonly usual: Float64Array;
}

function wordsIn(question: Question, own: ReadonlyMap<string, number>, index: TextIndex): Words {
  const known = [...question].filter(([word]) => index.rarity(word) !== 0);
  return {
    stems: Int32Array.from(known, ([word]) => index.stemOf(word)),
    own: Uint8Array.from(known, ([word]) => (own.has(word) ? 1 : 0)),
    counts: Float64Array.from(known, ([, count]) => count),
    values: Float64Array.from(known, ([word, count]) => count * index.rarity(word)),
    telling: Float64Array.from(known, ([word, count]) => count * index.rarityInPassages(word) ** 2),
    usual: Float64Array.from(known, ([word]) => index.share(word)),
  };
}

export function askedBy(text: string, index: TextIndex): Asked {
  const own = new Map<string, number>();
  const written = new Map(wordsOf(text).map((word) => [stem(word), word]));
  const stems = index.stems(text);
  for (const word of stems) own.set(word, (own.get(word) ?? 0) + (own.has(word) ? REPEATED : 1));
  for (const [word, count] of own) if (isInstruction(word)) own.set(word, count * INSTRUCTION);
  const question = new Map(own);
  for (const [word, count] of own)
    for (const other of neighboursOf(word))
      if (!own.has(other)) question.set(other, Math.max(question.get(other) ?? 0, count * NEIGHBOUR));
  // A word that nobody has is as rare as one that a single agent has.
  const rarest = Math.log(1 + (index.size + 0.5) / 1.5);
  let [worth, unknown, outside] = [0, 0, 0];
  for (const [word, count] of own) {
    const rarity = index.rarity(word);
    const value = count * (rarity || rarest);
    worth += value;
    if (rarity === 0) unknown += value;
    if (isOutside(word)) outside += value;
  }
  const words = wordsIn(question, own, index);
  const told = Math.hypot(...[...own].map(([word, count]) => count * index.rarityInPassages(word)));
  const all = { question, own, written, pairs: index.pairsOf(stems), length: stems.length, words, told, worth };
  if (worth === 0) return { ...all, unknown: 1, outside: 0 };
  return { ...all, unknown: unknown / worth, outside: outside / worth };
}

const PARTS = ["name", "capabilities", "tags", "use", "asks", "words", "not", "instructions"] as const;
type Part = (typeof PARTS)[number];

/** How much a word counts by where it stands. What an agent is not for is still what it is about, a little. */
const WEIGHTS: { readonly [part in Part]: number } = {
  ...{ name: 3, capabilities: 3, tags: 3, use: 2, asks: 1.5, words: 2, not: 0.3, instructions: 0.6 },
};

/** Of instructions: their beginning says what they are about. */
const READ = 1500;

function textsOf(agent: AgentFile): { readonly [part in Exclude<Part, "asks">]: string } {
  const { name, description, capabilities = [], tags = [], category = "", instructions, words = "" } = agent;
  const { use, not } = splitUse(description);
  const listed = { capabilities: capabilities.join(" "), tags: `${tags.join(" ")} ${category}` };
  return { name, use, not, words, instructions: instructions.slice(0, READ), ...listed };
}

/** The bits of the parts, and above them one for each of the first requests. */
const BIT = Object.fromEntries(PARTS.map((part, i) => [part, 1 << i])) as { readonly [part in Part]: number };
export function fieldsOf(agent: AgentFile): readonly Field[] {
  const texts = textsOf(agent);
  const parts = PARTS.filter((part) => part !== "asks");
  const asks = (agent.asks ?? []).map((text, i) => ({
    ...{ text, weight: WEIGHTS.asks },
    marks: BIT.asks | (i < MOST_PASSAGES ? 1 << (FIRST_PASSAGE + i) : 0),
    isProse: true,
  }));
  const fields = parts.map((part) => ({
    ...{ text: texts[part], weight: WEIGHTS[part], marks: BIT[part], isProse: part !== "words" },
  }));
  // Of the rest of the instructions only what stands side by side counts.
  return [...fields, ...asks, { text: agent.instructions.slice(READ), weight: 0, isProse: true }];
}

/** `Use to … . Not for …`: what stands in the second is where another is right. */
function splitUse(description: string): { readonly use: string; readonly not: string } {
  const use: string[] = [];
  const not: string[] = [];
  for (const sentence of description.split(/(?<=[.;!?])\s+/))
    (/^(?:do )?not\b|\bnot for\b/i.test(sentence) ? not : use).push(sentence);
  return { use: use.join(" "), not: not.join(" ") };
}

/** Words that somebody chose to be found by. */
const CHOSEN = BIT.name | BIT.capabilities | BIT.tags | BIT.use | BIT.asks | BIT.words;

export const FEATURES = [
  ...(["found", "likely", "kin", ...PARTS, "any", "closest", "neighbours"] as const),
  ...(["phrases", "requests", "near"] as const),
];
/** Words of a long request: what it is like is measured by. */
const LONG_REQUEST = 20;
/** How much an agent's own words count against those of all, where both are asked how likely it is to say this. */
const OWN = 0.6;

/**
 * How well the index found it; how much likelier this agent is to say this than anybody, and all of its category; and,
 * of 1, the share of what is asked that each part answers, that any of the chosen words do, that the one closest request
 * does, and that words do which only mean the same; how rare the phrases are that both have; how like all its requests
 * are; and how much likelier the agents most like it are to say this than anybody.
 */
export function featuresOf(asked: Asked, id: string, index: TextIndex, found: number): readonly number[] {
  const { words, own, worth } = asked;
  if (worth === 0) return FEATURES.map(() => 0);
  const { stems, counts, values, telling, usual } = words;
  const sums = new Float64Array(PARTS.length);
  const close = new Float64Array(MOST_PASSAGES);
  let neighbours = 0;
  let any = 0;
  let likely = 0;
  let kin = 0;
  let near = 0;
  let requests = 0;
  const text = index.text(id);
  const { marks, weights, passages, length } = text.doc;
  for (let k = 0; k < stems.length; k++) {
    const stem = stems[k] as number;
    const value = values[k] as number;
    const at = text.placeOf(stem);
    const mark = at < 0 ? 0 : (marks[at] as number);
    if (words.own[k] === 0) {
      if (mark & CHOSEN) neighbours += value;
      continue;
    }
    if (mark & CHOSEN) any += value;
    for (let i = 0; i < PARTS.length; i++) if (mark & (1 << i)) sums[i] = (sums[i] as number) + value;
    for (let i = 0; mark >>> FIRST_PASSAGE > 0 && i < MOST_PASSAGES; i++) {
      if ((mark & (1 << (FIRST_PASSAGE + i))) === 0) continue;
      close[i] = (close[i] as number) + value;
      requests += (telling[k] as number) * (passages[i] as number);
    }
    const count = counts[k] as number;
    const often = usual[k] as number;
    likely += count * likelier(at < 0 ? 0 : (weights[at] as number) / length, often);
    kin += count * likelier(text.shareInGroup(stem), often);
    near += count * likelier(text.shareNear(stem, often), often);
  }
  const size = Math.sqrt(own.size + 1);
  const features = [found / worth, likely / size, kin / size];
  for (let i = 0; i < PARTS.length; i++) features.push((sums[i] as number) / worth);
  let closest = 0;
  for (let i = 0; i < MOST_PASSAGES; i++) closest = Math.max(closest, close[i] as number);
  features.push(any / worth, closest / worth, neighbours / worth);
  const phrases = index.phrases(id, asked.pairs) / Math.sqrt(asked.length + 1) / 5;
  features.push(phrases, requests / (asked.told * Math.sqrt(LONG_REQUEST)), near / size);
  return features;
}

/** How much likelier an own share makes a word than a usual one alone, as a logarithm. */
const likelier = (share: number, usual: number): number => Math.log((OWN * share + (1 - OWN) * usual) / usual);

/** Where these stand among the signs. */
export const SIGN = { value: 1, lead: 7 } as const;

/** What tells whether anybody fits, and whether the best is right; the last is the lead over the next best. */
export function signsOf(
  { own, unknown, outside }: Asked,
  index: TextIndex,
  of: { readonly id: string; readonly value: number; readonly lead: number; readonly features: readonly number[] },
): readonly number[] {
  const any = of.features[FEATURES.indexOf("any")] ?? 0;
  let matched = 0;
  for (const word of own.keys()) if ((index.seen(of.id, word)?.marks ?? 0) & CHOSEN) matched++;
  return [1, of.value, unknown, any, Math.log(1 + own.size), Math.min(5, matched), outside, of.lead];
}
