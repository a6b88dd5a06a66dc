import { expect, test } from "vitest";
import { parseAgentFile } from "./agent-text.ts";
import { AGENT_FILE_LIMIT } from "./front-matter.ts";

const HEAD = "name: reader\ndescription: Reads";
const file = (head: string, body = "You read.") => `---\n${head}\n---\n\n${body}\n`;

test("front matter describes the agent, the body are its instructions", () => {
  const head = `${HEAD}\ntier: fast\ntools: [read, search]\nmodel: anthropic/claude-haiku-4-5`;
  expect(parseAgentFile(file(head))).toEqual({
    agent: {
      ...{ name: "reader", description: "Reads", tier: "fast", tools: ["read", "search"] },
      ...{ model: "anthropic/claude-haiku-4-5", instructions: "You read." },
    },
  });
});

test("files of other systems are read too: a byte order mark, CRLF, a line of --- in the body", () => {
  const source = `\uFEFF${file(HEAD, "One\n---\nTwo").replaceAll("\n", "\r\n")}`;
  expect(parseAgentFile(source)).toMatchObject({ agent: { name: "reader", instructions: "One\n---\nTwo" } });
});

test.each([
  ["no front matter", "You read.", 1, /must begin with front matter/],
  ["front matter that begins later", `\n${file(HEAD)}`, 1, /must begin with front matter/],
  ["front matter without an end", `---\n${HEAD}\n`, 1, /must begin with front matter/],
  ["a list", file("- name"), 1, /must be a list of 'key: value'/],
  ["YAML that is none", file(`${HEAD}\ntags: [a`), 5, /must be sufficiently indented and end with a \]$/],
  ["a name twice", file(`${HEAD}\nname: other`), 4, /unique/i],
  ["an unknown field", file(`${HEAD}\ntool: [read]`), 4, /^'tool' is not a known field.*'tools'/],
  ["a name that poisons", file(`${HEAD}\n__proto__: { tools: [bash] }`), 4, /^'__proto__' is not a known field/],
  ["a field of another type", file(`${HEAD}\ntools: read`), 4, /^'tools' must be a list/],
  ["an unknown tier", file(`${HEAD}\ntier: storng`), 4, /^'tier' must be one of .*'strong'/],
  ["a missing field", file("name: reader"), 1, /^'description' is missing/],
  ["a name that is no name", file("name: Code Reader\ndescription: Reads"), 2, /^'name' must be lower-case/],
  ["a path as a name", file("name: ../reader\ndescription: Reads"), 2, /^'name' must be lower-case/],
  ["the name of every object's own", file("name: constructor\ndescription: Reads"), 2, /^'name' must be/],
  ["no instructions", file(HEAD, "  \n"), 1, /no instructions/],
  ["too much", file(HEAD, "x".repeat(AGENT_FILE_LIMIT)), 1, /the limit is/],
  ["an alias that doubles itself", bomb(), 1, /alias/i],
])("%s is a fault with its line", (_what, source, line, message) => {
  const { faults = [] } = parseAgentFile(source);
  expect(faults).toEqual([{ line, message: expect.stringMatching(message) }]);
});

test("a tag of YAML makes no object and runs no code", () => {
  const { faults } = parseAgentFile(file(`${HEAD}\ntags: !!js/function "() => 1"`));
  expect(faults?.[0]?.message).toMatch(/'tags' must be a list/);
});

function bomb(): string {
  const lines = Array.from({ length: 20 }, (_, i) => `  b${i + 1}: &b${i + 1} [*b${i}, *b${i}]`);
  return file(`${HEAD}\ntags:\n  b0: &b0 x\n${lines.join("\n")}`);
}
