/** An attempt's own journal, within the run's. What is long lies in the blob store and is given back whole. */
import { TuttiError } from "../../domain/error.ts";
import { EVENT_CLASS, type RunEvent } from "../../domain/events.ts";
import type { Fact, LogEntry } from "../../domain/facts.ts";
import { asJson, type Json, sha256 } from "../../domain/json.ts";
import { type BlobRef, isBlobRef } from "../../domain/plan.ts";
import type { AttemptLog } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
import type { World } from "./world.ts";

/** Characters of JSON of a field that lies in the event itself. */
const LARGEST_INLINE = 8192;
const LARGEST_FIELD = 64 * 1024 * 1024;
/** Of an event, without what was put elsewhere. */
const LARGEST_ENTRY = 1024 * 1024;

/** The driver, as a log needs it. */
interface Host {
  readonly run: string;
  readonly world: World;
  tell(fact: Fact, blobs?: ReadonlyMap<string, string>): Promise<readonly RunEvent[]>;
  resolve(output: Json | BlobRef): Promise<Json>;
}

export function attemptLog(driver: Host, taskId: string, attempt: number): AttemptLog {
  return {
    read: async (of = attempt) => {
      const entries: LogEntry[] = [];
      for await (const page of driver.world.journal.read(driver.run, { attempt: { taskId, attempt: of } }))
        for (const event of page)
          if (EVENT_CLASS[event.type] === "attempt" && "entry" in event)
            entries.push({ type: event.type, entry: await whole(driver, event.entry) });
      return entries;
    },
    append: async (...entries) => {
      const blobs = new Map<string, string>();
      const kept = entries.map(({ type, entry }) => ({ type, entry: spilled(asJson(entry), blobs) }));
      if (kept.some(({ entry }) => JSON.stringify(entry).length > LARGEST_ENTRY))
        throw new TuttiError("BAD_INPUT", `an entry of the log has at most ${LARGEST_ENTRY} characters of JSON`);
      const fact = { type: "logged" as const, taskId, attempt, entries: kept };
      orThrow(await driver.tell(fact, blobs.size > 0 ? blobs : undefined));
    },
  };
}

/** Each long field of an entry by itself, so that what is short can be read without the rest. */
function spilled(entry: Json, blobs: Map<string, string>): Json {
  if (!isRecord(entry)) return entry;
  const fields = Object.entries(entry as { readonly [field: string]: Json }).map(([field, value]) => {
    const text = JSON.stringify(value);
    // What only looks like a reference must not be taken for one.
    if (text.length <= LARGEST_INLINE && !isBlobRef(value)) return [field, value] as const;
    if (text.length > LARGEST_FIELD)
      throw new TuttiError(
        "BAD_INPUT",
        `'${field}' has ${text.length} characters of JSON; the limit is ${LARGEST_FIELD}`,
      );
    const ref: BlobRef = { $blob: sha256(text), bytes: Buffer.byteLength(text) };
    blobs.set(ref.$blob, text);
    return [field, ref as unknown as Json] as const;
  });
  return Object.fromEntries(fields);
}

async function whole(driver: Host, entry: Json): Promise<Json> {
  if (!isRecord(entry) || isBlobRef(entry)) return entry;
  const fields = Object.entries(entry as { readonly [field: string]: Json }).map(
    async ([field, value]) => [field, isBlobRef(value) ? await driver.resolve(value) : value] as const,
  );
  return Object.fromEntries(await Promise.all(fields));
}

/** What was refused is an error for whoever asked. */
export function orThrow(events: readonly RunEvent[]): readonly RunEvent[] {
  const refused = events.find((event) => event.type === "fact:refused");
  if (refused) throw new TuttiError("WRONG_STATE", refused.reason);
  if (events.length === 0) throw new TuttiError("WRONG_STATE", "the run has ended");
  return events;
}
