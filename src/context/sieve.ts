/**
 * A first look at a very large pool. Texts are scored in blocks of a page; only the blocks that have something to say,
 * or that name findings of high severity, are then cut into units. The others stay in the text as gaps of known size.
 */
import type { Doc } from "./entries.ts";
import type { Focus } from "./focus.ts";
import { type Surveyed, survey } from "./survey.ts";
import { whole } from "./tokens.ts";
import { cutText, type Unit } from "./units.ts";

const SIEVE_LIMITS = {
  /** Characters of a pool that is looked at closely as a whole. */
  pool: 400_000,
  /** Of a larger one: so many are for what is asked, several times what has room in the end, and so many for findings. */
  asked: 160_000,
  findings: 560_000,
  block: 1500,
} as const;

/** A text that is no JSON, or any other value. */
export interface Sieved {
  readonly prose?: string;
  doc(): Doc;
}

export function docsOf(sources: readonly Sieved[], focus: Focus): Doc[] {
  const total = sources.reduce((sum, { prose }) => sum + (prose?.length ?? 0), 0);
  if (total <= SIEVE_LIMITS.pool) return sources.map((source) => source.doc());
  const coarse = survey(
    sources.map(({ prose = "" }) => ({ text: prose, units: blocksOf(prose) })),
    focus,
  );
  return sources.map((source, i) => {
    const { prose } = source;
    if (prose === undefined) return source.doc();
    return closer(coarse[i] as Surveyed, prose.length / total);
  });
}

export const isProse = (text: string): boolean => !/^\s*(?:[[{]|`{3,}json)/.test(text);

function blocksOf(text: string): Unit[] {
  const blocks: Unit[] = [];
  for (let start = 0; start < text.length; ) {
    const least = start + SIEVE_LIMITS.block;
    const near = text.slice(least, least + SIEVE_LIMITS.block / 2);
    const gap = near.indexOf("\n\n");
    const line = gap < 0 ? near.indexOf("\n") : gap;
    const end = least >= text.length ? text.length : line < 0 ? whole(text, least) : least + line + 1;
    blocks.push({ start, end, kind: "sentence", level: 0, section: -1, head: -1, block: blocks.length });
    start = end;
  }
  return blocks;
}

const [UNSEEN, ASKED, FINDING] = [0, 1, 2];

/** The same text, with units only where it is worth it. */
function closer({ doc, tops, marks }: Surveyed, share: number): Doc {
  const { text, units: blocks } = doc;
  const kept = new Uint8Array(blocks.length);
  const room = Math.max(share * SIEVE_LIMITS.asked, 4 * SIEVE_LIMITS.block);
  let left = room;
  const keep = (at: number, why: number) => {
    const block = blocks[at];
    if (!block || kept[at] !== UNSEEN) return;
    kept[at] = why;
    left -= block.end - block.start;
  };
  // Start and end, then the best of each facet in turn. Findings have room of their own.
  for (let i = 0; i < blocks.length && left > room * 0.8; i++)
    keep(i % 2 === 0 ? i / 2 : blocks.length - (i + 1) / 2, ASKED);
  for (let place = 0; left > 0 && tops.some((top) => place < top.length); place++)
    for (const top of tops) if (left > 0) keep(top[place]?.unit ?? -1, ASKED);
  left = Math.max(0, left) + share * SIEVE_LIMITS.findings;
  for (const rank of [2, 1])
    for (let i = marks.severity.indexOf(rank); i >= 0 && left > 0; i = marks.severity.indexOf(rank, i + 1))
      keep(i, FINDING);
  const units: Unit[] = [];
  const quiet: number[] = [];
  for (let i = 0; i < blocks.length; i++) {
    const block = blocks[i] as Unit;
    const why = kept[i] as number;
    if (why === UNSEEN) units.push({ ...block, kind: "gap", block: -1 - i });
    else {
      let last = block;
      while (kept[i + 1] === why) last = blocks[++i] as Unit;
      cutText(text, units, block.start, last.end);
    }
    while (quiet.length < units.length) quiet.push(why === FINDING ? 1 : 0);
  }
  return { text, units, quiet: Uint8Array.from(quiet) };
}
