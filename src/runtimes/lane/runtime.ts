/**
 * The merge lane as the agent of a task: it brings together what the tasks before it wrote, proves it and delivers it.
 *
 * N5. What was proven and what was mended stands in the attempt's log: a lane that is begun again proves and asks nothing
 *     twice, and comes to the same commit.
 * N6. Nothing is delivered but a head on which all gates were green.
 */
import { reasonOf, TuttiError } from "../../domain/error.ts";
import type { Landing, Lane, Lanes, Proof, Work } from "../../domain/landing.ts";
import type { Attempt, AttemptWorld, Outcome, Runtime } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
import { type ChildEnd, endInWords } from "../../process/child.ts";
import { Shell, type ShellOptions } from "../tools/shell.ts";
import { bounded } from "../tools/tool.ts";
import { integrate, type Landed, type Trouble } from "./integrate.ts";
import { Left, Mending } from "./mending.ts";

export interface LaneOptions {
  readonly landing: Landing;
  readonly lanes: Lanes;
  readonly shell: Pick<ShellOptions, "env" | "hidden" | "mustHold">;
}

const WALL = 600_000;
/** Characters of what a gate said, for whoever must mend it. */
const MOST_SAID = 12_000;

export function laneRuntime(options: LaneOptions): Runtime {
  return { perform: (attempt, world) => new Attended(options, attempt, world).perform() };
}

class Attended {
  readonly #options: LaneOptions;
  readonly #attempt: Attempt;
  readonly #world: AttemptWorld;
  readonly #proven = new Map<string, Proof>();
  readonly #mending: Mending;
  #runs = 0;
  #isUnheld = false;

  constructor(options: LaneOptions, attempt: Attempt, world: AttemptWorld) {
    this.#options = options;
    this.#attempt = attempt;
    this.#world = world;
    this.#mending = new Mending(attempt, world, options.landing.mediator);
  }

  async perform(): Promise<Outcome> {
    const outcome = await this.#perform().catch((error): Outcome => {
      if (error instanceof Left) return withoutUsage(error.outcome);
      if (this.#world.signal.aborted) return this.#stopped();
      const hint = error instanceof TuttiError && error.hint !== undefined ? `; ${error.hint}` : "";
      return failed(`${reasonOf(error)}${hint}`);
    });
    return { ...outcome, usage: this.#mending.usage };
  }

