/**
 * Agents that are models behind an API: turn after turn, streamed, with the tools that their definitions name.
 *
 * M1. One turn makes at most one call. Retries are the core's; the packages' own are off.
 * M2. A complete reply is in the attempt's log before anything is done with it; an attempt that is begun again goes on
 *     after the last one and buys none of them again.
 * M3. Every call ends by name: by its reply, a fault, one of four timers, or because it was asked to stop. Then
 *     nothing of it is left: no timer, and no socket that still reads.
 * M4. What a provider reported as used is counted, whatever the end; where a call that was not refused ends without
 *     a report, its cost is unknown.
 * M5. No key is in any reason.
 */
import { reasonOf } from "../../domain/error.ts";
import { defined } from "../../domain/json.ts";
import type { Attempt, AttemptWorld, Message, Outcome, Runtime } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
import type { Workspaces } from "../../domain/workspace.ts";
import { Desk, type DeskOptions } from "../tools/desk.ts";
import type { Powers } from "../tools/permission.ts";
import type { Toolbox } from "../tools/toolbox.ts";
import { Caller, stopped } from "./call.ts";
import type { CallerOptions } from "./caller-options.ts";
import { Dialogue } from "./dialogue.ts";
import type { Fault } from "./faults.ts";
import { type ModelRef, parseModelRef } from "./model-ref.ts";
import { promptFor } from "./prompt.ts";
import { configFault, type ProviderConfig, type Providers } from "./providers.ts";
import { keepBegun, keepReply, keepResult, keepUndone, keptTurns } from "./replies.ts";
import { type JsonSchema, readerOf } from "./schema.ts";
import { type Scrub, scrubber } from "./secrets.ts";
import type { ToolOffer } from "./turn.ts";
import { type Asked, verdictOn } from "./verdict.ts";
import { maySearchWeb } from "./web-search.ts";
import { work } from "./work.ts";

/** What an agent's definition says to its model. */
export interface ModelSettings extends Powers {
  readonly instructions?: string;
  readonly maxTokens?: number;
  /** Replies of one attempt, those that ask for tools included. */
  readonly maxTurns?: number;
  /** A JSON Schema that its output must fit. A task's own wins. */
  readonly output?: JsonSchema;
}
/** Text that has just come in, shown live and not stored. */
export interface Delta {
  readonly run: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly text: string;
}
export interface ModelRuntimeOptions extends CallerOptions {
  /** For agents and tasks that name none. */
  readonly model?: string;
  readonly instructionsOf: (agentName: string) => ModelSettings | undefined;
  /** The files that attempts work on. Absent: agents have no tools for files. */
  readonly workspaces?: Workspaces;
  /** What commands are run with. Absent: agents have no shell. */
  readonly shell?: DeskOptions["shell"];
  /** Beside the keys of providers: what tools must not tell a model, and nobody anybody. */
  readonly secrets?: readonly string[];
  /** Where tools come from that are not our own. Absent: agents have none of them. */
  readonly source?: DeskOptions["source"];
  readonly onDelta?: (delta: Delta) => void;
  /** Tokens of a dialogue, where it is to stay smaller than models can bear. */
  readonly window?: number;
}

const MOST_TURNS = 50;
const NOTHING = { tokensUsed: 0, costUsd: 0, turns: 0 };

export function modelRuntime(options: ModelRuntimeOptions): Runtime {
  return new ModelRuntime(options);
}

class ModelRuntime implements Runtime {
  readonly converses = true;
  readonly #options: ModelRuntimeOptions;
  readonly #scrub: Scrub;
  readonly #caller: Caller;

  constructor(options: ModelRuntimeOptions) {
    this.#options = options;
    this.#scrub = scrubber([...secretsOf(options.providers), ...(options.secrets ?? [])]);
    this.#caller = new Caller(options);
  }

  async perform(attempt: Attempt, world: AttemptWorld): Promise<Outcome> {
    const outcome = await this.#perform(attempt, world);
    return outcome.ok ? outcome : { ...outcome, reason: this.#scrub(outcome.reason) };
  }

  async #perform(attempt: Attempt, world: AttemptWorld): Promise<Outcome> {
    const { instructionsOf } = this.#options;
    const settings = instructionsOf(attempt.agentName) ?? {};
    const maxTokens = attempt.task.maxTokens ?? settings.maxTokens;
    const schema = schemaOf(attempt) ?? settings.output;
    const ref = this.#ref(attempt);
    if ("failure" in ref) return { ok: false, ...ref };
    const read = schema === undefined ? undefined : await readerOf(schema).catch(unusable);
    if (read && "failure" in read) return { ok: false, ...read };
    const asked: Asked = { ref, ...(maxTokens === undefined ? {} : { maxTokens }), ...(read ? { read } : {}) };
    return this.#work(attempt, world, asked, { settings, ...(schema === undefined ? {} : { schema }) });
  }

