/** What a tool is: something that an agent may ask for by name, performed in one place and told in text. */
import type { z } from "zod";
import type { Json } from "../../domain/json.ts";
import type { AttemptWorld, Clock } from "../../domain/ports.ts";
import type { Workspace } from "../../domain/workspace.ts";
import type { Shell } from "./shell.ts";

/** What a tool works with: nothing else of the machine is within its reach. */
export interface Hands {
  readonly workspace?: Workspace;
  /** Called before a tool that needs files is touched; says what the agent should know of them, once. */
  readonly ready?: () => Promise<readonly string[]>;
  readonly shell?: Shell;
  readonly world: AttemptWorld;
  readonly clock: Clock;
  /** Takes keys out of what it says. */
  readonly scrub?: (text: string) => string;
}

export interface Tool<Input = unknown> {
  readonly name: string;
  /** For the model: what it does, what comes back, what it refuses. */
  readonly description: string;
  readonly input: z.ZodType<Input>;
  /** What the model is told of the input, where somebody else checks it. */
  readonly schema?: { readonly [key: string]: Json };
  /** `look` may be done again after a crash; of `change` nobody knows then whether it was done. */
  readonly effect: "look" | "change";
  /** It works on the files of a workspace; where there is none the model is not told of it. */
  readonly needsFiles?: true;
  /** What of it the rules are about: a path, a command, an address. */
  readonly resourceOf: (input: Input) => string;
  /** Whether it is asked about where no rule speaks of it; otherwise it is not: inside a workspace of its own an agent may write. */
  readonly usual?: (hands: Hands) => "allow" | "ask";
  /** What a person sees who is asked about it, beyond the input. */
  readonly subjectOf?: (input: Input, hands: Hands) => { readonly [field: string]: Json };
  /** Throws in words for the agent where it cannot be done. */
  readonly perform: (input: Input, hands: Hands) => Promise<string>;
}

/** Keeps the type of its input between the schema and what uses it. */
export const tool = <Input>(made: Tool<Input>): Tool => made as unknown as Tool;

/** Characters of one result; what is longer is cut in its middle, and says so. */
const LONGEST_RESULT = 30_000;

export function bounded(text: string, most = LONGEST_RESULT): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  const cut = text.length - 2 * half;
  return `${text.slice(0, half)}\n\n[… ${cut} characters are left out here …]\n\n${text.slice(-half)}`;
}

/** Tools that somebody else brings, such as a server that an agent's definition names. */
export interface ToolSource {
  open(names: readonly string[], where: Where): Promise<OpenTools>;
}
export interface Where {
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** The folder is there also when the attempt has ended. */
  readonly isLasting?: boolean;
}
export interface OpenTools {
  readonly tools: readonly Tool[];
  close(): Promise<void>;
}
