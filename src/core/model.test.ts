import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CARDS, optionsOf, Played } from "../../test/support/run-model.ts";
import { budgets, factOf, garbage, kindFact, plans, steps } from "../../test/support/run-play.ts";
import { commandFault } from "../coordination/command-shape.ts";
import type { Fact } from "../domain/facts.ts";
import type { AgentTask, Budget, RunOptions } from "../domain/plan.ts";
import { holds } from "../graph/condition.ts";
import { newest, readOutput } from "../graph/dag.ts";
import { isEnded } from "../scheduling/life.ts";

function begun(tasks: readonly AgentTask[], more: Partial<RunOptions>): Played {
  const played = new Played();
  played.tell({ type: "submitted", workflow: "w", tasks, agents: CARDS, options: optionsOf(more) });
  return played;
}

const options = (budget: Budget | undefined, globalTimeout: number, places: number): Partial<RunOptions> => ({
  maxParallelAgents: places,
  ...(budget ? { budget } : {}),
  ...(globalTimeout > 0 ? { globalTimeout: globalTimeout * 5000 } : {}),
});

/** A loop that ended well did so because its condition holds. */
function loopsAreDone({ state: { graph }, events }: Played): void {
  if (events.some((event) => event.type === "workflow:stopping" && event.stop !== "pause" && event.stop !== "time"))
    return;
  for (const { id, spec } of graph.nodes.values()) {
    const last = newest(graph, id);
    if (!spec?.until || spec.of !== undefined || last?.status !== "complete") continue;
    const until = spec.until;
    expect(
      holds(until, (task, path) => readOutput(graph, task, path)),
      `the loop '${id}' is done`,
    ).toBe(true);
  }
}

const settings = fc.tuple(budgets, fc.nat(3), fc.integer({ min: 1, max: 4 }));

test("[I1] [I3] [I6] whatever happens to a run, its state is what its events say and every rule of theirs holds", async () => {
  await fc.assert(
    fc.property(plans, settings, fc.array(steps, { maxLength: 40 }), (tasks, [budget, time, places], list) => {
      const played = begun(tasks, options(budget, time, places));
      const past: Fact[] = [];
      for (const step of list) {
        const fact = factOf(played, step, past);
        if (fact) played.tell(fact);
      }
      played.reload();
    }),
    { numRuns: 1000 },
  );
});

test("[I8] a run ends after a bounded number of facts if its attempts end well and persons answer", async () => {
  await fc.assert(
    fc.property(plans, settings, fc.array(steps, { maxLength: 25 }), (tasks, [budget, time, places], list) => {
      const played = begun(tasks, options(budget, time, places));
      const past: Fact[] = [];
      for (const step of list) {
        const fact = factOf(played, step, past);
        if (fact) played.tell(fact);
      }
      let facts = 0;
      for (; !isEnded(played.state.life) && facts < 1000; facts++) {
        const fact = kindFact(played);
        if (fact) played.tell(fact);
      }
      expect(facts).toBeLessThan(1000);
      loopsAreDone(played);
      for (const node of played.state.graph.nodes.values())
        expect(["pending", "running", "waiting"]).not.toContain(node.status);
    }),
    { numRuns: 800 },
  );
});

test("a command that makes no sense is refused into the journal and never thrown over", async () => {
  await fc.assert(
    fc.property(plans, fc.array(fc.tuple(garbage, steps), { maxLength: 12 }), (tasks, list) => {
      const played = begun(tasks, {});
      const past: Fact[] = [];
      for (const [command, step] of list) {
        const fault = commandFault(command);
        played.tell(fault === undefined ? command : { type: "unfit", what: "command", reason: fault });
        const fact = factOf(played, step, past);
        if (fact) played.tell(fact);
      }
    }),
    { numRuns: 500 },
  );
});
