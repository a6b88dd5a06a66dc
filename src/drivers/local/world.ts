/** What a driver is given of the world. */
import type { RunEvent } from "../../domain/events.ts";
import type {
  Checks,
  Clock,
  Colleagues,
  Evidence,
  Files,
  Guidance,
  Journal,
  Limits,
  People,
  Runtime,
} from "../../domain/ports.ts";

export interface World {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly limits?: Limits;
  readonly people?: People;
  /** The repository that tasks may read from. */
  readonly files?: Files;
  /** Programs that look at it, for tasks that name them. */
  readonly evidence?: Evidence;
  /** Commands that results may be checked with. */
  readonly checks?: Checks;
  /** What that says to every agent that is a model. */
  readonly guidance?: Guidance;
  /** Who there is beyond the agents of the run, and who does something best. */
  readonly colleagues?: Colleagues;
  /** The runtime of an agent by the agent's name. */
  readonly runtimeOf: (agentName: string) => Runtime | undefined;
  /** Events that have been acknowledged, in order. Must not throw. */
  readonly publish: (events: readonly RunEvent[]) => void;
  /** The journal takes nothing at the moment (`blocked`), or again (undefined). */
  readonly onBlocked?: (reason: string | undefined) => void;
  /** Other processes can send commands to the run; one that only waits for them stays alive. */
  readonly isReachable: boolean;
  /** Milliseconds that an attempt may take to end after it was asked to. */
  readonly grace: number;
  /** Milliseconds to wait for a full journal before the run is given up, to be resumed later. */
  readonly patience: number;
}
