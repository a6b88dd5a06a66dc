/** The merge lane over a model of git: a head is the list of works in it, and rules say what conflicts and what is red. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byCodeUnit } from "../../domain/json.ts";
import type { Work } from "../../domain/landing.ts";
import { integrate, type Steps, type Trouble } from "./integrate.ts";

const work = (task: string, after: readonly string[] = [], version = ""): Work => ({
  ...{ task, agentName: `${task}-owner`, description: task, base: "base", commit: task + version, after },
});
const inside = (head: string) => head.split("+").slice(1);

interface Rules {
  /** Pairs that cannot stand together until the second is mended. */
  readonly conflicts?: readonly (readonly [string, string])[];
  /** Sets that are red where all of them stand. */
  readonly red?: readonly (readonly string[])[];
  readonly mend?: (work: Work, trouble: Trouble) => { work: Work } | { leftOut: string };
}

function world({ conflicts = [], red = [], mend }: Rules) {
  const proven: string[] = [];
  const mended: [string, Trouble["kind"]][] = [];
  const known = new Map<string, boolean>();
  const steps: Steps = {
    apply: async (head, { commit }) => {
      const hit = conflicts.filter(([a, b]) => b === commit && inside(head).includes(a));
      return hit.length > 0
        ? { conflicts: [`${commit}.txt`], seed: `${head}!${commit}` }
        : { commit: `${head}+${commit}` };
    },
    prove: async (head) => {
      if (!known.has(head)) {
        proven.push(head);
        known.set(head, !red.some((all) => all.every((one) => inside(head).includes(one))));
      }
      return known.get(head) ? { ok: true } : { ok: false, output: `red: ${head}` };
    },
    mend: async (one, trouble) => {
      mended.push([one.task, trouble.kind]);
      return mend?.(one, trouble) ?? { work: { ...one, commit: `${one.commit}'` } };
    },
  };
  return { steps, proven, mended };
}
const names = (landed: readonly { readonly work: Work }[]) => landed.map((one) => one.work.commit);

describe("the merge lane", () => {
  test("brings together what fits with one run of the gates", async () => {
    const { steps, proven } = world({});
    const all = [work("a"), work("b", ["a"]), work("c")];
    expect(await integrate(all, "x", steps)).toMatchObject({ head: "x+a+b+c", leftOut: [] });
    expect(proven).toEqual(["x+a+b+c"]);
  });

  test("without any work it proves nothing and lands nothing", async () => {
    const { steps, proven } = world({});
    expect(await integrate([], "x", steps)).toEqual({ head: "x", landed: [], leftOut: [] });
    expect(proven).toEqual([]);
  });

  test("what conflicts goes back to its owner while the rest lands, and then upon it", async () => {
    const { steps, mended } = world({ conflicts: [["a", "b"]] });
    const { head, landed } = await integrate([work("a"), work("b"), work("c", ["b"]), work("d")], "x", steps);
    expect(mended).toEqual([["b", "conflict"]]);
    expect(head).toBe("x+a+d+b'+c");
    expect(names(landed)).toEqual(["a", "d", "b'", "c"]);
  });

  test("of two that are red only together the later one is found, and goes back", async () => {
    const { steps, mended } = world({ red: [["c", "k"]] });
    const all = "abcdefghijkl".split("").map((one) => work(one));
    const { landed, leftOut } = await integrate(all, "x", steps);
    expect(mended).toEqual([["k", "red"]]);
    expect([names(landed).toSorted(byCodeUnit), leftOut]).toEqual([[..."abcdefghij", "k'", "l"], []]);
  });

  test("what nobody can mend is left out, with all that builds on it and nothing else", async () => {
    const { steps } = world({ red: [["b"]], mend: () => ({ leftOut: "nobody could" }) });
    const { head, leftOut } = await integrate([work("a"), work("b"), work("c", ["b"]), work("d")], "x", steps);
    expect(head).toBe("x+a+d");
    expect(leftOut.map((one) => [one.work.task, one.reason])).toEqual([
      ["b", "nobody could"],
      ["c", "it builds on 'b', which was left out"],
    ]);
  });

  test("where the gates are red without any work, nothing lands and nobody is blamed", async () => {
    const { steps, mended } = world({ red: [[]] });
    const got = await integrate([work("a"), work("b")], "x", steps);
    expect(got).toMatchObject({ head: "x", landed: [], red: "red: x" });
    expect(mended).toEqual([]);
  });

  test("an owner who never gets it right is asked three times", async () => {
    const { steps, mended } = world({ red: [["b"]], mend: (one) => ({ work: one }) });
    const { leftOut } = await integrate([work("a"), work("b")], "x", steps);
    expect(mended).toHaveLength(3);
    expect(leftOut[0]?.reason).toMatch(/stayed red with it, mended 3 times/);
  });

  test("whatever conflicts and whatever is red: it ends green, everything is landed or left out, in order", async () => {
    const tasks = [..."abcdefghij"];
    const some = fc.uniqueArray(fc.constantFrom(...tasks), { minLength: 1, maxLength: 3 });
    const pair = fc.tuple(fc.constantFrom(...tasks), fc.constantFrom(...tasks)).filter(([a, b]) => a < b);
    const links = fc.array(pair, { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        links,
        links,
        fc.array(some, { maxLength: 4 }),
        fc.boolean(),
        async (deps, conflicts, red, able) => {
          const all = tasks.map((one) =>
            work(
              one,
              deps.filter(([, b]) => b === one).map(([a]) => a),
            ),
          );
          const { steps, proven } = world({ conflicts, red, ...(able ? {} : { mend: () => ({ leftOut: "no" }) }) });
          const { head, landed, leftOut } = await integrate(all, "x", steps);
          expect([...landed, ...leftOut].map((one) => one.work.task).toSorted(byCodeUnit)).toEqual(tasks);
          expect((await steps.prove(head)).ok).toBe(true);
          const order = landed.map((one) => one.work.task);
          for (const { work: one } of landed)
            for (const before of one.after) expect(order.indexOf(before)).toBeLessThan(order.indexOf(one.task));
          if (red.length === 0 && conflicts.length === 0) expect(proven).toEqual([head]);
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([2, 3, 8, 12, 31, 64])(
    "[bar:bisect] a culprit among %i is found in log2(n) + 1 runs of the gates",
    async (n) => {
      for (const culprit of [0, 1, n >> 1, n - 1]) {
        const all = Array.from({ length: n }, (_, i) => work(`t${i}`));
        const at: number[] = [];
        const { steps, proven } = world({
          red: [[`t${culprit}`]],
          mend: () => {
            at.push(proven.filter((head) => head !== "x").length);
            return { leftOut: "found" };
          },
        });
        const { leftOut } = await integrate(all, "x", steps);
        expect(leftOut.map((one) => one.work.task)).toEqual([`t${culprit}`]);
        expect(at[0]).toBeLessThanOrEqual(Math.ceil(Math.log2(n)) + 1);
      }
    },
  );
});
