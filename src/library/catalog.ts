/** Agents on disk, whoever's format they are in. One bad file never hides the others. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import type { AgentFile } from "../agents/definition.ts";
import { type Format, parseAgents } from "../agents/formats.ts";
import { AGENT_FILE_LIMIT } from "../agents/front-matter.ts";
import { reasonOf } from "../domain/error.ts";
import { byCodeUnit } from "../domain/json.ts";
import { isRecord } from "../domain/shape.ts";

export interface Warning {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}
export interface Loaded {
  readonly agents: ReadonlyMap<string, AgentFile>;
  /** The file that each agent is from. */
  readonly files: ReadonlyMap<string, string>;
  readonly warnings: readonly Warning[];
}
/** A folder, or one file; where no format is said, each file shows its own. */
export interface AgentSource {
  readonly path: string;
  readonly format?: Format;
}

/** The catalogue that the package brings. */
export const CATALOG: AgentSource = {
  path: join(import.meta.dirname, "..", "..", "catalog", "agents"),
  format: "tutti",
};
const MOST_FILES = 20_000;
const AGENT = /\.(?:md|toml|jsonc?)$/;

/** Where a repository keeps agents, for whichever product. They count only once it is trusted. */
export function sourcesOf(repository: string): readonly AgentSource[] {
  const at = (format: Format, ...names: readonly string[]) =>
    names.map((name) => ({ path: join(repository, name), format }));
  return [
    ...at("claude", ".claude/agents"),
    ...at("opencode", ".opencode/agent", ".opencode/agents", "opencode.json", "opencode.jsonc"),
    ...at("codex", ".codex/agents"),
    ...at("tutti", ".tutti/agents"),
  ];
}

/**
 * What a path of anybody's holds: one file, a plugin marketplace of Claude Code, a repository that keeps agents where
 * its product looks for them, or simply a folder of files.
 */
export function sourcesAt(path: string): readonly AgentSource[] {
  if (!statSync(path).isDirectory()) return [{ path }];
  const plugins = pluginsOf(path);
  if (plugins.length > 0) return plugins;
  const known = sourcesOf(path).filter((source) => existsSync(source.path));
  return known.length > 0 ? known : [{ path }];
}

/** Plugins that lie beside the marketplace's list; those from elsewhere are not fetched. */
function pluginsOf(path: string): readonly AgentSource[] {
  const list = readRecord(join(path, ".claude-plugin", "marketplace.json"));
  const plugins = Array.isArray(list["plugins"]) ? list["plugins"].filter(isRecord) : [];
  const root = isRecord(list["metadata"]) ? String(list["metadata"]["pluginRoot"] ?? "") : "";
  const top = resolve(path);
  const isInside = (one: string) => one === top || one.startsWith(top + sep);
  return plugins.flatMap((plugin) => {
    const { source } = plugin;
    const folder = resolve(top, root, typeof source === "string" ? source : "..");
    if (!isInside(folder)) return [];
    const named = plugin["agents"] ?? readRecord(join(folder, ".claude-plugin", "plugin.json"))["agents"] ?? "agents";
    const paths = [named].flat().filter((one) => typeof one === "string");
    return paths
      .map((one) => resolve(folder, one))
      .filter(isInside)
      .map((one) => ({ path: one, format: "claude" as const }));
  });
}

/** Empty where it is not there. */
function readRecord(file: string): { readonly [name: string]: unknown } {
  if (!existsSync(file)) return {};
  const value: unknown = JSON.parse(readFileSync(file, "utf8"));
  return isRecord(value) ? value : {};
}

