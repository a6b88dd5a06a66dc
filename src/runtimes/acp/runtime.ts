/**
 * Coding agents as runtimes: a program of the user's own that speaks the Agent Client Protocol does one task.
 *
 * M2. A result is in the attempt's log before anything is done with it; an attempt that is begun again goes on in the
 *     session that it had, where its agent can, else begins a new one and says so.
 * M4. What it reports as used is counted, whatever the end; what it does not tell is unknown, never nothing.
 * I12. It works in files of its own, and what it wrote is kept when nothing of it runs any more.
 */
import { reasonOf } from "../../domain/error.ts";
import type { Json } from "../../domain/json.ts";
import type { Attempt, AttemptWorld, Outcome, Usage } from "../../domain/ports.ts";
import { childEnvironment } from "../../process/environment.ts";
import { openTeam, type TeamServer } from "../mcp/team.ts";
import type { ModelSettings } from "../model/runtime.ts";
import { type Scrub, scrubber } from "../model/secrets.ts";
import {
  costOf,
  failed,
  GO_ON,
  NOTHING,
  needsOf,
  never,
  type OutsideOptions,
  onGround,
  outputOf,
  passedOn,
  stopped,
  type Task,
  taskFor,
  tellDelta,
} from "../outside.ts";
import { nativeRuntime } from "../programs/runtime.ts";
import type { RuntimeRef } from "../runtime-ref.ts";
import type { Ground } from "../tools/ground.ts";
import { agentFault, type CodingAgentSettings, codingAgent, wayOf } from "./agents.ts";
import { Act } from "./attempt.ts";
import { type Kept, keepReply, keptOf } from "./kept.ts";
import { type Agents, borrow } from "./lending.ts";
import type { Preset } from "./presets.ts";
import { type Session as Opened, tokensIn } from "./protocol.ts";
import type { AgentSession, Program, SessionTimers } from "./session.ts";
import { stopFault, Trouble, trouble } from "./trouble.ts";

export interface AcpOptions extends OutsideOptions {
  readonly codingAgents?: CodingAgentSettings;
  readonly timers?: Partial<SessionTimers>;
  /** Where programs wait that may serve several attempts. Absent: each serves one. */
  readonly agents?: Agents;
}

/** Performs an attempt by the coding agent that the reference names. */
export async function performAcp(
  ref: RuntimeRef,
  attempt: Attempt,
  world: AttemptWorld,
  options: AcpOptions,
): Promise<Outcome> {
  const { codingAgents = {}, env, workspaces } = options;
  const fault = agentFault(ref.name, codingAgents, env["PATH"]);
  const preset = codingAgent(ref.name, codingAgents);
  const found = preset && wayOf(preset, env["PATH"]);
  if (fault !== undefined || !preset || !found) return never(fault ?? "it is not here");
  if (!workspaces)
    return never(`${preset.who} works on files, and this run has none: begin it in the folder of a project`);
  const { way } = found;
  const given = childEnvironment(env, preset.env, preset.set);
  const program: Program = { who: preset.who, file: found.file, args: way.args, env: given, advice: preset.login };
  const scrub = scrubber(preset.env.map((name) => env[name]));
  const perform = (ground: Ground) =>
    way.native === undefined
      ? new Performing({ ref, attempt, world, options, program, preset, scrub }, ground).run()
      : nativeRuntime({ native: way.native, ref, attempt, world, options, program, scrub }, ground);
  const outcome = await onGround(workspaces, attempt, world, perform);
  return outcome.ok ? outcome : { ...outcome, reason: scrub(outcome.reason) };
}

interface Before {
  readonly kept: Kept | undefined;
  readonly team: TeamServer | undefined;
}

/** As the protocol names a server that is a program. */
const acpServer = ({ name, command, args, env }: TeamServer) => ({
  ...{ name, command, args },
  env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
});

interface Of {
  readonly ref: RuntimeRef;
  readonly attempt: Attempt;
  readonly world: AttemptWorld;
  readonly options: AcpOptions;
  readonly program: Program;
  readonly preset: Preset;
  readonly scrub: Scrub;
}

