import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { builtInWorkflows } from "./built-in.ts";
import { CONFIG } from "./order-config.ts";
import { planFileError, readPlanFile, type Surroundings } from "./plan-file.ts";

const registry = builtInWorkflows();

/** `line:column path: message` of every fault. */
const faults = (text: string, fileName = "plan.yaml", known: Surroundings = {}): string[] => {
  const result = readPlanFile(text, fileName, known);
  if (result.ok) return [];
  return result.faults.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
};

const PLAN = `workflowName: Custom API
config:
  maxParallelAgents: 2
  contextStrategy: shared
tasks:
  - id: design
    agentName: backend-architect
    description: Design the API
    prompt: Design a REST API
    maxTokens: 8000
  - id: build
    agentName: backend-architect
    description: Build it
    prompt: |
      Build the endpoints.
      Twice.
    dependencies: [design]
`;

describe("a plan that is right", () => {
  test("in YAML", () => {
    const result = readPlanFile(PLAN, "plan.yaml");
    expect(result).toMatchObject({
      ok: true,
      plan: {
        workflowName: "Custom API",
        config: { maxParallelAgents: 2 },
        tasks: [{ id: "design" }, { id: "build" }],
      },
    });
    if (result.ok) expect(result.plan.tasks?.[1]?.prompt).toBe("Build the endpoints.\nTwice.\n");
  });

  test("in JSON, with BOM, tabs and CRLF", () => {
    const task = { id: "a", agentName: "x", description: "", prompt: "go \u{1F600} \u2028 </script>" };
    const text = `\uFEFF${JSON.stringify({ tasks: [task] }, null, "\t").replaceAll("\n", "\r\n")}`;
    expect(readPlanFile(text, "plan.JSON")).toEqual({ ok: true, plan: { tasks: [task] } });
  });

  test("as a bare list of tasks", () => {
    const result = readPlanFile("- { id: a, agentName: x, description: A, prompt: go }", "plan.yml");
    expect(result).toMatchObject({ ok: true, plan: { tasks: [{ id: "a" }] } });
  });

  test("as the choice of a workflow", () => {
    const text = "workflowId: code-review\nparameters:\n  reviewDepth: quick\n";
    expect(readPlanFile(text, "p.yaml", { registry })).toEqual({
      ok: true,
      plan: { workflowId: "code-review", parameters: { reviewDepth: "quick" } },
    });
  });

  test("any list of tasks survives the way through JSON", () => {
    const task = fc.record({
      agentName: fc.string({ minLength: 1, maxLength: 9 }),
      description: fc.string(),
      prompt: fc.string({ unit: "binary" }),
    });
    fc.assert(
      fc.property(fc.array(task, { minLength: 1, maxLength: 5 }), (list) => {
        const tasks = list.map((one, i) => ({ ...one, id: `t${i}` }));
        const text = JSON.stringify(tasks);
        if (!text.includes("\0")) expect(readPlanFile(text, "p.json")).toEqual({ ok: true, plan: { tasks } });
      }),
    );
  });
});

test("every fault is told at once, each at its place, and none that only follows from another", () => {
  const text = `workflwName: x
config:
  maxParallelAgents: 0
  contextStrategy: sharde
tasks:
  - id: a
    agentName: one
    description: A
    prompt: go
    dependencies: [b, nope, b]
    prioriti: 3
  - id: b
    agentName: on
    description: 5
    dependencies: [a]
  - id: a
    agentName: one
    description: A
    prompt: go
    until: { task: a, op: eq }
    maxIterations: 3
  - just text
  - id: bad id
    agentName: one
    description: d
    prompt: p
  - id: c
    agentName: one
    description: d
    prompt: p
    dependencies: [bad id, c]
`;
  expect(faults(text, "p.yaml", { agents: new Set(["one"]) })).toEqual([
    "1:1 workflwName: 'workflwName' is not a known field: did you mean 'workflowName'?",
    "3:22 config.maxParallelAgents: 'config.maxParallelAgents' must be a whole number from 1 to 1000",
    "4:20 config.contextStrategy: 'config.contextStrategy' must be one of shared, isolated, hierarchical: did you mean 'shared'?",
    "10:20 tasks.a.dependencies: tasks depend on each other in a circle: a → b → a",
    "10:23 tasks.a.dependencies: task 'a' depends on 'nope', which does not exist",
    "10:29 tasks.a.dependencies: task 'a' names a dependency twice",
    "11:5 tasks.a.prioriti: task 'a': 'prioriti' is not a known field: did you mean 'priority'?",
    "12:5 tasks.b.prompt: task 'b': 'prompt' is missing",
    "13:16 tasks.b.agentName: task 'b': there is no agent 'on': did you mean 'one'?",
    "14:18 tasks.b.description: task 'b': 'description' must be a string",
    "16:9 tasks.a.id: task 'a' is there twice",
    "20:12 tasks.a.until.value: task 'a': 'until.value' is missing",
    "22:5 tasks.3: task 4 of the list must be an object",
    "23:9 tasks.bad id.id: task 'bad id': 'id' an id starts with a letter or digit and holds at most 64 letters, digits, '.', '_' or '-'",
    "31:28 tasks.c.dependencies: task 'c' depends on itself",
  ]);
});

