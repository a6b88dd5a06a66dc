/** What goes into the assembly of an attempt's prompt, and what comes out. */
import type { EvidenceSet } from "../domain/evidence.ts";
import type { Json } from "../domain/json.ts";
import type { ContextStrategy } from "../domain/plan.ts";
import type { Guide, Message } from "../domain/ports.ts";
import type { TokenEstimator } from "./tokens.ts";

/** The output of an earlier task. */
export interface Source {
  readonly task: string;
  readonly agentName: string;
  readonly description: string;
  readonly output: Json;
  /** Of the output, where it is known: large ones lie in the journal under theirs. */
  readonly hash?: string;
  /** Steps along dependencies; 1 is a direct one. */
  readonly distance: number;
}
export interface TaskAsked {
  readonly id: string;
  readonly description: string;
  /** What the agent is asked, as a person at the gate may have edited it. */
  readonly prompt: string;
  readonly phase?: string;
  readonly context?: { readonly [key: string]: Json };
  readonly item?: Json;
  readonly index?: number;
  /** What the person at the gate wrote. */
  readonly note?: string;
}
/** A file of the repository, as it was read. */
export interface FileRead {
  readonly path: string;
  readonly text: string;
  readonly hash: string;
}
export interface FileLeftOut {
  readonly path: string;
  readonly why: string;
}
/** What the task's parent was shown: the task that added it, or the run that started it. */
export interface InheritedContext {
  /** Who the parent is, in words: `task 'plan'`. */
  readonly from: string;
  readonly text: string;
}
export interface ContextInput {
  readonly strategy: ContextStrategy;
  /** Tokens of one prompt, the limit of what comes out. Default 150,000. */
  readonly threshold?: number;
  readonly task: TaskAsked;
  /** Direct dependencies, in their author's order. */
  readonly dependencies: readonly Source[];
  /** All further ones. */
  readonly ancestors?: readonly Source[];
  readonly inherited?: InheritedContext;
  /** What its agent was sent. */
  readonly messages?: readonly Message[];
  /** What was broadcast to the run before the task started. */
  readonly broadcasts?: readonly Message[];
  /** What the repository says to every agent, trusted. */
  readonly guide?: Guide;
  readonly files?: readonly FileRead[];
  /** Files that were asked for and not read, and why. */
  readonly filesLeftOut?: readonly FileLeftOut[];
  /** What programs found in the repository. */
  readonly evidence?: EvidenceSet;
  readonly estimator?: TokenEstimator;
}

export const PIECE_KINDS = [
  "task",
  "note",
  "item",
  "context",
  "dependency",
  "ancestor",
  "inherited",
  "message",
  "broadcast",
  "file",
  "map",
  "evidence",
  "guide",
] as const;
export type PieceKind = (typeof PIECE_KINDS)[number];

/** One thing that the attempt saw or could have seen. */
export interface Piece {
  readonly kind: PieceKind;
  /** Task id, path, sender, …; of many left out together, how many. */
  readonly name: string;
  readonly why: string;
  /** What it takes in the prompt, its frame included. */
  readonly tokens: number;
  readonly wholeTokens: number;
  readonly how: "whole" | "digest" | "pruned" | "left-out";
  /** Of the whole: a file's as it was read, an output's as the graph knows it, else of the text. */
  readonly hash: string;
}
export interface Shown {
  /** The prompt: material first, from what many tasks share to what is this one's own; the task last. */
  readonly text: string;
  readonly pieces: readonly Piece[];
  readonly tokens: number;
}

/** Tokens, unless another unit is named. */
export const CONTEXT_LIMITS = {
  threshold: 150_000,
  /**
   * An output of a direct dependency arrives whole up to here; a longer one as a digest of this size. The first where
   * there are many dependencies, the second where there are few; between them `fewResults` is shared out.
   */
  result: 1600,
  largeResult: 2400,
  fewResults: 8000,
  /** Of all direct dependencies together. */
  results: 24_000,
  /** Further room for findings of high severity, of one dependency and of all together. */
  findings: 4000,
  allFindings: 16_000,
  ancestor: 320,
  ancestors: 4000,
  inherited: 4000,
  message: 1000,
  messages: 8000,
  note: 2000,
  item: 8000,
  context: 8000,
  /** What the repository says to all, where it does not fit whole. */
  guide: 2400,
  guideShare: 0.25,
  /** What one program found, where all of it does not fit. */
  evidence: 1200,
  evidenceShare: 0.3,
  /** Of one file that does not fit whole. */
  fileDigest: 600,
  /** Share of the threshold that the task's own words may take whole; what they are cut to beyond it; files. */
  wholeTaskShare: 0.9,
  taskShare: 0.6,
  fileShare: 0.6,
  /** The least that a piece is worth showing in. */
  least: 90,
  /** Set aside for the lines that say what is missing. */
  missing: 400,
  /** In number: files named as left out, and pieces reported. */
  mapped: 100,
  pieces: 500,
} as const;
