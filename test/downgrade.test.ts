/** A cheaper model goes on where the budget has no room for the agent's own, and only where that is allowed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Host } from "../src/app/host.ts";
import { Story } from "../src/cli/story.ts";
import type { EventOf } from "../src/domain/events.ts";
import type { FakeReply } from "./support/fake-protocols.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { eventsOf } from "./support/finish.ts";
import { Homes } from "./support/homes.ts";
import { repositoryIn } from "./support/repository.ts";

const homes = new Homes();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());

const DEAR = "anthropic/claude-sonnet-4-5";
const CHEAP = "anthropic/claude-haiku-4-5";
/** Of the dear one 0.0042 dollars, of the cheap one a third. */
const usage = { fresh: 900, output: 100 };
const writes = (text: string): FakeReply => ({ calls: [{ name: "write", input: { path: "b.txt", text } }], usage });
const notes = (value: string): FakeReply => ({ calls: [{ name: "board_set", input: { key: "k", value } }], usage });
const NOTED = [notes("1"), notes("2"), notes("3"), { text: ["Done"], usage }];
const agent = (more: string) =>
  `---\nname: worker\ndescription: works\ntools: [write, board_set]\nmodel: ${DEAR}\n${more}---\nWork.\n`;

async function play(
  replies: readonly FakeReply[],
  {
    file = "",
    config = "",
    budget = {},
    task = {},
    files,
  }: { file?: string; config?: string; budget?: object; task?: object; files?: true },
) {
  fake.calls.length = 0;
  fake.script(...replies);
  const home = homes.path({ "agents/worker.md": agent(file), "config.yaml": config });
  const env = { PATH: process.env["PATH"], ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: fake.url };
  await using host = await Host.open({
    home,
    env,
    ...(files && { repository: repositoryIn(homes.path({ "a.txt": "one\n" })) }),
  });
  const work = { id: "a", agentName: "worker", description: "a", prompt: "Do a", retries: 0, ...task };
  const handle = host.start(host.prepare({ tasks: [work], config: { budget } }));
  const results = await handle;
  const events = await eventsOf(handle);
  const invoked = events.filter((one): one is EventOf<"agent:invoke"> => one.type === "agent:invoke");
  return { results, invoked, events };
}
const models = () => fake.calls.map(({ body }) => (body as { model: string }).model);

test("[I7] the next turn goes to the cheaper model that the agent's file allows, in the same dialogue and the same files", async () => {
  const replies = [writes("1"), writes("2"), writes("3"), { text: ["Done"], usage }];
  const { results, invoked, events } = await play(replies, {
    files: true,
    file: `downgrade: [${CHEAP}]\n`,
    budget: { usd: 0.0145 },
  });
  expect(results).toMatchObject({ status: "complete", tasks: { a: { output: "Done", attempts: 2 } } });
  expect(models()).toEqual([...Array(3).fill("claude-sonnet-4-5"), "claude-haiku-4-5"]);
  expect(results.tasks["a"]?.changes?.files).toEqual([{ path: "b.txt", added: 1, removed: 0 }]);
  // Each turn by the price of the model that took it.
  expect(results.summary.totalCostUsd).toBeCloseTo(3 * 0.0042 + 0.0014, 10);
  expect(invoked[0]?.downgradedFrom).toBeUndefined();
  expect(invoked[1]).toMatchObject({ model: CHEAP, downgradedFrom: DEAR });
  expect(invoked[1]?.modelReason).toMatch(
    /^cheaper than .*sonnet-4-5, because the budget of 0.0145 usd does not allow/,
  );
  const story = new Story("a");
  for (const event of events) story.note(event);
  const told = story.lines().map(({ text }) => text);
  expect(told).toContainEqual(
    expect.stringMatching(/^attempt 2 by worker with anthropic\/claude-haiku-4-5, cheaper than .*sonnet/),
  );
});

test("where nobody allows it the run pauses as ever", async () => {
  const none = await play(NOTED, { budget: { usd: 0.0145 } });
  expect(none.results).toMatchObject({ status: "paused" });
  expect(none.invoked).toHaveLength(1);
});

test("the settings allow it for agents that say nothing, a task for itself, and a task's own budget counts as well", async () => {
  const set = await play(NOTED, { config: `downgrade: [${CHEAP}]\n`, budget: { usd: 0.0145 } });
  expect(set.results).toMatchObject({ status: "complete" });
  const own = await play(NOTED, { task: { downgrade: [CHEAP], budget: { usd: 0.0145 } } });
  expect(own.results).toMatchObject({ status: "complete", summary: { totalCostUsd: expect.closeTo(0.014, 10) } });
  expect(own.invoked.map(({ model }) => model)).toEqual([DEAR, CHEAP]);
  expect(own.invoked[1]?.modelReason).toContain("its own budget of 0.0145 usd has no room");
});
