/** What real runs say about agents, over HTTP and as the program says it. */
import { expect, test } from "vitest";
import { Cli } from "./support/cli-kit.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { work } from "./support/homes.ts";
import { REHEARSED, started } from "./support/server-kit.ts";

const cli = new Cli();

test("figures by agent, model, workflow and kind are the same over HTTP and in the program; rehearsals say nothing", async () => {
  await using provider = await FakeProvider.start();
  provider.replies = [{ text: ["done"], usage: { fresh: 900, output: 100 } }];
  const env = { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: provider.url };
  await using server = await started({ env });
  const tasks = [
    work("a", { phase: "build" }),
    work("b", { model: "anthropic/claude-haiku-4-5", dependencies: ["a"] }),
  ];
  const unnamed = { id: "c", description: "autovacuum cannot keep up and the table bloats", prompt: "Say what to do" };
  await server.stream(`/api/runs/${await server.begin({ tasks, config: REHEARSED })}/events`);
  expect((await server.get("/api/stats")).body).toMatchObject({ runs: 0, by: "agent", statistics: {} });
  await server.stream(`/api/runs/${await server.begin({ tasks: [...tasks, unnamed], workflowName: "shop" })}/events`);

  const { body } = await server.get("/api/stats?by=agent/model");
  expect(body).toMatchObject({ runs: 1, by: "agent/model", conducting: { delegated: 3, routed: 1, added: 0 } });
  expect(Object.keys(body.statistics)).toContain("builder → anthropic/claude-haiku-4-5");
  const terminal = cli.terminal({}, { ...env, TUTTI_HOME: server.home });
  const said = await terminal.tutti("agents", "stats", "--by", "agent/model", "--json");
  expect(JSON.parse(said.out)).toEqual(body);
  const wrong = await server.get("/api/stats?by=agnet");
  expect([wrong.status, wrong.body.error.path, wrong.body.error.message]).toEqual([
    422,
    "by",
    expect.stringContaining("must be one of agent, model"),
  ]);

  const metrics = (await server.get("/api/metrics")).body;
  const builder = metrics.agentMetrics.find(({ agentId }: { agentId: string }) => agentId === "builder");
  expect(Object.keys(builder.byModel)).toHaveLength(2);
  expect([builder.byWorkflow.shop.attempts, builder.byKind.build.attempts]).toEqual([2, 1]);
  expect([metrics.conducting, metrics.reranking]).toEqual([body.conducting, { calls: 0, tokensUsed: 0, costUsd: 0 }]);
  const text = (await server.get("/api/metrics", { headers: { Accept: "text/plain" } })).body;
  expect(text).toContain('tutti_agent_model_attempts{agent="builder",model="anthropic/claude-haiku-4-5"} 1\n');
  expect(text).toContain('tutti_workflow_attempts{workflow="shop"} 3\n');
  expect(text).toContain('tutti_conducting{what="handed_over"} 0\n');
});
