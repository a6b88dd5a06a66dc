/** The workflow `issue` by the real core: one way is gone, the others are left out, and a reply is written. */
import { describe, expect, test } from "vitest";
import { type AgentFunction, AgentOrchestrator, type Json, type People } from "../src/index.ts";
import { workflowRegistry } from "../src/workflows/built-in.ts";
import { Homes } from "./support/homes.ts";

const WAYS: { readonly [kind: string]: readonly string[] } = {
  bug: ["reproduce", "diagnose", "fix", "verify"],
  feature: ["design", "build", "test", "review"],
  refactor: ["characterise", "refactor", "verify-refactoring"],
  security: ["assess", "secure", "verify-security", "advisory"],
  question: ["answer"],
  unclear: [],
};
const told = (kind: string, confidence = 0.9) => ({
  ...{ kind, severity: "low", summary: "s", affected: [], confidence, questions: [] },
});

async function conduct(answers: { readonly [task: string]: Json | Error }, people?: People, parameters: object = {}) {
  const { tasks } = workflowRegistry.plan("issue", parameters);
  const act: AgentFunction = async ({ id }) => {
    const answer = answers[id] ?? `${id} done`;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const agents = Object.fromEntries(tasks.map(({ agentName }) => [agentName, act]));
  await using orchestrator = new AgentOrchestrator({ agents, retryDelay: 0, ...(people && { people }) });
  const results = await orchestrator.execute({ tasks: tasks.map((task) => ({ ...task, retries: 0 })) });
  const done = Object.entries(results.tasks).flatMap(([id, { status }]) => (status === "complete" ? [id] : []));
  return { results, done };
}
const saying = (decision: "approve" | "reject", asked: string[] = []): People => ({
  ask: async ({ gate }) => {
    asked.push(gate);
    return { decision };
  },
});

describe("by what triage says", () => {
  test.each(Object.entries(WAYS))("%s", async (kind, way) => {
    const isClear = kind !== "unclear";
    const { results, done } = await conduct({ triage: told(kind), clarify: told("unclear") }, saying("approve"));
    expect(done).toEqual(["triage", ...(isClear ? [] : ["clarify"]), ...way, "reply"]);
    expect(results.status).toBe("complete");
  });

  test("what it is not sure of a person decides, and what he says counts", async () => {
    const asked: string[] = [];
    const answers = { triage: told("bug", 0.3), clarify: told("question", 0.1) };
    const { done } = await conduct(answers, saying("approve", asked));
    expect(done).toEqual(["triage", "clarify", "answer", "reply"]);
    expect(asked).toEqual(["clarify"]);
    const { results, done: left } = await conduct(answers, saying("reject"));
    expect([results.status, left]).toEqual(["failed", ["triage"]]);
    expect((await conduct({ triage: told("bug", 0.3) }, undefined, { confidence: 30 })).done).toContain("reproduce");
  });

  test("a way that breaks off is replied to all the same, and the run says that it failed", async () => {
    const { results, done } = await conduct({ triage: told("bug"), fix: new Error("no idea") });
    expect(done).toEqual(["triage", "reproduce", "diagnose", "reply"]);
    expect(results.status).toBe("failed");
    expect(results.tasks["verify"]?.status).toBe("skipped");
  });

  test("where changes are to be approved a no leaves the files alone", async () => {
    const asked: string[] = [];
    const { done } = await conduct({ triage: told("feature") }, saying("reject", asked), { approve: true });
    expect(asked).toEqual(["build"]);
    expect(done).toEqual(["triage", "design", "reply"]);
  });
});

test("a rehearsal goes another way with another seed, the same one with the same, and each sooner or later", async () => {
  const homes = new Homes();
  const host = await homes.open();
  const ways = new Map<number, string>();
  for (let seed = 1; seed <= 24 && new Set(ways.values()).size < 6; seed++) ways.set(seed, await wayOf(host, seed));
  expect(new Set(ways.values())).toEqual(new Set(Object.keys(WAYS)));
  expect(await wayOf(host, 2)).toBe(ways.get(2));
});

async function wayOf(host: Awaited<ReturnType<Homes["open"]>>, seed: number): Promise<string> {
  const config = { rehearse: true, speed: "max", seed };
  const { tasks, status } = await host.start(host.prepare({ workflowId: "issue", config }));
  expect(status).toBe("complete");
  if (tasks["clarify"]?.status === "complete") return "unclear";
  const first = Object.entries(WAYS).find(([, [begin = ""]]) => tasks[begin]?.status === "complete");
  return first?.[0] ?? "none";
}
