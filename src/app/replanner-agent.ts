/**
 * Whoever changes the plan of a run under way, as an agent of that run: by a model where one was given, whose answers are
 * checked as plans are, else by rules. What it takes is the run's, and what it was answered stands in its attempt's log.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Able, isSound } from "../conductor/checks.ts";
import { ableOf } from "../conductor/choosing.ts";
import type { Wanted } from "../conductor/planner.ts";
import { type Remedy, remedyProblems, type Standing } from "../conductor/remedy.ts";
import { REPLAN_SCHEMA, remedyIn, replanPrompt } from "../conductor/replan-reply.ts";
import { concerned, remedyByRule } from "../conductor/replanner.ts";
import { reasonOf } from "../domain/error.ts";
import { asJson, defined } from "../domain/json.ts";
import type { Attempt, AttemptLog, AttemptWorld, Outcome, Runtime, Usage } from "../domain/ports.ts";
import { isRecord } from "../domain/shape.ts";
import { sumOf } from "../drivers/local/aside.ts";
import { type ModelRuntimeOptions, modelRuntime } from "../runtimes/model/runtime.ts";
import type { FleetHome } from "./fleet-home.ts";
import { chooserOf, colleaguesNamed } from "./planning.ts";
import { hooked, standingOf } from "./standing.ts";

/** What its model is called with: nothing that would give it files or a shell. */
type Means = Pick<ModelRuntimeOptions, "providers" | "prices" | "timers" | "clock" | "pace" | "fetch" | "secrets"> & {
  readonly folder?: string;
};

const ROUNDS = 3;
/** Agents that a rule chooses one after the other, where one cannot join. */
const MOST_CHOSEN = 4;
const MOST_COLLEAGUES = 40;

export const replannerBy =
  (home: FleetHome) =>
  (means: Means): Runtime => ({
    perform: async (attempt, world) => {
      await home.agency.experience.refresh();
      return new Replan(home, means, attempt, world).perform();
    },
  });

class Replan {
  readonly #home: FleetHome;
  readonly #means: Means;
  readonly #attempt: Attempt;
  readonly #world: AttemptWorld;
  readonly #able: ReadonlyMap<string, Able>;
  #usage: Usage | undefined;

  constructor(home: FleetHome, means: Means, attempt: Attempt, world: AttemptWorld) {
    this.#home = home;
    this.#means = means;
    this.#attempt = attempt;
    this.#world = world;
    this.#able = ableOf(home.agency.registry);
  }