describe("one fault, one place", () => {
  const edited = (from: string, to: string) => faults(PLAN.replace(from, to));
  test.each<[string, string, string]>([
    [
      "dependencies: [design]",
      "dependencies: [desing]",
      "17:20 tasks.build.dependencies: task 'build' depends on 'desing': did you mean 'design'?",
    ],
    [
      "maxTokens: 8000",
      "maxTokens: lots",
      "10:16 tasks.design.maxTokens: task 'design': 'maxTokens' must be a whole number from 1 to 1000000000",
    ],
    [
      "maxTokens: 8000",
      "maxToken: 8000",
      "10:5 tasks.design.maxToken: task 'design': 'maxToken' is not a known field: did you mean 'maxTokens'?",
    ],
    [
      "  maxParallelAgents: 2",
      "  maxParallel: 2",
      "3:3 config.maxParallel: 'config.maxParallel' is not a known field; known are maxParallelAgents, contextStrategy, enableCommunication, globalTimeout, pruningThreshold, model, agentModels, rehearse, speed, seed, explore, chaos, budget, recovery, attended, replan, reads, list, deliver, post",
    ],
    ["workflowName: Custom API", "workflowName: [1]", "1:15 workflowName: 'workflowName' must be a string"],
    [
      "workflowName: Custom API",
      "workflowId: code-review",
      "1:1 workflowId: there are both 'tasks' and 'workflowId'; keep one",
    ],
  ])("%s → %s", (from, to, fault) => {
    expect(edited(from, to)).toEqual([fault]);
  });
});

