/** What a person wants, taken apart as he wrote it: what it is about, what it must meet, and how long it may take. */
import { TuttiError } from "../domain/error.ts";
import type { Requirement } from "../domain/plan.ts";

export interface Goal {
  /** What is to be built, in a line. */
  readonly title: string;
  readonly text: string;
  readonly requirements: readonly Requirement[];
  readonly minutes?: number;
}

const LONGEST_GOAL = 20_000;
const MOST_REQUIREMENTS = 60;
const LONGEST_LINE = 2000;
const BULLET = /^\s*(?:[-*•]|\d+[.)])\s+(?:\[[ x]\]\s+)?(.+)$/;

export function goalOf(words: string): Goal {
  const text = words.trim();
  // What would be left out of it in silence would be nobody's.
  if (text.length > LONGEST_GOAL)
    throw tooMuch(`the goal has ${text.length} characters, and ${LONGEST_GOAL} at most are read`);
  const lines = text.split("\n");
  const bullets = lines.flatMap((line) => BULLET.exec(line)?.[1]?.trim() ?? []);
  if (bullets.length > MOST_REQUIREMENTS)
    throw tooMuch(`the goal lists ${bullets.length} requirements, and a plan has ${MOST_REQUIREMENTS} at most`);
  const title = titleOf(lines.find((line) => line.trim() !== "" && !BULLET.test(line)) ?? bullets[0] ?? "");
  const asked = bullets.length > 0 ? bullets : [title];
  const minutes = minutesIn(text);
  return {
    title,
    text,
    requirements: named(asked),
    ...(minutes === undefined ? {} : { minutes }),
  };
}

const tooMuch = (words: string) =>
  new TuttiError("BAD_INPUT", words, { path: "goal", hint: "plan it in parts, one after the other" });

/** The first sentence, without the words that only order it. */
function titleOf(line: string): string {
  // Short, and with single blanks: what follows is tried again from each of them.
  const [sentence = ""] = line
    .slice(0, LONGEST_LINE)
    .replace(/\s+/g, " ")
    .trim()
    .replace(/^#+\s*/, "")
    .split(/(?<=[.!?])\s/);
  const about = sentence
    .replace(
      /^(?:please\s+)?(?:orchestrate|plan|coordinate|organi[sz]e)\s+(?:the\s+development\s+of\s+|a\s+complete\s+[\w -]+?project:\s*)?/i,
      "",
    )
    .replace(/^I have [\w ]+? to\s+/i, "")
    .replace(/\s*(?:with|having|including|that (?:has|meets))?\s*(?:the following\s+[\w ]*)?[:.]?\s*$/i, "")
    .trim();
  const short = (about === "" ? sentence : about).slice(0, 200);
  return short.charAt(0).toUpperCase() + short.slice(1);
}

const HOURS: { readonly [unit: string]: number } = { m: 1, h: 60, d: 8 * 60 };

/** "90 minutes", "2 hours", "in half an hour"; how long a test may take is no time box, so only what he has or is given counts. */
function minutesIn(text: string): number | undefined {
  const found =
    /\b(?:i|we|you)\s+have\s+(?:only\s+|just\s+|about\s+)?(\d+(?:\.\d+)?)\s*(minute|min|hour|hr|h|day)s?\b|\b(?:within|in|time ?box(?:ed)?(?: of| to)?:?)\s+(\d+(?:\.\d+)?)\s*(minute|min|hour|hr|day)s?\b/i.exec(
      text,
    );
  const [, one, unitOne, two, unitTwo] = found ?? [];
  const count = Number(one ?? two);
  const unit = (unitOne ?? unitTwo ?? "").charAt(0).toLowerCase();
  return found && count > 0 ? Math.round(count * (HOURS[unit] ?? 1)) : undefined;
}

/** Ids that a person recognises: the first words that carry something. */
function named(asked: readonly string[]): readonly Requirement[] {
  const taken = new Set<string>();
  return asked.map((text) => {
    const base = slug(text) || "requirement";
    let id = base;
    for (let n = 2; taken.has(id); n++) id = `${base}-${n}`;
    taken.add(id);
    return { id, text };
  });
}

const EMPTY = new Set(
  "a an the and or of for with to on by at from as all our your their its complete full new support".split(" "),
);

export function slug(text: string): string {
  const words =
    text
      .normalize("NFKD")
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  const carrying = words.filter((word) => !EMPTY.has(word));
  return (carrying.length > 0 ? carrying : words).slice(0, 4).join("-").slice(0, 40).replace(/-+$/, "");
}
