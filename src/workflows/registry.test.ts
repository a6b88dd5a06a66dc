import { expect, test } from "vitest";
import { z } from "zod";
import { TuttiError } from "../domain/error.ts";
import { builtInWorkflows, workflowRegistry } from "./built-in.ts";
import { type Registrable, WorkflowRegistry } from "./registry.ts";
import type { WorkflowTemplate } from "./template.ts";

const mine: WorkflowTemplate<{ topic: string }> = {
  id: "mine",
  version: "1.0.0",
  name: "Mine",
  description: "A workflow",
  category: "custom",
  tags: ["a", "b"],
  estimatedDuration: 60,
  complexity: "simple",
  parameters: z.strictObject({ topic: z.string().max(10).default("cats").describe("About what") }),
  buildTasks: ({ topic }) => [{ id: "one", agentName: "writer", description: "Write", prompt: `On ${topic}` }],
};

const refusal = (action: () => unknown): TuttiError => {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof TuttiError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was refused");
};

test("the eleven workflows are there, in this order", () => {
  expect(workflowRegistry.list().map(({ id }) => id)).toEqual([
    "fullstack-dev",
    "security-audit",
    "testing-suite",
    "performance-optimization",
    "code-review",
    "devops-setup",
    "scout-plan-build-review",
    "incident-response",
    "review-assembly-line",
    "feature-pipeline",
    "issue",
  ]);
});

test("an entry of the list has the seven fields and nothing else", () => {
  expect(workflowRegistry.list({ category: "security" })).toEqual([
    {
      id: "security-audit",
      name: "Security Audit",
      description: expect.any(String),
      category: "security",
      tags: ["security", "owasp", "audit", "vulnerabilities", "threat-model"],
      estimatedDuration: 240,
      complexity: "complex",
    },
  ]);
});

test("the list is narrowed by category and by all of the tags", () => {
  const ids = (filter: object) => workflowRegistry.list(filter).map(({ id }) => id);
  expect(ids({ category: "devops" })).toEqual(["devops-setup", "incident-response"]);
  expect(ids({ tags: ["review", "security"] })).toEqual(["code-review", "review-assembly-line"]);
  expect(ids({ category: "nothing" })).toEqual([]);
});

test("an unknown id is answered with the nearest one", () => {
  const error = refusal(() => workflowRegistry.get("code-reveiw"));
  expect(error.code).toBe("NOT_FOUND");
  expect(error.message).toBe("there is no workflow 'code-reveiw': did you mean 'code-review'?");
});

test("a plan holds the parsed parameters and the tasks that they give", () => {
  const registry = new WorkflowRegistry();
  registry.register(mine);
  const plan = registry.plan("mine");
  expect(plan.parameters).toEqual({ topic: "cats" });
  expect(plan.tasks[0]?.prompt).toBe("On cats");
  expect(plan.workflow.version).toBe("1.0.0");
});

test("every wrong parameter is told with its path, what is expected and the nearest name", () => {
  const wrong = { techStack: { frontned: "Vue", backend: 4 }, features: "chat", projectType: "" };
  const error = refusal(() => workflowRegistry.plan("fullstack-dev", wrong));
  expect(error).toMatchObject({ code: "BAD_INPUT", path: "parameters.projectType" });
  expect(error.data).toEqual([
    { path: "projectType", message: "parameter 'projectType' must have at least 1 characters" },
    { path: "features", message: `parameter 'features' must be a list, not "chat"` },
    { path: "techStack.backend", message: "parameter 'techStack.backend' must be text, not 4" },
    {
      path: "techStack.frontned",
      message: "parameter 'techStack.frontned' is not known: did you mean 'frontend'?",
    },
  ]);
});

test("a wrong choice is answered with the choices", () => {
  expect(refusal(() => workflowRegistry.plan("security-audit", { scope: "fulll" })).message).toBe(
    "workflow 'security-audit': parameter 'scope' must be one of full, changed-files-only, frontend, backend, dependencies, infrastructure, not \"fulll\": did you mean 'full'?",
  );
});

test.each([[null], ["text"], [[1]]])("parameters that are no object are refused: %j", (parameters) => {
  expect(refusal(() => workflowRegistry.plan("code-review", parameters)).message).toMatch(
    /the parameters must be an object, not/,
  );
});

test("text and lists have limits", () => {
  const long = (parameters: object) => refusal(() => workflowRegistry.plan("fullstack-dev", parameters)).message;
  expect(long({ projectType: "x".repeat(2001) })).toMatch(/at most 2000 characters/);
  expect(long({ features: Array.from({ length: 201 }, () => "x") })).toMatch(/at most 200 entries/);
});

test("a template that yields a faulty plan is refused before anything runs", () => {
  const registry = new WorkflowRegistry();
  registry.register({
    ...mine,
    buildTasks: () => [{ id: "a", agentName: "x", description: "", prompt: "", dependencies: ["before"] }],
  });
  expect(refusal(() => registry.plan("mine")).message).toBe("task 'a' depends on 'before', which does not exist");
});

test("an id is taken once", () => {
  const registry = new WorkflowRegistry([mine as WorkflowTemplate]);
  expect(refusal(() => registry.register(mine)).message).toBe("workflow 'mine' is there already");
});

test.each<[string, object]>([
  ["'id'", { id: "no good" }],
  ["'name'", { name: "" }],
  ["'tags'", { tags: "a,b" }],
  ["'estimatedDuration'", { estimatedDuration: -1 }],
  ["'complexity'", { complexity: "complx" }],
  ["'buildTasks'", { buildTasks: undefined }],
  ["'parameters'", { parameters: { topic: "text" } }],
])("a template with a wrong %s is refused", (field, change) => {
  const error = refusal(() => new WorkflowRegistry().register({ ...mine, ...change } as Registrable<unknown>));
  expect(error.message).toContain(field);
});

test("a template may leave out version and schema, as people write them", () => {
  const registry = new WorkflowRegistry();
  const { version: _version, parameters: _parameters, ...bare } = mine;
  registry.register(bare);
  expect(registry.plan("mine", { topic: "dogs", more: 1 }).tasks[0]?.prompt).toBe("On dogs");
  expect(registry.get("mine").version).toBe("1.0.0");
});

test("a registry of one's own leaves the shared one alone", () => {
  builtInWorkflows().register(mine);
  expect(workflowRegistry.has("mine")).toBe(false);
});
