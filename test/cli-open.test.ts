/** The link from the command line to the page: who finds the server, who lets a browser in, and who does not. */
import { chmodSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BIN, Cli, linesOf, REHEARSED, runIn, type Terminal } from "./support/cli-kit.ts";

const cli = new Cli();
const noteOf = (terminal: Terminal) => join(terminal.home, "serve.json");
const LINK = /http:\/\/127\.0\.0\.1:\d+\/\S*#code=[\w-]{43}/;
const TASK = { id: "a", agentName: "builder", description: "say hi", prompt: "Hi" };
const PLAN = { "plan.json": JSON.stringify({ tasks: [TASK] }) };
const RUN = ["run", "plan.json", ...REHEARSED] as const;

async function served(terminal: Terminal, ...flags: readonly string[]) {
  const server = terminal.start("serve", "--port", "0", "--json", ...flags);
  const [line] = await server.says(/^\{.*\}$/m);
  return { server, ...(JSON.parse(line) as { url: string; link?: string }) };
}
/** As the page does it. */
const enter = (link: string) =>
  fetch(new URL("/api/session", link), {
    method: "POST",
    headers: { "Content-Type": "application/json", Connection: "close" },
    body: JSON.stringify({ code: new URL(link).hash.slice("#code=".length) }),
  });

test("[S3] `tutti open` lets one browser in at the server that runs, and `tutti run` links to it", async () => {
  const terminal = cli.terminal(PLAN);
  const before = await terminal.tutti(...RUN);
  expect(before.err).not.toContain("http://");
  expect(before.out).toMatch(/^ {2}\S.* serve --open {3}# runs in your browser$/m);
  const none = await terminal.tutti("open", "last");
  expect(none).toMatchObject({
    code: 2,
    err: expect.stringMatching(/no server of this home is running\n.*serve --open/),
  });

  const { server, url, link } = await served(terminal, "--verbose");
  expect(link).toBeUndefined();
  expect(statSync(noteOf(terminal)).mode & 0o777).toBe(0o600);
  const after = await terminal.tutti(...RUN);
  const run = runIn(after.out);
  // Not among the lines that a script reads.
  expect(linesOf(after.err)).toContain(`${url}/runs/${run}`);
  expect(after.out).toContain(`open ${run.slice(-8)}   # in your browser`);

  const opened = await terminal.tutti("open", run.slice(-8));
  expect(opened).toMatchObject({ code: 0, err: expect.stringMatching(/once, within 60 s/) });
  expect(opened.out.trim()).toMatch(LINK);
  expect(opened.out).toContain(`${url}/runs/${run}#code=`);
  expect([(await enter(opened.out.trim())).status, (await enter(opened.out.trim())).status]).toEqual([204, 401]);
  const wrong = await terminal.with({ TUTTI_TOKEN: "another-token-than-its" }).tutti("open");
  expect(wrong).toMatchObject({ code: 2, err: expect.stringMatching(/answers 401\n.*TUTTI_TOKEN/) });
  const taken = await terminal.tutti("serve", "--port", new URL(url).port);
  expect(taken).toMatchObject({
    code: 2,
    err: expect.stringMatching(/a server of this home runs already.*\n.* open /),
  });

  server.child.kill("SIGTERM");
  const { err } = await server.ended;
  expect(err).toMatch(/^POST \/api\/session 204 /m);
  expect(err).not.toContain(new URL(opened.out.trim()).hash.slice(6));
  expect(existsSync(noteOf(terminal))).toBe(false);
});

test("`tutti serve --open` opens its link with the desktop's program, which sees no key", async () => {
  const bin = cli.homes.path({
    "xdg-open": `#!/bin/sh\nenv > "$0.env"\necho "$@" > "$0.tmp"\nmv "$0.tmp" "$0.args"\n`,
  });
  const program = join(bin, "xdg-open");
  chmodSync(program, 0o755);
  const terminal = cli.terminal({}, { ANTHROPIC_API_KEY: "sk-canary" });
  const path = { PATH: `${bin}:${process.env["PATH"]}` };
  const away = await served(terminal.with(path), "--open");
  expect(away.link).toMatch(LINK);
  expect(existsSync(`${program}.args`)).toBe(false);
  const { link = "" } = await served(terminal.with({ ...path, DISPLAY: ":0" }), "--open");
  const asked = () => (existsSync(`${program}.args`) ? readFileSync(`${program}.args`, "utf8").trim() : "");
  await expect.poll(asked).toBe(link);
  expect(readFileSync(`${program}.env`, "utf8")).toMatch(/^DISPLAY=:0$/m);
  expect(readFileSync(`${program}.env`, "utf8")).not.toContain("sk-canary");
  expect((await enter(link)).status).toBe(204);
});

test("on a terminal `tutti serve` shows a link at once, into a pipe only where it is asked for one", async () => {
  const terminal = cli.terminal();
  const env = { TUTTI_HOME: terminal.home, TERM: "xterm", CI: "" };
  const words = `'${process.execPath}' '${BIN}' serve --port 0`;
  const shown = cli.spawn("script", ["-qefc", words, "/dev/null"], { cwd: terminal.cwd, env });
  const [link] = await shown.says(LINK);
  expect((await enter(link)).status).toBe(204);
  const piped = terminal.start("serve", "--port", "0");
  await piped.says(/Ctrl-C ends it/);
  piped.child.kill("SIGTERM");
  expect((await piped.ended).err).not.toContain("#code=");
});
