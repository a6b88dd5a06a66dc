/** `tutti chat`: exchanges with a conductor and with agents, over lines. Models are faked by a local server. */
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Talks } from "./support/chat-kit.ts";
import { Cli, linesOf } from "./support/cli-kit.ts";
import { FakeProvider, type SeenCall } from "./support/fake-provider.ts";

const cli = new Cli();
const talks = new Talks();
let fake: FakeProvider;
beforeAll(async () => {
  fake = await FakeProvider.start();
});
afterAll(() => fake[Symbol.asyncDispose]());
beforeEach(() => {
  fake.answer = undefined;
  fake.script({ text: ["Hello", " there"] });
});

const paid = () => ({ ANTHROPIC_API_KEY: "sk-secret-key", ANTHROPIC_BASE_URL: fake.url });
const asked = (call: SeenCall | undefined) => JSON.stringify(call?.body.messages);
const REHEARSED = ["--rehearse", "--speed", "max", "--seed", "7"];
/** Runs as `tutti runs --json` has them, newest first. */
async function runsOf(terminal: ReturnType<Cli["terminal"]>, ...more: readonly string[]) {
  const { out } = await terminal.tutti("runs", "--json", ...more);
  return JSON.parse(out).runs as { run: string; workflow: string; status: string; rehearsed?: boolean }[];
}

test("[readme:chat] the words of a reply appear as they come, and the next exchange knows what was said", async () => {
  const terminal = cli.terminal();
  const rest = Promise.withResolvers<void>();
  fake.script({ text: ["First", " and last"], after: 4, until: rest.promise }, { text: ["As I said"] });
  const talk = talks.begin(terminal, paid(), "--yes");
  talk.type("Who are you?");
  await talk.says(/First$/);
  expect(talk.said.out).not.toContain("and last");
  rest.resolve();
  await talk.says(/First and last\n/);
  const { code, out } = await talk.end("And then?");
  expect([code, out]).toEqual([0, "First and last\nAs I said\n"]);
  expect(asked(fake.calls[0])).not.toContain("First and last");
  expect(asked(fake.calls[1])).toMatch(/Who are you\?.*First and last.*And then\?/s);
  expect(await runsOf(terminal)).toMatchObject([
    { workflow: "chat", status: "complete" },
    { workflow: "chat", status: "complete" },
  ]);
});

test("/agent turns to an agent, /ask with a quote goes over several lines, and @name asks another once", async () => {
  const terminal = cli.terminal();
  const { code, err } = await talks
    .begin(terminal, paid(), "--yes")
    .end(
      ...[
        "/agent security-auditor      # Threats",
        '/ask "Look at this:',
        "- the login",
        '- the sessions"',
        "One more \\",
      ],
      ...["thing", "/ask @code-reviewer And you?", "/agent conductor", "Well?"],
    );
  expect(code, err).toBe(0);
  const who = fake.calls.map(({ body }) => JSON.stringify(body.system));
  expect(who[0]).toMatch(/security/i);
  expect(who[0]).toBe(who[1]);
  expect(who[2]).not.toBe(who[0]);
  expect(who[3]).toMatch(/You are the conductor/);
  expect(asked(fake.calls[0])).toContain("Look at this:\\n- the login\\n- the sessions");
  expect(asked(fake.calls[1])).toContain("One more \\nthing");
  expect(asked(fake.calls[3])).toMatch(/security-auditor.*And you\?/s);
});

test("what goes wrong is said with the next step, and the conversation goes on; the first of it is the exit code", async () => {
  const { code, err, out } = await talks
    .begin(cli.terminal())
    .end(
      ...["/stop", "/runz", "/agent security-auditr", "/ask", "/approve review", "/do", "/plan", "Hello?"],
      ...["/agents reviewer of code", "/help"],
    );
  expect(code).toBe(2);
  const lines = [
    ...[/^nothing is under way$/, /there is no command '\/runz': did you mean '\/runs'\?/],
    ...[/did you mean 'security-auditor'\?/, /\/ask asks nothing/, /no gate is open/, /nothing has been planned yet/],
    ...[/no model is configured/, /set ANTHROPIC_API_KEY/],
  ];
  for (const line of lines) expect(linesOf(err)).toContainEqual(expect.stringMatching(line));
  expect(out).toMatch(/agents; \/agent NAME talks to one/);
  expect(out).toMatch(/^ {2}\/approve GATE \[NOTE\] /m);
});

