/** An attempt under way asks a person: a gate of its own, bound to exactly what is asked, open until it is decided. */
import type { RunState } from "../../core/state.ts";
import { LeftOff, reasonOf } from "../../domain/error.ts";
import type { RunEvent } from "../../domain/events.ts";
import type { Fact } from "../../domain/facts.ts";
import { canonical, defined, sha256 } from "../../domain/json.ts";
import type { Answer, Asking, Clock } from "../../domain/ports.ts";
import { orThrow } from "./attempt-log.ts";

/** The driver, as somebody who asks needs it. */
interface Host {
  readonly world: { readonly clock: Clock };
  readonly state: Pick<RunState, "gates" | "life">;
  tell(fact: Fact): Promise<readonly RunEvent[]>;
  /** Resolves when the gate is decided, also where it has been before. */
  /** Rejects when the run is to stand still, since a person may take days, unless whoever asks `stays`. */
  decision(gate: string, stays?: boolean): Promise<Answer>;
}

export async function askAtGate(
  driver: Host,
  { taskId, attempt }: { readonly taskId: string; readonly attempt: number },
  { question, subject, within, stays = false }: Asking,
  signal: AbortSignal,
): Promise<Answer> {
  const { clock } = driver.world;
  // Whoever asks for something else, however little differs, asks at another gate.
  const gate = `${taskId}#${attempt}.${sha256(canonical([question, subject ?? null])).slice(0, 10)}`;
  // Asked before its host died, the time for the answer has run on since.
  const until = driver.state.gates.open.get(gate)?.expiresAt;
  const expiresAt = within === undefined ? undefined : (until ?? clock.now() + within);
  const decided = driver.decision(gate, stays);
  // Looked at only below; until then nobody must miss that it was rejected.
  decided.catch(() => {});
  // Where the run is to stand still nobody is asked any more.
  const { life } = driver.state;
  if (life.stop && !stays) return await decided;
  const events = await driver.tell({
    type: "asked",
    taskId,
    attempt,
    gate,
    question,
    ...defined({ subject, expiresAt }),
  });
  if (events.length > 0) orThrow(events);
  const refuse = { type: "decide", gate, decision: "reject", note: "nobody answered in time", by: "expiry" } as const;
  const cancel =
    expiresAt === undefined ? () => {} : clock.at(expiresAt, () => void driver.tell(refuse).catch(() => {}));
  try {
    return await Promise.race([decided, aborted(signal)]);
  } finally {
    cancel();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new LeftOff(reasonOf(signal.reason ?? "it was asked to stop")));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
