/** Persons whose agents are files: asked at gates over the command line and HTTP, with deadlines and what follows them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseAgents } from "../src/agents/formats.ts";
import { Cli, eventsIn } from "./support/cli-kit.ts";
import { eventsOf } from "./support/finish.ts";
import { Homes } from "./support/homes.ts";
import { started } from "./support/server-kit.ts";

const homes = new Homes();
const cli = new Cli();
const person = (name: string, more = "") =>
  `---\nname: ${name}\ndescription: decides what a program must not\nruntime: human\n${more}---\nWeigh it well.\n`;
const ask = { id: "region", agentName: "ann", description: "the region", prompt: "Which region?" };

test("a person's file needs no model: the run waits at her gate, and her words are the output", async () => {
  const terminal = cli.terminal({ "plan.json": JSON.stringify({ tasks: [ask] }) });
  mkdirSync(join(terminal.home, "agents"), { recursive: true });
  writeFileSync(
    join(terminal.home, "agents/ann.md"),
    person("ann", "person: Ann Lee, head of release\ndeadline: 2d\n"),
  );
  const waiting = await terminal.tutti("run", "plan.json", "--no-wait");
  expect(waiting, waiting.err).toMatchObject({ code: 4 });
  const gates = JSON.parse((await terminal.tutti("gates", "--json")).out).gates;
  expect(gates).toMatchObject([
    {
      question: "for Ann Lee, head of release: the region: Which region?",
      subject: { for: "Ann Lee, head of release", agent: "ann", instructions: "Weigh it well." },
    },
  ]);
  await terminal.tutti("approve", "last", "--note", "eu-west-1");
  const done = await terminal.tutti("resume", "last", "--json");
  expect(done.code).toBe(0);
  expect(eventsIn(done.out)).toContainEqual(expect.objectContaining({ type: "task:complete", output: "eu-west-1" }));
});

test("over HTTP she is asked and answers just so, and a no is final whoever else could be asked", async () => {
  await using api = await started();
  mkdirSync(join(api.host.home, "agents"), { recursive: true });
  const bob = { name: "bob", description: "decides", instructions: "Weigh it.", runtime: "human" };
  expect((await api.post("/api/agents", bob)).status).toBe(201);
  const { body: made } = await api.post("/api/agents", {
    ...{ name: "ann", description: "decides", instructions: "Weigh it well.", runtime: "human", deadline: "1h" },
    escalate: ["bob"],
  });
  expect(made, JSON.stringify(made)).toMatchObject({ name: "ann" });
  const run = await api.begin({ tasks: [ask], config: {} });
  const { events } = await api.stream(`/api/runs/${run}/events`, (event) => event.type === "gate:opened");
  const opened = events.at(-1);
  const gate = opened?.type === "gate:opened" ? opened.gate : "";
  const answer = await api.post(`/api/runs/${run}/gates/${encodeURIComponent(gate)}`, {
    decision: "reject",
    note: "no",
  });
  expect(answer.status).toBe(202);
  const all = (await api.stream(`/api/runs/${run}/events`)).events;
  expect(all.find(({ type }) => type === "task:error")).toMatchObject({
    failure: "rejected",
    reason: "ann (http) said no: no",
  });
  expect(all.some(({ type }) => type === "task:fallback")).toBe(false);
});

test("who does not answer in time is passed over for those that the file names, or a rule stands for the answer", async () => {
  const home = homes.path({
    "agents/ann.md": person("ann", "deadline: 20ms\nescalate: [bob]\n"),
    "agents/bob.md": person("bob", "deadline: 20ms\nescalate: [eve]\n"),
    "agents/eve.md": person("eve", "deadline: 20\notherwise: approve\n"),
  });
  const host = await homes.open({ home });
  const prepared = host.prepare({ tasks: [{ ...ask, retries: 0 }] });
  expect(prepared.tasks[0]?.fallbacks).toEqual(["bob", "eve"]);
  expect(prepared.models.size).toBe(0);
  const handle = host.start(prepared);
  const results = await handle;
  expect(results.tasks["region"]?.output).toBe("approved: eve did not answer within 20 ms");
  const asked = (await eventsOf(handle)).flatMap((event) => (event.type === "gate:opened" ? [event.agentName] : []));
  expect(asked).toEqual(["ann", "bob", "eve"]);
  // In a rehearsal nobody is asked, and no model is made up for her.
  const rehearsed = await host.start(host.prepare({ tasks: [ask], config: { rehearse: true, speed: "max" } }));
  expect(rehearsed).toMatchObject({ status: "complete", rehearsed: true });
  expect(() => host.prepare({ tasks: [{ ...ask, model: "anthropic/claude-sonnet-4-5" }] })).toThrow(
    "task 'region' names a model, and 'ann' is a person",
  );
});

test("what does not go together in a person's file is told with its line", () => {
  const fault = (more: string) => parseAgents(person("ann", more), "agents/ann.md", undefined).warnings[0]?.message;
  expect(fault("model: anthropic/x\n")).toBe("'model' is for models, and a person is none");
  expect(fault("deadline: soon\n")).toContain("'deadline' must be a time such as 30m or 2h");
  expect(fault("otherwise: approve\n")).toContain("'deadline' is missing");
  expect(fault("deadline: 1h\notherwise: approve\nescalate: [bob]\n")).toContain("cannot both be");
  const model = "---\nname: ann\ndescription: works\ndeadline: 1h\n---\nWork.\n";
  expect(parseAgents(model, "agents/ann.md", "tutti").warnings[0]?.message).toBe(
    "'deadline' is for persons: say 'runtime: human'",
  );
});
