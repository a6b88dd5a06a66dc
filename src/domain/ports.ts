/** What the floors above bring: the world as the lower floors see it. */
import type { BreakerNews } from "./breaker.ts";
import type { Failure, MessageKind, Needs, RunEvent, RunStatus, Summary } from "./events.ts";
import type { EvidenceSet } from "./evidence.ts";
import type { Command, LogEntry } from "./facts.ts";
import type { Advice } from "./failures.ts";
import type { Handed, Handoff, Wanted } from "./handoff.ts";
import type { Json } from "./json.ts";
import type { Work } from "./landing.ts";
import type { AgentCard, Check, Parent, PlannedTask } from "./plan.ts";
import type { Changes, WorkspaceOf } from "./workspace.ts";

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls once, not before that time. Returns what takes it back. */
  at(time: number, call: () => void): () => void;
}

export interface Batch {
  /** The journal's last number before this batch; another one means that somebody else wrote. */
  readonly expected: number;
  readonly events: readonly RunEvent[];
  /** JSON texts by their SHA-256. */
  readonly blobs?: ReadonlyMap<string, string>;
  /** Commands of the inbox up to this id are consumed in the same commit. */
  readonly consumed?: number;
}
export interface InboxCommand {
  readonly id: number;
  readonly at: number;
  readonly command: Command;
}

/**
 * The right to write one run. Appends are acknowledged in the order they were asked for.
 * After an append has failed the writer is dead: close it, claim the run again, read what really stands there.
 */
export interface RunWriter {
  readonly run: string;
  /** Rises with every owner; a writer with a lower one is fenced. */
  readonly epoch: number;
  /** Last event number when the run was claimed. */
  readonly head: number;
  /** Resolves when the batch survives a power cut. All of it or nothing. */
  append(batch: Batch): Promise<void>;
  /** Commands that others put into the inbox, each at least once until consumed. Returns what ends it. */
  commands(receive: (commands: readonly InboxCommand[]) => void): () => void;
  /** Resolves when what lies in the inbox has been given to whoever receives it. */
  heard?(): Promise<void>;
  /** Gives the run back. Safe to call twice. */
  close(): Promise<void>;
}

export interface RunEntry {
  readonly run: string;
  readonly workflow: string;
  readonly status: RunStatus;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly taskCount: number;
  readonly summary?: Summary;
  readonly parent?: Parent;
  readonly reason?: string;
  /** No model was called (I13). */
  readonly rehearsed?: true;
}
export interface RunQuery {
  readonly status?: RunStatus;
  readonly workflow?: string;
  /** At most this many, newest first. Default 50, at most 1,000. */
  readonly limit?: number;
  /** Runs older than this id. */
  readonly before?: string;
}
export interface ReadOptions {
  /** From this number on. Default 1. */
  readonly from?: number;
  /** Up to this number, included. */
  readonly to?: number;
  /** Only events of one task's attempt, read through an index. */
  readonly attempt?: { readonly taskId: string; readonly attempt: number };
}
export interface Retention {
  /** Delete ended runs whose last event is older than this time. */
  readonly before: number;
  /** Always keep this many of the newest. Default 0. */
  readonly keep?: number;
  /** Only say what would go. */
  readonly dryRun?: boolean;
}

