/**
 * What an attempt asks of other agents while it is at work: a bounded question, answered within the attempt.
 *
 * Y1. A question is told by its words: asked again, also after a crash or by the attempt that goes on, it is the same
 *     one, and what was paid for its answer is found in the log.
 * Y2. What an answer costs is the asker's: it counts against every cap before the next turn, and in the attempt's end.
 * Y3. Whoever helps may ask for help too, to a depth; an attempt has so many questions in all, one at a time.
 */
import { LeftOff, TuttiError } from "../../domain/error.ts";
import type { Needs } from "../../domain/events.ts";
import type { Wanted } from "../../domain/handoff.ts";
import { canonical, defined, sha256 } from "../../domain/json.ts";
import type { AttemptWorld, Help, MayTurn, Usage } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
import { promptOf } from "../../graph/dag.ts";
import { askAside, type Inside, insideOf, sumOf } from "./aside.ts";
import { attemptLog } from "./attempt-log.ts";
import { colleagueFor } from "./colleagues.ts";
import type { Place } from "./place.ts";

const HELP_LIMITS = { depth: 2, ofAttempt: 5, question: 20_000, shown: 8000 } as const;

interface Of {
  readonly taskId: string;
  readonly attempt: number;
  readonly restart: number;
}
/** Who asks: the agent of the attempt, or one that helps it. */
interface Asker {
  readonly by: string;
  readonly depth: number;
  readonly place: Place;
  readonly world: AttemptWorld;
  /** Of the attempt itself: all that is used below it counts there. */
  readonly turn: AttemptWorld["turn"];
}

const NOTHING: Usage = { tokensUsed: 0, costUsd: 0 };
const ROLE = "help";

export class Helping {
  readonly #driver: Inside;
  readonly #of: Of;
  /** What each question has used so far. */
  readonly #used = new Map<string, Usage>();
  readonly #answers = new Map<string, Promise<Help>>();
  /** How often each question could not be answered. */
  readonly #failures = new Map<string, number>();
  /** The last question of each depth: two at once would share one place. */
  readonly #last = new Map<number, Promise<unknown>>();
  /** What the attempt itself has used, as it told last. */
  #own: Usage = NOTHING;

  constructor(driver: Inside, of: Of) {
    this.#driver = driver;
    this.#of = of;
  }

  /** What all answers together have used. */
  get used(): Usage | undefined {
    return [...this.#used.values()].reduce<Usage | undefined>(sumOf, undefined);
  }

  /** Of an attempt that is begun again: what was paid before its host died. */
  async load(): Promise<void> {
    const { taskId, attempt } = this.#of;
    for (const { type, entry } of await attemptLog(this.#driver, taskId, attempt).read()) {
      const by = isRecord(entry) && typeof entry["by"] === "string" ? entry["by"] : "";
      const [role, id = ""] = by.split(" ");
      const usage = type === "turn:complete" && role === ROLE && isRecord(entry) ? entry["usage"] : undefined;
      if (isRecord(usage)) this.#used.set(id, sumOf(this.#used.get(id), usageIn(usage)) ?? NOTHING);
    }
  }

  /** The attempt's own use, with that of its helpers: what counts against a cap. */
  counted(own: Usage): Usage {
    this.#own = own;
    return sumOf(own, this.used) ?? own;
  }

  ask(asker: Asker, wanted: Wanted, question: string): Promise<Help> {
    const name = sha256(canonical([asker.depth, wanted.name ?? "", wanted.capability ?? "", question])).slice(0, 10);
    const failures = this.#failures.get(name) ?? 0;
    // What failed may be asked again, and what it took stays counted.
    const id = failures === 0 ? name : `${name}.${failures}`;
    const known = this.#answers.get(id);
    if (known !== undefined) return known;
    const before = this.#last.get(asker.depth) ?? Promise.resolve();
    const asked = before.then(() => this.#ask(id, asker, wanted, question));
    this.#last.set(
      asker.depth,
      asked.catch(() => {}),
    );
    this.#answers.set(id, asked);
    asked.catch(() => this.#failures.set(name, failures + 1));
    return asked;
  }

  async #ask(id: string, asker: Asker, wanted: Wanted, question: string): Promise<Help> {
    const { state } = this.#driver;
    const { by, depth, place, world, turn } = asker;
    const { depth: deepest, ofAttempt, question: longest } = HELP_LIMITS;
    if (state.start?.options.enableCommunication === false)
      throw refused("this run has no communication between agents: go on without help, or ask a person");
    if (depth >= deepest)
      throw refused(`whoever helps at depth ${deepest} asks nobody else: answer as well as you can`);
    if (question.trim() === "" || question.length > longest)
      throw refused(`a question has 1 to ${longest} characters, not ${question.length}`);
    if (!this.#used.has(id) && this.#used.size >= ofAttempt)
      throw refused(`this attempt has asked for help ${ofAttempt} times, its limit: go on without, or ask a person`);
    const agentName = await colleagueFor(this.#driver, wanted, { by, about: question });
    if (!this.#used.has(id)) this.#used.set(id, NOTHING);
    const counting = insideOf(world, { turn: (used, needs) => this.#turn(id, used, needs, turn) });
    const { continues } = state.recovery.tries.get(this.#of.taskId) ?? {};
    const got = await place.lend(() =>
      askAside(this.#driver, counting, {
        ...{ ...this.#of, ...defined({ continues }) },
        ...{ agentName, role: `${ROLE} ${id}`, prompt: this.#prompt(by, question) },
        inner: (its, ours) => ({
          help: (more: Wanted, words: string) =>
            this.ask({ by: agentName, depth: depth + 1, place: its, world: ours, turn }, more, words),
        }),
      }),
    );
    this.#used.set(id, got.usage ?? this.#used.get(id) ?? NOTHING);
    // Asked again when the run goes on; what its helper has done till then is not lost.
    if (!got.ok && got.failure === "stopped" && (this.#driver.state.life.stop || world.signal.aborted))
      throw new LeftOff(got.reason);
    if (!got.ok) throw refused(`'${agentName}' could not help: ${got.reason}`);
    return { agentName, text: typeof got.output === "string" ? got.output : JSON.stringify(got.output) };
  }

  #turn(id: string, used: Usage, needs: Needs, turn: AttemptWorld["turn"]): MayTurn {
    this.#used.set(id, used);
    return turn(this.#own, needs);
  }

  #prompt(by: string, question: string): string {
    const node = this.#driver.state.graph.nodes.get(this.#of.taskId);
    const task = node ? `${node.spec?.description ?? ""}\n\n${promptOf(node)}`.slice(0, HELP_LIMITS.shown) : "";
    return [
      `The agent '${by}' is at work on a task and asks for your help. Answer its question and do nothing beyond it: your reply is given to it as it is, and you cannot ask back.`,
      `## The question\n\n${question}`,
      `## The task that it works on, so that you understand the question\n\n${task}`,
    ].join("\n\n");
  }
}

const refused = (reason: string) => new TuttiError("BAD_INPUT", reason);

/** Of a turn, as each runtime writes it into the log. */
function usageIn(usage: Record<string, unknown>): Usage {
  const amount = (field: string) => (typeof usage[field] === "number" ? usage[field] : 0);
  const { tokensUsed, costUsd } = usage;
  return {
    tokensUsed: typeof tokensUsed === "number" ? tokensUsed : amount("input") + amount("output"),
    costUsd: typeof costUsd === "number" ? costUsd : null,
    turns: amount("turns") || 1,
  };
}
