import { expect, test } from "vitest";
import { type OutputKind, outputOf } from "../../test/support/outputs.ts";
import type { Json } from "../domain/json.ts";
import { assemble } from "./assemble.ts";
import { textOf } from "./entries.ts";

const PROMPT =
  "Write the guide. State how long the session cookie lives, the rate limiter's limit, and the findings by severity.";

/** The best of several: what else the machine does only ever adds. More would change nothing once it is `enough`. */
function time(output: Json, enough = 0): number {
  const task = { id: "t", description: "Write the guide", prompt: PROMPT };
  const dependencies = [{ task: "d", agentName: "a", description: "d", output, distance: 1 }];
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 6 && best >= enough; i++) {
    const start = performance.now();
    assemble({ strategy: "shared", task, dependencies });
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/** Prose of that many characters. */
function pool(kind: OutputKind, length: number): string {
  let text = "";
  for (let i = 0; text.length < length; i++) text += `${textOf(outputOf(kind, i, 20_000))}\n\n`;
  return text.slice(0, length);
}

const SOME = 500_000;
const POOLS: { readonly [name: string]: (length: number) => Json } = {
  reports: (length) => pool("report", length),
  audits: (length) => pool("audit", length),
  "JSON findings": (length) => {
    const text = pool("report", length);
    return Array.from({ length: length / 500 }, (_, i) => ({
      severity: i % 3 ? "low" : "high",
      text: text.slice(i * 500, i * 500 + 450),
    }));
  },
  "one endless word": (length) => "x".repeat(length),
  "empty items": (length) => "- a\n ".repeat(length / 5),
  "nested items": (length) =>
    Array.from({ length: length / 10 }, (_, i) => `${" ".repeat(i % 40)}- a`)
      .join("\n")
      .slice(0, length),
  headings: (length) => "# HIGH x\n".repeat(length / 9),
  "sentences of one word": (length) => "HIGH. ".repeat(length / 6),
};

test.each(Object.entries(POOLS))(
  "[bar:pruning] four times as much of %s takes about four times as long",
  (_name, make) => {
    const [one, four] = [make(SOME), make(4 * SOME)];
    time(one);
    // Quadratic would be 16.
    const most = 7 * time(one);
    expect(time(four, most)).toBeLessThan(most);
  },
);
