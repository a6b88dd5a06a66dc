/** An order is checked whole before anything is stored, asked or paid. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Homes, work } from "./support/homes.ts";

const homes = new Homes();
const KEY = { ANTHROPIC_API_KEY: "sk-test" };
const one = (more = {}) => [{ ...work("a"), ...more }];

test.each<[string, unknown, Record<string, string>, { path: string; message: RegExp; hint?: RegExp; code?: string }]>([
  ["nothing", undefined, KEY, { path: "", message: /must be an object/ }],
  ["an empty order", {}, KEY, { path: "workflowId", message: /'workflowId' or a list of 'tasks'/ }],
  ["an order of both", { workflowId: "code-review", tasks: one() }, KEY, { path: "tasks", message: /not both/ }],
  ["an unknown field", { workflowid: "x" }, KEY, { path: "workflowid", message: /did you mean 'workflowId'/ }],
  [
    "an unknown workflow",
    { workflowId: "code-reveiw" },
    KEY,
    {
      code: "NOT_FOUND",
      path: "workflowId",
      message: /did you mean 'code-review'/,
      hint: /known are .*security-audit/,
    },
  ],
  [
    "an unknown parameter",
    { workflowId: "code-review", parameters: { prurl: "x" } },
    KEY,
    { path: "parameters.prurl", message: /did you mean 'prUrl'/ },
  ],
  [
    "a wrong parameter",
    { workflowId: "code-review", parameters: { reviewDepth: "deep" } },
    KEY,
    { path: "parameters.reviewDepth", message: /quick/ },
  ],
  [
    "parameters of tasks",
    { tasks: one(), parameters: { a: 1 } },
    KEY,
    { path: "parameters", message: /belong to a workflow/ },
  ],
  ["no tasks", { tasks: [] }, KEY, { path: "tasks", message: /task/ }],
  [
    "an unknown agent",
    { tasks: one({ agentName: "bilder" }) },
    KEY,
    { path: "tasks.a.agentName", message: /did you mean 'builder'/ },
  ],
  [
    "an unknown fall-back",
    { tasks: one({ fallbacks: ["reviewr"] }) },
    KEY,
    { path: "tasks.a.fallbacks", message: /did you mean 'reviewer'/ },
  ],
  [
    "no places",
    { tasks: one(), config: { maxParallelAgents: 0 } },
    KEY,
    { path: "config.maxParallelAgents", message: /1/ },
  ],
  [
    "a strategy",
    { tasks: one(), config: { contextStrategy: "share" } },
    KEY,
    { path: "config.contextStrategy", message: /'shared'/ },
  ],
  [
    "a budget",
    { tasks: one(), config: { budget: { usd: -1 } } },
    KEY,
    { path: "config.budget.usd", message: /number from 0/ },
  ],
  [
    "a speed",
    { tasks: one(), config: { rehearse: true, speed: "fast" } },
    {},
    { path: "config.speed", message: /number or 'max'/ },
  ],
  [
    "a rate of faults",
    { tasks: one(), config: { rehearse: true, chaos: 2 } },
    {},
    { path: "config.chaos", message: /from 0 to 1/ },
  ],
  [
    "no model",
    { workflowId: "code-review" },
    {},
    {
      path: "config.model",
      message: /no model is configured, and agent 'code-reviewer' needs one/,
      hint: /ANTHROPIC_API_KEY.*--rehearse/,
    },
  ],
  [
    "a model without its key",
    { tasks: one(), config: { model: "openai/gpt-5" } },
    KEY,
    { path: "config.model", message: /openai\/gpt-5 cannot be called: there is no key/, hint: /--rehearse/ },
  ],
  [
    "an unknown provider",
    { tasks: one(), config: { model: "anthropc/claude-sonnet-4-5" } },
    KEY,
    { path: "config.model", message: /did you mean 'anthropic'/, hint: /providers are/ },
  ],
  [
    "the same in a rehearsal",
    { tasks: one(), config: { model: "anthropc/x", rehearse: true } },
    {},
    { path: "config.model", message: /did you mean 'anthropic'/ },
  ],
  [
    "a task's own model",
    { tasks: [work("z"), ...one({ model: "google/gemini-3.1-pro" })] },
    KEY,
    { path: "tasks[1].model", message: /no key for google/ },
  ],
  [
    "an agent's model",
    { tasks: one(), config: { agentModels: { builder: "gemini-3.1-pro" } } },
    KEY,
    { path: "config.agentModels.builder", message: /no key for google/ },
  ],
  [
    "a model for nobody",
    { tasks: one(), config: { agentModels: { reviewer: "claude-sonnet-4-5" } } },
    KEY,
    { path: "config.agentModels.reviewer", message: /no task of this plan is for agent 'reviewer'/ },
  ],
  [
    "a model for a name that every object has",
    { tasks: one(), config: { agentModels: { constructor: "claude-sonnet-4-5" } } },
    KEY,
    { path: "config.agentModels.constructor", message: /no task of this plan/ },
  ],
  [
    "an unknown price under a limit of money",
    { tasks: one(), config: { model: "anthropic/claude-9-unheard-of", budget: { usd: 1 } } },
    KEY,
    {
      path: "config.budget.usd",
      message: /the price of anthropic\/claude-9-unheard-of is not known/,
      hint: /prices.*config\.yaml/,
    },
  ],
])("[bar:bad-input] %s is refused before anything is stored", async (_what, order, env, { code, message, ...more }) => {
  const host = await homes.open({ env });
  const refused = catchOf(() => host.prepare(order));
  const { hint, path } = more;
  expect(refused).toMatchObject({
    ...{ code: code ?? "BAD_INPUT", path, message: expect.stringMatching(message) },
    ...(hint && { hint: expect.stringMatching(hint) }),
  });
  expect(await host.list()).toEqual([]);
  const runs = join(host.home, "runs");
  expect(existsSync(runs) ? readdirSync(runs).filter((name) => /^[0-9a-z]{26}\.db/.test(name)) : []).toEqual([]);
});

test("a price of the user's own, or a limit of tokens, lets an unheard-of model go", async () => {
  const home = homes.path({ "config.yaml": "prices:\n  anthropic/claude-9: { input: 1, output: 2 }\n" });
  const host = await homes.open({ home, env: KEY });
  const order = { tasks: one(), config: { model: "claude-9", budget: { usd: 1 } } };
  expect([...host.prepare(order).models]).toEqual([["anthropic/claude-9", ["a"]]]);
  expect(() => host.prepare({ tasks: one(), config: { model: "claude-8", budget: { tokens: 1000 } } })).not.toThrow();
});

test("the user's settings hold where the order says nothing", async () => {
  const config = "model: openai/gpt-5\nagentModels: { reviewer: claude-sonnet-4-5 }\nbudget: { tokens: 9 }\n";
  const home = homes.path({ "config.yaml": config });
  const host = await homes.open({ home, env: { ...KEY, OPENAI_API_KEY: "k" } });
  const tasks = [work("a"), work("b", { agentName: "reviewer" }), work("c", { model: "gpt-5.6" })];
  const prepared = host.prepare({ tasks });
  expect(prepared.config).toEqual({ budget: { tokens: 9 } });
  expect([...prepared.models]).toEqual([
    ["openai/gpt-5", ["a"]],
    ["anthropic/claude-sonnet-4-5", ["b"]],
    ["openai/gpt-5.6", ["c"]],
  ]);
  expect(prepared.agents).toMatchObject({
    builder: { runtime: "model", model: "openai/gpt-5", provider: "openai" },
    reviewer: { model: "anthropic/claude-sonnet-4-5", provider: "anthropic" },
  });
  expect(host.prepare({ tasks: one(), config: { budget: { usd: 2 } } }).config.budget).toEqual({ usd: 2 });
});

test("agents of the user's own are there, and a bad file of his is a warning", async () => {
  const mine = "---\nname: builder\ndescription: Mine\n---\nYou are mine.\n";
  const home = homes.path({ "agents/mine.md": mine, "agents/bad.md": "no front matter" });
  const host = await homes.open({ home, env: KEY });
  expect(host.prepare({ tasks: one() }).agents["builder"]).toMatchObject({ instructions: "You are mine." });
  expect(host.library.warnings).toMatchObject([{ file: join(home, "agents/bad.md") }]);
});

test("`reads` of the order are added to each task's own", async () => {
  const host = await homes.open({ env: KEY });
  const { tasks } = host.prepare({ tasks: one({ reads: ["a/**"] }), config: { reads: ["b/**"] } });
  expect(tasks[0]?.reads).toEqual(["a/**", "b/**"]);
});

test("only the user can read the home", async () => {
  const host = await homes.open();
  await host.list();
  expect(statSync(host.home).mode & 0o777).toBe(0o700);
});

function catchOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
