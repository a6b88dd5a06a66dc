/** Where issues come from: folders of files, and a server that speaks as GitHub does. */
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { folderIssues } from "../src/issues/folder.ts";
import { githubIssues } from "../src/issues/github.ts";
import { FakeGithub } from "./support/fake-github.ts";
import { Homes } from "./support/homes.ts";

const homes = new Homes();
const ALL = { state: "all", most: 100 } as const;

describe("a folder", () => {
  const files = {
    "2-login.md": "# Cannot log in\n\nSince Monday.\n",
    "10.md": "---\ntitle: Faster export\nlabels: perf, export\nstate: closed\n---\nIt takes long.\n",
    "odd.md": "---\ntitle: Odd\nstate: opne\n---\nx\n",
    "2-login.replies.md": "We look at it.\n\n---\nIt is worse now.\n",
    "notes.txt": "none",
  };

  test("has one issue a file, by number or name; one that cannot be read hides no other", async () => {
    const folder = homes.path(files);
    writeFileSync(join(folder, "secret"), "elsewhere");
    symlinkSync(join(folder, "secret"), join(folder, "link.md"));
    const source = folderIssues(folder);
    const { issues, faults } = await source.list(ALL);
    expect(issues).toEqual([
      { id: "2-login", title: "Cannot log in", labels: [], state: "open" },
      { id: "10", title: "Faster export", labels: ["perf", "export"], state: "closed" },
    ]);
    expect(faults).toEqual([expect.stringMatching(/odd\.md: 'state' must be open or closed: did you mean 'open'/)]);
    expect((await source.list({ ...ALL, label: "perf", state: "open" })).issues).toEqual([]);
    expect(await source.list({ ...ALL, most: 1 })).toMatchObject({ hasMore: true, issues: { length: 1 } });
    const issue = await source.read("2");
    expect(issue.comments.map(({ text }) => text)).toEqual(["We look at it.", "It is worse now."]);
    expect(issue).toMatchObject({ id: "2-login", body: expect.stringContaining("Since Monday.") });
    await expect(source.read("2-logni")).rejects.toThrow(/there is no issue '2-logni'.*did you mean '2-login'/);
    await expect(source.read("../secret")).rejects.toThrow(/there is no issue/);
  });

  test("is answered in a file beside the issue, which stays as it is, and never through a link", async () => {
    const folder = homes.path(files);
    const source = folderIssues(folder);
    expect(await source.comment("10", "Done. <!-- tutti:run/x post/abc -->")).toBe("10.replies.md");
    expect(readFileSync(join(folder, "10.md"), "utf8")).toBe(files["10.md"]);
    expect(await source.find("10", "post/abc -->")).toBe("10.replies.md");
    expect(await source.find("10", "post/abd -->")).toBeUndefined();
    symlinkSync(join(folder, "notes.txt"), join(folder, "odd.replies.md"));
    await expect(source.comment("odd", "x")).rejects.toThrow(/ELOOP/);
    expect(readFileSync(join(folder, "notes.txt"), "utf8")).toBe("none");
  });
});

