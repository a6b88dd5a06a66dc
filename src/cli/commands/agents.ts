/** `tutti agents`: who can be given tasks. */
import type { Command } from "commander";
import type { Query } from "../../agents/registry.ts";
import { TuttiError } from "../../domain/error.ts";
import { didYouMean } from "../../domain/nearest.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";
import { agentFiles } from "./agents-files.ts";
import { agentStats } from "./agents-stats.ts";

interface Flags {
  readonly json?: true;
  readonly category?: string;
  readonly capability?: string;
  readonly tag?: string;
}
const WORDS = ["list", "show", "new", "check", "import", "export", "stats"];

export function agents(program: Command, io: Io): void {
  const group = define(
    program,
    "agents",
    "who can be given tasks: list, show, add, exchange, measure",
    "tutti agents list --category security\ntutti agents show security-auditor\ntutti agents import ~/.claude/agents",
  )
    .argument("[what...]", WORDS.join(", "))
    .action(
      exiting(io, async ([what]: readonly string[], flags: Flags) => {
        const { unknownWord } = await import("../unknown-word.ts");
        if (what !== undefined) throw unknownWord("agents", what, WORDS);
        return list(io, flags);
      }),
    );
  define(group, "list", "every agent", "tutti agents list --capability code-review")
    .option("--category <name>", "only these")
    .option("--capability <name>", "only those who have it")
    .option("--tag <name>", "only those who have it")
    .action(exiting(io, (flags: Flags) => list(io, flags)));
  agentFiles(group, io);
  agentStats(group, io);
  define(group, "show <name>", "one agent in full", "tutti agents show backend-architect").action(
    exiting(io, (name: string, flags: Flags) => show(io, name, flags)),
  );
}

async function list(io: Io, { json, category, capability, tag }: Flags): Promise<number> {
  const [{ openHome, warnOf }, { oneLine, painter, wrap }] = await Promise.all([
    import("../home.ts"),
    import("../text.ts"),
  ]);
  await using home = await openHome(io);
  const { registry } = home.host.agency;
  const asked = { category, capability, tag };
  for (const [group, value] of Object.entries(asked) as [keyof Query, string | undefined][])
    if (value !== undefined && !registry.groups(group).has(value))
      throw noSuch(group, value, registry.groups(group).keys());
  const query = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const known = registry.list(query).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (json) {
    io.json({ agents: known.map(({ instructions: _, ...rest }) => rest) });
    return EXIT.done;
  }
  warnOf(io, home);
  const paint = painter(io.isColoured);
  for (const { name, description, category } of known) {
    io.out(`${paint("bold", name)}${category === undefined ? "" : `  ${paint("dim", oneLine(category))}`}`);
    io.out(wrap(oneLine(description), io.columns, "  "));
  }
  return EXIT.done;
}

function noSuch(group: string, value: string, known: Iterable<string>): TuttiError {
  return new TuttiError("NOT_FOUND", `no agent has the ${group} '${value}'${didYouMean(value, known)}`, {
    path: group,
  });
}

async function show(io: Io, name: string, { json }: Flags): Promise<number> {
  const [{ openHome }, { agentOf }, { harmless, oneLine, painter, wrap }] = await Promise.all([
    import("../home.ts"),
    import("../known-agent.ts"),
    import("../text.ts"),
  ]);
  await using home = await openHome(io);
  const agent = agentOf(home.host, name);
  if (json) {
    io.json(agent);
    return EXIT.done;
  }
  const paint = painter(io.isColoured);
  const { category, tier, model, models, downgrade, places, tools } = agent;
  const facts = {
    ...{ category, tier, model, models: models?.join(", "), places: places === undefined ? "" : String(places) },
    downgrade: downgrade?.join(", "),
    tools: tools?.join(", "),
    ...(agent.runtime && {
      runtime: `${agent.runtime}, a person${agent.person === undefined ? "" : `: ${agent.person}`}`,
    }),
    ...(agent.deadline !== undefined && { deadline: String(agent.deadline) }),
    ...{ otherwise: agent.otherwise, escalate: agent.escalate?.join(", ") },
  };
  io.out(paint("bold", agent.name));
  io.out(wrap(oneLine(agent.description), io.columns));
  for (const [key, value] of Object.entries({ ...facts, capabilities: agent.capabilities?.join(", ") }))
    if (value) io.out(`${paint("dim", `${key}:`)} ${oneLine(value)}`);
  io.out(`\n${harmless(agent.instructions)}`);
  return EXIT.done;
}
