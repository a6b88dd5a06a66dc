/**
 * Agents that are services of others: one POST for each attempt, and what comes back is its result.
 *
 * E1. Whoever is asked is asked first whether he is well, where he says how.
 * E2. The key comes from the environment and goes to that one address; a redirect is not followed.
 * E3. `Idempotency-Key` is the attempt's effect id: whoever is asked again after a crash can give the same answer.
 */
import { reasonOf, TuttiError } from "../../domain/error.ts";
import { asJson, type Json } from "../../domain/json.ts";
import type { Attempt, AttemptWorld, Clock, Outcome, Usage } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
import type { Fault } from "../model/faults.ts";
import { retryAfterOf } from "../model/retry-after.ts";
import { scrubber } from "../model/secrets.ts";
import { failed, never, type OutsideOptions, outputOf, stopped, taskFor } from "../outside.ts";
import type { RuntimeRef } from "../runtime-ref.ts";
import { performA2a } from "./a2a.ts";
import { cardOf, type Fields, parsed } from "./a2a-wire.ts";
import { type Answered, request } from "./request.ts";

export interface RemoteSetting {
  readonly url: string;
  /** `a2a`: `url` is that of the agent, or of its card. Default: `plain`, one POST to it. */
  readonly protocol?: "plain" | "a2a";
  /** Asked with GET before anything else; 200 to 299 is well. */
  readonly health?: string;
  /** Sent as `Authorization: Bearer`. */
  readonly key?: string;
  /** Milliseconds. Default ten minutes. */
  readonly timeout?: number;
}
export type RemoteSettings = { readonly [name: string]: RemoteSetting };
export interface RemoteOptions extends OutsideOptions {
  readonly remotes?: RemoteSettings;
}

const TIMEOUT = 600_000;
const HEALTH = { timeout: 5000, most: 64 * 1024 } as const;
const LARGEST = 8 * 1024 * 1024;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Why it cannot be called at all. */
export function remoteFault(name: string, remotes: RemoteSettings): string | undefined {
  const setting = Object.hasOwn(remotes, name) ? remotes[name] : undefined;
  if (!setting) return `there is no remote '${name}' in config.yaml`;
  for (const address of [setting.url, setting.health]) {
    if (address === undefined) continue;
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url?.protocol !== "http:" && url?.protocol !== "https:") return `'${address}' is no http or https URL`;
    if (url.protocol === "http:" && setting.key !== undefined && !LOOPBACK.test(url.hostname))
      return `its key would go to '${url.host}' in the clear: use https`;
  }
  return undefined;
}

/** Why it is not well; undefined where it is, or where it says nothing about that. */
export async function healthFault(setting: RemoteSetting, signal?: AbortSignal): Promise<string | undefined> {
  const { protocol, key, url: at, health = protocol === "a2a" ? cardOf(at) : undefined } = setting;
  if (health === undefined) return undefined;
  const url = new URL(health);
  try {
    const how = { method: "GET" as const, headers: keyed(key), ...HEALTH, ...(signal && { signal }) };
    const { status } = await request(url, how);
    return status >= 200 && status < 300
      ? undefined
      : `${url.host} answers ${status} when it is asked whether it is well`;
  } catch (error) {
    return `${url.host} does not answer when it is asked whether it is well: ${wordsOf(error)}`;
  }
}

const keyed = (key: string | undefined): { readonly [name: string]: string } =>
  key === undefined ? {} : { authorization: `Bearer ${key}` };

export async function performRemote(
  ref: RuntimeRef,
  attempt: Attempt,
  world: AttemptWorld,
  options: RemoteOptions,
): Promise<Outcome> {
  const { remotes = {}, instructionsOf } = options;
  const fault = remoteFault(ref.name, remotes);
  const setting = remotes[ref.name];
  if (fault !== undefined || !setting) return never(`${ref.text} cannot be called: ${fault}`);
  const scrub = scrubber([setting.key]);
  const settings = instructionsOf(attempt.agentName) ?? {};
  const task = await taskFor(attempt, settings, []).catch((error) =>
    never(`the output schema cannot be used: ${reasonOf(error)}`),
  );
  if ("ok" in task) return task;
  const unwell = await healthFault(setting, world.signal);
  if (world.signal.aborted) return stopped(world.signal);
  if (unwell !== undefined) return failed({ failure: "overloaded", retry: "safe", reason: scrub(unwell) });
  const asked = setting.protocol === "a2a" ? spoken : posted;
  const answer = await asked(ref.text, setting, attempt, task.prompt, world, options.clock).catch((error) => ({
    error,
  }));
  // It was asked: what that took is not known where it does not say.
  const unknown: Usage = { tokensUsed: 0, costUsd: null };
  if (world.signal.aborted) return stopped(world.signal, unknown);
  if ("error" in answer) {
    const reason = scrub(`${ref.text}: ${wordsOf(answer.error)}`);
    return failed({ failure: "error", retry: "safe", reason }, unknown);
  }
  const usage = answer.usage ?? unknown;
  if (answer.fault) return failed({ ...answer.fault, reason: scrub(answer.fault.reason) }, usage);
  // What is no text fits a schema as it is, or is told as it came.
  const text = typeof answer.output === "string" ? answer.output : JSON.stringify(answer.output);
  const got = outputOf(ref.text, text, task);
  if ("failure" in got) return failed(got, usage);
  return { ok: true, output: task.read ? got.output : (answer.output as Json), usage };
}

