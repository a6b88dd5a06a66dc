/**
 * The one place where tools are performed.
 *
 * T1. Nothing is performed that the agent's definition does not allow, or that a person was not asked about where it
 *     says so.
 * T2. Whatever goes wrong is told to the model as a result; thrown is only that a call left off before it was performed.
 */
import { z } from "zod";
import { LeftOff, reasonOf, TuttiError } from "../../domain/error.ts";
import type { Json } from "../../domain/json.ts";
import { didYouMean } from "../../domain/nearest.ts";
import { askPerson } from "./ask.ts";
import { bash } from "./bash.ts";
import { fetchPage } from "./fetch.ts";
import { FILE_TOOLS } from "./files.ts";
import { judge, type Powers, toolsFor } from "./permission.ts";
import { search } from "./search.ts";
import { TALK_TOOLS } from "./talk.ts";
import { TEAM_TOOLS } from "./team.ts";
import { bounded, type Hands, type Tool, tool } from "./tool.ts";

const ALL_TOOLS: readonly Tool[] = [...FILE_TOOLS, search, bash, fetchPage, askPerson, ...TALK_TOOLS, ...TEAM_TOOLS];

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: Json;
}
export interface ToolResult {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  /** What was cut, whole, and the name under which the model may have it again. */
  readonly whole?: { readonly name: string; readonly text: string };
  /** `misuse`: no such tool, or not called as it must be. */
  readonly fault?: "misuse" | "refused" | "failed";
}

interface Consent {
  asked(): Promise<void>;
  given(): Promise<void>;
}

/** A call's arguments beyond this are no work but a mistake. */
const LONGEST_INPUT = 1_000_000;
const MOST_FAULTS = 5;
const RECALL = "recall";
/** Characters of one result, of all of them together, and of a part that is given back. */
const LONGEST_KEPT = 4_000_000;
const MOST_KEPT = 32_000_000;
const PART = 28_000;
/** Milliseconds that a consent is waited for; nobody having answered is a no. */
const EXPIRES = 24 * 3_600_000;

export class Toolbox implements AsyncDisposable {
  /** Those that the agent may use at all, here. */
  readonly tools: readonly Tool[];
  readonly #powers: Powers;
  readonly #kept = new Map<string, string>();
  #held = 0;
  readonly #hands: Hands;

  /**
   * `own`: of ours, those that may be used here at all. `more`: tools of others, of which it may use those that its
   * definition does not deny.
   */
  constructor(
    powers: Powers,
    hands: Hands,
    { own = ALL_TOOLS, more = [] }: { readonly own?: readonly Tool[]; readonly more?: readonly Tool[] } = {},
  ) {
    this.#powers = powers;
    this.#hands = hands;
    const others = more.filter(({ name }) => !powers.deniedTools?.includes(name));
    this.tools = [...toolsFor(powers, own).filter(isUsable(hands)), ...others];
  }

  /** What the tools that a definition names work with. */
  static needs(powers: Powers): { readonly files: boolean; readonly writing: boolean; readonly shell: boolean } {
    const tools = toolsFor(powers, ALL_TOOLS);
    const files = tools.filter((one) => one.needsFiles);
    return {
      files: files.length > 0,
      writing: files.some(({ effect }) => effect === "change"),
      shell: tools.includes(bash),
    };
  }

  /** Those that a model is told of now. */
  get offered(): readonly Tool[] {
    return this.#kept.size > 0 ? [...this.tools, this.#recall] : this.tools;
  }

  /** Whether it may be done again after a crash without doing something twice. */
  isRepeatable({ name }: ToolCall): boolean {
    return this.offered.find((one) => one.name === name)?.effect !== "change";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hands.shell?.[Symbol.asyncDispose]();
  }

