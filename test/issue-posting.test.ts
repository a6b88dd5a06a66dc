/** The reply to an issue is posted once, after a person saw it, whatever dies when. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { checkPosting } from "../src/app/issue-sources.ts";
import { POSTER, posterAgent, withPosting } from "../src/app/posting.ts";
import { LONGEST_POST, type Posting, type Pusher } from "../src/domain/issues.ts";
import { AgentOrchestrator, type AgentTask, type Json, type RunEvent } from "../src/index.ts";
import { folderIssues } from "../src/issues/folder.ts";
import { githubIssues } from "../src/issues/github.ts";
import { scrubber } from "../src/runtimes/model/secrets.ts";
import { postingRuntime } from "../src/runtimes/posting.ts";
import { pusher } from "../src/workspace/push.ts";
import { FakeGithub } from "./support/fake-github.ts";
import { Homes } from "./support/homes.ts";
import { git, repositoryIn } from "./support/repository.ts";

const homes = new Homes();
const made: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of made.splice(0)) await one[Symbol.asyncDispose]();
});

const SECRET = "gh-token-123456";
const COMMENT: Posting = { at: { from: "github", repository: "o/r" }, issue: "7", as: "comment" };
const PULL: Posting = { ...COMMENT, as: "pull-request", title: "Export\nloses rows" };
const plan = (post: Posting): readonly AgentTask[] =>
  withPosting(
    [
      { id: "reply", agentName: "writer", description: "reply", prompt: "" },
      { id: "land", agentName: "lane", description: "land", prompt: "", dependencies: ["reply"] },
    ],
    { post },
  );

async function github(): Promise<FakeGithub> {
  const fake = await FakeGithub.start();
  fake.issues.push({ number: 7, title: "Export loses rows" });
  made.push(fake);
  return fake;
}

interface Of {
  readonly fake: FakeGithub;
  readonly reply?: string;
  readonly post?: Posting;
  readonly journal?: string;
  readonly delivered?: Json;
  readonly pusher?: Pusher;
}
function conducting({ fake, reply = "Fixed, see the test.", post = COMMENT, journal, delivered, pusher: push }: Of) {
  const source = githubIssues("o/r", { baseUrl: fake.url, token: SECRET });
  const orchestrator = new AgentOrchestrator({
    agents: { writer: async () => reply, lane: async () => ({ delivered: delivered ?? null }), [POSTER]: posterAgent },
    runtimes: {
      posting: postingRuntime({ posting: post, source, scrub: scrubber([SECRET]), ...(push && { pusher: push }) }),
    },
    ...(journal !== undefined && { journal: { path: journal } }),
  });
  made.push(orchestrator);
  const asked = Promise.withResolvers<Extract<RunEvent, { type: "gate:opened" }>>();
  orchestrator.on("gate:opened", (event) => asked.resolve(event as never));
  return { orchestrator, asked: asked.promise, tasks: plan(post) };
}

test("nothing is posted before a person saw the very text and where it goes; then it is, with its mark", async () => {
  const fake = await github();
  const { orchestrator, asked, tasks } = conducting({ fake, reply: `Fixed. Key ${SECRET}.` });
  const handle = orchestrator.execute({ tasks });
  const { gate, question, subject } = await asked;
  expect(question).toMatch(/^Post this as a comment to issue 7 of o\/r at 127\.0\.0\.1:\d+\?$/);
  expect(subject).toMatchObject({ as: "comment", issue: "7", text: "Fixed. Key [secret]." });
  expect(fake.said(7)).toEqual([]);
  const { text, mark } = subject as { text: string; mark: string };
  await handle.approve(gate, { by: "ann" });
  const { tasks: results } = await handle;
  expect(results["post"]?.output).toEqual({ posted: `${fake.url}/o/r/issues/7#c1` });
  expect(fake.said(7)).toEqual([`${text}\n\n${mark}`]);
  expect(fake.said(7)).toEqual([
    expect.stringMatching(
      new RegExp(`^Fixed\\. Key \\[secret\\]\\.\n\n<!-- tutti:run/${handle.id} post/[0-9a-f]{32} -->$`),
    ),
  ]);
});

test("a no posts nothing and is no failure; what the person wrote instead is what is posted, at most as long as may be", async () => {
  const fake = await github();
  const first = conducting({ fake });
  const no = first.orchestrator.execute({ tasks: first.tasks });
  await no.reject((await first.asked).gate, { note: "not yet" });
  expect(await no).toMatchObject({
    status: "complete",
    tasks: { post: { output: { posted: null, reason: "a person said no: not yet" } } },
  });
  expect(fake.said(7)).toEqual([]);
  const second = conducting({ fake });
  const edited = second.orchestrator.execute({ tasks: second.tasks });
  await edited.approve((await second.asked).gate, { edited: "x".repeat(LONGEST_POST * 2) });
  await edited;
  const [text = ""] = fake.said(7);
  expect(text.length).toBeLessThanOrEqual(LONGEST_POST);
  expect(text).toMatch(/^x+\n\n\[cut: it had 131072 characters\]\n\n<!-- tutti:run/);
});

test("the same reply is posted once: by another run, and where the answer was lost after it had arrived", async () => {
  const fake = await github();
  fake.losesAnswers = true;
  const first = conducting({ fake });
  const handle = first.orchestrator.execute({ tasks: first.tasks });
  await handle.approve((await first.asked).gate);
  expect((await handle).tasks["post"]?.output).toEqual({ posted: `${fake.url}/o/r/issues/7#c1` });
  const second = conducting({ fake });
  const again = await second.orchestrator.execute({ tasks: second.tasks });
  expect(again.tasks["post"]?.output).toEqual({
    posted: `${fake.url}/o/r/issues/7#c1`,
    reason: "it was there already",
  });
  expect(fake.said(7)).toHaveLength(1);
});

test("whoever goes on after a death at the gate finds it as it was, and after one right after posting posts nothing more", async () => {
  const fake = await github();
  const journal = homes.path();
  const first = conducting({ fake, journal });
  const handle = first.orchestrator.execute({ tasks: first.tasks });
  const { gate, subject } = await first.asked;
  await first.orchestrator[Symbol.asyncDispose]();
  // Its host dies where the comment has arrived and nothing says so yet.
  const { text } = subject as { text: string };
  const words = /post\/\w+ -->/;
  const other = conducting({ fake });
  const elsewhere = other.orchestrator.execute({ tasks: other.tasks });
  await elsewhere.approve((await other.asked).gate);
  await elsewhere;
  expect(fake.said(7)).toEqual([expect.stringMatching(words)]);
  const second = conducting({ fake, journal });
  const resumed = second.orchestrator.resume(handle.id);
  expect((await resumed).tasks["post"]?.output).toEqual({
    posted: `${fake.url}/o/r/issues/7#c1`,
    reason: "it was there already",
  });
  expect(fake.said(7)).toEqual([expect.stringContaining(text)]);
  expect(gate).toMatch(/^post#1\.[0-9a-f]{10}$/);
});

test("a person's word that came while nobody conducted the run counts for the text that he saw", async () => {
  const fake = await github();
  const journal = homes.path();
  const first = conducting({ fake, journal });
  const handle = first.orchestrator.execute({ tasks: first.tasks });
  const { gate } = await first.asked;
  await first.orchestrator[Symbol.asyncDispose]();
  const second = conducting({ fake, journal });
  const resumed = second.orchestrator.resume(handle.id);
  await resumed.opened();
  await resumed.approve(gate);
  expect((await resumed).tasks["post"]?.output).toEqual({ posted: `${fake.url}/o/r/issues/7#c1` });
  expect(fake.said(7)).toHaveLength(1);
});

test("a branch that is not there yet is pushed after the yes that named its address, and by nothing that the repository says", async () => {
  const fake = await github();
  const room = homes.path({ ".keep": "" });
  const remote = join(room, "o", "r.git");
  git(room, "init", "--quiet", "--bare", remote);
  const folder = repositoryIn(homes.path({ "a.txt": "one\n" }));
  const [home, ran] = [homes.path(), join(room, "ran")];
  for (const [key, value] of [
    ["remote.other.url", "https://example.org/o/other.git"],
    ["remote.mine.url", `file://${remote}`],
    ["core.sshCommand", `touch ${ran}`],
    ["credential.helper", `!touch ${ran}`],
    ["remote.mine.receivepack", `touch ${ran}; git-receive-pack`],
  ] as const)
    git(folder, "config", key, value);
  mkdirSync(join(folder, ".git/hooks"), { recursive: true });
  writeFileSync(join(folder, ".git/hooks/pre-push"), `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 });
  const commit = git(folder, "rev-parse", "HEAD");
  const push = pusher({ folder, home }, { HOME: home });
  const delivered = { as: "branch", name: "tutti/x", after: commit };
  const { orchestrator, asked, tasks } = conducting({ fake, post: PULL, delivered, pusher: push });
  const handle = orchestrator.execute({ tasks });
  const { gate, question, subject } = await asked;
  expect(question).toMatch(/^Push 'tutti\/x' and open this pull request at o\/r/);
  expect(subject).toMatchObject({ push: `file://${remote}`, head: "tutti/x", commit });
  expect(git(remote, "for-each-ref")).toBe("");
  await handle.approve(gate);
  expect((await handle).tasks["post"]?.status).toBe("complete");
  expect(git(remote, "rev-parse", "refs/heads/tutti/x")).toBe(commit);
  expect(fake.pulls).toHaveLength(1);
  expect(existsSync(ran)).toBe(false);
  // Somebody else's branch of that name is not moved.
  git(folder, "commit", "--quiet", "--amend", "--message", "another");
  const other = { name: "tutti/x", commit: git(folder, "rev-parse", "HEAD") };
  const to = await push.to("o/r");
  await expect(push.push(to ?? { url: "", shown: "" }, other)).rejects.toThrow(
    /could not be pushed to file:.*rejected/s,
  );
  git(folder, "config", "remote.mine.url", "https://me:key@example.org/O/R");
  expect(await push.to("o/r")).toEqual({
    ...{ url: "https://me:key@example.org/O/R", shown: "https://example.org/O/R" },
  });
  git(folder, "config", "remote.mine.url", "ext::sh -c touch% x o/r");
  expect(await push.to("o/r")).toBeUndefined();
});

test("a pull request is made of the branch that was delivered, once it is there; where it is not and no remote leads there it says what to type", async () => {
  const fake = await github();
  const delivered = { as: "branch", name: "tutti/x", after: "c0ffee" };
  const of = { fake, post: PULL, delivered };
  const failing = async () => {
    const { orchestrator, tasks } = conducting(of);
    return (await orchestrator.execute({ tasks })).tasks["post"]?.reason;
  };
  expect(await failing()).toMatch(
    /branch 'tutti\/x' is not at o\/r .*: type: git push origin tutti\/x, then: tutti retry \w+ post/,
  );
  fake.branches.set("tutti/x", "0dd");
  expect(await failing()).toMatch(/stands at 0dd at .*, not at c0ffee as delivered/);
  fake.branches.set("tutti/x", "c0ffee");
  const { orchestrator, asked, tasks } = conducting(of);
  const handle = orchestrator.execute({ tasks });
  const { gate, subject } = await asked;
  expect(subject).toMatchObject({ as: "pull request", title: "Export loses rows", head: "tutti/x", base: "trunk" });
  await handle.approve(gate);
  await handle;
  const again = conducting(of);
  expect((await again.orchestrator.execute({ tasks: again.tasks })).tasks["post"]?.output).toMatchObject({
    reason: "it was there already",
  });
  expect(fake.pulls).toEqual([
    expect.objectContaining({ base: "trunk", body: expect.stringMatching(/^Fixed[\s\S]*Closes #7\n\n<!-- tutti/) }),
  ]);
});

test("what has no branch, no reply or no pull requests is refused by name", async () => {
  const fake = await github();
  const branchless = conducting({ fake, post: PULL });
  const results = await branchless.orchestrator.execute({ tasks: branchless.tasks });
  expect(results.tasks["post"]?.reason).toMatch(/nothing was delivered as one: run it with --deliver branch/);
  const empty = conducting({ fake, reply: "" });
  expect((await empty.orchestrator.execute({ tasks: empty.tasks })).tasks["post"]?.reason).toMatch(/there is no reply/);
  expect(() => withPosting([{ id: "a", agentName: "a", description: "", prompt: "" }], { post: COMMENT })).toThrow(
    /a task 'reply'/,
  );
  expect(
    withPosting([{ id: "a", agentName: "a", description: "", prompt: "" }], { post: COMMENT, rehearse: true }),
  ).toHaveLength(1);
});

test("an order is posted after it was delivered; a rehearsal does neither, and what cannot be said is refused by field", async () => {
  const host = await homes.open({ env: { ANTHROPIC_API_KEY: "sk-a", GH_TOKEN: SECRET } });
  const deliver = { delivery: { as: "branch" }, gates: [] };
  const order = (more: object) => host.prepare({ workflowId: "issue", config: { deliver, post: PULL, ...more } }).tasks;
  expect(order({}).slice(-2)).toMatchObject([
    { id: "land", dependencies: ["reply"] },
    { id: "post", dependencies: ["reply", "land"] },
  ]);
  expect(order({ rehearse: true }).at(-1)?.id).toBe("reply");
  const faulty = (post: object) => () => order({ post: { ...COMMENT, ...post } });
  expect(faulty({ as: "tweet" })).toThrow(/'config\.post\.as' must be one of comment, pull-request/);
  expect(faulty({ at: { from: "folder" } })).toThrow(/'config\.post\.at\.folder' is missing/);
  expect(faulty({ at: { from: "githb", repository: "o/r" } })).toThrow(/did you mean 'github'/);
  const folder: Posting = { ...PULL, at: { from: "folder", folder: homes.path({ "7.md": "x" }) } };
  expect(() => checkPosting(folder, host.settings)).toThrow(/has no pull requests/);
  expect(() => checkPosting(COMMENT, {})).toThrow(/needs a token: set GITHUB_TOKEN/);
});

test("a folder is answered beside the issue, by the same rules", async () => {
  const folder = homes.path({ "7.md": "# Odd\n" });
  const post: Posting = { at: { from: "folder", folder }, issue: "7", as: "comment" };
  const orchestrator = new AgentOrchestrator({
    agents: { writer: async () => "Done.", lane: async () => "", [POSTER]: posterAgent },
    runtimes: { posting: postingRuntime({ posting: post, source: folderIssues(folder), scrub: (text) => text }) },
    people: { ask: async () => ({ decision: "approve" }) },
  });
  made.push(orchestrator);
  for (let n = 0; n < 2; n++) await orchestrator.execute({ tasks: plan(post) });
  expect(readFileSync(join(folder, "7.replies.md"), "utf8").match(/Done\./g)).toHaveLength(1);
});
