/**
 * Fits how the router weighs words, on one half of the labelled requests, and measures both halves. Prints the numbers
 * for `src/agents/fit.ts`. `node bench/routing.ts [--missed]` shows what is still wrong in the half that was fitted.
 */
import { askedBy, FEATURES, featuresOf, partsOf } from "../src/agents/evidence.ts";
import { FIT, fitOf, probability } from "../src/agents/fit.ts";
import { catalogue, isHeldOut, measure, type Request, readRequests } from "../test/routing/measure.ts";

interface Case {
  readonly features: readonly (readonly number[])[];
  readonly right: readonly boolean[];
  readonly hasRight: boolean;
}
const CANDIDATES = 30;
const registry = catalogue();
const all = readRequests();
const fitted = all.filter((one) => !isHeldOut(one));
const held = all.filter(isHeldOut);
const cases = fitted.map(caseOf);

const ranking = fitRanking(cases.filter(({ hasRight }) => hasRight));
const sure = fitSureness(cases, ranking);
console.log("weights:", Object.fromEntries(FEATURES.map((name, i) => [name, round(ranking.weights[i])])));
console.log(
  `weights: [${ranking.weights.map(round).join(", ")}],\nbias: ${round(ranking.bias)},\nsure: ${JSON.stringify(sure)},`,
);
show("fitted half", fitted);
show("held-out half", held);
if (process.argv.includes("--missed"))
  for (const { text, right, said } of measure(fitted, registry).missed)
    console.log(`- ${text}\n    right ${right} said ${said}`);

function caseOf({ text, right }: Request): Case {
  const asked = askedBy(text, registry.index);
  const hits = registry.search(asked.question, CANDIDATES);
  const features = hits.map(({ id }) => featuresOf(asked, partsOf(registry.find(id)), registry.index));
  return {
    features,
    right: hits.map(({ id }) => right.includes(id)),
    hasRight: hits.some(({ id }) => right.includes(id)),
  };
}

/** Raises what all right candidates together get of a softmax over the candidates; plain gradient ascent. */
function fitRanking(of: readonly Case[]): { weights: number[]; bias: number } {
  const weights = [...FIT.weights] as number[];
  for (let round = 0; round < 600; round++) {
    const gradient = weights.map((weight) => -0.002 * weight);
    for (const { features, right } of of) {
      const powers = features.map((one) => Math.exp(fitOf(one, { weights, bias: 0 })));
      const sum = powers.reduce((a, b) => a + b, 0);
      const good = powers.reduce((a, power, i) => a + (right[i] ? power : 0), 0);
      features.forEach((one, i) => {
        const share = (powers[i] as number) / sum;
        const target = right[i] ? (powers[i] as number) / good : 0;
        one.forEach((value, k) => {
          gradient[k] = (gradient[k] as number) + ((target - share) * value) / of.length;
        });
      });
    }
    gradient.forEach((slope, k) => {
      weights[k] = (weights[k] as number) + 3 * slope;
    });
  }
  return { weights, bias: 0 };
}

/** Of the best candidate of each case: from its value and lead to how often it is right. */
function fitSureness(of: readonly Case[], { weights, bias }: { weights: number[]; bias: number }) {
  const points = of.flatMap(({ features, right }) => {
    const values = features.map((one, i) => ({ value: fitOf(one, { weights, bias }), right: right[i] === true }));
    const [best, next] = values.sort((a, b) => b.value - a.value);
    return best ? [{ x: [1, best.value, best.value - (next?.value ?? bias)], y: best.right ? 1 : 0 }] : [];
  });
  const at = [-1, 0.5, 0.5];
  for (let round = 0; round < 4000; round++) {
    const gradient = [0, 0, 0];
    for (const { x, y } of points) {
      const miss = y - probability(x.reduce((sum, value, k) => sum + value * (at[k] as number), 0));
      x.forEach((value, k) => {
        gradient[k] = (gradient[k] as number) + (miss * value) / points.length;
      });
    }
    gradient.forEach((slope, k) => {
      at[k] = (at[k] as number) + 0.5 * slope;
    });
  }
  return { bias: round(at[0]), value: round(at[1]), lead: round(at[2]) };
}

function show(what: string, requests: readonly Request[]): void {
  const { missed, ...rest } = measure(requests, registry);
  console.log(
    what,
    Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, round(value)])),
    `${missed.length} missed`,
  );
}

function round(value: number | undefined): number {
  return Math.round(1000 * (value ?? 0)) / 1000;
}
