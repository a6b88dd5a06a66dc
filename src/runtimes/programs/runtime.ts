/**
 * A program that is run once for an attempt: the prompt goes in, what it prints is read, and then it has ended.
 *
 * P4. Its end alone is no result: what it ended without saying is a fault by name.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonOf } from "../../domain/error.ts";
import type { Attempt, AttemptWorld, Outcome, Usage } from "../../domain/ports.ts";
import { Child, type ChildEnd, type ChildLimits, endInWords, FOREVER } from "../../process/child.ts";
import type { Environment } from "../../process/environment.ts";
import { Lines } from "../../process/lines.ts";
import { Diary } from "../acp/diary.ts";
import { keepReply, keptOf } from "../acp/kept.ts";
import type { Program } from "../acp/session.ts";
import { openTeam } from "../mcp/team.ts";
import type { Fault } from "../model/faults.ts";
import type { Scrub } from "../model/secrets.ts";
import {
  costOf,
  failed,
  GO_ON,
  NOTHING,
  needsOf,
  never,
  type OutsideOptions,
  outputOf,
  passedOn,
  stopped,
  taskFor,
  tellDelta,
} from "../outside.ts";
import type { RuntimeRef } from "../runtime-ref.ts";
import type { Ground } from "../tools/ground.ts";
import { claude } from "./claude.ts";
import { codex } from "./codex.ts";
import type { Asked, Dialect, Native, Report } from "./dialect.ts";

export interface RunOf {
  readonly ref: RuntimeRef;
  readonly attempt: Attempt;
  readonly world: AttemptWorld;
  readonly options: OutsideOptions;
  readonly program: Program;
  readonly scrub: Scrub;
  readonly limits?: Partial<ChildLimits>;
}

const NATIVE: { readonly [name in Native]: Dialect } = { claude, codex };
/** Where among its arguments a program wants the prompt as a file. */
const PROMPT_FILE = "{promptFile}";
const LIMITS = { wall: FOREVER, idle: 1_800_000, cpu: 4 * 3600, output: 512 * 1024 * 1024 };
const GRACE = 2500;

export function nativeRuntime(of: RunOf & { readonly native: Native }, ground: Ground): Promise<Outcome> {
  return runDialect(NATIVE[of.native], of, ground);
}

/** In the files of the attempt, or, where there are none, in an empty folder that is gone with it. */
export async function runDialect(dialect: Dialect, of: RunOf, ground: Ground | undefined): Promise<Outcome> {
  const room = await mkdtemp(join(tmpdir(), "tutti-program-"));
  try {
    return await new Running(dialect, of, room, ground).run();
  } finally {
    await rm(room, { recursive: true, force: true, maxRetries: 3 });
  }
}

class Running {
  readonly #dialect: Dialect;
  readonly #of: RunOf;
  readonly #room: string;
  readonly #ground: Ground | undefined;
  readonly #diary: Diary;
  #child: Child | undefined;
  #broken: string | undefined;
  /** What its environment has beyond that. */
  #more: Environment = {};
  #notes: Promise<unknown> = Promise.resolve();