/** In the words of A2A. What it used it may say in its metadata. */
async function spoken(
  who: string,
  { url, key, timeout = TIMEOUT }: RemoteSetting,
  attempt: Attempt,
  prompt: string,
  world: AttemptWorld,
  clock: Clock,
): Promise<Read> {
  const limits = { timeout, most: LARGEST };
  const refused = (answered: Answered) => statusFault(who, answered, clock.now());
  const at = { who, url, headers: keyed(key), limits, statusFault: refused };
  const { told, ...read } = await performA2a(at, clock, attempt, world, prompt);
  const usage = isRecord(told?.["metadata"]) ? usageIn(told["metadata"]) : undefined;
  return { ...read, ...(usage && { usage }) };
}

async function posted(
  who: string,
  { url, key, timeout = TIMEOUT }: RemoteSetting,
  { task, effectId }: Attempt,
  prompt: string,
  { signal }: AttemptWorld,
  clock: Clock,
): Promise<Read> {
  const { id, description, context } = task;
  const told = { id, description, ...(context && { context }) };
  const body = JSON.stringify({ task: told, prompt, effectId });
  const headers = {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    accept: "application/json",
    "idempotency-key": effectId,
    ...keyed(key),
  };
  const answered = await request(new URL(url), { method: "POST", headers, body, timeout, most: LARGEST, signal });
  return readOf(who, answered, clock.now());
}

interface Read {
  readonly output?: Json;
  readonly usage?: Usage;
  readonly fault?: Fault;
}

/** `{ output, tokensUsed?, costUsd? }`, or `{ error: { message, retry? } }`. */
function readOf(who: string, answered: Answered, now: number): Read {
  const { status, text } = answered;
  const told = parsed(text);
  const usage = told && usageIn(told);
  const used = usage ? { usage } : {};
  const error = told && isRecord(told["error"]) ? told["error"] : undefined;
  if (status < 200 || status >= 300) return { ...used, fault: statusFault(who, answered, now) };
  const reason = saidBy(who, answered, error);
  if (error)
    return { ...used, fault: { failure: "error", retry: error["retry"] === "never" ? "never" : "safe", reason } };
  if (!told)
    return { fault: { failure: "invalid-output", retry: "safe", reason: `${reason}, which is no JSON object` } };
  if (told["output"] === undefined)
    return { ...used, fault: { failure: "invalid-output", retry: "safe", reason: `${who} answered without 'output'` } };
  return { output: asJson(told["output"]), ...used };
}

function saidBy(who: string, { status, text }: Answered, error: Fields | undefined): string {
  const said = typeof error?.["message"] === "string" ? error["message"] : text.trim();
  return `${who} answered ${status}${said === "" ? "" : `: ${said.slice(0, 500)}`}`;
}

function statusFault(who: string, answered: Answered, now: number): Fault {
  const { status, headers, text } = answered;
  const error = parsed(text)?.["error"];
  const reason = saidBy(who, answered, isRecord(error) ? error : undefined);
  const plain = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
  const wait = retryAfterOf(plain, now);
  const retryAfter = wait === undefined ? {} : { retryAfter: wait };
  if (status === 429) return { failure: "rate-limit", retry: "safe", reason, ...retryAfter };
  if (status === 503 || status === 529) return { failure: "overloaded", retry: "safe", reason, ...retryAfter };
  if (status >= 500 || status === 408 || status === 409)
    return { failure: "error", retry: "safe", reason, ...retryAfter };
  const isElsewhere = status >= 300 && status < 400;
  return { failure: "error", retry: "never", reason: isElsewhere ? `${reason}; set its final address` : reason };
}

function usageIn(told: Fields): Usage | undefined {
  const { tokensUsed, costUsd } = told;
  const isAmount = (value: unknown): value is number =>
    typeof value === "number" && Number.isFinite(value) && value >= 0;
  if (!isAmount(tokensUsed) && !isAmount(costUsd)) return undefined;
  return { tokensUsed: isAmount(tokensUsed) ? tokensUsed : 0, costUsd: isAmount(costUsd) ? costUsd : null };
}

function wordsOf(error: unknown): string {
  if (error instanceof TuttiError) return error.message;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === "ECONNREFUSED" ? "nothing answers at its address" : reasonOf(error);
}
