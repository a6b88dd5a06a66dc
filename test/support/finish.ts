/** What tests of the library share: time that passes while a run needs it, and its events. */

import { settled, type VirtualClock } from "../../src/app/virtual-clock.ts";
import type { RunEvent, RunHandle } from "../../src/index.ts";

/** Awaits it, and lets time pass whenever nothing else goes on. */
export async function finish<T>(clock: VirtualClock, thing: PromiseLike<T>): Promise<T> {
  let open = true;
  const result = thing.then(
    (value) => {
      open = false;
      return { value };
    },
    (error: unknown) => {
      open = false;
      return { error };
    },
  );
  for (let idle = 0; open && idle < 100; ) {
    // A few rounds, for agents that wait for one themselves.
    for (let i = 0; i < 3; i++) await settled();
    if (open) idle = clock.step() ? 0 : idle + 1;
  }
  if (open) throw new Error("it neither ends nor waits for a time");
  const got = await result;
  if ("error" in got) throw got.error;
  return got.value;
}

export async function eventsOf(handle: Pick<RunHandle, typeof Symbol.asyncIterator>): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of handle) events.push(event);
  return events;
}

/** `task:start a`, for tests that are about the order of events. */
export const inWords = (events: readonly RunEvent[]): string[] =>
  events.map((event) => ("taskId" in event && event.taskId ? `${event.type} ${event.taskId}` : event.type));

export const statuses = (results: { readonly tasks: { readonly [id: string]: { readonly status: string } } }) =>
  Object.fromEntries(Object.entries(results.tasks).map(([id, { status }]) => [id, status]));