  constructor(dialect: Dialect, of: RunOf, room: string, ground: Ground | undefined) {
    this.#dialect = dialect;
    this.#of = of;
    this.#room = room;
    this.#ground = ground;
    this.#diary = new Diary(of.world.log, of.scrub, (error) =>
      this.#break(`its log takes no more: ${reasonOf(error)}`),
    );
  }

  async run(): Promise<Outcome> {
    const { attempt, world, options, ref, program } = this.#of;
    const settings = options.instructionsOf(attempt.agentName) ?? {};
    const task = await taskFor(attempt, settings, this.#ground?.notes ?? []).catch((error) =>
      never(`the output schema cannot be used: ${reasonOf(error)}`),
    );
    if ("ok" in task) return task;
    const { restart, continues } = attempt;
    const kept = restart > 0 || continues ? await keptOf(world.log, ref.text, continues) : {};
    if (world.signal.aborted) return stopped(world.signal);
    const leave = kept.reply ? undefined : (passedOn(world) ?? world.turn(NOTHING, needsOf(task.prompt)));
    if (leave) return leave;
    if (!kept.reply && kept.session === undefined) await this.#ground?.note();
    const session = kept.session === undefined ? {} : { session: kept.session };
    const prompt = kept.session === undefined ? task.prompt : `${GO_ON}\n\n${task.prompt}`;
    const report = kept.reply ?? (await this.#withTeam(settings, session, prompt));
    if ("ok" in report) return report;
    const got = outputOf(program.who, report.text, task);
    const { usage } = report;
    return "failure" in got ? failed(got, usage) : { ok: true, output: got.output, ...(usage && { usage }) };
  }

  /** With tools of ours, where its definition names some. */
  async #withTeam(powers: Asked["powers"], before: Pick<Asked, "session">, prompt: string) {
    const { world, options, scrub, program } = this.#of;
    const { team: way } = this.#dialect;
    if (way === undefined) return this.#report(powers, before, prompt);
    const how = { powers, world, clock: options.clock, scrub, asksPersons: false };
    const opened = await openTeam(how).catch((error) => error as Error);
    if (opened instanceof Error)
      return failed({ failure: "error", retry: "safe", reason: `${program.who}: ${opened.message}` });
    await using team = opened;
    if (team === undefined) return await this.#report(powers, before, prompt);
    const file = join(this.#room, "mcp.json");
    const { name, command, args, env } = team;
    const servers = { mcpServers: { [name]: { type: "stdio", command, args, env } } };
    await writeFile(file, JSON.stringify(servers), { mode: 0o600 });
    if (way === "environment") this.#more = env;
    return await this.#report(powers, { ...before, team: { ...team, file } }, prompt);
  }

  async #report(powers: Asked["powers"], session: Pick<Asked, "session" | "team">, prompt: string) {
    const { program, ref, world, attempt, options, scrub } = this.#of;
    const cwd = this.#ground?.workspace.root ?? this.#room;
    const model = ref.model === undefined ? {} : { model: ref.model };
    const asked: Asked = { who: program.who, advice: program.advice, cwd, powers, ...model, ...session };
    const reader = this.#dialect.reader(asked, {
      text: (piece) => tellDelta(options, attempt, piece),
      tool: (news) => void this.#diary.take(news),
      session: (id) => this.#session(id),
    });
    const lines = new Lines(
      (line) => reader.take(line),
      () => this.#break("it printed a line that is too long"),
    );
    let end: ChildEnd;
    try {
      end = await this.#ended(asked, prompt, (piece) => lines.push(piece));
    } catch (error) {
      return never(`${program.who} cannot be begun: ${reasonOf(error)}`);
    }
    lines.end();
    await Promise.all([this.#diary.flushed(), this.#notes]);
    const told = reader.report();
    const usage = await this.#priced(told);
    if (world.signal.aborted) return stopped(world.signal, usage);
    const fault = told.fault ?? this.#fault(end, told);
    if (fault) return failed(fault, usage);
    const text = scrub(told.text ?? "");
    await keepReply(world.log, { text, usage, model: ref.text });
    return { text, usage };
  }

  async #ended(asked: Asked, prompt: string, onOutput: (piece: Buffer) => void): Promise<ChildEnd> {
    const { program, world, limits } = this.#of;
    const file = join(this.#room, "prompt.md");
    const own = program.args.map((arg) => arg.replaceAll(PROMPT_FILE, () => file));
    const isInFile = own.some((arg, i) => arg !== program.args[i]);
    if (isInFile) await writeFile(file, prompt, { mode: 0o600 });
    const child = await Child.begin({
      ...{ file: program.file, args: [...own, ...this.#dialect.args(asked)], cwd: asked.cwd },
      env: { ...program.env, ...this.#more },
      ...{ limits: { ...LIMITS, ...limits }, grace: GRACE, signal: world.signal, onOutput, talks: true },
    });
    this.#child = child;
    // Whoever reads no input, or has gone, must not keep us waiting.
    if (!isInFile) void child.write(prompt);
    child.closeInput();
    return child.ended;
  }

  /** It cannot be found again after a crash without the name of its session. */
  #session(id: string): void {
    if (id === "" || !this.#ground) return;
    const session = { agent: this.#of.ref.text, id };
    this.#notes = this.#notes.then(() => this.#ground?.note({ session })).catch(() => {});
  }

  #fault(end: ChildEnd, { text }: Report): Fault | undefined {
    const { who } = this.#of.program;
    const { code, why, stderr } = end;
    const words = stderr.trim() === "" ? "" : `: ${stderr.trim().slice(-600)}`;
    const said = `${who}: ${endInWords(end, { ...LIMITS, ...this.#of.limits })}`;
    if (this.#broken !== undefined)
      return { failure: "invalid-output", retry: "never", reason: `${who}: ${this.#broken}` };
    if (why === "idle") return { failure: "stalled", retry: "safe", reason: said };
    if (why === "wall") return { failure: "timeout", retry: "safe", reason: said };
    if (why !== undefined || code !== 0) return { failure: "error", retry: "safe", reason: `${said}${words}` };
    if (text === undefined || text.trim() === "")
      return { failure: "invalid-output", retry: "safe", reason: `${said}, without a result${words}` };
    return undefined;
  }

  /** A price that it did not tell is that of its tokens, where that is known. */
  async #priced({ usage, tokens }: Report): Promise<Usage> {
    if (!usage) return { tokensUsed: 0, costUsd: null };
    if (usage.costUsd !== null || !tokens) return usage;
    const { ref, options } = this.#of;
    return { ...usage, costUsd: await costOf([ref.model, ref.text], tokens, options.prices) };
  }

  #break(reason: string): void {
    this.#broken ??= reason;
    void this.#child?.stop();
  }
}
