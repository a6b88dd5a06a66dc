/** How often the router is right on labelled requests, and how well it knows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FIT, type Fit } from "../../src/agents/fit.ts";
import { AgentRegistry } from "../../src/agents/registry.ts";
import { Router } from "../../src/agents/router.ts";
import { seedOf } from "../../src/domain/random.ts";
import { CATALOG, loadAgents } from "../../src/library/catalog.ts";

export interface Request {
  readonly text: string;
  /** Every agent that would be right; empty where none is. */
  readonly right: readonly string[];
}
export interface Measured {
  readonly requests: number;
  readonly top1: number;
  readonly top3: number;
  readonly calibrationError: number;
  /** Of the requests that nobody fits: how many were recognised. Of the others: how many were wrongly refused. */
  readonly noneFound: number;
  readonly noneFalse: number;
  readonly missed: readonly {
    readonly text: string;
    readonly right: readonly string[];
    readonly said: readonly string[];
  }[];
}

export function readRequests(): readonly Request[] {
  const lines = readFileSync(join(import.meta.dirname, "requests.jsonl"), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line) as Request);
}

/** By the text alone, so that no half can be chosen. */
export const isHeldOut = ({ text }: Request): boolean => seedOf(text) % 2 === 1;

export const catalogue = (): AgentRegistry => new AgentRegistry(loadAgents([CATALOG]).agents.values());

export function measure(requests: readonly Request[], registry: AgentRegistry, fit: Fit = FIT): Measured {
  const router = new Router(registry, fit);
  const bins = Array.from({ length: 10 }, () => ({ count: 0, sure: 0, right: 0 }));
  const missed: Measured["missed"][number][] = [];
  let [top1, top3, some, noneFound, noneFalse] = [0, 0, 0, 0, 0];
  for (const { text, right } of requests) {
    const { agent, alternatives, confidence } = router.route({ description: text });
    const ranked = [...(agent === null ? [] : [{ agent, confidence }]), ...alternatives].slice(0, 3);
    const [first] = ranked;
    const isRight = first !== undefined && right.includes(first.agent);
    const bin = bins[Math.min(9, Math.floor(10 * (first?.confidence ?? 0)))];
    if (bin && first) {
      bin.count += 1;
      bin.sure += first.confidence;
      bin.right += isRight ? 1 : 0;
    }
    if (right.length === 0) {
      if (agent === null) noneFound += 1;
      continue;
    }
    some += 1;
    if (agent === null) noneFalse += 1;
    if (isRight) top1 += 1;
    else missed.push({ text, right, said: ranked.map((one) => one.agent) });
    if (ranked.some((one) => right.includes(one.agent))) top3 += 1;
  }
  const none = requests.length - some;
  const all = bins.reduce((count, bin) => count + bin.count, 0);
  return {
    requests: requests.length,
    top1: top1 / some,
    top3: top3 / some,
    calibrationError: bins.reduce((error, { sure, right }) => error + Math.abs(sure - right) / all, 0),
    noneFound: none === 0 ? 1 : noneFound / none,
    noneFalse: noneFalse / some,
    missed,
  };
}
