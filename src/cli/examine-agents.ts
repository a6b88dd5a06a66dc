/** What agents work with on this machine: coding agents, remote agents, the sandbox, git and ripgrep. */

import type { Settings } from "../library/settings.ts";
import { findProgram } from "../process/find.ts";
import { sandbox } from "../process/sandbox.ts";
import { type Probed, probeAgents } from "../runtimes/acp/probe.ts";
import { commandFault } from "../runtimes/programs/commands.ts";
import { healthFault, remoteFault } from "../runtimes/remote/runtime.ts";
import type { Finding } from "./finding.ts";

type Environment = { readonly [name: string]: string | undefined };

export async function examineAgents(settings: Settings, env: Environment): Promise<readonly Finding[]> {
  const { codingAgents = {} } = settings;
  const [probed, held, others] = await Promise.all([
    probeAgents({ env, codingAgents }),
    sandbox(),
    examineOthers(settings),
  ]);
  const agents = probed.map((one): Finding => ({ what: "agent", state: stateOf(one), words: wordsOf(one) }));
  const none = "no coding agent is installed: acp/claude-code, acp/codex, acp/opencode and others need one";
  return [
    ...(agents.length > 0 ? agents : [{ what: "agent", state: "note", words: none } as const]),
    ...others,
    held
      ? { what: "sandbox", state: "ok", words: "bubblewrap: commands of agents reach no further than their workspace" }
      : unheld(settings),
    tool("git", env, "what agents write is kept in worktrees", "agents that write cannot work; install git"),
    tool("rg", env, "agents search with regular expressions", "agents search word for word; install ripgrep"),
  ];
}

function unheld({ sandbox: wanted }: Settings): Finding {
  const none = "none (bwrap is missing or may not work here)";
  const then = "each command is asked about; sandbox: required in config.yaml refuses them all";
  return wanted === "required"
    ? { what: "sandbox", state: "wrong", words: `${none}, and your settings require one: no command will run` }
    : { what: "sandbox", state: "note", words: `${none}: ${then}` };
}

function tool(name: string, env: Environment, use: string, lack: string): Finding {
  const found = findProgram(name, env["PATH"]);
  return found === undefined
    ? { what: name, state: "note", words: `not found: ${lack}` }
    : { what: name, state: "ok", words: `${found}: ${use}` };
}

const stateOf = ({ fault }: Probed): Finding["state"] => (fault === undefined ? "ok" : "note");

function wordsOf({ name, preset, way, introduction, fault }: Probed): string {
  const command = [way.command, ...way.args].join(" ");
  const first = `acp/${name}: ${preset.who}`;
  if (fault !== undefined) return `${first} is installed (${command}) and does not answer: ${fault}`;
  if (!introduction) return `${first} (${way.command}), run once for each attempt; nobody is asked; ${preset.limits}`;
  const { release, canLoad, canResume, logins, version } = introduction;
  const after = canResume ? "session/resume" : canLoad ? "session/load" : "by beginning again";
  return [
    `${first}${release === undefined ? "" : ` ${release}`} (${command}), protocol ${version}`,
    `goes on after a crash: ${after}`,
    `asks: ${preset.asks ?? "as its own settings say"}`,
    `cost: ${preset.tellsUsd ? "told in USD" : "as it tells; else its tokens, where their price is known"}`,
    ...(preset.reuse ? ["its program serves several attempts"] : []),
    ...(logins.length > 0 ? [`logins: ${logins.join(", ")}`] : []),
    preset.limits,
  ].join("; ");
}

/** Commands and services of the user's own configuration. */
async function examineOthers({ commands = {}, remotes = {}, path }: Settings): Promise<readonly Finding[]> {
  const found = Object.keys(commands).map((name): Finding => {
    const fault = commandFault(name, commands, path);
    return { what: "agent", state: fault === undefined ? "ok" : "wrong", words: `command/${name}${said(fault)}` };
  });
  const asked = Object.entries(remotes).map(async ([name, setting]): Promise<Finding> => {
    const wrong = remoteFault(name, remotes);
    const fault = wrong ?? (await healthFault(setting));
    const well = setting.health === undefined ? ": configured; it has no health address to ask" : ": well";
    const words = `http/${name}${fault === undefined ? well : said(fault)}`;
    return { what: "agent", state: wrong ? "wrong" : fault === undefined ? "ok" : "note", words };
  });
  return [...found, ...(await Promise.all(asked))];
}

const said = (fault: string | undefined): string => (fault === undefined ? ": found" : `: ${fault}`);