describe("the text itself", () => {
  test.each<[string, string, string]>([
    ["p.json", '{"tasks": [\n  {"id": a}]}', "2:10 : a value is expected here"],
    ["p.json", "tasks: []", "1:1 : a value is expected here"],
    [
      "p.yaml",
      "tasks: [1,\nb: 2\n",
      "2:1 : Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    ["p.yaml", "a: 1\na: 2\n", '2:1 : the name "a" is there twice'],
    ["p.yaml", "tasks:\n\t- a", "2:1 : Tabs are not allowed as indentation"],
    ["p.yaml", "x: !!js/function f", "1:4 : Unresolved tag: tag:yaml.org,2002:js/function"],
    ["p.yaml", "a: 1\n---\nb: 2", "2:1 : the file holds several documents; keep one"],
    ["p.yaml", "a: \0", "1:4 : the file is not text: it holds a NUL character"],
    ["p.yaml", "", "1:1 : a plan file is a list of tasks, or an object with 'tasks'"],
    ["p.yaml", "[]", "1:1 tasks: a plan needs at least one task"],
    ["p.yaml", "config: {}", "1:1 : a plan file needs 'tasks', or the 'workflowId' of a workflow"],
    [
      "p.yaml",
      "workflowId: x\nparameters: { __proto__: { y: 1 } }",
      "2:15 parameters.__proto__: 'parameters.__proto__' is not allowed as a name",
    ],
  ])("%s %j", (fileName, text, fault) => {
    expect(faults(text, fileName)[0]).toBe(fault);
  });

  test("is refused where its aliases would fill the memory", () => {
    let bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (let i = 1; i < 9; i++) bomb += `a${i}: &a${i} [${`*a${i - 1}, `.repeat(9)}]\n`;
    expect(faults(bomb)).toEqual(["2:10 : aliases unfold to too much; write the text out instead"]);
  });

  test.each(["p.yaml", "p.json"])("is refused where it is nested without end: %s", (fileName) => {
    expect(faults("[".repeat(100_000), fileName)[0]).toMatch(/nested/);
  });

  test("is refused above five million characters", () => {
    expect(faults("#".repeat(5 * 1024 * 1024 + 1))[0]).toMatch(/^1:1 : the file has 5242881 characters; the limit is/);
  });

  test("never makes the reader throw, whatever it is", () => {
    const noise = fc.string({ unit: fc.constantFrom(..."-:{}[]&*!|>'\"#%@ \n\tab1?,~"), maxLength: 60 });
    fc.assert(
      fc.property(noise, fc.constantFrom("p.yaml", "p.json"), (text, fileName) => {
        for (const fault of faults(text, fileName)) expect(fault).toMatch(/^\d+:\d+ /);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the workflow that a file chooses", () => {
  test("must exist", () => {
    expect(faults("workflowId: code-reveiw", "p.yaml", { registry })).toEqual([
      "1:13 workflowId: there is no workflow 'code-reveiw': did you mean 'code-review'?",
    ]);
  });

  test("must like its parameters", () => {
    const text = `{"workflowId": "fullstack-dev",\n "parameters": {"techStack": {"frontned": "x", "backend": 2},\n  "features": ["a", 1]}}`;
    expect(faults(text, "p.json", { registry })).toEqual([
      "2:31 parameters.techStack.frontned: parameter 'techStack.frontned' is not known: did you mean 'frontend'?",
      "2:59 parameters.techStack.backend: parameter 'techStack.backend' must be text, not 2",
      "3:21 parameters.features[1]: parameter 'features[1]' must be text, not 1",
    ]);
  });
});

test("all faults make one error that names the file and the first place", () => {
  const result = readPlanFile("a: 1\nb: 2\n", "my.yaml");
  if (result.ok) throw new Error("it is wrong");
  const error = planFileError("my.yaml", result.faults);
  expect(error.code).toBe("BAD_INPUT");
  expect(error.message).toMatch(/^my\.yaml:1:1: .* \(and 2 more\)$/);
  expect(error.data).toBe(result.faults);
});

test("the path of a fault in a mended task is the one that stands in the file", () => {
  const text = `
- { id: a, agentName: x, description: d, prompt: p }
- { id: a, agentName: x, description: d, prompt: p, dependencies: [zz] }
- { agentName: x, description: d, prompt: p, dependencies: [zz] }
`;
  expect(faults(text)).toEqual([
    "3:9 tasks.a.id: task 'a' is there twice",
    "3:68 tasks.a.dependencies: task 'a' depends on 'zz', which does not exist",
    "4:3 tasks.2.id: task 3 of the list: 'id' is missing",
    "4:61 tasks.2.dependencies: task '2' depends on 'zz', which does not exist",
  ]);
});

test("a condition is not blamed for the dependency that was misspelt, nor its loop for a broken condition", () => {
  const text = `
- { id: scan, agentName: x, description: d, prompt: p }
- id: report
  agentName: x
  description: d
  prompt: p
  dependencies: [scann]
  when: { task: scan, op: exists }
- { id: loop, agentName: x, description: d, prompt: p, until: 5, maxIterations: 3 }
`;
  expect(faults(text)).toEqual([
    "7:18 tasks.report.dependencies: task 'report' depends on 'scann': did you mean 'scan'?",
    "9:63 tasks.loop.until: task 'loop': 'until' must be an object such as { task, path, op, value }",
  ]);
});

test("a file takes every setting that an order over HTTP takes, and its budget as a person writes it", () => {
  const config = {
    ...{
      maxParallelAgents: 3,
      contextStrategy: "shared",
      enableCommunication: true,
      globalTimeout: 1000,
      seed: 1,
      explore: true,
    },
    ...{ pruningThreshold: 5000, model: "a/b", agentModels: { writer: "c/d" }, rehearse: true, speed: 2, chaos: 0.1 },
    ...{ budget: { usd: 1 }, recovery: { auth: ["person"] }, attended: true, replan: true, reads: ["src/**"] },
  };
  // What would be run in the end is for whoever runs it to say, and from which list is noted by itself.
  expect(new Set([...Object.keys(config), "deliver", "list", "post"])).toEqual(new Set(Object.keys(CONFIG)));
  const read = (given: object) => readPlanFile(JSON.stringify({ workflowId: "w", config: given }), "p.json");
  expect(read(config)).toMatchObject({ ok: true, plan: { config } });
  expect(read({ budget: "2usd" })).toMatchObject({ ok: true });
  const landing = { delivery: { as: "branch" }, gates: ["curl evil"] };
  expect(read({ deliver: landing })).toMatchObject({
    ok: false,
    faults: [{ path: "config.deliver", message: expect.stringMatching(/cannot stand in a file: say --deliver/) }],
  });
  const post = { at: { from: "folder", folder: "/x" }, issue: "1", as: "comment" };
  expect(read({ post })).toMatchObject({
    ok: false,
    faults: [{ path: "config.post", message: expect.stringMatching(/cannot stand in a file: say --post/) }],
  });
  expect(read({ agentModels: { writer: 1 } })).toMatchObject({
    ok: false,
    faults: [{ path: "config.agentModels.writer" }],
  });
});