  /** `consent` is told before a person is asked, and after a yes: in between nothing has been done. */
  async perform(call: ToolCall, consent?: Consent): Promise<ToolResult> {
    const { id, name } = call;
    const raw = await this.#perform(call, consent).catch((error): Told => {
      if (error instanceof LeftOff) throw error;
      return { fault: "failed", text: reasonOf(error) };
    });
    // Before it is cut: half of a key would not be known.
    const told = { ...raw, text: this.#hands.scrub?.(raw.text) ?? raw.text };
    const text = bounded(told.text);
    if (text === told.text || name === RECALL) return { id, name, ...told, text };
    const whole = { name: `r${this.#kept.size + 1}`, text: told.text.slice(0, LONGEST_KEPT) };
    const result: ToolResult = { id, name, ...told, text: `${text}\n\n[${RECALL} ${whole.name} has all of it]`, whole };
    this.remember(result);
    return result;
  }

  /** A result of before, after a restart. */
  remember({ whole }: ToolResult): void {
    if (!whole) return;
    this.#kept.set(whole.name, whole.text);
    this.#held += whole.text.length;
    // The oldest go first; the journal has them still.
    for (const [name, text] of this.#kept) {
      if (this.#held <= MOST_KEPT || name === whole.name) break;
      this.#held -= text.length;
      this.#kept.set(name, "");
    }
  }

  /** The rest of what was cut, in parts. */
  readonly #recall = tool({
    name: RECALL,
    description: "Gives back, in parts, a result that was too long to be shown whole; its name stood at its end.",
    effect: "look",
    input: z.strictObject({
      name: z.string().regex(/^r\d{1,6}$/),
      from: z.int().min(0).optional().describe("the first character, default 0"),
    }),
    resourceOf: (input) => input.name,
    perform: async ({ name, from = 0 }) => {
      const text = this.#kept.get(name);
      if (!text) throw new TuttiError("BAD_INPUT", `there is no result '${name}' any more: call the tool again`);
      const part = text.slice(from, from + PART);
      const rest = text.length - from - part.length;
      return rest > 0 ? `${part}\n[${rest} more characters; go on with from: ${from + part.length}]` : part;
    },
  });

  /** Why a person does not want it, or undefined. He sees exactly what would be done, and consents to nothing else. */
  async #consent({ name, resourceOf, subjectOf }: Tool, input: unknown): Promise<string | undefined> {
    const { world } = this.#hands;
    const subject = { tool: name, ...(subjectOf?.(input, this.#hands) ?? { input: input as Json }) };
    const question = `May it use '${name}' for: ${bounded(resourceOf(input), 300)}`;
    const { decision, note } = await world.ask({ question, subject, within: EXPIRES });
    if (decision === "approve") return undefined;
    return `a person did not allow '${name}' here${note === undefined ? "" : `: ${note}`}; go on without it`;
  }

  async #perform({ name, input }: ToolCall, consent?: Consent): Promise<Told> {
    // Offered when there is something to recall; whoever has a result may have all of it.
    const tool = name === RECALL && this.#kept.size > 0 ? this.#recall : this.tools.find((one) => one.name === name);
    const { shell } = this.#hands;
    if (!tool && name === bash.name && shell?.refusal !== undefined) return { fault: "refused", text: shell.refusal };
    if (!tool) {
      const names = this.tools.map((one) => one.name);
      const known = names.length > 0 ? `; there are ${names.join(", ")}` : "; you have none";
      return { fault: "misuse", text: `there is no tool '${name.slice(0, 100)}'${didYouMean(name, names)}${known}` };
    }
    if (JSON.stringify(input)?.length > LONGEST_INPUT)
      return { fault: "misuse", text: `the arguments have more than ${LONGEST_INPUT} characters of JSON` };
    const read = tool.input.safeParse(input);
    if (!read.success) {
      const faults = read.error.issues
        .slice(0, MOST_FAULTS)
        .map(({ path, message }) => `'${path.map(String).join(".") || "the arguments"}': ${message}`);
      return { fault: "misuse", text: `'${name}' was not called as it must be: ${faults.join("; ")}` };
    }
    if (tool === this.#recall) return { text: await tool.perform(read.data, this.#hands) };
    const notes = tool.needsFiles ? ((await this.#hands.ready?.()) ?? []) : [];
    const usual = tool.usual?.(this.#hands) ?? "allow";
    const judgement = judge(this.#powers, tool.name, tool.resourceOf(read.data), usual);
    if (judgement.effect === "deny") return { fault: "refused", text: judgement.reason };
    if (judgement.effect === "ask") {
      await consent?.asked();
      const refused = await this.#consent(tool, read.data);
      if (refused !== undefined) return { fault: "refused", text: refused };
      await consent?.given();
    }
    const text = await tool.perform(read.data, this.#hands);
    return { text: [...notes.map((note) => `[${note}]`), text].join("\n") };
  }
}

/** What needs something that is not here only wastes its turns. */
const isUsable =
  ({ workspace, shell }: Hands) =>
  (tool: Tool): boolean => {
    if (tool === bash) return shell !== undefined && shell.refusal === undefined;
    return !tool.needsFiles || workspace?.isWritable === true || (workspace !== undefined && tool.effect === "look");
  };

type Told = Pick<ToolResult, "text" | "fault">;
