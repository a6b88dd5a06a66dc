/** Looks at what Tutti stands on: this Node, the home, the journal, providers, agents, workflows, and what agents work with. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { reasonOf } from "../domain/error.ts";
import { defaultModel, type Settings } from "../library/settings.ts";
import { installedAgents } from "../runtimes/acp/agents.ts";
import { examineAgents } from "./examine-agents.ts";
import type { Finding } from "./finding.ts";
import { openHome } from "./home.ts";
import type { Io } from "./io.ts";
import { plural } from "./units.ts";

export async function examine(io: Io): Promise<readonly Finding[]> {
  const findings: Finding[] = [{ what: "Node", state: "ok", words: process.versions.node }];
  const say = (what: string, state: Finding["state"], words: string) => findings.push({ what, state, words });
  try {
    await mkdir(io.home, { recursive: true, mode: 0o700 });
    const probe = join(io.home, `.doctor-${process.pid}`);
    await writeFile(probe, "");
    await rm(probe);
    say("home", "ok", `${io.home} can be written`);
  } catch (error) {
    say("home", "wrong", `${io.home} cannot be written: ${reasonOf(error)}; set TUTTI_HOME to a folder of yours`);
    return findings;
  }
  try {
    await using home = await openHome(io);
    findings.push(...(await inHome(home)), ...(await examineAgents(home.host.settings, io.env)));
  } catch (error) {
    say("settings", "wrong", reasonOf(error));
  }
  return findings;
}

/** What a run offers where there is no model. */
function orAgents({ codingAgents, path }: Settings): string {
  const found = installedAgents(codingAgents, path);
  const [first] = found;
  if (!first) return "";
  return `; ${first.who} is installed: tutti run offers it on a terminal, elsewhere say --model ${found.map(({ name }) => `acp/${name}`).join(" or ")}`;
}

async function inHome({ host, faulty }: Awaited<ReturnType<typeof openHome>>): Promise<Finding[]> {
  const { settings, library, workflows } = host;
  const findings: Finding[] = [];
  const say = (what: string, state: Finding["state"], words: string) => findings.push({ what, state, words });
  try {
    await host.journal.list({ limit: 1 });
    say("journal", "ok", join(host.home, "runs"));
  } catch (error) {
    say("journal", "wrong", reasonOf(error));
  }
  const found = settings.found.map(({ provider, by }) => `${provider} (${by})`).join(", ");
  if (found === "")
    say("providers", "note", "none: set ANTHROPIC_API_KEY, OPENAI_API_KEY, … or OLLAMA_HOST; rehearsals need none");
  else say("providers", "ok", found);
  const model = defaultModel(settings);
  if (model !== undefined) say("model", "ok", `${model} where none is named`);
  else
    say("model", "note", `none by default: name one with --model provider/id, or in config.yaml${orAgents(settings)}`);
  say("agents", library.agents.size > 0 ? "ok" : "wrong", `${plural(library.agents.size, "agent")} loaded`);
  for (const { file, line, message } of library.warnings) say("agents", "wrong", `${file}:${line}: ${message}`);
  say("workflows", "ok", `${plural(workflows.list().length, "workflow")} loaded`);
  for (const { file, faults } of faulty)
    for (const { line, column, message } of faults)
      say("workflows", "wrong", `${file}${line === undefined ? "" : `:${line}:${column}`}: ${message}`);
  return findings;
}
