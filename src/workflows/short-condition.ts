/** A condition in a line, as plans tell conditions to people: `triage /kind eq bug and triage /confidence gte 0.6`. */
import { didYouMean } from "../domain/nearest.ts";
import { type Condition, OPERATORS, type Operator } from "../domain/plan.ts";

const EXAMPLE = "write it as in 'triage /kind eq bug'";
const TEST = /^([A-Za-z0-9][A-Za-z0-9._-]{0,63})(?:\s+(\/\S*))?\s+([A-Za-z]+)(?:\s+(.+))?$/;
const MOST = 50;

/** `and` and `or` are not mixed in a line: which of them binds closer nobody should have to know. */
export function conditionIn(line: string): Condition | { readonly fault: string } {
  const text = line.trim();
  const [ands, ors] = [text.split(/\s+and\s+/), text.split(/\s+or\s+/)];
  if (ands.length > 1 && ors.length > 1)
    return { fault: "mixes 'and' with 'or': write it as data, { any: [{ all: […] }, …] }" };
  const parts = ors.length > 1 ? ors : ands;
  if (parts.length > MOST) return { fault: `has more than ${MOST} tests` };
  const tests: Condition[] = [];
  for (const part of parts) {
    const test = testIn(part.trim());
    if ("fault" in test) return test;
    tests.push(test);
  }
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return only;
  return ors.length > 1 ? { any: tests } : { all: tests };
}

function testIn(text: string): Condition | { readonly fault: string } {
  const negated = /^not\s+(.+)$/.exec(text)?.[1];
  if (negated !== undefined) {
    const inner = testIn(negated);
    return "fault" in inner ? inner : { not: inner };
  }
  const [, task, path, word = "", value] = TEST.exec(text) ?? [];
  if (task === undefined) return { fault: `cannot be read: ${EXAMPLE}` };
  const op = OPERATORS.find((one): one is Operator => one === word);
  if (op === undefined)
    return { fault: `compares by '${word}'${didYouMean(word, OPERATORS) || `; known are ${OPERATORS.join(", ")}`}` };
  if (value === undefined && op !== "exists") return { fault: `compares with nothing: ${EXAMPLE}` };
  return { task, ...(path !== undefined && { path }), op, ...(value !== undefined && { value: valueIn(value) }) };
}

function valueIn(text: string) {
  try {
    return JSON.parse(text) as string | number | boolean | null;
  } catch {
    // A word without quotes.
    return text;
  }
}