  async #perform(): Promise<Outcome> {
    const { run, task, restart, continues = [] } = this.#attempt;
    const works = this.#world.works?.() ?? [];
    if (restart > 0 || continues.length > 0) await this.#recall(continues);
    await using lane = await this.#options.lanes.open({ run, task: task.id });
    const got = await integrate(works, lane.onto.commit, {
      apply: async (head, work) => {
        this.#mayGoOn();
        return lane.apply(head, work);
      },
      prove: (head) => this.#prove(lane, head),
      mend: async (work, trouble) => {
        await this.#tell(work, trouble);
        const mended = await this.#mending.mend(lane, work, trouble);
        this.#mayGoOn();
        return mended;
      },
    });
    return this.#deliver(lane, works, got);
  }

  async #deliver(lane: Lane, works: readonly Work[], { head, landed, leftOut, red }: Landed): Promise<Outcome> {
    if (red !== undefined) return failed(`the gates are red without any of this work, on ${lane.onto.name}: ${red}`);
    const told = {
      onto: lane.onto,
      gates: [...this.#options.landing.gates],
      gateRuns: this.#runs,
      ...(this.#isUnheld && { unsandboxed: true }),
      landed: landed.map(({ work, commit }) => ({ task: work.task, agent: work.agentName, commit })),
      leftOut: leftOut.map(({ work, reason }) => ({ task: work.task, agent: work.agentName, reason })),
    };
    if (landed.length === 0 && works.length > 0)
      return failed(
        `none of the work could land: ${leftOut.map((one) => `${one.work.task}: ${one.reason}`).join("; ")}`,
      );
    if (head === lane.onto.commit) return { ok: true, output: { ...told, head, delivered: null } };
    this.#mayGoOn();
    const drifted = await lane.drift(head);
    const { before, ...delivered } = await lane.deliver(head, this.#options.landing.delivery);
    const entry = { ...delivered, before: before ?? null, run: this.#attempt.run };
    await this.#world.log.append({ type: "workspace:merged", entry });
    const moved = drifted && { drifted: { to: drifted.to, conflicts: [...drifted.conflicts] } };
    return { ok: true, output: { ...told, ...moved, head, delivered: { ...delivered, before: before ?? null } } };
  }

  /** All gates in order, up to the first that is red. The same commit is proven once, also by those that begin again. */
  async #prove(lane: Lane, head: string): Promise<Proof> {
    const { gates } = this.#options.landing;
    const known = this.#proven.get(head);
    if (known !== undefined || gates.length === 0) return known ?? { ok: true };
    this.#mayGoOn();
    const { log, signal } = this.#world;
    await log.append({
      type: "tool:call",
      entry: { id: head, name: "prove", input: { commit: head, gates: [...gates] } },
    });
    this.#runs++;
    await using files = await lane.checkout(head);
    await using shell = await Shell.open({ ...this.#options.shell, workspace: files, network: false });
    this.#isUnheld ||= !shell.isHeld;
    let proof: Proof = { ok: true };
    for (const gate of gates) {
      const wall = this.#options.landing.timeout ?? WALL;
      const end = await shell.run(gate, wall, signal);
      if (signal.aborted) throw new Left(this.#stopped());
      if (end.code === 0 && end.why === undefined) continue;
      proof = { ok: false, output: saidBy(gate, end, wall) };
      break;
    }
    this.#proven.set(head, proof);
    const text = proof.ok ? "green" : proof.output;
    const entry = { id: head, name: "prove", text, ...(proof.ok ? {} : { fault: "failed" }) };
    await log.append({ type: "tool:result", entry });
    return proof;
  }

  /** What attempts before it, or this one before its host died, have proven. */
  async #recall(continues: readonly number[]): Promise<void> {
    const { log } = this.#world;
    const logs = await Promise.all([...continues.map((one) => log.read(one)), log.read()]);
    for (const { type, entry } of logs.flat()) {
      if (type !== "tool:result" || !isRecord(entry) || entry["name"] !== "prove") continue;
      const { id, text, fault } = entry;
      if (typeof id !== "string" || typeof text !== "string") continue;
      this.#proven.set(id, fault === undefined ? { ok: true } : { ok: false, output: text });
    }
  }

  async #tell({ task, agentName }: Work, trouble: Trouble): Promise<void> {
    const { head, kind } = trouble;
    const what =
      trouble.kind === "conflict" ? { files: [...trouble.files] } : { output: trouble.output.slice(0, 2000) };
    const entry = { task, agentName, kind, head, ...what };
    await this.#world.log.append({ type: "workspace:conflict", entry });
  }

  #mayGoOn(): void {
    const off = this.#world.turn(this.#mending.usage, { tokens: 0, usd: 0 });
    if (off) throw new Left(off);
    if (this.#world.signal.aborted) throw new Left(this.#stopped());
  }

  #stopped(): Outcome {
    return { ok: false, failure: "stopped", reason: reasonOf(this.#world.signal.reason), retry: "safe" };
  }
}

function saidBy(gate: string, end: ChildEnd, wall: number): string {
  const said = bounded(`${end.output}\n${end.stderr}`.trim(), MOST_SAID);
  return `'${gate}': ${endInWords(end, { wall, idle: wall })}\n${said}`;
}

/** What it used has been counted with that of the others. */
const withoutUsage = ({ usage: _, ...outcome }: Outcome): Outcome => outcome;

const failed = (reason: string): Outcome => ({ ok: false, failure: "error", reason, retry: "never" });