/** Reads every agent of the sources; of two with one name the later source's counts, within a source the first. */
export function loadAgents(sources: readonly AgentSource[]): Loaded {
  const agents = new Map<string, AgentFile>();
  const files = new Map<string, string>();
  const warnings: Warning[] = [];
  for (const source of sources) {
    const seen = new Map<string, string>();
    const found = agentFilesIn(source.path, (message) => warnings.push({ file: source.path, line: 1, message }));
    for (const file of found) {
      const warn = (line: number, message: string) => warnings.push({ file, line, message });
      for (const agent of readAgents(file, source, warn)) {
        const other = seen.get(agent.name);
        if (other === undefined) {
          seen.set(agent.name, file);
          agents.set(agent.name, agent);
          files.set(agent.name, file);
        } else if (!isSame(agents.get(agent.name), agent))
          warn(1, `there is an agent '${agent.name}' in ${other} already`);
      }
    }
  }
  return { agents, files, warnings };
}

/** The second's agents count where both have one. */
export function withAgents(one: Loaded, other: Loaded): Loaded {
  return {
    agents: new Map([...one.agents, ...other.agents]),
    files: new Map([...one.files, ...other.files]),
    warnings: [...one.warnings, ...other.warnings],
  };
}

/** Of a file that has a fault now, what it said when it had none. */
export function withLastGood(now: Loaded, before: Loaded | undefined): Loaded {
  const faults = Map.groupBy(now.warnings, ({ file }) => file);
  const used = new Set(now.files.values());
  const kept = [...(before?.files ?? [])].filter(([name, file]) => {
    const own = now.agents.has(name) ? undefined : faults.get(file);
    // A file of many says which of them is at fault; of any other, whatever it held is.
    return own && (!used.has(file) || own.some(({ message }) => message.startsWith(`agent '${name}':`)));
  });
  if (before === undefined || kept.length === 0) return now;
  return {
    agents: new Map([...now.agents, ...kept.map(([name]) => [name, before.agents.get(name) as AgentFile] as const)]),
    files: new Map([...now.files, ...kept]),
    warnings: [
      ...now.warnings,
      ...kept.map(([name, file]) => ({
        file,
        line: 1,
        message: `agent '${name}' stays as it was until this is mended`,
      })),
    ],
  };
}

function readAgents(
  file: string,
  { path, format }: AgentSource,
  warn: (line: number, message: string) => void,
): readonly AgentFile[] {
  try {
    const { size } = statSync(file);
    if (size > AGENT_FILE_LIMIT) {
      warn(1, `the file has ${size} bytes; the limit is ${AGENT_FILE_LIMIT}`);
      return [];
    }
    const text = readFileSync(file, "utf8");
    const beside = (name: string) => readBeside(resolve(dirname(file), name), file === path ? dirname(path) : path);
    const { agents, warnings } = parseAgents(text, file, format, beside);
    for (const { line, message } of warnings) warn(line, message);
    return agents;
  } catch (error) {
    warn(1, reasonOf(error));
    return [];
  }
}

/** A prompt in a file of its own, if it lies below the folder that it is named from. */
function readBeside(path: string, root: string): string | undefined {
  const real = realpathSync(path);
  if (!real.startsWith(realpathSync(root) + sep)) throw new Error(`'${path}' leads out of ${root}`);
  if (statSync(real).size > AGENT_FILE_LIMIT) throw new Error(`'${path}' is larger than ${AGENT_FILE_LIMIT} bytes`);
  return readFileSync(real, "utf8");
}

/** Every file that could hold agents, in order. A link is no file: it could lead anywhere. */
function agentFilesIn(path: string, warn: (message: string) => void): readonly string[] {
  const files: string[] = [];
  const below = [path];
  for (let here = below.pop(); here !== undefined; here = below.pop()) {
    try {
      for (const entry of readdirSync(here, { withFileTypes: true })) {
        const found = join(here, entry.name);
        if (entry.isDirectory()) below.push(found);
        else if (entry.isFile() && AGENT.test(entry.name)) files.push(found);
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOTDIR" && here === path && AGENT.test(path)) files.push(path);
      else if (code !== "ENOENT") warn(reasonOf(error));
    }
  }
  if (files.length > MOST_FILES) warn(`it has ${files.length} agent files; only ${MOST_FILES} were read`);
  return files.sort(byCodeUnit).slice(0, MOST_FILES);
}

const isSame = (a: AgentFile | undefined, b: AgentFile) => JSON.stringify(a) === JSON.stringify(b);