  async perform(): Promise<Outcome> {
    const state = await this.#home.state(this.#attempt.run);
    const standing = standingOf(state, this.#attempt, this.#means.clock.now());
    const got = this.#attempt.agent.model === undefined ? undefined : await this.#byModel(standing);
    if (got && "ok" in got) return { ...got, ...this.#used };
    const remedy = got && "reason" in got ? got : await this.#byRule(standing, got?.why);
    return { ok: true, output: asJson(hooked(state, remedy)), ...this.#used };
  }

  get #used() {
    return defined({ usage: this.#usage });
  }

  /** Asked again with the checker's words as long as something is wrong; `why`: nothing sound came of it. */
  async #byModel(standing: Standing): Promise<Remedy | Outcome | { readonly why: string }> {
    const { model = "" } = this.#attempt.agent;
    let before: Parameters<typeof replanPrompt>[2];
    for (let round = 1; round <= ROUNDS; round++) {
      const got = await this.#ask(replanPrompt(standing, this.#colleagues(standing), before), round);
      this.#usage = sumOf(this.#usage, got.usage);
      if (!got.ok && (got.failure === "stopped" || got.failure === "budget")) return got;
      if (!got.ok) return { why: `${model} did not answer: ${got.reason}` };
      const remedy = remedyIn(standing, got.output);
      if (remedy === undefined) return { why: `the answer of ${model} is no change of a plan` };
      const problems = [...remedyProblems(standing, remedy, this.#known), ...(await this.#joined(remedy))];
      if (isSound(problems)) return { ...remedy, reason: `${remedy.reason} (by ${model})` };
      before = { remedy, problems };
    }
    const [first] = before?.problems ?? [];
    return { why: `what ${model} answered is not sound: ${first?.message ?? "nobody knows why"}` };
  }

  #ask(prompt: string, round: number): Promise<Outcome> {
    const { providers, prices, timers, clock, pace, fetch, secrets } = this.#means;
    const given = { ...{ providers, clock, instructionsOf: () => ({}) }, ...defined({ prices, timers, pace, fetch }) };
    const runtime = modelRuntime({ ...given, ...defined({ secrets }) });
    const { task } = this.#attempt;
    const asked = { id: task.id, agentName: task.agentName, description: task.description, prompt };
    const attempt = { ...this.#attempt, task: { ...asked, output: asJson(REPLAN_SCHEMA) as object as never }, prompt };
    const before = this.#usage;
    const inner: AttemptWorld = {
      ...{ signal: this.#world.signal, board: this.#world.board, log: exchangeIn(this.#world.log, round) },
      ...{ send: (...said) => this.#world.send(...said), ask: (asking) => this.#world.ask(asking) },
      before: () => this.#world.before(),
      turn: (used, needs) => this.#world.turn(sumOf(before, used) ?? used, needs),
      ...defined({ rest: this.#world.rest?.bind(this.#world) as AttemptWorld["rest"] }),
    };
    return runtime.perform({ ...attempt, messages: [], results: {} }, inner);
  }

  #colleagues({ tasks, failed }: Standing) {
    const { agency } = this.#home;
    const there = tasks.map(({ task }) => task.agentName);
    const description = tasks.find(({ task }) => task.id === failed?.id)?.task.description ?? "";
    const { agent, alternatives } = agency.route({ description: description || "plan" });
    const found = [...(agent === null ? [] : [agent]), ...alternatives.map((one) => one.agent)];
    const usual = ["debugger", "fixer", "developer", "code-reviewer", "test-engineer"];
    const names = [...new Set([...there, ...found, ...usual])].filter((name) => this.#able.has(name));
    return colleaguesNamed(agency, names.slice(0, MOST_COLLEAGUES));
  }

  async #byRule(standing: Standing, why: string | undefined): Promise<Remedy> {
    const note = why === undefined ? "" : ` (${why}; by rules)`;
    if (!standing.failed) return { reason: `${await this.#tell(standing)}${note}` };
    const choose = chooserOf(this.#home.agency);
    const cannot: string[] = [];
    for (let n = 0; n < MOST_CHOSEN; n++) {
      const able = (wanted: Wanted) => choose({ ...wanted, except: [...(wanted.except ?? []), ...cannot] });
      const remedy = remedyByRule(standing, able);
      const [absent] = await this.#joined(remedy);
      if (absent?.agent !== undefined) {
        cannot.push(absent.agent);
        continue;
      }
      const [problem] = remedyProblems(standing, remedy, this.#known);
      if (problem === undefined) return { ...remedy, reason: `${remedy.reason}${note}` };
      return { reason: `rules know no other way: ${problem.message}${note}` };
    }
    return { reason: `nobody who could do it can work in this run${note}` };
  }

  /** Nobody here can plan anew: those hear of it whose tasks it touches. */
  async #tell(standing: Standing): Promise<string> {
    const told = new Set<string>();
    for (const { from, text } of standing.said)
      for (const name of concerned(standing.tasks, text)) {
        if (name === from) continue;
        const isTold = await this.#world.send(name, `${from} has found out: ${text}`).then(
          () => true,
          () => false,
        );
        if (isTold) told.add(name);
      }
    return told.size === 0
      ? "nothing in the plan is changed by it"
      : `told to ${[...told].join(", ")}; no task is changed`;
  }

  /** Whoever is to do something must work in the run; why somebody cannot. */
  async #joined({ add = [] }: Remedy) {
    const { join } = this.#world;
    const faults: { severity: "fault"; path: string; message: string; agent?: string }[] = [];
    for (const { id, agentName, description } of add) {
      if (!this.#able.has(agentName)) continue;
      try {
        await join?.call(this.#world, { name: agentName }, description);
      } catch (error) {
        const message = `task '${id}' is for '${agentName}', who cannot work in this run: ${reasonOf(error)}`;
        faults.push({ severity: "fault", path: `tasks.${id}.agentName`, message, agent: agentName });
      }
    }
    return faults;
  }

  get #known() {
    const { folder } = this.#means;
    const exists = folder === undefined ? {} : { exists: (path: string) => existsSync(resolve(folder, path)) };
    return { agents: this.#able, ...exists };
  }
}

/** Each exchange has a part of the log: begun again, none of them is bought twice. */
const exchangeIn = (log: AttemptLog, exchange: number): AttemptLog => ({
  read: async (of) => (await log.read(of)).filter(({ entry }) => isRecord(entry) && entry["exchange"] === exchange),
  append: (...entries) =>
    log.append(
      ...entries.map(({ type, entry }) => ({
        type,
        entry: isRecord(entry) ? { ...entry, exchange } : { entry, exchange },
      })),
    ),
});