test("flags that cannot be are refused with the next step", async () => {
  const terminal = cli.terminal();
  const { code, err } = await terminal.tutti("chat", "--agent", "code-reviewr");
  expect([code, err]).toEqual([2, expect.stringMatching(/did you mean 'code-reviewer'\?/)]);
  expect((await terminal.tutti("chat", "--speed", "max")).err).toMatch(/--speed belongs to a rehearsal/);
  expect((await terminal.tutti("chat", "--continue")).err).toMatch(/there is no conversation yet/);
});

test("a rehearsal says so, costs nothing of the day, and can be gone on with only as one", async () => {
  const terminal = cli.terminal();
  const { code, out } = await talks.begin(terminal, {}, ...REHEARSED).end("Plan my week", "/cost");
  expect(code).toBe(0);
  expect(out).toMatch(/^> Rehearsed: no model was called/);
  expect(out).toMatch(/^this chat: 1 exchange: \S+ tokens, \$/m);
  expect(out).toMatch(/^today, without rehearsals: 0 runs/m);
  const [first] = await runsOf(terminal);
  expect(first).toMatchObject({ workflow: "chat", rehearsed: true });
  const refused = await terminal.tutti("chat", "--continue", first?.run ?? "");
  expect([refused.code, refused.err]).toEqual([2, expect.stringMatching(/was a rehearsal/)]);
});

test("--continue knows what was said and to whom", async () => {
  const terminal = cli.terminal();
  await talks.begin(terminal, paid(), "--yes", "--agent", "code-reviewer").end("Remember seven", "And eight");
  await talks.begin(terminal, paid(), "--yes", "--continue").end("What was it?");
  expect(asked(fake.calls[2])).toMatch(/Remember seven.*And eight.*Hello there.*What was it\?/s);
  expect(fake.calls[2]?.body.system).toEqual(fake.calls[0]?.body.system);
  await talks.begin(terminal, paid(), "--continue", "last").end("/agent", "Still there?");
  expect(asked(fake.calls[3])).toMatch(/What was it\?.*Still there\?/s);
});

test("the budget is one for all exchanges: what earlier ones took is gone", async () => {
  const terminal = cli.terminal();
  fake.script({ text: ["Yes"], usage: { fresh: 3000, output: 500 } });
  const talk = talks.begin(terminal, paid(), "--budget", "10ktok", "--agent", "code-reviewer");
  const { code, err, out } = await talk.end("One", "Two", "/cost", "Three", "Four");
  expect(fake.calls.length).toBe(3);
  expect(out).toMatch(/^left of its budget: 3\.0k tokens$/m);
  expect([code, err]).toEqual([3, expect.stringMatching(/^nothing is left of the budget of this chat: /m)]);
});

test("/stop cuts an exchange off as soon as it is read, and the conversation goes on with what was heard", async () => {
  const terminal = cli.terminal();
  fake.script({ text: ["Once upon", " a time"], after: 4, fault: "hold" }, { text: ["Fine"] });
  const talk = talks.begin(terminal, paid(), "--yes", "--agent", "code-reviewer");
  talk.type("Tell me a story", "Another one");
  await talk.says(/Once upon$/);
  talk.type("/stop");
  await fake.calls[0]?.hungUp;
  await talk.says(/Fine\n/);
  const { err } = await talk.end();
  expect(err).toMatch(/stopped the exchange/);
  expect(asked(fake.calls[1])).toMatch(/Once upon.*it was broken off here.*Another one/s);
  expect((await runsOf(terminal)).map(({ status }) => status)).toEqual(["complete", "cancelled"]);
});

