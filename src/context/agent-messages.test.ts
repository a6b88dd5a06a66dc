import * as fc from "fast-check";
import { expect, test } from "vitest";
import { AGENT_MESSAGE_LIMITS, messagesIn } from "./agent-messages.ts";

const tag = (to: string, content: string) => `<AGENT_MESSAGE to="${to}">${content}</AGENT_MESSAGE>`;

test.each([
  ['<AGENT_MESSAGE to="bob">\n  hi\n</AGENT_MESSAGE>', { to: "bob", kind: "data", content: "hi" }],
  ["<AGENT_MESSAGE type='request' to='bob'>hi</AGENT_MESSAGE>", { to: "bob", kind: "request", content: "hi" }],
  [
    '<AGENT_MESSAGE\n to = "bob"\n type="response" x="y">hi</AGENT_MESSAGE >',
    { to: "bob", kind: "response", content: "hi" },
  ],
  ['<AGENT_MESSAGE to="*">hi</AGENT_MESSAGE>', { to: "*", kind: "broadcast", content: "hi" }],
  ['<AGENT_MESSAGE type="broadcast">hi</AGENT_MESSAGE>', { to: "*", kind: "broadcast", content: "hi" }],
  ['<AGENT_MESSAGE to="bob" type="broadcast">hi</AGENT_MESSAGE>', { to: "*", kind: "broadcast", content: "hi" }],
])("%s", (reply, made) => {
  expect(messagesIn(`before\n${reply}\nafter`)).toEqual({ messages: [made], text: "before\nafter", faults: [] });
});

test("several, in order, and the reply without them", () => {
  const { messages, text } = messagesIn(`One.\n\n${tag("a", "1")}\n${tag("b", "2")}\n\nTwo. ${tag("c", "3")} Three.`);
  expect(messages.map(({ to, content }) => to + content)).toEqual(["a1", "b2", "c3"]);
  expect(text).toMatch(/^One\.\n+Two\.\s+Three\.$/);
});

test.each([
  ["in a fenced block", `\`\`\`xml\n${tag("a", "1")}\n\`\`\``],
  ["in a block of tildes that holds backticks", `~~~\n\`\`\`\n${tag("a", "1")}\n~~~`],
  ["in a block that is never closed", `\`\`\`\n${tag("a", "1")}`],
  ["between backticks", `Send \`${tag("a", "1")}\` to tell a.`],
])("talk about messages is no message: %s", (_where, reply) => {
  expect(messagesIn(reply)).toEqual({ messages: [], text: reply, faults: [] });
});

test("after a block they count again, and a message may hold code that speaks of messages", () => {
  const content = `Use this:\n\`\`\`\n${tag("x", "y")}\n\`\`\`\nagreed?`;
  expect(messagesIn(`\`\`\`\nx\n\`\`\`\n${tag("a", content)}`).messages).toEqual([{ to: "a", kind: "data", content }]);
  expect(messagesIn(tag("a", "cut off:\n```\ncode")).messages).toEqual([
    { to: "a", kind: "data", content: "cut off:\n```\ncode" },
  ]);
});

test.each([
  ["<AGENT_MESSAGE>hi</AGENT_MESSAGE>", /to whom/],
  ['<AGENT_MESSAGE to="a" type="requst">hi</AGENT_MESSAGE>', /not 'requst'.*did you mean 'request'/],
  ['<AGENT_MESSAGE to="a">  </AGENT_MESSAGE>', /empty/],
  ['<AGENT_MESSAGE to="a">hi', /not closed/],
  [tag("a", "x".repeat(AGENT_MESSAGE_LIMITS.characters + 1)), /has 32769 characters/],
])("what is wrong stays in the text and is named: %s", (reply, fault) => {
  const found = messagesIn(reply);
  expect(found).toMatchObject({ messages: [], text: reply });
  expect(found.faults).toEqual([expect.stringMatching(fault)]);
});

test("an opening tag that is not closed does not swallow the next message", () => {
  const { messages, faults } = messagesIn(`<AGENT_MESSAGE to="a">oh ${tag("b", "2")}`);
  expect(messages).toEqual([{ to: "b", kind: "data", content: "2" }]);
  expect(faults.length).toBe(1);
});

test("a reply carries at most a hundred", () => {
  const { messages, text, faults } = messagesIn(tag("a", "1").repeat(150));
  expect(messages.length).toBe(100);
  expect(text).toBe(tag("a", "1").repeat(50));
  expect(faults).toEqual([expect.stringMatching(/at most 100/)]);
});

test("no reply breaks it, and nothing is lost but messages", async () => {
  const part = fc.constantFrom(
    '<AGENT_MESSAGE to="a">',
    "<AGENT_MESSAGE",
    "</AGENT_MESSAGE>",
    "```\n",
    "\n",
    "`",
    "x ",
    ">",
    "~~~\n",
  );
  await fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const reply = parts.join("");
      const { messages, text } = messagesIn(reply);
      if (messages.length === 0) expect(text).toBe(reply);
      const count = (all: string) => all.split("x").length - 1;
      expect(count(text) + messages.reduce((sum, { content }) => sum + count(content), 0)).toBe(count(reply));
    }),
    { numRuns: 1000 },
  );
});
