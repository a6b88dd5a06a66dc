/** Keys that we know: whatever an agent does with one, it stands nowhere afterwards. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { StreamScrubber } from "../src/runtimes/model/secrets.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { eventsOf, Homes, work } from "./support/homes.ts";
import { repositoryIn } from "./support/repository.ts";

const homes = new Homes();
const KEY = 'sk-canary/"7Qz+9\\Lm==4xTt81';
const bytes = Buffer.from(KEY);
const LONGER = Buffer.concat([Buffer.from("a"), bytes, Buffer.from("b")]).toString("base64");
const FORMS = {
  plain: KEY,
  base64: bytes.toString("base64"),
  url: encodeURIComponent(KEY),
  hex: bytes.toString("hex"),
  HEX: bytes.toString("hex").toUpperCase(),
  json: JSON.stringify(KEY).slice(1, -1),
  // The middle of something longer.
  within: LONGER.slice(4, -4),
};

let fake: FakeProvider;
afterAll(() => fake[Symbol.asyncDispose]());

test("[bar:secrets] a key that an agent prints, sends, writes down and answers with, in six forms, is nowhere in the home", async () => {
  fake = await FakeProvider.start();
  const all = Object.values({ ...FORMS, within: LONGER }).join("\n");
  const call = (name: string, input: unknown, id: string) => ({ name, input, id });
  const usage = { fresh: 10, output: 5 };
  fake.script(
    {
      usage,
      text: [`I print ${KEY.slice(0, 9)}`, KEY.slice(9)],
      calls: [
        call(
          "bash",
          {
            command: `cat <<'END'\n${all}\nEND\ncat a.txt; echo ${FORMS.base64} | base64 -d; printf '%s' x${KEY.slice(0, 3)}`,
          },
          "1",
        ),
        call("read", { path: "a.txt" }, "2"),
        call("search", { pattern: "canary" }, "3"),
        call("read", { path: `${KEY}.txt` }, "4"),
        call("send_message", { to: "*", text: all }, "5"),
        call("board_set", { key: `k${FORMS.hex}`, value: { [KEY]: [all] } }, "6"),
      ],
    },
    {
      usage,
      text: [`The key is ${all}`, '\n<AGENT_MESSAGE to="*">', KEY.slice(0, 12), KEY.slice(12), "</AGENT_MESSAGE>"],
    },
  );
  const repository = repositoryIn(homes.path({ "a.txt": `${all}\n` }));
  const home = homes.path({
    "agents/printer.md":
      "---\nname: printer\ndescription: Prints\ntools: Bash, Read, Grep, send_message, board_set\n---\nPrint.\n",
  });
  const live: string[] = [];
  const host = await homes.open({
    ...{ home, repository },
    env: { PATH: process.env["PATH"], ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: fake.url },
    onDelta: ({ text }) => live.push(text),
  });
  const task = work("print", { agentName: "printer", reads: ["a.txt"] });
  const config = { model: "anthropic/claude-sonnet-4-5" };
  const handle = host.start(
    host.prepare({ tasks: [task, work("after", { agentName: "printer", dependencies: ["print"] })], config }),
  );
  const { status, tasks } = await handle;
  expect(status, JSON.stringify(tasks)).toBe("complete");
  const events = await eventsOf(host.journal, handle.id);
  // It was really told of, and something else in its place.
  const results = events.filter(({ type }) => type === "tool:result").map((event) => JSON.stringify(event));
  expect(results.join("\n").match(/\[secret\]/g)?.length).toBeGreaterThan(10);
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["message:sent", "board:set"]));
  const isIn = (text: Buffer) => Object.entries(FORMS).flatMap(([name, form]) => (text.includes(form) ? [name] : []));
  // As the provider of another agent would hear it.
  const heard = fake.calls.at(-1)?.body;
  expect(
    isIn(Buffer.from(JSON.stringify(heard?.messages.filter(({ role }: { role: string }) => role === "user")))),
  ).toEqual([]);
  expect(isIn(Buffer.from(live.join("")))).toEqual([]);
  expect(isIn(Buffer.from(JSON.stringify([events, tasks])))).toEqual([]);
  await homes.close(host);
  const files = readdirSync(home, { recursive: true, encoding: "utf8" }).map((name) => join(home, name));
  const told = files
    .filter((file) => statSync(file).isFile())
    .flatMap((file) => isIn(readFileSync(file)).map((form) => `${form} in ${file}`));
  expect(told).toEqual([]);
});

test("[R1] a key that comes in any two or three pieces is not told", () => {
  const text = `before ${KEY} between ${FORMS.base64} after`;
  for (let first = 1; first < text.length - 1; first++) {
    const stream = new StreamScrubber([KEY]);
    const second = first + 5;
    const told = [text.slice(0, first), text.slice(first, second), text.slice(second), " end."]
      .map((piece) => stream.take(piece))
      .join("");
    expect(told).toBe("before [secret] between [secret] after end.");
  }
});
