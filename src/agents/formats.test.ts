import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromClaude } from "./claude.ts";
import { fromCodex } from "./codex.ts";
import { type AgentFile, EFFECTS, TIERS } from "./definition.ts";
import { EXPORTS, parseAgents } from "./formats.ts";
import { fromOpenCode, fromOpenCodeObject } from "./opencode.ts";

const FORMATS = {
  claude: { read: fromClaude, write: EXPORTS.claude },
  opencode: { read: fromOpenCode, write: EXPORTS.opencode },
  codex: { read: fromCodex, write: EXPORTS.codex },
};
const base = (file: string) => file.split("/").at(-1) ?? "";

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).filter((one) => one !== "constructor");
const text = fc
  .string({ unit: "binary", minLength: 1, maxLength: 80 })
  .filter((one) => !one.includes("\0") && /\S/.test(one));
const tool = fc.oneof(
  fc.constantFrom(
    "read",
    "search",
    "list",
    "edit",
    "write",
    "bash",
    "fetch",
    "web_search",
    "ask_person",
    "mcp__files__get",
  ),
  fc.constant("bash(git diff, git log)"),
);
const prose = text
  .map((one) => one.replaceAll(/\r\n?/g, "\n").trim())
  .filter((one) => one !== "" && !/[\uD800-\uDFFF]/.test(one));
const agents: fc.Arbitrary<AgentFile> = fc.record(
  {
    name: word,
    description: prose,
    instructions: prose,
    tier: fc.constantFrom(...TIERS),
    tools: fc.uniqueArray(tool, { minLength: 1 }),
    deniedTools: fc.uniqueArray(tool, { minLength: 1 }),
    model: fc.constantFrom("anthropic/claude-sonnet-5", "openai/gpt-5", "google/gemini-3"),
    temperature: fc.constantFrom(0, 0.2, 1),
    effort: fc.constantFrom("low", "high"),
    maxTurns: fc.integer({ min: 1, max: 500 }),
    mcpServers: fc.uniqueArray(word, { minLength: 1 }),
    skills: fc.uniqueArray(word, { minLength: 1 }),
    color: fc.constantFrom("red", "#00ff00"),
    permissions: fc.uniqueArray(
      fc.record({
        action: fc.constantFrom("bash", "edit"),
        resource: fc.constantFrom("*", "git *"),
        effect: fc.constantFrom(...EFFECTS),
      }),
      { minLength: 1, selector: ({ action, resource }) => `${action} ${resource}` },
    ),
  },
  { requiredKeys: ["name", "description", "instructions"] },
);

