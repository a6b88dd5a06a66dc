/** An agent as our own file, and what is wrong with one that somebody hands in. */
import { stringify } from "yaml";
import { fields, isRecord } from "../domain/shape.ts";
import { type AgentFile, isAgentName, KEYS, personFault } from "./definition.ts";
import { AGENT_FILE_LIMIT } from "./front-matter.ts";

const MOST_INSTRUCTIONS = AGENT_FILE_LIMIT / 2;
const shape = fields({ ...KEYS, instructions: KEYS["description"] as NonNullable<(typeof KEYS)[string]> }, [
  ...["name", "description", "instructions"],
]);

export interface DefinitionFault {
  readonly path: string;
  readonly message: string;
}

export function definitionFault(value: unknown): DefinitionFault | undefined {
  if (!isRecord(value)) return { path: "", message: "an agent must be an object" };
  const { instructions, ...rest } = value;
  const found = shape({
    ...rest,
    instructions: typeof instructions === "string" ? instructions.slice(0, 10) : instructions,
  });
  if (found) return { path: found.at.slice(1), message: `'${found.at.slice(1)}' ${found.fault}` };
  if (String(instructions).length > MOST_INSTRUCTIONS)
    return { path: "instructions", message: `'instructions' must have at most ${MOST_INSTRUCTIONS} characters` };
  const apart = personFault(value as Partial<AgentFile>);
  if (apart) return { path: apart.key, message: apart.message };
  if (!isAgentName(String(value["name"])))
    return { path: "name", message: "'name' must be lower-case letters, digits and hyphens, and not 'constructor'" };
  return undefined;
}

/** Reading it gives the same agent again. */
export function textOf({ instructions, ...head }: AgentFile): string {
  return `---\n${stringify(head, { lineWidth: 0 })}---\n\n${instructions.trim()}\n`;
}
