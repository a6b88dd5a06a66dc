/** Ten thousand agents: how long reading them into the registry and its index takes, and a route. `node bench/registry.ts` */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { textOf } from "../src/agents/definition-text.ts";
import { AgentRegistry } from "../src/agents/registry.ts";
import { Router } from "../src/agents/router.ts";
import { CATALOG, loadAgents } from "../src/library/catalog.ts";
import { readRequests } from "../test/routing/measure.ts";

const COUNT = 10_000;
const shipped = [...loadAgents([CATALOG]).agents.values()];
const folder = mkdtempSync(join(tmpdir(), "tutti-registry-"));
for (let i = 0; i < COUNT; i++) {
  const agent = shipped[i % shipped.length];
  if (agent) writeFileSync(join(folder, `a-${i}.md`), textOf({ ...agent, name: `a-${i}` }));
}
const timed = <T>(what: () => T): readonly [T, number] => {
  const begun = performance.now();
  const value = what();
  return [value, performance.now() - begun];
};
const [loaded, readMs] = timed(() => loadAgents([{ path: folder, format: "tutti" }]));
const [registry, registryMs] = timed(() => new AgentRegistry(loaded.agents.values()));
const [, indexMs] = timed(() => registry.index);
const router = new Router(registry);
const times = readRequests()
  .slice(0, 1000)
  .map(({ text }) => timed(() => router.route({ description: text }))[1])
  .sort((a, b) => a - b);
const [p50 = 0, p99 = 0] = [times[500], times[990]];
rmSync(folder, { recursive: true, force: true });
console.log({ agents: registry.size, readMs, registryMs, indexMs, routeP50Ms: p50, routeP99Ms: p99 });
const loadMs = readMs + registryMs;
console.log(
  `[bar:registry-load] ${COUNT} agents from files ${(loadMs / 1000).toFixed(1)} s, under 2: ${loadMs < 2000 ? "PASS" : "MISSED"}`,
);
console.log(
  `[bar:registry] p99 of a route among ${COUNT} agents ${p99.toFixed(1)} ms, under 5: ${p99 < 5 ? "PASS" : "MISSED"}`,
);
if (p99 >= 5 || loadMs >= 2000) process.exitCode = 1;
