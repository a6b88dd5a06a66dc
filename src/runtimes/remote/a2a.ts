/**
 * An attempt by an agent that speaks A2A (Agent2Agent): a message begins a task of its, which is looked at until it is
 * over. What it wants to know meanwhile, a person is asked.
 *
 * E4. The id of its task is in the attempt's log before it is waited for: whoever is begun again looks at that task and
 *     sends nothing twice. A message whose answer was lost is sent again under its own id.
 * E5. The key goes to the host that the settings name, whatever the agent's card says.
 * E6. A task that nobody waits for any more is cancelled there too.
 */
import { asJson, type Json } from "../../domain/json.ts";
import type { Attempt, AttemptWorld, Clock } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
import type { Fault } from "../model/faults.ts";
import { type A2aAddress, A2aAgent, type Fields, failed, listOf, Refused } from "./a2a-wire.ts";

export type Replied =
  | { readonly output: Json; readonly told: Fields }
  | { readonly fault: Fault; readonly told?: Fields };

/** Milliseconds until it is looked at first, and at most between two looks. */
const LOOKS = { first: 200, most: 5000 } as const;
/** Looks in a row without an answer: its task goes on meanwhile, and another would be paid again. */
const MOST_LOST = 8;
/** To a person, in one attempt. */
const MOST_QUESTIONS = 20;

/** Rejects as a request does. */
export async function performA2a(
  at: A2aAddress,
  clock: Clock,
  attempt: Attempt,
  world: AttemptWorld,
  prompt: string,
): Promise<Replied> {
  const { signal } = world;
  const until = clock.now() + at.limits.timeout;
  let task: Fields | undefined;
  let agent: A2aAgent | undefined;
  try {
    agent = await A2aAgent.find(at, signal);
    const talk = await Talk.of(at.who, agent, attempt, world);
    task = talk.task;
    // One that it has forgotten is begun anew.
    let told = (task && (await agent.look(task, signal))) ?? (await talk.say(prompt));
    for (let wait: number = LOOKS.first, asked = 0, lost = 0; ; ) {
      task = refOf(told);
      const state = stateOf(told);
      if (task === undefined || state === "completed") return read(at.who, told);
      if (state === "input-required" && asked++ < MOST_QUESTIONS) {
        const { decision, note } = await world.ask({ question: `${at.who} asks: ${wordsOf(told)}` });
        if (decision === "reject") return await over(agent, task, at.who, "asked, and a person did not answer", told);
        told = await talk.say(note ?? "yes", task);
        wait = LOOKS.first;
      } else if (state !== "submitted" && state !== "working") {
        return await over(agent, task, at.who, ENDS[state] ?? `is '${state}', which is unknown`, told);
      } else if (clock.now() + wait > until) {
        await agent.cancel(task);
        return {
          fault: { ...failed(`${at.who} did not end within ${at.limits.timeout} ms`), failure: "timeout" },
          told,
        };
      } else {
        await passed(clock, wait, signal);
        wait = Math.min(2 * wait, LOOKS.most);
        const seen = await agent.look(task, signal).catch((error) => {
          if (signal.aborted || ++lost > MOST_LOST || isNever(error)) throw error;
        });
        if (seen) {
          lost = 0;
          told = seen;
        }
      }
    }
  } catch (error) {
    if (task !== undefined && signal.aborted) await agent?.cancel(task);
    if (error instanceof Refused) return { fault: error.fault };
    throw error;
  }
}

const isNever = (error: unknown): boolean => error instanceof Refused && error.fault.retry === "never";

const ENDS: { readonly [state: string]: string } = {
  failed: "failed",
  canceled: "cancelled its task",
  rejected: "does not do such a task",
  "auth-required": "wants a login that nobody here can give",
  "input-required": `asked more than ${MOST_QUESTIONS} questions`,
};

async function over(agent: A2aAgent, task: Fields, who: string, what: string, told: Fields): Promise<Replied> {
  const state = stateOf(told);
  if (state === "input-required" || state === "auth-required") await agent.cancel(task);
  const said = wordsOf(told);
  const reason = `${who} ${what}${said === "" ? "" : `: ${said}`}`;
  return { fault: { ...failed(reason), retry: state === "failed" || state === "canceled" ? "safe" : "never" }, told };
}

