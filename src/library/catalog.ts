/** Agents on disk. One bad file never hides the others. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type AgentFile, parseAgentFile } from "../agents/definition.ts";
import { reasonOf } from "../domain/error.ts";

export interface Warning {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}
export interface Loaded {
  readonly agents: ReadonlyMap<string, AgentFile>;
  readonly warnings: readonly Warning[];
}

/** The catalogue that the package brings. */
export const CATALOG = join(import.meta.dirname, "..", "..", "catalog", "agents");
const MOST_FILES = 10_000;

/** Reads every Markdown file below the folders; of two with one name the later folder's counts. */
export function loadAgents(folders: readonly string[]): Loaded {
  const agents = new Map<string, AgentFile>();
  const warnings: Warning[] = [];
  for (const folder of folders) {
    const seen = new Map<string, string>();
    for (const file of markdownIn(folder)) {
      const warn = (line: number, message: string) => warnings.push({ file, line, message });
      try {
        const parsed = parseAgentFile(readFileSync(file, "utf8"));
        if (parsed.faults !== undefined) for (const { line, message } of parsed.faults) warn(line, message);
        else {
          const { agent } = parsed;
          const other = seen.get(agent.name);
          if (other === undefined) agents.set(agent.name, agent);
          else warn(1, `there is an agent '${agent.name}' in ${other} already`);
          seen.set(agent.name, other ?? file);
        }
      } catch (error) {
        warn(1, reasonOf(error));
      }
    }
  }
  return { agents, warnings };
}

function markdownIn(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".md"));
    return files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .slice(0, MOST_FILES);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
