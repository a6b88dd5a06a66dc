import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { workflowRegistry } from "../src/workflows/built-in.ts";

const root = resolve(import.meta.dirname, "../catalog/agents");
const word = /^[a-z][a-z0-9-]*$/;
const TOOLS = ["read", "search", "list", "edit", "write", "bash", "fetch", "ask_person"] as const;

const front = z.strictObject({
  name: z.string().regex(word),
  category: z.string().regex(word),
  description: z.string().min(60).max(400),
  capabilities: z.array(z.string().regex(word)).min(2).max(8),
  tags: z.array(z.string().regex(word)).min(2).max(8),
  tier: z.enum(["fast", "balanced", "strong"]),
  tools: z.array(z.enum(TOOLS)).min(1),
});

const agents = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".md"))
  .map((path) => {
    const text = readFileSync(join(root, path), "utf8");
    const [, head = "", body = ""] = /^---\n([\s\S]*?)\n---\n\n([\s\S]*)$/.exec(text) ?? [];
    return { path, text, body, ...front.parse(parse(head)) };
  });

describe.each(agents.map((agent) => [agent.path, agent] as const))("%s", (path, agent) => {
  test("is named after its file, in the folder of its category", () => {
    expect(basename(path, ".md")).toBe(agent.name);
    expect(basename(dirname(path))).toBe(agent.category);
  });
  test("says when it is the wrong one", () => expect(agent.description).toMatch(/\bnot for\b/i));
  test("says what it delivers, what it does not do, and stays in measure", () => {
    expect(agent.text.split("\n").length).toBeGreaterThanOrEqual(25);
    expect(agent.text.split("\n").length).toBeLessThanOrEqual(60);
    expect(agent.body).toMatch(/^## What you (deliver|bring back)$/m);
    expect(agent.body).toMatch(/^## What you (refuse|leave to others)$/m);
  });
  test("writes only if it has to", () => {
    const writes = agent.tools.some((tool) => tool === "edit" || tool === "write");
    if (/\bread-only\b/i.test(agent.description)) expect(writes).toBe(false);
    if (writes) expect(agent.tools).toContain("read");
  });
});

test("every agent that a workflow names is in the catalogue, and every one here is named", () => {
  const plans = workflowRegistry.list().map(({ id }) => workflowRegistry.plan(id).tasks);
  const named = new Set(plans.flat().map(({ agentName }) => agentName));
  expect(agents.map(({ name }) => name).toSorted()).toEqual([...named].toSorted());
});

test("agents who only judge cannot change files", () => {
  for (const name of [
    "security-auditor",
    "code-reviewer",
    "reviewer",
    "tester",
    "static-analyzer",
    "planner",
    "triage",
  ])
    expect(agents.find((agent) => agent.name === name)?.tools).not.toContain("edit");
});

test("no two agents say the same", () => {
  const shingles = (text: string) => {
    const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
    return new Set(words.slice(2).map((_, i) => words.slice(i, i + 3).join(" ")));
  };
  const sets = agents.map(({ name, body }) => ({ name, set: shingles(body) }));
  for (const [i, a] of sets.entries())
    for (const b of sets.slice(i + 1)) {
      const shared = [...a.set].filter((one) => b.set.has(one)).length;
      expect(shared / Math.min(a.set.size, b.set.size), `${a.name} and ${b.name}`).toBeLessThan(0.2);
    }
});
