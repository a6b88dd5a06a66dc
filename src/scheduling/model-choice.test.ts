import { describe, expect, test } from "vitest";
import { optionsOf } from "../../test/support/run-model.ts";
import { told, who } from "../../test/support/told.ts";
import type { ModelChoice, RunOptions } from "../domain/plan.ts";
import { modelFor } from "./model-choice.ts";
import { cardFor, createPlaces, evolvePlaces, nextTicket, offer } from "./places.ts";

const [GOOD, POOR] = [
  { attempts: 30, successes: 29 },
  { attempts: 30, successes: 12 },
];

function run(choices: readonly ModelChoice[], more: Partial<RunOptions> = {}) {
  const places = createPlaces();
  const options = optionsOf({ maxParallelAgents: 100, ...more });
  evolvePlaces(places, told("workflow:start", { agents: { a: { runtime: "model", model: "x", choices } }, options }));
  const tries = new Map<string, { failures: number; left?: readonly string[] }>();
  const ask = (task: string, which = { attempt: 1, restart: 0 }, ofTask?: string) =>
    modelFor({ places, recovery: { tries }, start: { options } }, who(task), ofTask, which);
  const begin = (task: string, which = { attempt: 1, restart: 0 }) => {
    const modelled = ask(task, which);
    evolvePlaces(places, told("agent:invoke", { ...who(task), ...which, ...modelled }));
    return modelled.model;
  };
  const fail = (task: string) => {
    tries.set(task, { failures: 1 });
    evolvePlaces(places, told("task:retry", who(task)));
  };
  const leave = (task: string, ...left: string[]) => tries.set(task, { failures: 1, left });
  return { places, ask, begin, fail, leave };
}
const many = (begin: (task: string) => string, count: number) => {
  const models = Array.from({ length: count }, (_, i) => begin(`t${i}`));
  return Object.fromEntries([...Map.groupBy(models, (one) => one)].map(([model, all]) => [model, all.length]));
};

describe("among several models of an agent", () => {
  test("those that are alike share the work evenly, the first first", () => {
    const { begin } = run([{ model: "x" }, { model: "y" }]);
    expect([begin("a"), begin("b"), begin("c"), begin("d")]).toEqual(["x", "y", "x", "y"]);
  });

  test("one that a task was taken off is only taken where the others have no place, and a held one likewise", () => {
    const choices = [{ model: "x", provider: "p" }, { model: "y" }];
    const { places, ask, begin, leave } = run(choices, { providers: { p: 1 } });
    expect([begin("a"), ask("b").model]).toEqual(["x", "y"]);
    leave("b", "y");
    // `x` has no place: its provider's one is taken.
    expect(ask("b").model).toBe("y");
    evolvePlaces(places, told("task:complete", who("a")));
    expect(ask("b").model).toBe("x");
    const hold = (provider: string, model: string) =>
      evolvePlaces(places, told("breaker:opened", { provider, model, until: 50, at: 10 }));
    hold("p", "x");
    expect(ask("c").model).toBe("y");
    evolvePlaces(places, told("wave:start", { at: 60 }));
    expect(ask("c").model).toBe("x");
  });

  test("one that succeeded more often, or was faster, gets more; the other still gets what is too much for it", () => {
    const bySuccess = many(
      run([
        { model: "x", ...POOR },
        { model: "y", ...GOOD },
      ]).begin,
      20,
    );
    const bySpeed = many(
      run([
        { model: "x", ...GOOD, duration: 90_000 },
        { model: "y", ...GOOD, duration: 1000 },
      ]).begin,
      20,
    );
    for (const { x = 0, y = 0 } of [bySuccess, bySpeed]) expect(y).toBeGreaterThan(2 * x);
    expect(
      run([
        { model: "x", ...POOR },
        { model: "y", ...GOOD },
      ]).ask("t").modelReason,
    ).toBe("of 2 models: expected 95 % success after 30 attempts that count, 0 under way");
  });

  test("one whose provider has no free place is passed over, and a full provider holds up nobody while another is free", () => {
    const { places, begin, ask } = run(
      [
        { model: "x", provider: "p", ...GOOD },
        { model: "y", provider: "q", ...POOR },
      ],
      { providers: { p: 1, q: 1 } },
    );
    for (const id of ["t1", "t2", "t3"]) offer(places, { id, agentName: "a", priority: 5, rank: 0, order: 0 });
    expect([begin("t1"), ask("t2").modelReason, begin("t2")]).toEqual([
      "x",
      expect.stringContaining("1 of 2 have no free place"),
      "y",
    ]);
    expect([nextTicket(places), [...places.perProvider]]).toEqual([
      undefined,
      [
        ["p", 1],
        ["q", 1],
      ],
    ]);
    evolvePlaces(places, told("task:complete", who("t2")));
    expect([nextTicket(places)?.id, begin("t3")]).toEqual(["t3", "y"]);
  });

  test("a retry goes to another where that is nearly as good, a restart to the one that was asked", () => {
    const { begin, ask, fail } = run([
      { model: "x", ...GOOD },
      { model: "y", ...GOOD },
    ]);
    expect([begin("t"), ask("t", { attempt: 1, restart: 1 })]).toEqual(["x", { model: "x" }]);
    fail("t");
    expect(ask("t", { attempt: 2, restart: 0 })).toEqual({
      model: "y",
      modelReason: expect.stringContaining("x has just failed"),
    });
  });

  test("a task's own model wins, and the attempt's card is that of its model", () => {
    const { places, begin, ask } = run([{ model: "x" }, { model: "y", provider: "q" }]);
    expect(ask("t", { attempt: 1, restart: 0 }, "z")).toEqual({ model: "z" });
    begin("s");
    begin("t");
    expect(cardFor(places, "t", places.agents["a"])).toEqual({ runtime: "model", model: "y", provider: "q" });
  });

  test("one that is little known is tried where that is asked for, by the seed, and not otherwise", () => {
    const choices = [{ model: "x", ...GOOD }, { model: "y" }];
    const firsts = (more: Partial<RunOptions>) =>
      Array.from({ length: 200 }, (_, seed) => run(choices, { seed, ...more }).ask("t").model).join("");
    expect(firsts({})).not.toContain("y");
    expect(firsts({ explore: true })).toContain("y");
    expect(firsts({ explore: true })).toBe(firsts({ explore: true }));
  });
});
