/**
 * What a conductor may do: each tool once, for the conductor agent, the HTTP API and the MCP server alike.
 *
 * U1. A tool reaches the world through the port `Fleet` and nothing else; none of them reads a file or runs a command.
 * U2. What it answers is bounded, and what goes wrong is said in words with the next step.
 */
import type { z } from "zod";
import { reasonOf, TuttiError } from "../../domain/error.ts";
import type { Json } from "../../domain/json.ts";
import { didYouMean } from "../../domain/nearest.ts";
import type { Fleet, Told } from "../fleet.ts";

export interface Calling {
  /** Aborted: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Then what the call began is taken back too. */
  readonly undoes?: true;
  /** Hears how far it is while the call waits. */
  readonly tell?: (told: Told) => void;
}

export interface ConductorTool<Input = unknown> {
  readonly name: string;
  readonly title: string;
  /** For a model: what it does, what comes back, what it refuses. */
  readonly description: string;
  readonly input: z.ZodType<Input>;
  readonly does: {
    readonly reads?: true;
    /** What it changes cannot be had back. */
    readonly destroys?: true;
    /** Done twice is as done once. */
    readonly repeats?: true;
  };
  readonly perform: (input: Input, fleet: Fleet, calling: Calling) => Promise<object>;
}

/** Keeps the type of its input between the schema and what uses it. */
export const conductorTool = <Input>(made: ConductorTool<Input>): ConductorTool => made as unknown as ConductorTool;

/** Characters of JSON: of the arguments, and of an answer. */
const LONGEST_INPUT = 500_000;
const LONGEST_ANSWER = 16_000;
const MOST_FAULTS = 5;

export type Answer = { readonly text: string; readonly value?: Json; readonly isError?: true };

/** Never throws: whoever conducts is told in words, and goes on. */
export async function performTool(
  tools: readonly ConductorTool[],
  name: string,
  given: unknown,
  fleet: Fleet,
  calling: Calling,
): Promise<Answer> {
  try {
    const value = await performed(tools, name, given, fleet, calling);
    const text = JSON.stringify(value);
    if (text.length <= LONGEST_ANSWER) return { text, value };
    return {
      text: `${text.slice(0, LONGEST_ANSWER)}… [cut: ask for less, such as one run, one agent or a smaller limit]`,
    };
  } catch (error) {
    return { text: wordsOf(error), isError: true };
  }
}

/** The same for callers that have errors of their own: throws BAD_INPUT with the path of the field. */
export async function performed(
  tools: readonly ConductorTool[],
  name: string,
  given: unknown,
  fleet: Fleet,
  calling: Calling,
): Promise<Json> {
  const found = tools.find((one) => one.name === name);
  if (!found) {
    const names = tools.map((one) => one.name);
    const near = didYouMean(name.slice(0, 100), names);
    throw new TuttiError("NOT_FOUND", `there is no tool '${name.slice(0, 100)}'${near}`, {
      hint: `there are ${names.join(", ")}`,
    });
  }
  if ((JSON.stringify(given) ?? "").length > LONGEST_INPUT)
    throw new TuttiError("BAD_INPUT", `the arguments have more than ${LONGEST_INPUT} characters of JSON`, {
      hint: "say it shorter, or keep it in files that the agent reads",
    });
  const read = found.input.safeParse(given ?? {});
  if (!read.success) {
    // What is not known at all explains most often what is missing.
    const isUnknown = ({ code }: z.core.$ZodIssue) => code === "unrecognized_keys";
    const all = read.error.issues.toSorted((a, b) => Number(isUnknown(b)) - Number(isUnknown(a)));
    const faults = all.slice(0, MOST_FAULTS);
    const words = faults.map((fault) => `'${placeOf(fault) || "the arguments"}': ${fault.message}`);
    const path = faults[0] && placeOf(faults[0]);
    throw new TuttiError("BAD_INPUT", `'${name}' was not called as it must be: ${words.join("; ")}`, {
      ...(path ? { path } : {}),
    });
  }
  return (await found.perform(read.data, fleet, calling)) as Json;
}

/** A field that is not known is named, and not only the object that has it. */
function placeOf(fault: z.core.$ZodIssue): string {
  const more = fault.code === "unrecognized_keys" ? fault.keys.slice(0, 1) : [];
  return [...fault.path.map(String), ...more].join(".");
}

function wordsOf(error: unknown): string {
  const hint = error instanceof TuttiError && error.hint !== undefined ? `; ${error.hint}` : "";
  return `${reasonOf(error)}${hint}`;
}
