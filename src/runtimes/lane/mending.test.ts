/** Who is asked to mend what does not fit, and what counts as mended. */
import { expect, test } from "vitest";
import type { Lane, Work } from "../../domain/landing.ts";
import type { Attempt, AttemptWorld } from "../../domain/ports.ts";
import type { Trouble } from "./integrate.ts";
import { Mending } from "./mending.ts";

const work: Work = {
  ...{ task: "two", agentName: "owner", description: "two", base: "base", commit: "work", after: [] },
};
const red: Trouble = { kind: "red", head: "head", seed: "seed", output: "it says no" };
const attempt = { run: "r", task: { id: "land" } } as Attempt;

/** `commits`: what each who is asked makes of it, in order. */
function mending(commits: readonly string[]) {
  const asked: string[] = [];
  const questions: unknown[] = [];
  const world = {
    commission: async ({ agentName }: { agentName: string }) => {
      const commit = commits[asked.push(agentName) - 1] ?? "seed";
      return { ok: true, output: "done", changes: { ref: "x", base: "head", commit, files: [] } };
    },
    ask: async (question: unknown) => {
      questions.push(question);
      return { decision: "approve", by: "her" };
    },
  } as unknown as AttemptWorld;
  const lane = {
    seed: async () => {},
    marked: async () => [],
    isSame: async (one: string, other: string) => one === other,
  } as unknown as Lane;
  const one = new Mending(attempt, world, "mediator");
  return { asked, questions, mend: (trouble: Trouble) => one.mend(lane, work, trouble) };
}

test("who changes nothing has not mended it: the mediator is asked, then a person", async () => {
  const { asked, questions, mend } = mending(["seed", "seed"]);
  expect(await mend(red)).toEqual({ leftOut: "a person left it out" });
  expect(asked).toEqual(["owner", "mediator"]);
  expect(questions).toMatchObject([
    { subject: { tried: ["owner: it changed nothing", "mediator: it changed nothing"] } },
  ]);
});

test("a conflict that git decided without marks, as of binary files, is not mended by leaving it so", async () => {
  const { asked, mend } = mending(["seed", "better"]);
  const conflict: Trouble = { kind: "conflict", head: "head", seed: "seed", files: ["a.png"] };
  expect(await mend(conflict)).toMatchObject({ work: { commit: "better" } });
  expect(asked).toEqual(["owner", "mediator"]);
});

test("where the owner thought twice that it was mended, the mediator is asked first", async () => {
  const { asked, mend } = mending(["one", "two", "three"]);
  for (let n = 0; n < 3; n++) await mend(red);
  expect(asked).toEqual(["owner", "owner", "mediator"]);
});
