import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CATALOG, loadAgents } from "../src/library/catalog.ts";
import { workflowRegistry } from "../src/workflows/built-in.ts";
import { readPlanFile } from "../src/workflows/plan-file.ts";
import { templateFrom } from "../src/workflows/template-file.ts";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
const blocks = (language: string) =>
  [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, name, text = ""]) => (name === language ? [text] : []));

test("every workflow is in the README's table, and nothing else", () => {
  const named = [...readme.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id);
  expect(named).toEqual(workflowRegistry.list().map(({ id }) => id));
});

test("plans in the README can be run", () => {
  const agents = new Set(loadAgents([CATALOG]).agents.keys());
  const plans = blocks("yaml");
  expect(plans.length).toBeGreaterThan(0);
  for (const plan of plans)
    expect(readPlanFile(plan, "tasks.yaml", { agents, registry: workflowRegistry })).toMatchObject({ ok: true });
});

test("the workflow in Markdown is sound", () => {
  const agents = new Set(loadAgents([CATALOG]).agents.keys());
  const agentFor = () => ({ agentName: "reviewer", agentReason: "" });
  const [text = "", ...others] = blocks("md");
  expect(others).toEqual([]);
  const read = templateFrom(text, "release.md", { agents, agentFor });
  expect(read).toMatchObject({ ok: true, template: { id: "release" } });
  if (read.ok) expect(read.template.buildTasks({ version: "2", arguments: "" })).toHaveLength(4);
});

test("every command that the README types in is one of the program", () => {
  const bin = join(import.meta.dirname, "../src/cli/bin.ts");
  const help = execFileSync(process.execPath, [bin, "--help"], { encoding: "utf8" });
  const known = new Set([...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, word]) => word));
  const typed = blocks("").join("\n") + [...readme.matchAll(/`(tutti [^`]+)`/g)].map(([, words]) => words).join("\n");
  const used = [...typed.matchAll(/\btutti ((?:[a-z]+ \| )*[a-z]+)/g)].flatMap(([, words = ""]) => words.split(" | "));
  expect(used.length).toBeGreaterThan(10);
  expect(used.filter((word) => !known.has(word))).toEqual([]);
});
