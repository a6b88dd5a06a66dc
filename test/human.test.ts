/** Persons as agents: asked at a gate, waited for, passed over when they do not answer. */
import { afterEach, expect, test } from "vitest";
import { settled, VirtualClock } from "../src/app/virtual-clock.ts";
import { AgentOrchestrator, type OrchestratorConfig, type RunEvent } from "../src/index.ts";
import { finish } from "./support/finish.ts";
import { plain } from "./support/held.ts";

const made: AgentOrchestrator[] = [];
afterEach(() => Promise.all(made.splice(0).map((one) => one[Symbol.asyncDispose]())));

type Agents = NonNullable<OrchestratorConfig["agents"]>;

async function begin(agents: Agents, task = plain("a", { agentName: "ann", prompt: "Which region?" })) {
  const clock = new VirtualClock();
  const gates: Extract<RunEvent, { type: "gate:opened" }>[] = [];
  const orchestrator = new AgentOrchestrator({ clock, agents });
  made.push(orchestrator);
  orchestrator.on("gate:opened", (event) => gates.push(event as (typeof gates)[number]));
  const handle = orchestrator.execute({ tasks: [task] });
  await handle.opened();
  await settled();
  return { clock, handle, gates };
}

test("a person's words are the output of the task, and what is known stands beside the question", async () => {
  const { clock, handle, gates } = await begin({ ann: { runtime: "human" } });
  expect(gates).toMatchObject([{ question: "a: Which region?", subject: { for: "ann", task: "a" } }]);
  expect(JSON.stringify(gates[0]?.subject)).toContain("Which region?");
  await handle.approve(gates[0]?.gate ?? "", { note: "eu-west-1" });
  expect(await finish(clock, handle)).toMatchObject({ tasks: { a: { status: "complete", output: "eu-west-1" } } });
});

test("a no fails the task with the person's words, and nobody else is asked", async () => {
  const { clock, handle, gates } = await begin({ ann: { runtime: "human" } });
  await handle.reject(gates[0]?.gate ?? "", { note: "not this year", by: "http" });
  const { tasks } = await finish(clock, handle);
  expect(tasks["a"]).toMatchObject({ status: "failed", reason: "ann (http) said no: not this year", attempts: 1 });
});

test("whoever does not answer is passed over for the next person, and a rule may stand at the end", async () => {
  const people: Agents = {
    ann: { runtime: "human", deadline: 60_000 },
    bob: { runtime: "human", deadline: 60_000, otherwise: "approve" },
  };
  const { clock, handle, gates } = await begin(people, plain("a", { agentName: "ann", fallbacks: ["bob"] }));
  const results = await finish(clock, handle);
  expect(results.tasks["a"]).toMatchObject({ status: "complete", attempts: 2 });
  expect(results.tasks["a"]?.output).toMatch(/^approved: bob did not answer within 60000 ms/);
  expect(gates.map(({ subject }) => (subject as { for: string }).for)).toEqual(["ann", "bob"]);
});

test("a deadline that is none is refused by name", () => {
  const wrong = () => new AgentOrchestrator({ agents: { ann: { runtime: "human", deadline: 0 } } });
  expect(wrong).toThrow(/agent 'ann': 'deadline' must be a whole number/);
  expect(() => new AgentOrchestrator({ agents: { ann: { runtime: "humane" } } })).toThrow(/did you mean 'human'/);
});

test("a person who reviews gives her verdict by her decision, and her words go to whoever does it again", async () => {
  const hints: (string | undefined)[] = [];
  const writer = async ({ hint }: { readonly hint?: string }) => {
    hints.push(hint);
    return "a draft";
  };
  const task = plain("a", { agentName: "writer", validate: [{ agent: "ann" }], retries: 1 });
  const { clock, handle, gates } = await begin({ ann: { runtime: "human" }, writer }, task);
  await handle.reject(gates[0]?.gate ?? "", { note: "too long" });
  await settled();
  await clock.pass(60_000);
  await handle.approve(gates[1]?.gate ?? "");
  expect(await finish(clock, handle)).toMatchObject({
    tasks: { a: { status: "complete", output: "a draft", attempts: 2 } },
  });
  expect(hints).toEqual([undefined, "its reviewer 'ann' does not accept it: too long"]);
});
