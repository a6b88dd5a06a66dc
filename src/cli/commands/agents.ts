/** `tutti agents`: who can be given tasks. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly json?: true;
}

export function agents(program: Command, io: Io): void {
  const group = define(program, "agents", "list and show agents", "tutti agents show security-auditor")
    .argument("[what...]", "list or show")
    .action(
      exiting(io, async ([what]: readonly string[], flags: Flags) => {
        const { unknownWord } = await import("../unknown-word.ts");
        if (what !== undefined) throw unknownWord("agents", what, ["list", "show"]);
        return list(io, flags);
      }),
    );
  define(group, "list", "every agent", "tutti agents list").action(exiting(io, (flags: Flags) => list(io, flags)));
  define(group, "show <name>", "one agent in full", "tutti agents show backend-architect").action(
    exiting(io, (name: string, flags: Flags) => show(io, name, flags)),
  );
}

async function list(io: Io, { json }: Flags): Promise<number> {
  const [{ openHome, warnOf }, { oneLine, painter, wrap }] = await Promise.all([
    import("../home.ts"),
    import("../text.ts"),
  ]);
  await using home = await openHome(io);
  const known = [...home.host.library.agents.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
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
  const facts = { category: agent.category, tier: agent.tier, model: agent.model, tools: agent.tools?.join(", ") };
  io.out(paint("bold", agent.name));
  io.out(wrap(oneLine(agent.description), io.columns));
  for (const [key, value] of Object.entries({ ...facts, capabilities: agent.capabilities?.join(", ") }))
    if (value) io.out(`${paint("dim", `${key}:`)} ${oneLine(value)}`);
  io.out(`\n${harmless(agent.instructions)}`);
  return EXIT.done;
}
