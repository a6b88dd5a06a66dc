/** What a run wants from the world. Each has an id that stays the same however often it is asked for. */

/** Perform one attempt. `stop` set: it is under way and must end. */
export interface Perform {
  readonly kind: "perform";
  readonly taskId: string;
  readonly attempt: number;
  readonly restart: number;
  readonly stop?: string;
}
export interface Ask {
  readonly kind: "ask";
  readonly taskId: string;
  readonly gate: string;
  readonly question: string;
}
/** Tell the run `timer` at this time. One at a time: the earliest. */
export interface Wake {
  readonly kind: "wake";
  readonly at: number;
}
export type Effect = Perform | Ask | Wake;