describe("GitHub", () => {
  const servers: FakeGithub[] = [];
  afterEach(async () => {
    for (const one of servers.splice(0)) await one[Symbol.asyncDispose]();
  });
  async function server(): Promise<FakeGithub> {
    const fake = await FakeGithub.start();
    servers.push(fake);
    return fake;
  }
  const of = ({ url }: FakeGithub, token: string | undefined = "gh-token-123456") =>
    githubIssues("o/r", { baseUrl: url, tokenEnv: "GH_TOKEN", ...(token !== "" && { token }) });

  test("is read page by page, without its pull requests", async () => {
    const fake = await server();
    fake.perPage = 2;
    for (let number = 1; number <= 5; number++)
      fake.issues.push({ number, title: `t${number}`, labels: ["bug"], isPull: number === 2 });
    const { issues, hasMore } = await of(fake).list({ state: "open", label: "bug", most: 10 });
    expect(issues.map(({ id }) => id)).toEqual(["1", "3", "4", "5"]);
    expect(hasMore).toBe(false);
    expect(fake.seen).toHaveLength(3);
    expect((await of(fake).list({ state: "open", most: 2 })).hasMore).toBe(true);
    for (const { token } of fake.seen) expect(token).toBe("Bearer gh-token-123456");
    await expect(of(fake).read("2")).rejects.toThrow(/o\/r#2 is a pull request/);
  });

  test("of very many comments the newest pages are looked through", async () => {
    const fake = await server();
    fake.issues.push({ number: 1, title: "t", body: "words" });
    for (let n = 1; n <= 450; n++) fake.say(1, "ann", `comment ${n}`);
    const issue = await of(fake).read("1");
    expect(issue.comments).toHaveLength(50);
    expect(issue.comments.at(-1)).toEqual({ author: "ann", text: "comment 450" });
    expect(await of(fake).find("1", "comment 449")).toMatch(/#c449$/);
    expect(fake.seen.filter(({ path }) => path.includes("page=3"))).not.toEqual([]);
    expect(fake.seen.filter(({ path }) => path.includes("&page=1"))).toEqual([]);
  });

  test.each<[string, { status: number; headers?: { [name: string]: string } }, string, RegExp, RegExp]>([
    [
      "a token that is refused",
      { status: 401 },
      "t-123456789",
      /does not accept the token in GH_TOKEN: refused/,
      /make a new token/,
    ],
    ["no token", { status: 401 }, "", /does not accept the request without a token/, /set GH_TOKEN/],
    [
      "what is not there",
      { status: 404 },
      "",
      /has no \/repos\/o\/r\/issues\/1/,
      /private looks as if it were not there: set GH_TOKEN/,
    ],
    [
      "too many requests",
      { status: 429, headers: { "retry-after": "17" } },
      "t-123456789",
      /again in 17 s/,
      /try again then/,
    ],
    [
      "a limit that is used up",
      {
        status: 403,
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000", date: "Thu, 01 Jan 1970 00:15:00 GMT" },
      },
      "",
      /again in 100 s/,
      /with a token there may be more/,
    ],
    ["a right that is missing", { status: 403 }, "t-123456789", /forbids/, /may lack the right/],
    ["a fault of its own", { status: 502 }, "", /cannot be asked: it answered 502/, /^$/],
  ])("%s is told by name, with the next step", async (_name, refusal, token, message, hint) => {
    const fake = await server();
    fake.refuse = () => refusal;
    const thrown = await of(fake, token)
      .read("1")
      .catch((error: unknown) => error);
    expect(thrown).toMatchObject({ message: expect.stringMatching(message) });
    expect((thrown as { hint?: string }).hint ?? "").toMatch(hint);
  });

  test("a redirect within its address is followed; to any other nothing is sent, and the token stays home", async () => {
    const [fake, other] = [await server(), await server()];
    fake.issues.push({ number: 1, title: "moved" });
    fake.refuse = ({ path }) =>
      path.startsWith("/repos/o/r/issues/9")
        ? { status: 301, headers: { location: "/repos/o/r/issues/1" } }
        : undefined;
    expect((await of(fake).read("9")).title).toBe("moved");
    fake.refuse = () => ({ status: 307, headers: { location: `${other.url}/repos/o/r/issues/1` } });
    await expect(of(fake).read("1")).rejects.toThrow(/points to 127\.0\.0\.1:\d+, and nothing was sent there/);
    await expect(of(fake).comment("1", "x")).rejects.toThrow(/nothing was sent there/);
    expect(other.seen).toEqual([]);
  });

  test("a token goes over http to this machine only, and addresses with passwords are refused", () => {
    const access = (baseUrl: string) => () => githubIssues("o/r", { baseUrl, token: "t-123456789" });
    expect(access("http://git.example.com")).toThrow(/in the clear: use https/);
    expect(access("https://u:p@git.example.com")).toThrow(/password/);
    expect(access("ftp://x")).toThrow(/no http or https/);
    expect(() => githubIssues("o/../r", {})).toThrow(/write owner\/name/);
    expect(githubIssues("o/r", { tokenEnv: "GH_TOKEN" }).mute).toMatch(/api\.github\.com needs a token: set GH_TOKEN/);
  });

  test("who does not answer is given up on in time", async () => {
    const fake = await server();
    fake.refuse = () => ({ status: 0 });
    const slow = githubIssues("o/r", { baseUrl: fake.url, timeout: 30 });
    await expect(slow.read("1")).rejects.toThrow(/it did not answer within 30 ms/);
  });
});
