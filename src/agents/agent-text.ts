/** An agent as a file says it: Markdown whose front matter describes the agent and whose body are its instructions. */
import { didYouMean } from "../domain/nearest.ts";
import { fields } from "../domain/shape.ts";
import { type AgentFile, isAgentName, KEYS, personFault } from "./definition.ts";
import { type FileFault, splitFrontMatter } from "./front-matter.ts";

export type Parsed =
  | { readonly agent: AgentFile; readonly faults?: undefined }
  | { readonly faults: readonly FileFault[] };

const shape = fields(KEYS, ["name", "description"]);
export function parseAgentFile(source: string): Parsed {
  const split = splitFrontMatter(source, false);
  if ("fault" in split) return { faults: [split.fault] };
  const { value, body, lineOf } = split;
  const fault = (message: string, key?: string): Parsed => ({
    faults: [{ line: key === undefined ? 1 : lineOf(key), message }],
  });
  for (const key of Object.keys(value))
    if (!Object.hasOwn(KEYS, key))
      return fault(`'${key}' is not a known field${didYouMean(key, Object.keys(KEYS))}`, key);
  const found = shape(value);
  if (found) return fault(`'${found.at.slice(1)}' ${found.fault}`, found.at.slice(1).split(/[.[]/)[0] ?? "");
  const agent = value as unknown as Omit<AgentFile, "instructions">;
  if (!isAgentName(agent.name))
    return fault("'name' must be lower-case letters, digits and hyphens, and not 'constructor'", "name");
  const apart = personFault(agent);
  if (apart) return fault(apart.message, apart.key);
  if (body === "") return fault("it has no instructions below its front matter");
  return { agent: { ...agent, instructions: body } };
}
