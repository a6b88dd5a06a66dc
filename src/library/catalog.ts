/** Agents on disk. One bad file never hides the others. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { AGENT_FILE_LIMIT, type AgentFile, parseAgentFile } from "../agents/definition.ts";
import { reasonOf } from "../domain/error.ts";
import { byCodeUnit } from "../domain/json.ts";

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
    const files = markdownIn(folder, (message) => warnings.push({ file: folder, line: 1, message }));
    for (const file of files) {
      const warn = (line: number, message: string) => warnings.push({ file, line, message });
      try {
        const { size } = statSync(file);
        if (size > AGENT_FILE_LIMIT) {
          warn(1, `the file has ${size} bytes; the limit is ${AGENT_FILE_LIMIT}`);
          continue;
        }
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

function markdownIn(folder: string, warn: (message: string) => void): readonly string[] {
  const files: string[] = [];
  const below = [folder];
  // By hand, because Node's own recursion follows links, and a link could lead anywhere.
  for (let here = below.pop(); here !== undefined; here = below.pop()) {
    try {
      for (const entry of readdirSync(here, { withFileTypes: true })) {
        const path = join(here, entry.name);
        if (entry.isDirectory()) below.push(path);
        else if (entry.isFile() && entry.name.endsWith(".md")) files.push(path);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") warn(reasonOf(error));
    }
  }
  if (files.length > MOST_FILES) warn(`it has ${files.length} agent files; only ${MOST_FILES} were read`);
  return files.sort(byCodeUnit).slice(0, MOST_FILES);
}