export interface Journal {
  /** Throws WRONG_STATE where the run exists. */
  create(run: string): Promise<RunWriter>;
  /** Throws RUN_OWNED, by name, while its owner lives; NOT_FOUND where there is no such run. */
  claim(run: string): Promise<RunWriter>;
  /** Events in order, in pages. Throws JOURNAL_CORRUPT at the first that does not match its checksum. */
  read(run: string, options?: ReadOptions): AsyncIterable<readonly RunEvent[]>;
  /** Like read, then waits for more until the signal ends it. Works from any process. */
  tail(run: string, from: number, signal: AbortSignal): AsyncIterable<readonly RunEvent[]>;
  blob(run: string, hash: string): Promise<string>;
  /** Puts a command into a run's inbox, from any process. */
  command(run: string, command: Command, at: number): Promise<void>;
  list(query?: RunQuery): Promise<readonly RunEntry[]>;
  /** Makes the host index again out of the journals. Returns the runs that could not be read, with the reason. */
  rebuild(): Promise<readonly { readonly run: string; readonly reason: string }[]>;
  gc(retention: Retention): Promise<{ readonly runs: readonly string[]; readonly bytes: number }>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** An attempt's own journal: what it had done before its host died. */
export interface AttemptLog {
  /** Its own; or that of an attempt which it goes on with. */
  read(of?: number): Promise<readonly LogEntry[]>;
  /** Resolves when durable. */
  append(...entries: readonly LogEntry[]): Promise<void>;
}

export interface Message {
  readonly seq: number;
  readonly from: string;
  readonly kind: MessageKind;
  readonly content: Json;
}
export interface BoardEntry {
  readonly value: Json;
  readonly version: number;
}
export interface Board {
  get(key: string): BoardEntry | undefined;
  /** With `expect`, only if the key is at that version (0: not there yet); otherwise WRONG_STATE. Returns the new version. */
  set(key: string, value: Json, expect?: number): Promise<number>;
}

/** All that a runtime is given for one attempt. */
export interface Attempt {
  readonly run: string;
  readonly effectId: string;
  readonly task: PlannedTask;
  readonly agentName: string;
  readonly agent: AgentCard;
  readonly prompt: string;
  readonly attempt: number;
  readonly restart: number;
  /** Attempts that had to leave off between two turns, which this one goes on with: their logs come before its own. */
  readonly continues?: readonly number[];
  /** Outputs of its dependencies, by task id (of a repeated task: by the authored id). */
  readonly results: { readonly [task: string]: Json };
  readonly messages: readonly Message[];
  /** What the person at the gate wrote. */
  readonly note?: string;
  /** What was wrong with the reply of the attempt before, for this one to mend. */
  readonly hint?: string;
  /** What the agent said that began this task and passed it on. */
  readonly handed?: Handed;
  /** All of the above as one prompt, for a runtime that asked for it. */
  readonly shown?: Shown;
}
/** A prompt within its limit, and what became of each thing that it is made from. */
export interface Shown {
  readonly text: string;
  readonly tokens: number;
  readonly pieces: readonly Json[];
  /** Findings of programs that are in the text, or would be if there were room. */
  readonly evidence?: EvidenceSet;
}
/** Files of the repository for a task that `reads` them: those that were read, and what was left out and why. */
export interface FileSet {
  readonly files: readonly { readonly path: string; readonly text: string; readonly hash: string }[];
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
}
export interface Files {
  read(globs: readonly string[]): Promise<FileSet>;
}
/** What programs find in the files of the repository, for a task that names them under `evidence`. */
export interface Evidence {
  collect(names: readonly string[]): Promise<EvidenceSet>;
}
/** What a command is run on, and who is asked where it could not be held. */
export interface Checking {
  readonly of: WorkspaceOf;
  readonly signal: AbortSignal;
  readonly ask: (asking: Asking) => Promise<Answer>;
}
/** `isUnusable`: the check itself could not be made, which no further attempt would change. */
export type Checked =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly isUnusable?: true };
/** Commands that the user has named or allowed, run on what an attempt made. */
export interface Checks {
  run(check: Check, checking: Checking): Promise<Checked>;
  /** What was kept as done is not accepted: it is kept under the name of a failed attempt. */
  refused?(of: WorkspaceOf, changes: Changes): Promise<Changes>;
}
/** What an attempt under way asks a person. */
export interface Asking {
  readonly question: string;
  /** Exactly what it would do then: the answer holds for this and nothing else. */
  readonly subject?: Json;
  /** Milliseconds after which nobody having answered is a no. */
  readonly within?: number;
  /** It cannot leave off in the middle: it waits for the answer also where the run is to pause. */
  readonly stays?: boolean;
}
export interface Answer {
  readonly decision: "approve" | "reject";
  readonly note?: string;
  readonly edited?: string;
  readonly by?: string;
}
/** What a repository says to every agent, from the file nearest to what a task reads. */
export interface Guide {
  readonly path: string;
  readonly text: string;
  /** Of the whole file. */
  readonly hash: string;
  /** The text is only its beginning, and says so. */
  readonly isCut?: true;
}
export interface GuideLeftOut {
  readonly path: string;
  readonly why: string;
}
export interface Guidance {
  for(reads: readonly string[]): Promise<Guide | GuideLeftOut | undefined>;
}
export interface AttemptWorld {
  /** Aborted when the attempt must end; its reason says why. */
  readonly signal: AbortSignal;
  readonly log: AttemptLog;
  readonly board: Board;
  send(to: string, content: Json, kind?: MessageKind): Promise<void>;
  /** All tasks that this one builds on, each after those that it builds on itself. */
  before(): readonly string[];
  /** Asked before each turn: how the attempt must leave off now, if it must. What it used so far is counted from here on. */
  turn(used: Usage, needs: Needs): MayTurn;
  /** Waits until a person has decided. Rejects where the attempt is asked to stop. */
  ask(asking: Asking): Promise<Answer>;
  /** Waits for others, such as for a limit to be lifted, while the attempt's own time stands still. */
  rest?<T>(wait: Promise<T>): Promise<T>;
  /** What was said to its agent since it began, or since it asked last. */
  heard?(): readonly Message[];
  /** What the tasks before it wrote, each after those that it builds on. */
  works?(): readonly Work[];
  /** Has another agent work within this attempt, under a name of its own; what that used is in the outcome. */
  commission?(of: Commission): Promise<Outcome>;
  /**
   * Passes the task on, and gives the name of who takes it over; from then on `turn` lets the attempt take no more.
   * Rejects, in words for the agent, where it cannot be.
   */
  handOver?(to: Wanted, handoff: Handoff): Promise<string>;
  /** Who has taken the task over. */
  heir?(): string | undefined;
  /** Says that the plan does not fit what was found out: to whoever plans, else to those whose tasks it names. Who was told. */
  found?(fact: string): Promise<readonly string[]>;
  /** Has somebody join the run who may be given tasks then, and gives the name. Rejects in words where nobody can. */
  join?(of: Wanted, about: string): Promise<string>;
  /** Asks another agent and gives its answer; the same question of the same attempt is asked once. Rejects in words. */
  help?(of: Wanted, question: string): Promise<Help>;
}
export interface Commission {
  readonly agentName: string;
  /** Words that no other of this attempt has; its files lie apart under them. */
  readonly role: string;
  readonly prompt: string;
  /** What the attempt has used so far: together they must stay within what is allowed. */
  readonly spent?: Usage;
}
export interface Help {
  readonly agentName: string;
  readonly text: string;
}
/** All agents that there are, also those that a run does not know yet. */
export interface Colleagues {
  /** Whoever does it best; with a card where the run does not know the agent. `fault`: why it is nobody. */
  find(
    wanted: Wanted,
    of: { readonly run: string; readonly about: string; readonly except: readonly string[] },
  ): { readonly agentName: string; readonly card?: AgentCard } | { readonly fault: string };
}
export interface Usage {
  readonly tokensUsed: number;
  /** Null: not known. */
  readonly costUsd: number | null;
  readonly turns?: number;
  /** Of an unknown cost, the part that is known. */
  readonly knownUsd?: number;
}
export type Outcome = { readonly usage?: Usage } & (
  | { readonly ok: true; readonly output: Json; readonly changes?: Changes }
  | {
      readonly ok: false;
      readonly failure: Failure;
      readonly reason: string;
      readonly retry: "never" | "safe";
      readonly retryAfter?: number;
      readonly needs?: Needs;
      /** What the agent said that was asked about it. */
      readonly advice?: Advice;
    }
);
/** Undefined: it may take its turn. */
export type MayTurn = Extract<Outcome, { ok: false }> | undefined;
/** What makes an agent act. Failing is an outcome; throwing is a bug of the runtime. */
export interface Runtime {
  /** It wants its context as one prompt, and messages in its replies are sent. */
  readonly converses?: true;
  perform(attempt: Attempt, world: AttemptWorld): Promise<Outcome>;
}

/**
 * What all runs of a host share. Resolves when the attempt may go; the result gives its place back, and says how the
 * attempt ended. `hear` is told when a breaker holds the attempt, and when that is over.
 */
export interface Limits {
  enter(agent: AgentCard, signal: AbortSignal, hear?: (news: BreakerNews) => void): Promise<(got?: Outcome) => void>;
}

/** Persons. Whoever knows an answer gives it; undefined leaves the gate open for another way. */
export interface People {
  ask(
    gate: { readonly run: string; readonly gate: string; readonly question: string; readonly subject?: Json },
    signal: AbortSignal,
  ): Promise<Answer | undefined>;
}
