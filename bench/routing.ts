/**
 * Fits how the router weighs words, on one half of the labelled requests, and measures both halves. Prints the numbers
 * for `src/agents/fit.ts`. `node bench/routing.ts [--missed]` shows what is still wrong in the half that was fitted.
 */
import { askedBy, FEATURES, featuresOf, partsOf } from "../src/agents/evidence.ts";
import { dot, FIT, probability, signsOf } from "../src/agents/fit.ts";
import { catalogue, isHeldOut, measure, type Request, readRequests } from "../test/routing/measure.ts";

interface Case {
  readonly features: readonly (readonly number[])[];
  readonly right: readonly boolean[];
  readonly unknown: number;
}
const CANDIDATES = 60;
const registry = catalogue();
const all = readRequests();
const fitted = all.filter((one) => !isHeldOut(one));
const cases = fitted.map(caseOf);

const weights = fitRanking(cases.filter(({ right }) => right.includes(true)));
const sure = fitSureness(cases, weights);
console.log(Object.fromEntries(FEATURES.map((name, i) => [name, round(weights[i])])));
console.log(`weights: [${weights.map(round).join(", ")}],\nsure: [${sure.map(round).join(", ")}],`);
const fit = { ...FIT, weights, sure };
show("fitted half", fitted);
if (process.argv.includes("--held-out")) show("held-out half", all.filter(isHeldOut));
if (process.argv.includes("--missed"))
  for (const { text, right, said } of measure(fitted, registry).missed)
    console.log(`- ${text}\n    right ${right} said ${said}`);

function caseOf({ text, right }: Request): Case {
  const asked = askedBy(text, registry.index);
  const hits = registry.search(asked.question, CANDIDATES);
  const features = hits.map(({ id, score }) => featuresOf(asked, partsOf(registry.find(id)), registry.index, score));
  return { features, right: hits.map(({ id }) => right.includes(id)), unknown: asked.unknown };
}

/** Raises what all right candidates together get of a softmax over the candidates; plain gradient ascent. */
function fitRanking(of: readonly Case[]): number[] {
  const weights = [...FIT.weights];
  for (let turn = 0; turn < 500; turn++) {
    const gradient = weights.map((weight) => -0.002 * weight);
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

/** Of the best candidate of each case: from its signs to how often such a one is right. */
function fitSureness(of: readonly Case[], weights: readonly number[]): number[] {
  const points = of.flatMap(({ features, right, unknown }) => {
    const values = features.map((one, i) => ({ value: dot(weights, one), right: right[i] === true }));
    const [best, next] = values.sort((a, b) => b.value - a.value);
    return best ? [{ x: signsOf(best.value, best.value - (next?.value ?? 0), unknown), y: best.right ? 1 : 0 }] : [];
  });
  const at = [-1, 0.5, 0.5, 0];
  for (let turn = 0; turn < 5000; turn++) {
    const gradient = at.map(() => 0);
    for (const { x, y } of points) {
      const miss = y - probability(dot(at, x));
      for (const [k, value] of x.entries()) gradient[k] = (gradient[k] as number) + (miss * value) / points.length;
    }
    for (const [k, slope] of gradient.entries()) at[k] = (at[k] as number) + 0.4 * slope;
  }
  return at;
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
