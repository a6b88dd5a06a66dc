/** What a model is shown after an attempt that failed. */
import { expect, test } from "vitest";
import { systemClock } from "../src/app/system.ts";
import { random, seedOf } from "../src/domain/random.ts";
import { AgentOrchestrator, type AgentTask } from "../src/index.ts";
import { modelRuntime } from "../src/runtimes/model/runtime.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { eventsOf } from "./support/finish.ts";

const THRESHOLD = 2000;

/** Lines that have little in common, so that no digest of them is short. */
function linesOf(seed: string, count: number): string {
  const next = random(seedOf(seed));
  const word = () => Math.floor(next() * 36 ** 6).toString(36);
  return Array.from({ length: count }, (_, i) => `Module ${word()} of ${word()} takes ${i} ms in ${word()}.`).join(
    "\n",
  );
}

async function play(fake: FakeProvider, more: Partial<AgentTask>) {
  const providers = { openai: { apiKey: "k", baseUrl: fake.url } };
  await using orchestrator = new AgentOrchestrator({
    agents: {
      writer: { runtime: "model", model: "openai/gpt-5" },
    },
    runtimes: { model: modelRuntime({ clock: systemClock, providers, instructionsOf: () => ({}) }) },
    pruningThreshold: THRESHOLD,
    retryDelay: 1,
  });
  const task = { description: "d", prompt: "Write of the findings" };
  const tasks = [{ ...task, id: "b", agentName: "writer", ...more }];
  const handle = orchestrator.execute({ tasks });
  const { tasks: results } = await handle;
  const events = await eventsOf(handle);
  const shown = events.flatMap((event) =>
    event.type === "context:shown" ? [event.entry as { tokens: number; text: string }] : [],
  );
  return { result: results["b"], events, shown };
}

test("a prompt that did not fit its model is tried once more with half the context", async () => {
  await using fake = await FakeProvider.start();
  const error = { type: "invalid_request_error", message: "This model's maximum context length is 2000 tokens." };
  fake.script({ status: 400, error }, {});
  const { result, events, shown } = await play(fake, { prompt: linesOf("p", 100) });
  expect(result).toMatchObject({ status: "complete", attempts: 2 });
  const [first = 0, second = 0] = shown.map(({ tokens }) => tokens);
  expect(second).toBeGreaterThan(0);
  expect(second).toBeLessThan(0.6 * first);
  expect(events.find((event) => event.type === "task:retry")).toMatchObject({
    failure: "context-window",
    step: "reduce-context",
  });
  expect(fake.calls).toHaveLength(2);
});

test("a reply that does not fit its schema is asked for again with the validator's words in the prompt", async () => {
  await using fake = await FakeProvider.start();
  const output = { type: "object", required: ["n"], properties: { n: { type: "integer" } } };
  fake.script({ text: ['{"n":"three"}'] }, { text: ['{"n":3}'] });
  const { result, shown } = await play(fake, { output });
  expect(result).toMatchObject({ status: "complete", output: { n: 3 }, attempts: 2 });
  expect(shown[0]?.text).not.toContain("not accepted");
  expect(shown[1]?.text).toMatch(/Your last reply to this was not accepted: .*\/n: /);
  expect(JSON.stringify(fake.calls[1]?.body)).toContain("Your last reply to this was not accepted");
});
