/**
 * R1. Keys that we know go no further than to whom they are for: what agents say, send, ask and write down is cleaned
 *     of them, in the forms in which they travel, before it becomes a fact. Afterwards it would be too late: what stands
 *     in the journal is what the state is made of.
 */
import { asJson, type Json } from "../domain/json.ts";
import type { Asking, AttemptLog, AttemptWorld, Board, Files, Outcome, Runtime } from "../domain/ports.ts";
import type { Settings } from "../library/settings.ts";
import type { Delta } from "../runtimes/model/runtime.ts";
import { type Scrub, StreamScrubber, scrubber } from "../runtimes/model/secrets.ts";

type Environment = { readonly [name: string]: string | undefined };

const TELLING = /KEY|TOKEN|SECRET|PASSW|CREDENTIAL/i;
/** Shorter ones of the environment are names and numbers. */
const SHORTEST = 12;

/** Keys of the settings, and what our environment names as a secret. */
export function secretsIn({ providers, github }: Settings, env: Environment): readonly string[] {
  const { compatible, ...hosted } = providers;
  const all = [...Object.values(hosted), ...Object.values(compatible)];
  const keys = all.flatMap((one) => (one?.apiKey === undefined ? [] : [one.apiKey]));
  const named = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && value.length >= SHORTEST && TELLING.test(name) && !/^[.~]?\//.test(value) ? [value] : [],
  );
  const token = github?.token === undefined ? [] : [github.token];
  return [...new Set([...keys, ...token, ...named])];
}

export function scrubbedRuntimes(
  runtimes: { readonly [name: string]: Runtime },
  secrets: readonly string[],
): { readonly [name: string]: Runtime } {
  if (secrets.length === 0) return runtimes;
  const scrub = scrubber(secrets);
  return Object.fromEntries(Object.entries(runtimes).map(([name, one]) => [name, scrubbedRuntime(one, scrub)]));
}

function scrubbedRuntime(runtime: Runtime, scrub: Scrub): Runtime {
  return {
    ...(runtime.converses && { converses: runtime.converses }),
    perform: async (attempt, world) =>
      cleaned(
        scrub,
        (await runtime.perform(attempt, scrubbedWorld(world, scrub))) as unknown as Json,
      ) as unknown as Outcome,
  };
}

/** The same world; only what goes out of it is cleaned. */
function scrubbedWorld(world: AttemptWorld, scrub: Scrub): AttemptWorld {
  const clean = <T>(value: T): T => cleaned(scrub, asJson(value)) as T;
  const log: Partial<AttemptLog> = { append: (...entries) => world.log.append(...clean(entries)) };
  const board: Partial<Board> = { set: (key, value, expect) => world.board.set(scrub(key), clean(value), expect) };
  const changed: Partial<AttemptWorld> = {
    send: (to, content, kind) => world.send(to, clean(content), kind),
    ask: (asking: Asking) => world.ask(clean(asking)),
  };
  return new Proxy(world, {
    get(of, name) {
      if (name === "log") return over(of.log, log);
      if (name === "board") return over(of.board, board);
      return fieldOf(of, name, changed);
    },
  });
}

const over = <T extends object>(one: T, changed: Partial<T>): T =>
  new Proxy(one, { get: (of, name) => fieldOf(of, name, changed) });

function fieldOf<T extends object>(of: T, name: string | symbol, changed: Partial<T>): unknown {
  if (Object.hasOwn(changed, name)) return changed[name as keyof T];
  const value: unknown = Reflect.get(of, name, of);
  return typeof value === "function" ? value.bind(of) : value;
}

/** Every text in it, names of fields included. */
function cleaned(scrub: Scrub, value: Json): Json {
  if (typeof value === "string") return scrub(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => cleaned(scrub, one));
  return Object.fromEntries(
    Object.entries(value as { readonly [field: string]: Json }).map(([name, one]) => [
      scrub(name),
      cleaned(scrub, one),
    ]),
  );
}

/** Files that tasks read go into prompts and the journal. */
export function scrubbedFiles(files: Files, secrets: readonly string[]): Files {
  if (secrets.length === 0) return files;
  const scrub = scrubber(secrets);
  return {
    read: async (globs) => {
      const set = await files.read(globs);
      return { ...set, files: set.files.map((one) => ({ ...one, text: scrub(one.text) })) };
    },
  };
}

/** Attempts whose text comes in at once; more of them begin without what was held back. */
const MOST_STREAMS = 1000;

/** A key may come in two pieces. */
export function scrubbedDeltas(tell: (delta: Delta) => void, secrets: readonly string[]): (delta: Delta) => void {
  if (secrets.length === 0) return tell;
  const streams = new Map<string, StreamScrubber>();
  return (delta) => {
    const name = `${delta.run}/${delta.taskId}#${delta.attempt}`;
    const stream = streams.get(name) ?? new StreamScrubber(secrets);
    streams.delete(name);
    streams.set(name, stream);
    const [oldest] = streams.keys();
    if (streams.size > MOST_STREAMS && oldest !== undefined) streams.delete(oldest);
    const text = stream.take(delta.text);
    if (text !== "") tell({ ...delta, text });
  };
}
