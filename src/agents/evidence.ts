/** What speaks for an agent, from words alone: how much of what a task asks for each part of its definition answers. */
import { isInstruction, isStop, stem, wordsOf } from "../domain/words.ts";
import type { AgentFile } from "./definition.ts";
import { neighboursOf } from "./synonyms.ts";
import type { Question, TextIndex } from "./text-index.ts";

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

/** The parts of a definition, as stems. */
export interface Parts {
  readonly name: ReadonlySet<string>;
  readonly capabilities: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
  readonly use: ReadonlySet<string>;
  readonly asks: ReadonlySet<string>;
  readonly not: ReadonlySet<string>;
  readonly instructions: ReadonlySet<string>;
}

export function partsOf({
  name,
  capabilities = [],
  tags = [],
  category = "",
  description,
  instructions,
  asks = [],
}: AgentFile): Parts {
  const { use, not } = splitUse(description);
  return {
    name: stemsOf(name),
    capabilities: stemsOf(capabilities.join(" ")),
    tags: stemsOf(`${tags.join(" ")} ${category}`),
    use: stemsOf(use),
    asks: stemsOf(asks.join("\n")),
    not: stemsOf(not),
    instructions: stemsOf(instructions),
  };
}

/** `Use to … . Not for …`: what stands in the second is where another is right. */
export function splitUse(description: string): { readonly use: string; readonly not: string } {
  const use: string[] = [];
  const not: string[] = [];
  for (const sentence of description.split(/(?<=[.;!?])\s+/))
    (/^(?:do )?not\b|\bnot for\b/i.test(sentence) ? not : use).push(sentence);
  return { use: use.join(" "), not: not.join(" ") };
}

const stemsOf = (text: string): ReadonlySet<string> =>
  new Set(
    wordsOf(text)
      .filter((word) => !isStop(word))
      .map(stem),
  );

export const FEATURES = [
  "name",
  "capabilities",
  "tags",
  "use",
  "not",
  "instructions",
  "neighbours",
  "unknown",
] as const;

/** Of 1: the share of what is asked that each part answers. */
export function featuresOf(
  { question, own, worth, unknown }: Asked,
  parts: Parts,
  index: TextIndex,
): readonly number[] {
  const sums = { name: 0, capabilities: 0, tags: 0, use: 0, asks: 0, not: 0, instructions: 0, neighbours: 0 };
  for (const [word, count] of question) {
    const value = count * index.rarity(word);
    if (value === 0) continue;
    if (!own.has(word)) {
      if (
        parts.name.has(word) ||
        parts.capabilities.has(word) ||
        parts.tags.has(word) ||
        parts.use.has(word) ||
        parts.asks.has(word)
      )
        sums.neighbours += value;
      continue;
    }
    for (const part of ["name", "capabilities", "tags", "use", "asks", "not", "instructions"] as const)
      if (parts[part].has(word)) sums[part] += value;
  }
  const share = (sum: number) => (worth === 0 ? 0 : sum / worth);
  return [
    ...[sums.name, sums.capabilities, sums.tags, sums.use, sums.asks, sums.not, sums.instructions, sums.neighbours].map(
      share,
    ),
    unknown,
  ];
}
