/** `tutti agents new | check | import | export`: agents as files, ours and those of other products. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { Format } from "../../agents/formats.ts";
import { TuttiError } from "../../domain/error.ts";
import { didYouMean } from "../../domain/nearest.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly json?: true;
  readonly to?: Exclude<Format, "tutti">;
  readonly out?: string;
  readonly force?: true;
}
const PRODUCTS = ["claude", "opencode", "codex"] as const;

export function agentFiles(group: Command, io: Io): void {
  define(group, "new <name>", "write a first agent into your home, explained", "tutti agents new invoice-clerk").action(
    exiting(io, (name: string, flags: Flags) => create(io, name, flags)),
  );
  define(
    group,
    "check <path>",
    "what can be read of a file, folder or plugin marketplace",
    "tutti agents check .claude/agents",
  ).action(exiting(io, (path: string, flags: Flags) => check(io, path, flags)));
  define(group, "import <path>", "copy agents of any format into your home", "tutti agents import ~/.claude/agents")
    .option("--force", "in place of agents that are there already")
    .action(exiting(io, (path: string, flags: Flags) => take(io, path, flags)));
  define(
    group,
    "export <name>",
    "an agent as another product reads it",
    "tutti agents export code-reviewer --to claude\ntutti agents export code-reviewer --to codex --out .",
  )
    .requiredOption(`--to <${PRODUCTS.join("|")}>`, "for which product", product)
    .option("--out <dir>", "write it below this folder, where that product looks; default: print it")
    .action(exiting(io, (name: string, flags: Flags) => give(io, name, flags)));
}

function product(text: string): string {
  if (PRODUCTS.some((one) => one === text)) return text;
  throw new InvalidArgumentError(`it must be one of ${PRODUCTS.join(", ")}${didYouMean(text, PRODUCTS)}`);
}

const TEMPLATE = (name: string) => ({
  name,
  description: `Use to … . Not for … .`,
  capabilities: [name],
  instructions: [
    "You … . Say in one sentence what you are and what you never do.",
    "## What you look at first\n\n- …",
    "## What you deliver\n\n- …",
    "## What you refuse\n\n- …",
  ].join("\n\n"),
});

async function create(io: Io, name: string, { json }: Flags): Promise<number> {
  const { openHome } = await import("../home.ts");
  await using home = await openHome(io);
  const { roster } = home.host.agency;
  roster.create(TEMPLATE(name));
  const { file = "" } = roster.stateOf(name);
  if (json) io.json({ name, file });
  else {
    io.out(`wrote ${file}`);
    io.err(`Say there when to use it and what it does; then: ${io.me} agents check ${file}`);
  }
  return EXIT.done;
}

async function load(io: Io, path: string) {
  const { loadAgents, sourcesAt } = await import("../../library/catalog.ts");
  const at = resolve(io.cwd, path);
  if (!existsSync(at)) throw new TuttiError("BAD_INPUT", `there is no file or folder ${path}`, { path: "path" });
  return loadAgents(sourcesAt(at));
}

async function check(io: Io, path: string, { json }: Flags): Promise<number> {
  const { agents, files, warnings } = await load(io, path);
  const [{ oneLine }, { plural }] = await Promise.all([import("../text.ts"), import("../units.ts")]);
  if (json) io.json({ agents: [...agents.keys()], warnings });
  else {
    for (const { file, line, message } of warnings)
      io.out(`${relative(io.cwd, file) || file}:${line}: ${oneLine(message)}`);
    for (const [name, file] of files) if (agents.size <= 20) io.out(`✔ ${name}  ${relative(io.cwd, file) || file}`);
    io.out(`${plural(agents.size, "agent")} can be used, ${plural(warnings.length, "warning")}`);
  }
  return agents.size === 0 ? EXIT.badInput : EXIT.done;
}

async function take(io: Io, path: string, { json, force }: Flags): Promise<number> {
  const { agents, warnings } = await load(io, path);
  const { openHome } = await import("../home.ts");
  await using home = await openHome(io);
  const { registry, roster } = home.host.agency;
  const [taken, left]: [string[], string[]] = [[], []];
  for (const agent of agents.values()) {
    const isThere = registry.has(agent.name);
    if (isThere && !force) left.push(agent.name);
    else {
      if (isThere)
        roster.update(agent.name, {
          ...Object.fromEntries(Object.keys(registry.find(agent.name)).map((key) => [key, null])),
          ...agent,
        });
      else roster.create(agent);
      taken.push(agent.name);
    }
  }
  if (json) io.json({ imported: taken, left, warnings });
  else {
    for (const { file, line, message } of warnings)
      io.err(`warning: ${relative(io.cwd, file) || file}:${line}: ${message}`);
    if (left.length > 0) io.err(`left as they are (--force replaces them): ${left.join(", ")}`);
    io.out(`imported ${taken.length} of ${agents.size} agents into ${join(io.home, "agents")}`);
  }
  return agents.size === 0 ? EXIT.badInput : EXIT.done;
}

async function give(io: Io, name: string, { json, to = "claude", out }: Flags): Promise<number> {
  const [{ openHome }, { agentOf }, { EXPORTS }] = await Promise.all([
    import("../home.ts"),
    import("../known-agent.ts"),
    import("../../agents/formats.ts"),
  ]);
  await using home = await openHome(io);
  const agent = agentOf(home.host, name);
  if (agent.runtime === "human")
    throw new TuttiError(
      "BAD_INPUT",
      `'${name}' is a person: as an agent of another product a model would act in that name`,
      {
        path: "name",
      },
    );
  const { file, text, lost } = EXPORTS[to](agent);
  if (out !== undefined) {
    const target = resolve(io.cwd, out, file);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text, { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      throw new TuttiError("BAD_INPUT", `${relative(io.cwd, target)} is there already`, {
        path: "out",
        hint: "move it away first",
      });
    });
  }
  if (json) io.json({ file, text, lost });
  else if (out === undefined) io.out(text.trimEnd());
  else io.out(`wrote ${join(out, file)}`);
  if (!json && lost.length > 0) io.err(`${to} cannot say: ${lost.join(", ")}`);
  return EXIT.done;
}
