/** Agent files that come, change and go while a host is open, seen as `tutti serve` sees them. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { AgentEvent } from "../src/app/roster.ts";
import { offerOf, TrustBook } from "../src/library/trust.ts";
import { type WatchOptions, watchPaths } from "../src/library/watch.ts";
import { Cli } from "./support/cli-kit.ts";
import { FakeProvider } from "./support/fake-provider.ts";
import { Homes, work } from "./support/homes.ts";

const homes = new Homes();
const cli = new Cli();
const SOON = { timeout: 10_000, interval: 10 } as const;
const agent = (name: string, description = "Helps") =>
  `---\nname: ${name}\ndescription: ${description}\n---\nYou are ${name}.\n`;

async function watched(
  files: { readonly [path: string]: string } = {},
  options: WatchOptions = { quiet: 10 },
  env = {},
) {
  const home = homes.path(files);
  const repository = homes.path({ "a.txt": "" });
  const host = await homes.open({ home, repository, env });
  const told: AgentEvent[] = [];
  const lines: string[] = [];
  host.agency.roster.on((event) => told.push(event));
  host.watchAgents((line) => lines.push(line), options);
  const put = (folder: string, path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const { registry } = host.agency;
  return { home, repository, host, told, lines, put, registry };
}
const names = (told: readonly AgentEvent[]) => told.map(({ type, agent }) => `${type} ${agent}`);

test("an agent file is seen when it comes, changes and goes, into a folder that was not there before", async () => {
  const { home, host, told, put, registry } = await watched();
  put(home, "agents/team/mine.md", agent("mine"));
  await expect.poll(() => registry.get("mine")?.description, SOON).toBe("Helps");
  put(home, "agents/team/mine.md", agent("mine", "Helps more"));
  await expect.poll(() => registry.get("mine")?.description, SOON).toBe("Helps more");
  expect(host.prepare({ tasks: [work("a", { agentName: "mine" })], config: { rehearse: true } }).tasks).toHaveLength(1);
  rmSync(join(home, "agents"), { recursive: true });
  await expect.poll(() => registry.has("mine"), SOON).toBe(false);
  put(home, "agents/mine.md", agent("mine"));
  await expect.poll(() => registry.has("mine"), SOON).toBe(true);
  expect(names(told)).toEqual(["agent:created mine", "agent:status mine", "agent:deleted mine", "agent:created mine"]);

  // In front of one of the catalogue's, which comes forward again.
  const shipped = registry.find("builder");
  put(home, "agents/builder.md", agent("builder", "Mine"));
  await expect.poll(() => registry.get("builder")?.description, SOON).toBe("Mine");
  rmSync(join(home, "agents/builder.md"));
  await expect.poll(() => registry.get("builder"), SOON).toEqual(shipped);
  expect(names(told).slice(4)).toEqual(["agent:status builder", "agent:status builder"]);
});

test("a file with a fault keeps what it said before, says so, and counts again when it is mended", async () => {
  const { home, host, lines, put, registry } = await watched({ "agents/mine.md": agent("mine") });
  put(home, "agents/mine.md", "---\nname: [\n---\nBroken.\n");
  await expect
    .poll(() => host.library.warnings.map(({ message }) => message), SOON)
    .toContain("agent 'mine' stays as it was until this is mended");
  expect(registry.get("mine")).toMatchObject({ description: "Helps", instructions: "You are mine." });
  expect(lines.join("\n")).toMatch(/warning: .*mine\.md:\d+: /);
  put(home, "agents/mine.md", agent("mine", "Mended"));
  await expect.poll(() => registry.get("mine")?.description, SOON).toBe("Mended");
  expect(host.library.warnings).toEqual([]);
});

test("a repository's agents count when they are trusted, no longer when one changes, and again when asked", async () => {
  const { home, repository, lines, put, registry } = await watched();
  const trust = () => new TrustBook(home).trust(offerOf(repository), 7);
  put(repository, ".claude/agents/helper.md", agent("helper"));
  trust();
  await expect.poll(() => registry.has("helper"), SOON).toBe(true);
  put(repository, ".claude/agents/helper.md", agent("helper", "Does something else"));
  await expect.poll(() => registry.has("helper"), SOON).toBe(false);
  expect(lines.at(-1)).toMatch(/are no longer what was trusted/);
  trust();
  await expect.poll(() => registry.get("helper")?.description, SOON).toBe("Does something else");
  // As an editor does it: the new text beside the old, then in its place.
  put(repository, ".claude/agents/helper.md~", "---\nname: [\n---\nBroken.\n");
  renameSync(join(repository, ".claude/agents/helper.md~"), join(repository, ".claude/agents/helper.md"));
  await expect.poll(() => lines.at(-1), SOON).toMatch(/stays as it was/);
  expect(registry.get("helper")?.description).toBe("Does something else");
  new TrustBook(home).revoke(offerOf(repository).root);
  await expect.poll(() => registry.has("helper"), SOON).toBe(false);
});

test("where there are too many folders to watch, times of change are looked at", async () => {
  const { home, put, registry } = await watched({}, { most: 0, look: 10 });
  put(home, "agents/mine.md", agent("mine"));
  await expect.poll(() => registry.has("mine"), SOON).toBe(true);
  rmSync(join(home, "agents/mine.md"));
  await expect.poll(() => registry.has("mine"), SOON).toBe(false);
});

test("nothing is told after it was closed, and a host that is let go watches no more", async () => {
  const { home, host, told, put } = await watched();
  await homes.close(host);
  let count = 0;
  const other = watchPaths([join(home, "agents")], () => count++, { quiet: 0 });
  put(home, "agents/mine.md", agent("mine"));
  // Whoever still watches has heard of it: so would have the host.
  await expect.poll(() => count, SOON).toBeGreaterThan(0);
  other.close();
  expect(told).toEqual([]);
});

test("a run goes on with the agents as they were when it began", async () => {
  await using provider = await FakeProvider.start();
  const env = { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: provider.url };
  const { home, host, registry } = await watched({ "agents/mine.md": agent("mine") }, { quiet: 10 }, env);
  const handle = host.start(host.prepare({ tasks: [work("a", { agentName: "mine", gate: true })] }));
  await expect.poll(() => host.gates(), SOON).toHaveLength(1);
  rmSync(join(home, "agents/mine.md"));
  await expect.poll(() => registry.has("mine"), SOON).toBe(false);
  await handle.approve("a");
  expect((await handle).status).toBe("complete");
  expect(JSON.stringify(provider.calls[0]?.body.system)).toContain("You are mine.");
});

test("tutti serve takes over what changes, and says what is wrong with it", async () => {
  const terminal = cli.terminal();
  const serving = terminal.start("serve", "--port", "0", "--json");
  const [, url = ""] = await serving.says(/"url":"([^"]+)"/);
  mkdirSync(join(terminal.home, "agents"));
  writeFileSync(join(terminal.home, "agents/mine.md"), agent("mine"));
  const headers = { Authorization: `Bearer ${readFileSync(join(terminal.home, "token"), "utf8").trim()}` };
  const seen = async () => (await fetch(`${url}/api/agents/mine`, { headers })).status;
  await expect.poll(seen, SOON).toBe(200);
  writeFileSync(join(terminal.home, "agents/mine.md"), "---\nname: [\n---\nBroken.\n");
  await serving.says(/agent 'mine' stays as it was/);
  serving.child.kill("SIGTERM");
  expect((await serving.ended).code).toBe(0);
});
