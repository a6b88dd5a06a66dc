import { expect, test } from "vitest";
import { learn } from "../src/app/history.ts";
import { AgentOrchestrator } from "../src/app/orchestrator.ts";
import { runWorkflow, workflowRegistry } from "../src/app/workflows.ts";
import { createMemoryJournal } from "../src/journal/memory.ts";
import { FakeProvider } from "./support/fake-provider.ts";

const said = (task: { readonly id: string }) => `the work of ${task.id}`;

test("a template runs with agents that are functions", async () => {
  const { tasks } = workflowRegistry.plan("security-audit", { scope: "backend" });
  const agents = Object.fromEntries(tasks.map(({ agentName }) => [agentName, said]));
  const results = await runWorkflow("security-audit", { scope: "backend" }, { agents });
  expect(results.status).toBe("complete");
  expect(Object.keys(results.tasks)).toEqual(["threat-model", "backend-security", "security-report"]);
});

test("agents that are not handed in are those of the catalogue, called with the key that was", async () => {
  await using provider = await FakeProvider.start();
  const baseUrl = provider.url;
  await using handle = runWorkflow(
    "code-review",
    { reviewDepth: "quick" },
    {
      agents: { "docs-architect": said },
      access: { anthropic: { apiKey: "test-key-of-nobody", baseUrl } },
      maxParallelAgents: 5,
    },
  );
  const results = await handle;
  expect(results.status).toBe("complete");
  expect(results.tasks["documentation-review"]?.output).toBe("the work of documentation-review");
  expect(provider.calls).toHaveLength(5);
  const reviewer = provider.calls.find(({ body }) => JSON.stringify(body.messages).includes("Code Quality Review"));
  expect(JSON.stringify(reviewer?.body.system)).toContain("What you deliver");
  const [summary] = provider.calls.slice(-1);
  expect(JSON.stringify(summary?.body.messages)).toContain("the work of documentation-review");
  expect(results.summary.totalTokens).toBeGreaterThan(0);
});

test("a wrong parameter, an unknown workflow and a missing model are refused at once, by name", () => {
  expect(() => runWorkflow("security-audt")).toThrow("did you mean 'security-audit'?");
  expect(() => runWorkflow("security-audit", { scpoe: "full" })).toThrow("did you mean 'scope'?");
  expect(() => runWorkflow("security-audit", {}, {})).toThrow(/no model is configured/);
});

test("the bus tells an agent's messages to whoever subscribed, until they leave", async () => {
  const heard: unknown[] = [];
  await using orchestrator = new AgentOrchestrator({
    agents: {
      a: async (_task, { send }) => {
        await send("b", "the key is 7");
        await send("*", "to all");
      },
      b: said,
    },
  });
  const leave = orchestrator.messageBus.subscribe("b", ({ from, content }) => heard.push([from, content]));
  const plan = { agentName: "a", description: "d", prompt: "p" };
  await orchestrator.execute({ tasks: [{ ...plan, id: "one" }] });
  expect(heard).toEqual([
    ["a", "the key is 7"],
    ["a", "to all"],
  ]);
  leave();
  await orchestrator.execute({ tasks: [{ ...plan, id: "two" }] });
  expect(heard).toHaveLength(2);
});

test("what agents took in real runs is learned from their journals", async () => {
  await using provider = await FakeProvider.start();
  await using journal = createMemoryJournal();
  const access = { anthropic: { apiKey: "test-key-of-nobody", baseUrl: provider.url } };
  await runWorkflow("code-review", { reviewDepth: "quick" }, { access, journal, maxParallelAgents: 5 });
  const early = await learn(journal);
  expect(early("code-reviewer", "anthropic/claude-sonnet-5")).toBeUndefined();
  for (let i = 0; i < 2; i++) await runWorkflow("code-review", { reviewDepth: "quick" }, { access, journal });
  const history = (await learn(journal))("code-reviewer", "anthropic/claude-sonnet-5");
  expect(history?.failureRate).toBe(0);
  expect(history?.tokens.output.p50).toBeGreaterThan(0);
  expect(history?.latencyMs.p90).toBeGreaterThanOrEqual(history?.latencyMs.p50 ?? 0);
  expect((await learn(journal))("code-reviewer", "anthropic/other")).toBeUndefined();
});