const asks = { calls: [{ name: "ask_person", input: { question: "Which colour?" } }] };
const agentFile = "---\nname: asker\ndescription: Asks\ntools: [ask_person]\n---\nYou ask.\n";

test("a gate that opens is shown and can be answered; where nobody is left to answer it ends with 4", async () => {
  const terminal = cli.terminal({ ".tutti/agents/asker.md": agentFile });
  await terminal.tutti("trust", "--yes");
  fake.answer = ({ body }) => (JSON.stringify(body.messages).includes("green") ? { text: ["Green it is"] } : asks);
  const talk = talks.begin(terminal, paid(), "--yes", "--agent", "asker");
  talk.type("Paint it");
  await talk.says(/◆ gate '(\S+)' of run \w{8}: .*Which colour\?/);
  const gate = /◆ gate '(\S+)'/.exec(talk.said.err)?.[1];
  talk.type(`/approve ${gate} green`);
  await talk.says(/Green it is\n/);
  const { code, err } = await talk.end("Paint another");
  expect([code, err]).toEqual([4, expect.stringMatching(/it waits for a person: tutti gates \w{8}/)]);
  expect((await terminal.tutti("gates", "last")).out).toMatch(/Which colour\?/);
  // Nobody in this conversation has seen what that gate asks.
  const stranger = await talks.begin(terminal, paid(), "--yes", "--agent", "asker").end("/approve");
  expect([stranger.code, stranger.err]).toEqual([2, expect.stringMatching(/no gate of this conversation is open/)]);
});

test("a conductor's runs count as the conversation's, and /plan and /do go by the same functions as their commands", async () => {
  const terminal = cli.terminal();
  const command = { name: "command_agent", input: { name: "code-reviewer", command: "Look at it", wait: 60 } };
  fake.answer = ({ body }) => {
    const words = JSON.stringify(body);
    if (!words.includes("You are the conductor")) return { text: ["Looks good"] };
    return words.includes("Looks good") ? { text: ["It is good."] } : { calls: [command] };
  };
  const talk = talks.begin(terminal, paid(), "--yes", "--model", "anthropic/claude-sonnet-5");
  const { out, err, code } = await talk.end("Is it good?", "/cost", "/runs");
  expect(code, out + err).toBe(0);
  expect(err).toMatch(/· began run \w{26}/);
  expect(out).toMatch(/^It is good\.\nthis chat: 1 exchange and 1 run that it began: /);
  expect(out).toMatch(/^ {2}code-reviewer: \d+ tokens/m);
  const rehearsal = await talks.begin(terminal, {}, ...REHEARSED).end("/plan Fix the login", "/plan", "/do", "/cost");
  expect(rehearsal.code, rehearsal.err).toBe(0);
  expect(rehearsal.err).toMatch(/kept: .*fix-login\.yaml; \/do runs it/);
  expect(rehearsal.err).toMatch(/run \w{8} complete: \d+ of \d+ tasks/);
  expect(readdirSync(`${terminal.home}/plans`)).toEqual(["fix-login.yaml"]);
});

test("--json is a line of JSON each: pieces of replies, events, and what commands answer", async () => {
  const { out, code } = await talks
    .begin(cli.terminal(), paid(), "--yes", "--json")
    .end("Hi", "/cost", "/help", "/gates");
  expect(code).toBe(0);
  const values = linesOf(out).map((line) => JSON.parse(line));
  const types = values.map(({ type }) => type);
  expect(types).toEqual(expect.arrayContaining(["turn:delta", "workflow:complete", "chat:cost", "chat:help"]));
  const pieces = values.filter(({ type }) => type === "turn:delta").map(({ text }) => text);
  expect(pieces.join("")).toBe("Hello there");
  expect(values.at(-1)).toEqual({ gates: [] });
});
