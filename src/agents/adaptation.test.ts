import { describe, expect, test } from "vitest";
import { random } from "../domain/random.ts";
import type { AgentFile } from "./definition.ts";
import { Performance } from "./performance.ts";
import { AgentRegistry } from "./registry.ts";
import { Router } from "./router.ts";

/** Alike in words, so that only what they did tells them apart. */
const NAMES = Array.from({ length: 8 }, (_, i) => `builder-${i}`);
const crew = NAMES.map(
  (name): AgentFile => ({
    ...{ name, description: "Builds a feature in the code base.", instructions: "You build features." },
    capabilities: ["building"],
  }),
);
const TASK = { description: "Build this feature in the code base", kind: "feature", capabilities: ["building"] };

interface Played {
  /** The share of the best fixed choice that was reached, over these tasks. */
  share(from: number, to: number): number;
  readonly chosen: readonly string[];
}

/** Each agent succeeds as often as its hidden skill says; from task `turn` on the skills are others. */
function play(
  seed: number,
  skills: readonly number[],
  later: readonly number[] = skills,
  turn = Number.POSITIVE_INFINITY,
): Played {
  const chance = random(seed);
  const performance = new Performance();
  const router = new Router(new AgentRegistry(crew));
  const trackOf = (agent: string, kind?: string) => performance.track(agent, kind);
  const chosen: string[] = [];
  const skillOf = (i: number, agent: string) => (i < turn ? skills : later)[NAMES.indexOf(agent)] ?? 0;
  for (let i = 0; i < 500; i++) {
    const { agent } = router.route(TASK, { trackOf, explore: { seed: seed * 1000 + i } });
    chosen.push(agent ?? "");
    const ok = chance() < skillOf(i, agent ?? "");
    performance.note({ agent: agent ?? "", kind: TASK.kind, ok, duration: 1000, tokens: 100, costUsd: 0.01 });
  }
  return {
    chosen,
    share(from, to) {
      const tasks = chosen.slice(from, to);
      const got = tasks.reduce((all, agent, i) => all + skillOf(from + i, agent), 0);
      const best = Math.max(...NAMES.map((name) => tasks.reduce((all, _, i) => all + skillOf(from + i, name), 0)));
      return got / best;
    },
  };
}

/** Hidden skills from a bad one to a good one, in an order of their own. */
function skillsOf(seed: number): readonly number[] {
  const chance = random(seed);
  return NAMES.map((_, i) => 0.3 + (0.6 * i) / 7)
    .map((skill) => [chance(), skill] as const)
    .sort(([a], [b]) => a - b)
    .map(([, skill]) => skill);
}

const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1);
const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

describe("[bar:adaptation] eight agents of hidden skill, 500 tasks", () => {
  test("after 200 the choice is within 5 % of the best fixed one", () => {
    const shares = SEEDS.map((seed) => play(seed, skillsOf(seed)).share(200, 500));
    expect(mean(shares)).toBeGreaterThanOrEqual(0.95);
  });

  test("when the best one gets worse, another is found within 100", () => {
    const shares = SEEDS.map((seed) => {
      const skills = skillsOf(seed);
      const later = skills.map((skill) => (skill === Math.max(...skills) ? 0.3 : skill));
      return play(seed, skills, later, 250).share(350, 500);
    });
    expect(mean(shares)).toBeGreaterThanOrEqual(0.95);
  });
});

test("the same seed makes the same choices, another seed others", () => {
  const skills = skillsOf(1);
  expect(play(5, skills).chosen).toEqual(play(5, skills).chosen);
  expect(play(5, skills).chosen).not.toEqual(play(6, skills).chosen);
});
