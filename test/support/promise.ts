/**
 * Who cites which promise. The convention: `test("[I2] nothing is performed before …", …)`, several as
 * `[I2] [bar:chain]` or `[I2, bar:chain]`. Skipped tests and words in comments prove nothing.
 */
import type { Promised, Proof } from "../promises.ts";
import { type Code, codeOf, lineOf } from "./code.ts";

export interface Citation {
  readonly id: string;
  readonly by: Proof;
  readonly where: string;
}

const BRACKETS = /^(?:\[[A-Za-z][\w:.-]*(?:,\s*[A-Za-z][\w:.-]*)*\]\s*)+/;
/** `test(`, or the rows and the call of `test.for(rows)(`. */
const BEFORE_NAME = /(?<![.\w$])(?:test|it|describe)(?:\.\w+)*\s*\($|[)`]\s*\($/;
const CHAIN = /(?<![.\w$])(?:test|it|describe)((?:\.\w+)*)\s*[(<`]/g;
const NOT_RUN = /\.(?:skip|todo|fails)\b/;

export const idsIn = (name: string): string[] =>
  (BRACKETS.exec(name)?.[0] ?? "").match(/[A-Za-z][\w:.-]*/g)?.map(String) ?? [];

/** Whether the string at `quote` names a test that runs. */
function isName({ blanked }: Code, quote: number): boolean {
  const before = blanked.slice(0, quote).trimEnd();
  const chain = BEFORE_NAME.test(before) ? [...before.matchAll(CHAIN)].at(-1) : undefined;
  return chain !== undefined && !NOT_RUN.test(chain[1] ?? "");
}

/** A test is cited by its name, a bench entry by any string that begins with an id. */
export function citationsIn(path: string, text: string, by: "test" | "bench"): Citation[] {
  const code = codeOf(text);
  return [...code.strings].flatMap(([quote, name]) =>
    by === "test" && !isName(code, quote)
      ? []
      : idsIn(name).map((id) => ({ id, by, where: `${path}:${lineOf(text, quote)}` })),
  );
}

/** In a shell script a comment that begins with an id stands before the check. */
export function citationsInShell(path: string, text: string): Citation[] {
  return text
    .split("\n")
    .flatMap((line, i) =>
      idsIn(/^\s*# (\[.*)/.exec(line)?.[1] ?? "").map((id) => ({ id, by: "ci" as const, where: `${path}:${i + 1}` })),
    );
}

/** Every way in which promises and citations can disagree, one line each. */
export function disagreements(promises: readonly Promised[], citations: readonly Citation[]): string[] {
  const ids = promises.map(({ id }) => id);
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `${id} is promised twice`);
  const unknown = citations
    .filter(({ id }) => !ids.includes(id))
    .map(({ id, where }) => `${where} cites ${id}, which nobody promised`);
  const each = promises.flatMap(({ id, text, by = ["test"], open }) => {
    const unproved = by.filter((place) => !citations.some((cited) => cited.id === id && cited.by === place));
    if (open === undefined) return unproved.map((place) => `${id} is not proved by any ${place}: ${text}`);
    return unproved.length === 0 ? [`${id} is proved: remove its \`open\``] : [];
  });
  return [...twice, ...unknown, ...each];
}
