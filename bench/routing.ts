/**
 * Fits how the router weighs words, on one half of the labelled requests, and measures both halves. Prints the numbers
 * for `src/agents/fit.ts`. `node bench/routing.ts [--missed]` shows what is still wrong in the half that was fitted.
 */
import { type Asked, askedBy, FEATURES, featuresOf, signsOf } from "../src/agents/evidence.ts";
import { dot, FIT, probability } from "../src/agents/fit.ts";
import { catalogue, isHeldOut, measure, type Request, readRequests } from "../test/routing/measure.ts";

interface Case {
  readonly asked: Asked;
  readonly ids: readonly string[];
  readonly features: readonly (readonly number[])[];
  readonly right: readonly boolean[];
  readonly hasRight: boolean;
}
const CANDIDATES = 40;
const registry = catalogue();
const all = readRequests();
const fitted = all.filter((one) => !isHeldOut(one));
const cases = fitted.map(caseOf);

const weights = fitRanking(cases.filter(({ right }) => right.includes(true)));
const bests = cases.map((one) => bestOf(one, weights));
const sure = fitSureness(
  bests.map(({ signs, isRight }) => ({ x: signs, y: isRight ? 1 : 0 })),
  1,
);
// Nobody is rare among requests, and must not be for that overlooked.
const fits = fitSureness(
  bests.map(({ signs, hasRight }) => ({ x: signs.slice(0, -1), y: hasRight ? 1 : 0 })),
  4,
);
const some = bests.filter(({ hasRight }) => hasRight).map(({ signs }) => dot(fits, signs.slice(0, -1)));
const least = some.sort((a, b) => a - b)[Math.floor(0.025 * some.length)] ?? 0;
console.log(Object.fromEntries(FEATURES.map((name, i) => [name, round(weights[i])])));
console.log(
  `weights: [${weights.map(round).join(", ")}],\nsure: [${sure.map(round).join(", ")}],\nfits: [${fits.map(round).join(", ")}],\nleast: ${round(least)},`,
);
const fit = { weights, sure, fits, least };
show("fitted half", fitted);
if (process.argv.includes("--held-out")) show("held-out half", all.filter(isHeldOut));
if (process.argv.includes("--missed"))
  for (const { text, right, said } of measure(fitted, registry).missed)
    console.log(`- ${text}\n    right ${right} said ${said}`);

function caseOf({ text, right }: Request): Case {
  const asked = askedBy(text, registry.index);
  const hits = registry.search(asked.question, CANDIDATES);
  const features = hits.map(({ id, score }) => featuresOf(asked, id, registry.index, score));
  return {
    asked,
    ids: hits.map(({ id }) => id),
    features,
    right: hits.map(({ id }) => right.includes(id)),
    hasRight: right.length > 0,
  };
}

/** Raises what all right candidates together get of a softmax over the candidates; plain gradient ascent. */
function fitRanking(of: readonly Case[]): number[] {
  const weights = [...FIT.weights];
  for (let turn = 0; turn < 2000; turn++) {
    const gradient = weights.map((weight) => -0.0005 * weight);
    for (const { features, right } of of) {
      const powers = features.map((one) => Math.exp(dot(weights, one)));
      const sum = powers.reduce((a, b) => a + b, 0);
      const good = powers.reduce((a, power, i) => a + (right[i] ? power : 0), 0);
      for (const [i, one] of features.entries()) {
        const power = powers[i] as number;
        const pull = (right[i] ? power / good : 0) - power / sum;
        for (const [k, value] of one.entries()) gradient[k] = (gradient[k] as number) + (pull * value) / of.length;
      }
    }
    for (const [k, slope] of gradient.entries()) weights[k] = (weights[k] as number) + 3 * slope;
  }
  return weights;
}

/** The best candidate of a case, and what tells how good it is. */
function bestOf({ asked, ids, features, right, hasRight }: Case, weights: readonly number[]) {
  const values = features.map((one, i) => ({ value: dot(weights, one), i })).sort((a, b) => b.value - a.value);
  const [best, next] = values;
  if (best === undefined) return { signs: [1, 0, 1, 0, 0, 0, 0, 0], isRight: false, hasRight };
  const of = {
    value: best.value,
    lead: best.value - (next?.value ?? 0),
    features: features[best.i] ?? [],
    id: ids[best.i] ?? "",
  };
  return { signs: signsOf(asked, registry.index, of), isRight: right[best.i] === true, hasRight };
}

/** Logistic regression by Newton's way; `no`: how much a zero counts. */
function fitSureness(points: readonly { readonly x: readonly number[]; readonly y: number }[], no: number): number[] {
  const size = points[0]?.x.length ?? 0;
  let at = new Array<number>(size).fill(0);
  for (let turn = 0; turn < 30; turn++) {
    const slope = at.map((weight) => -0.1 * weight);
    const bend = at.map((_, i) => at.map((__, k) => (i === k ? 0.1 : 0)));
    for (const { x, y } of points) {
      const weight = y === 1 ? 1 : no;
      const p = probability(dot(at, x));
      for (const [i, value] of x.entries()) {
        slope[i] = (slope[i] as number) + weight * (y - p) * value;
        const row = bend[i] as number[];
        for (const [k, other] of x.entries()) row[k] = (row[k] as number) + weight * p * (1 - p) * value * other;
      }
    }
    const step = solved(bend, slope);
    at = at.map((weight, i) => weight + (step[i] as number));
  }
  return at;
}

/** Gauss, with the largest of a column in front. */
function solved(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i] as number]);
  for (const [i] of rows.entries()) {
    const best = rows
      .slice(i)
      .reduce((at, row, k) => (Math.abs(row[i] as number) > Math.abs(rows[at]?.[i] ?? 0) ? i + k : at), i);
    [rows[i], rows[best]] = [rows[best] as number[], rows[i] as number[]];
    const top = rows[i] as number[];
    for (const [k, row] of rows.entries()) {
      if (k === i) continue;
      const factor = (row[i] as number) / (top[i] as number);
      for (let j = i; j < row.length; j++) row[j] = (row[j] as number) - factor * (top[j] as number);
    }
  }
  return rows.map((row, i) => (row.at(-1) as number) / (row[i] as number));
}

function show(what: string, requests: readonly Request[]): void {
  const { missed, ...rest } = measure(requests, registry, fit);
  console.log(
    what,
    Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, round(value)])),
    `${missed.length} missed`,
  );
}

function round(value: number | undefined): number {
  return Math.round(1000 * (value ?? 0)) / 1000;
}
