/** What a schema has against parameters, in the words of Tutti: the place, what is expected, the nearest right name. */
import { z } from "zod";
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";

export interface ParameterFault {
  /** Such as `techStack.frontend` or `features[2]`; empty for the parameters as a whole. */
  readonly path: string;
  readonly message: string;
}

/** The part of JSON Schema that the parameters of a workflow are described in. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: { readonly [name: string]: SchemaNode };
  readonly items?: SchemaNode;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
}

/** Of a schema that cannot be described (such as one of another Zod) nothing is known, and it still decides. */
export function schemaNode(schema: z.ZodType): SchemaNode {
  try {
    return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as SchemaNode;
  } catch {
    return {};
  }
}

export const propertiesOf = (node: SchemaNode | undefined): readonly string[] => Object.keys(node?.properties ?? {});

export function childOf(node: SchemaNode | undefined, key: PropertyKey): SchemaNode | undefined {
  if (typeof key === "number") return node?.items;
  const { properties, additionalProperties } = node ?? {};
  if (properties && Object.hasOwn(properties, key)) return properties[String(key)];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : `${text}${text && "."}${String(key)}`),
    "",
  );

/** Every fault of a value that did not fit the schema. */
export function parameterFaults(schema: z.ZodType, issues: readonly z.core.$ZodIssue[]): readonly ParameterFault[] {
  const root = schemaNode(schema);
  return issues.flatMap((issue) => {
    const node = issue.path.reduce<SchemaNode | undefined>(childOf, root);
    const path = pathText(issue.path);
    if (issue.code !== "unrecognized_keys") return [{ path, message: `${nameOf(path)} ${expectation(issue, node)}` }];
    return issue.keys.map((key) => ({
      path: pathText([...issue.path, key]),
      message: `${nameOf(pathText([...issue.path, key]))} is not known${knownNames(key, propertiesOf(node))}`,
    }));
  });
}

const nameOf = (path: string): string => (path === "" ? "the parameters" : `parameter '${path}'`);

/** The nearest name, or, where nothing is near, all of them. */
export function knownNames(word: string, names: readonly string[]): string {
  return didYouMean(word, names) || (names.length > 0 ? `; known are ${names.join(", ")}` : "; none is known here");
}

const KINDS: { readonly [kind: string]: string } = {
  string: "text",
  number: "a number",
  int: "a whole number",
  integer: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

function expectation(issue: z.core.$ZodIssue, node: SchemaNode | undefined): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${KINDS[issue.expected] ?? issue.expected}${received(issue)}`;
    case "invalid_value": {
      const names = issue.values.map(String);
      const hint = typeof issue.input === "string" ? didYouMean(issue.input, names) : "";
      return `must be one of ${names.join(", ")}${received(issue)}${hint}`;
    }
    case "too_big":
      return `must ${bound("at most", issue.maximum, issue.origin)}`;
    case "too_small":
      return `must ${bound("at least", issue.minimum, issue.origin)}`;
    default:
      return node?.description === undefined
        ? `does not fit: ${issue.message}`
        : `does not fit (${node.description}): ${issue.message}`;
  }
}

function bound(which: string, limit: number | bigint, origin: string): string {
  if (origin === "string") return `have ${which} ${limit} characters`;
  return origin === "array" ? `have ${which} ${limit} entries` : `be ${which} ${limit}`;
}

function received(issue: z.core.$ZodIssue): string {
  if (!("input" in issue)) return "";
  const { input } = issue;
  if (input === undefined) return "; it is missing";
  if (input === null) return ", not null";
  if (Array.isArray(input)) return ", not a list";
  return typeof input === "object" ? ", not an object" : `, not ${JSON.stringify(input)?.slice(0, 80) ?? typeof input}`;
}

/** One error that carries all faults; its message is the first. */
export function refuse(workflowId: string, faults: readonly ParameterFault[]): never {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
  throw new TuttiError("BAD_INPUT", `workflow '${workflowId}': ${first?.message ?? "wrong parameters"}${more}`, {
    path: first?.path ? `parameters.${first.path}` : "parameters",
    hint: `tutti workflows show ${workflowId} lists its parameters`,
    data: faults,
  });
}