describe.each(Object.entries(FORMATS))("%s", (_name, { read, write }) => {
  test("what was imported comes back the same from an export", () => {
    fc.assert(
      fc.property(agents, (agent) => {
        const first = write(agent);
        const imported = read(first.text, base(first.file));
        expect(imported.warnings).toEqual([]);
        const second = write(imported.agent as AgentFile);
        expect(second.text).toBe(first.text);
        expect(second.lost).toEqual([]);
        expect(read(second.text, base(second.file)).agent).toEqual(imported.agent);
      }),
      { numRuns: 300 },
    );
  });

  test("an export loses nothing that it does not name", () => {
    fc.assert(
      fc.property(agents, (agent) => {
        const { file, text: written, lost } = write(agent);
        const { agent: back } = read(written, base(file));
        for (const key of Object.keys(agent) as (keyof AgentFile)[])
          if (!lost.includes(key)) expect(back?.[key], key).toEqual(agent[key]);
      }),
      { numRuns: 300 },
    );
  });

  test("no text makes it throw", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((one) => `---\n${one}\n---\nbody`),
        ),
        (source) => {
          expect(Array.isArray(read(source, "a.md").warnings)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("Claude Code's files", () => {
  const file = (head: string, body = "You read.") => `---\n${head}\n---\n\n${body}\n`;

  test("its tools, models and lists become ours", () => {
    const head = [
      ...[
        "name: code-reviewer",
        "description: Reviews",
        "tools: Read, Grep, Glob, Bash(git diff:*, git log), mcp__x__y",
      ],
      ...["disallowedTools: [WebFetch]", "model: opus", "maxTurns: '12'", "skills: a, b", "color: blue"],
    ];
    expect(fromClaude(file(head.join("\n")), "code-reviewer.md")).toEqual({
      warnings: [],
      agent: {
        ...{ name: "code-reviewer", description: "Reviews", instructions: "You read.", tier: "strong", maxTurns: 12 },
        tools: ["read", "search", "list", "bash(git diff:*, git log)", "mcp__x__y"],
        ...{ deniedTools: ["fetch"], skills: ["a", "b"], color: "blue" },
      },
    });
  });

  test.each([
    ["model: inherit", {}],
    ["model: haiku", { tier: "fast" }],
    ["model: claude-opus-4-8", { model: "anthropic/claude-opus-4-8" }],
    ["model: openai/gpt-5", { model: "openai/gpt-5" }],
    ["tools: '*'", {}],
  ])("%s", (line, expected) => {
    const { agent, warnings } = fromClaude(file(`name: a\ndescription: b\n${line}`), "a.md");
    expect([agent, warnings]).toEqual([{ name: "a", description: "b", instructions: "You read.", ...expected }, []]);
  });

  test("colons in a description, as published files have them, are read as they are meant", () => {
    const head =
      'name: helper\ndescription: Use when: the user says "go". Examples: <example>Context: a: b</example>\ntools:\n  - Read\n  - Grep';
    const { agent, warnings } = fromClaude(file(head), "helper.md");
    expect(agent).toMatchObject({
      description: 'Use when: the user says "go". Examples: <example>Context: a: b</example>',
      tools: ["read", "search"],
    });
    expect(warnings).toEqual([{ line: 3, message: expect.stringContaining("read as plain text") }]);
  });

  test.each([
    [
      "a name of its own kind",
      "name: Code Reviewer!\ndescription: b",
      2,
      "'Code Reviewer!' is called 'code-reviewer' here",
    ],
    ["no name", "description: b", 1, "it is called 'some-file' after its file"],
    ["no description", "name: a", 1, "it has no 'description'"],
    ["a wrong value", "name: a\ndescription: b\nmaxTurns: many", 4, "'maxTurns' is left out"],
    ["a field that nobody knows", "name: a\ndescription: b\nwhatever: 1", 4, "'whatever' is not known here"],
    ["a field without a meaning here", "name: a\ndescription: b\nhooks: {}", 4, "'hooks' has no meaning here"],
    ["a model that nobody knows", "name: a\ndescription: b\nmodel: best", 4, "model 'best' is not known here"],
  ])("%s is a warning, not the end", (_what, head, line, message) => {
    const { agent, warnings } = fromClaude(file(head), "Some File.md");
    expect(agent?.instructions).toBe("You read.");
    expect(warnings).toEqual([{ line, message: expect.stringContaining(message) }]);
  });

  test.each([
    ["no front matter", "# Agents\n\nA list.", /must begin with front matter/],
    ["front matter that asks to be run", "---js\nprocess.exit()\n---\nx", /must begin with front matter/],
    ["a NUL", file("name: a\ndescription: b", "a\0b"), /NUL/],
    ["ten megabytes", file("name: a\ndescription: b", "x".repeat(10_000_000)), /the limit is/],
    ["no instructions", file("name: a\ndescription: b", " "), /no instructions/],
    ["an alias that doubles itself", file(`name: a\ndescription: b\n${bomb()}`), /alias/i],
  ])("[bar:hostile-agents] %s is no agent, and is said", (_what, source, message) => {
    const { agent, warnings } = fromClaude(source, "a.md");
    expect([agent?.name === "a" && !/alias/.test(String(message)), warnings.map((one) => one.message).join()]).toEqual([
      false,
      expect.stringMatching(message),
    ]);
  });

  test("names that poison prototypes reach nobody", () => {
    const head = "name: a\ndescription: b\n__proto__:\n  polluted: true\nconstructor: {}";
    const { agent } = fromClaude(file(head), "a.md");
    expect(agent).toEqual({ name: "a", description: "b", instructions: "You read." });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    EXPORTS.opencode({
      ...(agent as AgentFile),
      permissions: [{ action: "__proto__", resource: "polluted", effect: "allow" }],
    });
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
  });

  function bomb(): string {
    return Array.from({ length: 20 }, (_, i) => `b${i + 1}: &b${i + 1} [*b${i}, *b${i}]`)
      .join("\n")
      .replaceAll("*b0", "x");
  }
});

describe("OpenCode's files", () => {
  test("the name is the file's, permissions and tools become ours", () => {
    const head =
      "description: d\nmode: subagent\nmodel: anthropic/claude-sonnet-5\nsteps: 20\ntools:\n  '*': false\n  grep: true\n  bash: false\npermission:\n  edit: deny\n  bash:\n    '*': ask\n    'git *': allow";
    expect(fromOpenCode(`---\n${head}\n---\nYou help.`, "Helper.md")).toEqual({
      warnings: [{ line: 1, message: "'Helper' is called 'helper' here" }],
      agent: {
        ...{
          name: "helper",
          description: "d",
          instructions: "You help.",
          model: "anthropic/claude-sonnet-5",
          maxTurns: 20,
        },
        ...{ tools: ["search"], deniedTools: ["bash"] },
        permissions: [
          { action: "edit", resource: "*", effect: "deny" },
          { action: "bash", resource: "*", effect: "ask" },
          { action: "bash", resource: "git *", effect: "allow" },
        ],
      },
    });
  });

  test.each<[string, object, object]>([
    [
      "prompt",
      { prompt: "P", mode: "primary", permission: "ask" },
      { permissions: [{ action: "*", resource: "*", effect: "ask" }] },
    ],
    ["systemPrompt", { systemPrompt: "P", tools: ["read", "bash"] }, { tools: ["read", "bash"] }],
    [
      "system_prompt",
      { system_prompt: "P", model: { name: "gpt-5", temperature: 0.3 } },
      { model: "openai/gpt-5", temperature: 0.3 },
    ],
    [
      "system_prompt_extension",
      { system_prompt_extension: "P", mcp_servers: { files: {} } },
      { mcpServers: ["files"] },
    ],
    [
      "the second version's list",
      { prompt: "P", permissions: [{ action: "shell", resource: "rm *", effect: "deny" }] },
      { permissions: [{ action: "bash", resource: "rm *", effect: "deny" }] },
    ],
  ])("objects of no fixed shape: %s", (_what, value, expected) => {
    const { agent } = fromOpenCodeObject({ description: "d", ...value }, "helper");
    expect(agent).toEqual({ name: "helper", description: "d", instructions: "P", ...expected });
  });

  test("what is disabled or no object is left out, and said", () => {
    expect(fromOpenCodeObject({ prompt: "P", disable: true }, "a").warnings[0]?.message).toBe("it is disabled");
    expect(fromOpenCodeObject([], "a").warnings[0]?.message).toBe("an agent must be an object");
    const empty = fromOpenCodeObject({ description: "d" }, "a");
    expect([empty.agent, empty.warnings.at(-1)?.message]).toEqual([
      undefined,
      expect.stringContaining("no instructions"),
    ]);
  });
});

describe("Codex's files", () => {
  test("a read-only sandbox becomes what it forbids, and no file lets itself out of one", () => {
    const toml =
      'name = "scout"\ndescription = "d"\nmodel = "gpt-5"\nmodel_reasoning_effort = "high"\nsandbox_mode = "read-only"\ndeveloper_instructions = """\nLook.\n"""';
    expect(fromCodex(toml, "scout.toml")).toEqual({
      warnings: [],
      agent: {
        ...{ name: "scout", description: "d", instructions: "Look.", model: "openai/gpt-5", effort: "high" },
        permissions: [
          { action: "edit", resource: "*", effect: "deny" },
          { action: "write", resource: "*", effect: "deny" },
        ],
      },
    });
    const free = fromCodex(toml.replace("read-only", "danger-full-access"), "scout.toml");
    expect(free.warnings).toMatchObject([{ line: 5, message: expect.stringContaining("let out of a sandbox") }]);
  });

  test("TOML that is none is a warning with its line", () => {
    expect(fromCodex('name = "a"\nname = [', "a.toml")).toEqual({
      warnings: [{ line: 2, message: expect.any(String) }],
    });
  });
});

test("a file that names another runtime than a person's is refused, since somebody's name must not stand for a model's work", () => {
  const source = "---\nname: ann\ndescription: a program\nruntime: function\n---\nAnn.\n";
  for (const format of ["tutti", "claude", undefined] as const)
    expect(parseAgents(source, "agents/ann.md", format)).toEqual({
      agents: [],
      warnings: [{ line: 4, message: expect.stringContaining("'runtime' can only be human in a file") }],
    });
});
