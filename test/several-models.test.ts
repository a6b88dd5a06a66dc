/** Agents that name several models, from their file to the calls that two providers get. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Cli } from "./support/cli-kit.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { eventsOf, Homes, work } from "./support/homes.ts";

const homes = new Homes();
const cli = new Cli();
const FILE = `---
name: mine
description: Helps
capabilities: [helping]
models: [anthropic/claude-haiku-4-5, openai/gpt-5-mini]
places: 4
---
You help.
`;
const tasks = (count: number) =>
  Array.from({ length: count }, (_, i) => work(`t${i}`, { agentName: "mine", retries: 0 }));

test("attempts go to the models by what those did before, each is journaled with its reason, and the providers see it", async () => {
  await using anthropic = await FakeProvider.start();
  await using openai = await FakeProvider.start();
  const env = {
    ...{ ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: anthropic.url },
    ...{ OPENAI_API_KEY: "k", OPENAI_BASE_URL: openai.url },
  };
  const host = await homes.open({ home: homes.path({ "agents/mine.md": FILE }), env });
  const run = async (count: number, config = {}) => {
    const order = { tasks: tasks(count), config };
    await host.ready(order);
    const handle = host.start(host.prepare(order));
    await handle;
    const events = await eventsOf(host.journal, handle.id);
    return events.filter((event) => event.type === "agent:invoke");
  };
  expect([...host.prepare({ tasks: tasks(1) }).models.keys()]).toEqual([
    "anthropic/claude-haiku-4-5",
    "openai/gpt-5-mini",
  ]);
  openai.replies = [{ status: 400, error: { type: "invalid_request", message: "no" } }];
  const first = await run(8);
  // Who is free sooner gets more: how many that is, their speed decides.
  const [byOne, byOther] = [anthropic.calls.length, openai.calls.length];
  expect([byOne + byOther, byOne > 1, byOther > 1]).toEqual([8, true, true]);
  expect(first.every(({ modelReason }) => modelReason?.startsWith("of 2 models: "))).toBe(true);
  const second = await run(6);
  const count = (model: string) => second.filter((one) => one.model === model).length;
  expect(count("anthropic/claude-haiku-4-5")).toBeGreaterThan(count("openai/gpt-5-mini"));
  expect(anthropic.calls.length).toBe(byOne + count("anthropic/claude-haiku-4-5"));
  const chosen = await run(2, { model: "anthropic/claude-sonnet-5" });
  expect(chosen.map(({ model, modelReason }) => [model, modelReason])).toEqual([
    ["anthropic/claude-sonnet-5", undefined],
    ["anthropic/claude-sonnet-5", undefined],
  ]);
});

test("tutti show says why a task's attempt got its model", async () => {
  const terminal = cli.terminal({ "plan.json": JSON.stringify({ tasks: tasks(1) }) }, {});
  mkdirSync(join(terminal.home, "agents"), { recursive: true });
  writeFileSync(join(terminal.home, "agents/mine.md"), FILE);
  await terminal.tutti("run", "plan.json", "--rehearse", "--speed", "max", "--json");
  const { err } = await terminal.tutti("show", "last", "--task", "t0");
  expect(err).toMatch(/^by mine with anthropic\/claude-haiku-4-5, of 2 models: expected 80 % success/);
});

test("a model that cannot be called here is left out, and a forecast counts each by its share", async () => {
  const home = homes.path({ "agents/mine.md": FILE });
  const host = await homes.open({ home, env: { OPENAI_API_KEY: "k" } });
  const prepared = host.prepare({ tasks: tasks(1) });
  expect([prepared.agents["mine"]?.model, prepared.agents["mine"]?.models]).toEqual(["openai/gpt-5-mini", undefined]);
  const forecast = await host.forecast(host.prepare({ tasks: tasks(6), config: { rehearse: true } }), 10);
  expect(forecast.models.map(({ model, tasks }) => [model, tasks])).toEqual([
    ["anthropic/claude-haiku-4-5", 3],
    ["openai/gpt-5-mini", 3],
  ]);
});