const EMPTY = "Your last reply was empty. Go on with the task, or give its result.";
const ANEW =
  "An earlier try at this task was interrupted, and its session is lost. What it changed lies in the files before you: look at it first, and do nothing twice.";

class Performing {
  readonly #of: Of;
  readonly #ground: Ground;
  readonly #act: Act;
  #session: AgentSession | undefined;
  #broken: string | undefined;
  #turns = 0;
  #tokens: ReturnType<typeof tokensIn>;

  constructor(of: Of, ground: Ground) {
    this.#of = of;
    this.#ground = ground;
    const { attempt, world, options, program, scrub } = of;
    this.#act = new Act({
      ...{ who: program.who, powers: this.#settings, workspace: ground.workspace, world, scrub },
      onText: (text) => tellDelta(options, attempt, text),
      broke: (reason) => this.#break(reason),
      asking: (act) => (this.#session ? this.#session.asking(act) : act()),
    });
  }

  async run(): Promise<Outcome> {
    const { attempt, world, program } = this.#of;
    const { restart, continues } = attempt;
    const kept = restart > 0 || continues ? await keptOf(world.log, this.#of.ref.text, continues) : undefined;
    let task: Task;
    try {
      task = await taskFor(attempt, this.#settings, this.#ground.notes);
    } catch (error) {
      return never(`the output schema cannot be used: ${reasonOf(error)}`);
    }
    if (kept?.reply) return this.#judged(kept.reply.text, task, kept.reply.usage);
    try {
      return await this.#live(task, kept);
    } catch (error) {
      const usage = await this.#used();
      if (world.signal.aborted) return stopped(world.signal, usage);
      if (this.#broken !== undefined)
        return failed({ failure: "invalid-output", retry: "never", reason: `${program.who}: ${this.#broken}` }, usage);
      if (error instanceof Trouble) return failed(error.fault, usage);
      throw error;
    } finally {
      await this.#act.diary.flushed();
    }
  }

  get #settings(): ModelSettings {
    return this.#of.options.instructionsOf(this.#of.attempt.agentName) ?? {};
  }

  async #live(task: Task, kept: Kept | undefined): Promise<Outcome> {
    const { program, world, options } = this.#of;
    const { timers } = options;
    if (world.signal.aborted) return stopped(world.signal);
    const left = passedOn(world);
    if (left) return left;
    const cwd = this.#ground.workspace.root;
    const how = { cwd, surroundings: this.#act, signal: world.signal, ...(timers && { timers }) };
    await using team = await this.#team();
    await using loan = await borrow(program, how, this.#lender(kept));
    const { session } = loan;
    this.#session = session;
    this.#act.team = team?.tools ?? [];
    const cancel = () => session.cancel();
    if (world.signal.aborted) return stopped(world.signal);
    world.signal.addEventListener("abort", cancel, { once: true });
    try {
      const outcome = await this.#talk(session, await this.#open(session, task, { kept, team }), task);
      if (outcome.ok && !world.signal.aborted) loan.ended();
      return outcome;
    } finally {
      world.signal.removeEventListener("abort", cancel);
    }
  }

  /** Whoever goes on in a session of before gets a program of his own. */
  #lender(kept: Kept | undefined) {
    const { preset, options } = this.#of;
    const { agents } = options;
    return preset.reuse && agents && kept?.session === undefined ? { agents, powers: this.#settings } : undefined;
  }

  /** The session of before where there is one, else a new one. Gives what it is to be told. */
  async #open(session: AgentSession, task: Task, { kept, team }: Before): Promise<string> {
    const cwd = this.#ground.workspace.root;
    const servers = team ? [acpServer(team)] : [];
    const before = kept?.session === undefined ? undefined : await session.reopen(kept.session, cwd, servers);
    const opened = before ?? (await session.open(cwd, servers));
    const isLost = kept?.session !== undefined && before === undefined;
    await this.#choose(session, opened);
    const { name, release } = session.introduction;
    await this.#ground.note({
      session: {
        ...{ agent: this.#of.ref.text, id: opened.id ?? "" },
        ...(name !== undefined && { name }),
        ...(release !== undefined && { release }),
        ...(before !== undefined && { resumed: true }),
        ...(isLost && { lost: kept.session ?? "" }),
      } as Json,
    });
    if (before) return `${GO_ON}\n\n${task.prompt}`;
    return isLost ? `${task.prompt}\n\n${ANEW}` : task.prompt;
  }

  /** Tools of ours, where its definition names some. */
  #team(): Promise<TeamServer | undefined> {
    const { world, options, scrub } = this.#of;
    const waiting = <T>(act: () => Promise<T>) => (this.#session ? this.#session.asking(act) : act());
    const how = { powers: this.#settings, world, clock: options.clock, scrub, waiting, asksPersons: true };
    return openTeam(how).catch((error) => {
      throw trouble("error", "safe", reasonOf(error));
    });
  }

  async #choose(session: AgentSession, { model: option }: Opened): Promise<void> {
    const { ref, program } = this.#of;
    this.#act.model = option?.current;
    if (ref.model === undefined || ref.model === option?.current) return;
    if (!option?.values.includes(ref.model)) {
      const there = option
        ? `; it offers ${option.values.slice(0, 20).join(", ")}`
        : "; it offers no choice of models here";
      throw trouble("error", "never", `${program.who} has no model '${ref.model}'${there}`);
    }
    await session.setModel(option.id, ref.model);
    this.#act.model = ref.model;
  }

  async #talk(session: AgentSession, prompt: string, task: Task): Promise<Outcome> {
    const { program, world } = this.#of;
    for (let text = prompt; ; text = EMPTY) {
      if (world.signal.aborted) return stopped(world.signal, await this.#used());
      const leave = world.turn((await this.#used()) ?? NOTHING, needsOf(text));
      if (leave) return leave;
      this.#turns++;
      const told = await session.prompt(text);
      this.#count(told["usage"]);
      const result = this.#act.speech.result;
      const usage = await this.#used();
      if (world.signal.aborted) return stopped(world.signal, usage);
      if (this.#broken !== undefined)
        return failed({ failure: "invalid-output", retry: "never", reason: `${program.who}: ${this.#broken}` }, usage);
      const fault = stopFault(program.who, told["stopReason"]);
      if (fault) return failed(fault, usage);
      if (result === "" && this.#turns === 1) continue;
      const reply = this.#of.scrub(result);
      await this.#act.diary.flushed();
      await keepReply(world.log, { text: reply, usage, model: this.#of.ref.text });
      return this.#judged(reply, task, usage);
    }
  }

  #judged(text: string, task: Task, usage: Usage | undefined): Outcome {
    const got = outputOf(this.#of.program.who, text, task);
    if ("failure" in got) return failed(got, usage);
    return { ok: true, output: got.output, ...(usage && { usage }) };
  }

  #count(told: unknown): void {
    const tokens = tokensIn(told);
    if (!tokens) return;
    const { input = 0, output = 0, cacheRead = 0, cacheWrite = 0, total = 0 } = this.#tokens ?? {};
    this.#tokens = {
      input: input + tokens.input,
      output: output + tokens.output,
      cacheRead: cacheRead + tokens.cacheRead,
      cacheWrite: cacheWrite + tokens.cacheWrite,
      total: total + tokens.total,
    };
  }

  /** Undefined where nothing was asked of it yet. */
  async #used(): Promise<Usage | undefined> {
    if (this.#turns === 0) return undefined;
    const { costUsd: told, window, model } = this.#act;
    const tokens = this.#tokens;
    const { prices } = this.#of.options;
    // Nothing for something is what an agent says who does not know the price either.
    const isKnown = told !== undefined && (told > 0 || tokens?.total === 0);
    const priced = tokens && !isKnown ? await costOf([model, this.#of.ref.text], tokens, prices) : null;
    // Without a report only what fills its window is known, and that is the least it can have used.
    return { tokensUsed: tokens?.total ?? window, costUsd: isKnown ? told : priced, turns: this.#turns };
  }

  #break(reason: string): void {
    this.#broken ??= reason;
    this.#session?.cancel();
  }
}