  /** The model of the task, else of the agent, else the default. */
  #ref(attempt: Attempt): ModelRef | Fault {
    const { providers, model: preset } = this.#options;
    const model = attempt.task.model ?? attempt.agent.model ?? preset;
    if (model === undefined)
      return never(
        `agent '${attempt.agentName}' has no model: set one in its definition, its task or the configuration`,
      );
    try {
      const ref = parseModelRef(model, Object.keys(providers.compatible ?? {}));
      const fault = configFault(ref, providers);
      return fault === undefined ? ref : never(`${ref.text} cannot be called: ${fault}`);
    } catch (error) {
      return never(reasonOf(error));
    }
  }

  async #work(
    attempt: Attempt,
    world: AttemptWorld,
    asked: Asked,
    { settings, schema }: { readonly settings: ModelSettings; readonly schema?: JsonSchema },
  ): Promise<Outcome> {
    const { ref, maxTokens } = asked;
    const opened = await this.#desk(attempt, world, settings).catch(homeless);
    if ("failure" in opened) return { ok: false, ...opened };
    await using desk = opened;
    const { toolbox } = desk;
    const said = {
      onDelta: (text: string) => this.#delta(attempt, text),
      ...(settings.instructions === undefined ? {} : { instructions: settings.instructions }),
      ...(maxTokens === undefined ? {} : { maxTokens }),
      ...(schema === undefined ? {} : { schema }),
    };
    const { restart, continues } = attempt;
    const kept = restart > 0 || continues ? await keptTurns(world.log, continues) : [];
    const ask = async (dialogue: Dialogue, mustAnswer: boolean, heard: string | undefined) => {
      const tools = await offersOf(toolbox);
      const turn = { ...said, tools, searches: maySearchWeb(settings), messages: dialogue.messages(), mustAnswer };
      const reply = await this.#caller.call(ref, turn, attempt, world);
      if ("ok" in reply) return reply;
      const whole = { ...reply, ...defined({ heard }) };
      await keepReply(world.log, ref.text, whole);
      return whole;
    };
    if (kept.some(({ begun }) => begun.size > 0)) await desk.goOn();
    const outcome = await work(
      {
        ...{
          dialogue: new Dialogue(promptFor(attempt), toolbox.tools.length > 0, ref.text, this.#options.window),
          toolbox,
          ask,
          signal: world.signal,
        },
        maxTurns: settings.maxTurns ?? MOST_TURNS,
        begun: (calls) => keepBegun(world.log, calls),
        ended: (result) => keepResult(world.log, result),
        undone: (call, asks) => keepUndone(world.log, call, asks),
        judge: (reply) => verdictOn(reply, asked),
        heard: () => heardText(world.heard?.() ?? []),
        mayTurn: (dialogue) => world.turn(dialogue.used() ?? NOTHING, dialogue.needs()),
        stopped: () => stopped(world.signal),
      },
      kept,
    );
    // Awaited here: the desk must stand until all is kept.
    return await desk.kept(outcome);
  }

  #desk({ run, task, attempt, continues, handed }: Attempt, world: AttemptWorld, powers: ModelSettings): Promise<Desk> {
    const { workspaces, shell, source, clock } = this.#options;
    // Whoever goes on with an attempt goes on in its files.
    const own = { run, taskId: task.id, attempt: continues?.[0] ?? attempt, after: world.before() };
    const of = { ...own, ...(handed && { from: handed.files ?? handed.attempt }) };
    return Desk.open(powers, { of, world, clock, scrub: this.#scrub, ...defined({ workspaces, shell, source }) });
  }

  /** Whoever watches must not be able to fail what is watched. */
  #delta({ run, task, attempt }: Attempt, text: string): void {
    try {
      this.#options.onDelta?.({ run, taskId: task.id, attempt, text });
    } catch {
      // Nobody to tell: it is a signal that nobody waits for.
    }
  }
}

async function offersOf({ offered: tools }: Toolbox): Promise<readonly ToolOffer[]> {
  if (tools.length === 0) return [];
  const { z } = await import("zod");
  return tools.map(({ name, description, input, schema }) => ({
    ...{ name, description },
    schema: schema ?? (z.toJSONSchema(input, { io: "input" }) as JsonSchema),
  }));
}

const MOST_HEARD = 20;
const LONGEST_HEARD = 8000;

/** Messages that came in while it was at work. */
function heardText(messages: readonly Message[]): string | undefined {
  if (messages.length === 0) return undefined;
  const lines = messages.slice(-MOST_HEARD).map(({ from, content }) => {
    const said = typeof content === "string" ? content : JSON.stringify(content);
    return `From ${from}: ${said.slice(0, LONGEST_HEARD)}`;
  });
  const more = messages.length - lines.length;
  return `Messages that came in while you worked${more > 0 ? ` (${more} older ones are left out)` : ""}. Take them into account and go on with your task.\n\n${lines.join("\n\n")}`;
}

const never = (reason: string): Fault => ({ failure: "error", reason, retry: "never" });

const unusable = (error: unknown): Fault => never(`the output schema cannot be used: ${reasonOf(error)}`);

const homeless = (error: unknown): Fault => ({
  ...{ failure: "error", retry: "safe", reason: `the files that it works on cannot be had: ${reasonOf(error)}` },
});

/** A task may bring its own schema. */
function schemaOf({
  task,
}: {
  readonly task: Attempt["task"] & { readonly output?: unknown };
}): JsonSchema | undefined {
  return isRecord(task.output) ? (task.output as JsonSchema) : undefined;
}

/** Keys, and passwords that somebody wrote into an address. */
function secretsOf({ compatible = {}, ...hosted }: Providers): readonly (string | undefined)[] {
  const configs: readonly (ProviderConfig | undefined)[] = [...Object.values(hosted), ...Object.values(compatible)];
  return configs.flatMap((config) => [config?.apiKey, passwordIn(config?.baseUrl)]);
}

function passwordIn(baseUrl: string | undefined): string | undefined {
  return baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl).password : undefined;
}