/** Each message is in the log before it is sent, and the task that came of it afterwards. */
class Talk {
  readonly task: Fields | undefined;
  readonly #who: string;
  readonly #agent: A2aAgent;
  readonly #attempt: Attempt;
  readonly #world: AttemptWorld;
  #answered: number;

  private constructor(who: string, agent: A2aAgent, attempt: Attempt, world: AttemptWorld, answers: readonly Fields[]) {
    this.#who = who;
    this.#agent = agent;
    this.#attempt = attempt;
    this.#world = world;
    this.#answered = answers.length;
    this.task = answers.map(({ task }) => task).findLast(isRecord);
  }

  static async of(who: string, agent: A2aAgent, attempt: Attempt, world: AttemptWorld): Promise<Talk> {
    const before = (attempt.continues ?? []).map((one) => world.log.read(one));
    const logs = (await Promise.all([...before, world.log.read()])).flat();
    const answers = logs.flatMap(({ type, entry }) => (type === "tool:result" && isRecord(entry) ? [entry] : []));
    return new Talk(who, agent, attempt, world, answers);
  }

  async say(text: string, task?: Fields): Promise<Fields> {
    const { log, signal } = this.#world;
    const id = `${this.#attempt.effectId}.${this.#answered + 1}`;
    await log.append({ type: "tool:call", entry: { id, name: "a2a", input: { to: this.#agent.address.href } } });
    const told = await this.#agent.send(id, text, task, signal);
    const ref = refOf(told);
    const words = ref ? `task ${String(ref["taskId"])} is ${stateOf(told)}` : "answered at once";
    const entry = { id, name: "a2a", text: `${this.#who}: ${words}`, ...(ref && { task: asJson(ref) }) };
    await log.append({ type: "tool:result", entry });
    this.#answered++;
    return told;
  }
}

/** Of a task; a message has none. */
function refOf({ id, contextId, status }: Fields): Fields | undefined {
  if (typeof id !== "string" || !isRecord(status)) return undefined;
  return { taskId: id, ...(typeof contextId === "string" && { contextId }) };
}

/** 1.0 says TASK_STATE_INPUT_REQUIRED where 0.3 says input-required. */
function stateOf({ status }: Fields): string {
  const state = isRecord(status) ? String(status["state"]) : "";
  return state
    .replace(/^TASK_STATE_/, "")
    .toLowerCase()
    .replaceAll("_", "-");
}

/** What stands with a state, for a person. */
function wordsOf({ status }: Fields): string {
  const message = isRecord(status) && isRecord(status["message"]) ? status["message"] : {};
  return textOf(listOf(message["parts"])).slice(0, 2000);
}

/** Its artifacts; where it made none, what it said. Data by itself stays what it is. */
function read(who: string, told: Fields): Replied {
  const made = listOf(told["artifacts"]).flatMap(({ parts }) => listOf(parts));
  const status = isRecord(told["status"]) && isRecord(told["status"]["message"]) ? told["status"]["message"] : {};
  const parts = [made, listOf(status["parts"]), listOf(told["parts"])].find(({ length }) => length > 0) ?? [];
  const [only, ...more] = parts;
  if (only?.["data"] !== undefined && more.length === 0) return { output: asJson(only["data"]), told };
  const output = textOf(parts);
  const reason = `${who} ended without a word of result`;
  return output === "" ? { fault: { ...failed(reason), failure: "invalid-output" }, told } : { output, told };
}

function textOf(parts: readonly Fields[]): string {
  const words = parts.map(({ text, data, file, url, filename }) => {
    if (typeof text === "string") return text;
    if (data !== undefined) return JSON.stringify(data);
    const { uri = url, name = filename } = isRecord(file) ? file : {};
    return `[file ${[name, uri].filter((one) => typeof one === "string").join(" ") || "without a name"}]`;
  });
  return words.join("\n").trim();
}

function passed(clock: Clock, wait: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      takeBack();
      reject(signal.reason);
    };
    const takeBack = clock.at(clock.now() + wait, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.aborted ? stop() : signal.addEventListener("abort", stop, { once: true });
  });
}
