/** Changes of the team, rehearsed on what really ran. */
import { describe, expect, test } from "vitest";
import type { DryRun } from "../src/app/dry-run.ts";
import type { Host } from "../src/app/host.ts";
import { Cli } from "./support/cli-kit.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { Homes, work } from "./support/homes.ts";

const homes = new Homes();
const cli = new Cli();
const ids = ["a", "b", "c", "d"];
const TASKS = ids.map((id) => work(id, { prompt: "Mend the autovacuum settings of postgres", phase: "build" }));

async function ran(provider: FakeProvider, home = homes.path(), times = 1): Promise<Host> {
  provider.replies = [{ text: ["done"], usage: { fresh: 900, output: 300 }, delay: 20 }];
  const env = { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: provider.url };
  const host = await homes.open({ home, env });
  for (let i = 0; i < times; i++)
    await host.start(host.prepare({ tasks: TASKS, workflowName: "shop", config: { maxParallelAgents: 1 } }));
  return host;
}
function rehearsed(effect: DryRun | undefined) {
  if (effect === undefined || "cannot" in effect) throw new Error(effect?.cannot);
  return effect;
}

describe("a change", () => {
  test("of places shortens the last run at the same cost, of the model lowers its cost, of the agent moves its tasks, and what cannot be rehearsed says why", async () => {
    await using provider = await FakeProvider.start();
    const host = await ran(provider);
    const [places, model, retired] = (
      await host.dryRuns([
        { do: "places", places: 4 },
        { do: "model", agent: "builder", model: "anthropic/claude-haiku-4-5" },
        { do: "retire", agent: "builder", kind: "build" },
      ])
    ).map(rehearsed);
    expect(places?.after.duration).toBeLessThan(places?.before.duration ?? 0);
    expect(places?.after.tokens).toBe(places?.before.tokens);
    expect(model?.after.costUsd).toBeLessThan(model?.before.costUsd ?? 0);
    expect([places?.by, model?.by, retired?.by, model?.workflow]).toEqual(["history", "prices", "prices", "shop"]);
    expect(retired?.after).not.toEqual(retired?.before);
    expect(provider.calls).toHaveLength(4);
    // Nothing of it is a run.
    expect(await host.list()).toHaveLength(1);

    // What cannot be rehearsed says why.
    const empty = await homes.open();
    expect(await empty.dryRuns([{ do: "places", places: 4 }])).toEqual([
      { cannot: "no run with real agents has ended yet" },
    ]);
    const effects = await host.dryRuns([
      { do: "retire", agent: "code-reviewer" },
      { do: "model", agent: "builder", model: "openai/gpt-5-mini" },
      { do: "retire", agent: "builder", kind: "review" },
    ]);
    expect(effects).toEqual([
      { cannot: "none of the last 1 runs would have been another" },
      { cannot: expect.stringContaining("there is no key for openai") },
      { cannot: "none of the last 1 runs would have been another" },
    ]);
  });
});

test("tutti team says beside each proposal what rehearsals of it came to", async () => {
  await using provider = await FakeProvider.start();
  const terminal = cli.terminal({}, { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: provider.url });
  await homes.close(await ran(provider, terminal.home, 3));
  const { out } = await terminal.tutti("team");
  expect(out).toMatch(/Let 2 agents work at once instead of 1/);
  expect(out.replace(/\s+/g, " ")).toMatch(
    /rehearsed: time \S.* → .*, tokens (\S+) → \1, cost (\S+) → \2 \(half below, 30 rehearsals each of shop as in run \w{8}, by what agents took so far\)/,
  );
});
