/** What becomes of the work of many agents: brought together in order, proven, and delivered where it was asked for. */
import type { Workspace } from "./workspace.ts";

/** A name that nobody's agent can have: it is none that could be chosen. */
export const LANE = "merge-lane";

/** What one task wrote: the difference between two commits. */
export interface Work {
  readonly task: string;
  readonly agentName: string;
  readonly description: string;
  readonly base: string;
  readonly commit: string;
  /** Tasks among these that it was written upon. */
  readonly after: readonly string[];
}

export type Applied =
  | { readonly commit: string }
  /** `seed`: a commit upon the others' work that holds git's marks in these files. */
  | { readonly conflicts: readonly string[]; readonly seed: string };

export type Proof = { readonly ok: true } | { readonly ok: false; readonly output: string };

export type Delivery =
  /** A branch of this name, which must not be there yet. Without one it is called after the run. */
  | { readonly as: "branch"; readonly name?: string }
  /** The user's own branch moves on, with his files. */
  | { readonly as: "fast-forward" }
  /** One file for each task, in order. */
  | { readonly as: "patches"; readonly folder: string };

/** How the work of a run is to land. */
export interface Landing {
  readonly delivery: Delivery;
  /** Commands that must end with 0 on what has been brought together, in order. None: that it fits together is all. */
  readonly gates: readonly string[];
  /** Milliseconds of one gate. Default: ten minutes. */
  readonly timeout?: number;
  /** Who is asked where an owner cannot mend his own work. */
  readonly mediator?: string;
}

export interface Delivered {
  readonly as: Delivery["as"];
  /** What moved, or where the files lie. */
  readonly name: string;
  readonly before?: string;
  readonly after: string;
}

/** The user's branch has moved on since the work was brought onto it. */
export interface Drift {
  /** Its tip now. */
  readonly to: string;
  /** Files in which what is to land conflicts with it. */
  readonly conflicts: readonly string[];
}

/** A repository's own place for bringing work together; nothing of the user's is touched before `deliver`. */
export interface Lane extends AsyncDisposable {
  /** The commit that work is brought onto, and what the user calls it. */
  readonly onto: { readonly commit: string; readonly name: string };
  /** The same work upon the same head is the same commit. */
  apply(head: string, work: Work): Promise<Applied>;
  /** Makes a workspace of this name begin there. */
  seed(name: string, commit: string): Promise<void>;
  /** Of these files those that still hold git's marks of a conflict. */
  marked(commit: string, files: readonly string[]): Promise<readonly string[]>;
  /** Whether both hold the same files. */
  isSame(one: string, other: string): Promise<boolean>;
  /** Its files, to run something on; what is written there is gone with it. */
  checkout(commit: string): Promise<Workspace & AsyncDisposable>;
  /** Undefined: what the user works on stands where it stood. */
  drift(head: string): Promise<Drift | undefined>;
  deliver(head: string, how: Delivery): Promise<Delivered>;
}
export interface Lanes {
  open(of: { readonly run: string; readonly task: string }): Promise<Lane>;
}
