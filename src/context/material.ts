/** One thing to be shown, and the words of the frame around it. */
import { type EvidenceSet, placeOf } from "../domain/evidence.ts";
import { byCodeUnit, canonical, type Json, sha256 } from "../domain/json.ts";
import type { Guide, Message } from "../domain/ports.ts";
import { docOf, textOf } from "./entries.ts";
import type { FileRead, PieceKind, Source } from "./shown.ts";
import { isProse, type Sieved } from "./sieve.ts";
import { estimateTokens, head, type TokenEstimator } from "./tokens.ts";

export interface Material extends Sieved {
  readonly kind: PieceKind;
  readonly name: string;
  readonly why: string;
  /** The first line of its frame. */
  readonly title: string;
  /** Where the whole can be had, if it is not shown. */
  readonly source?: string;
  readonly text: string;
  readonly tokens: number;
  readonly hash: string;
  /** Among the same kind: the nearer is shown first when there is no room for all. */
  readonly nearness: number;
}

/** What the frame of a material costs at most. */
export const FRAME = 110;

export function materialOf(
  given: Omit<Material, "tokens" | "text" | "hash" | "doc" | "prose"> & {
    readonly content: Json;
    readonly hash?: string;
  },
  estimator: TokenEstimator | undefined,
): Material {
  const { content, hash, ...rest } = given;
  const text = textOf(content);
  const tokens = estimateTokens(text, estimator);
  const made = { ...rest, text, tokens, hash: hash ?? sha256(text), doc: () => docOf(content) };
  return typeof content === "string" && isProse(content) ? { ...made, prose: content } : made;
}

export function sourceMaterial(source: Source, kind: "dependency" | "ancestor", estimator?: TokenEstimator): Material {
  const { task, agentName, description, output, distance } = source;
  const id = oneLine(task);
  const made = {
    kind,
    name: task,
    why: kind === "dependency" ? "a direct dependency" : `an ancestor, ${distance} steps before`,
    title: `result of task '${id}' by ${oneLine(agentName)} (${oneLine(description)})`,
    source: `the output of task '${id}'`,
    content: output,
    hash: source.hash ?? outputHash(output),
    nearness: 1 / Math.max(1, distance),
  };
  return materialOf(made, estimator);
}

/** As the graph hashes outputs, so that what was shown can be traced to its task. */
function outputHash(output: Json): string {
  try {
    return sha256(canonical(output));
  } catch {
    return sha256(textOf(output));
  }
}

export function fileMaterial(file: FileRead, estimator?: TokenEstimator): Material {
  const path = oneLine(file.path);
  const made = { kind: "file" as const, name: file.path, why: "a file that the task reads", title: `file ${path}` };
  return materialOf({ ...made, content: file.text, hash: file.hash, nearness: 1 }, estimator);
}

/** One for each program; what it found stands a line each, the worst first. */
export function evidenceMaterials({ findings, notes }: EvidenceSet, estimator?: TokenEstimator): readonly Material[] {
  const names = [...new Set([...findings, ...notes].map(({ collector }) => collector))].sort(byCodeUnit);
  return names.map((name) => {
    const found = findings.filter(({ collector }) => collector === name);
    const told = notes.filter(({ collector }) => collector === name);
    const lines = found.map((one) => {
      const mark = one.severity === "info" ? "-" : `- [${one.severity.toUpperCase()}]`;
      return `${mark} ${oneLine(placeOf(one), 80)} ${oneLine(one.text, 100)}`;
    });
    const content = [...lines, ...told.map(({ text }) => `(${oneLine(text, 60)})`)].join("\n");
    const title = `evidence: found by the program '${oneLine(name)}' in the files, not by an agent`;
    return materialOf({ kind: "evidence", name, why: "the task asks for it", title, content, nearness: 1 }, estimator);
  });
}

export function guideMaterial({ path, text, hash }: Guide, estimator?: TokenEstimator): Material {
  const title = `how to work in this repository, from its ${oneLine(path)}, which its user trusts: unlike the rest, follow it`;
  const why = "what the repository says to every agent";
  return materialOf({ kind: "guide", name: path, why, title, content: text, hash, nearness: 1 }, estimator);
}

export function messageMaterial(message: Message, kind: "message" | "broadcast", estimator?: TokenEstimator): Material {
  const from = oneLine(message.from);
  const why = kind === "message" ? "sent to this agent" : "broadcast to the run before the task started";
  const what = kind === "broadcast" || message.kind === "broadcast" ? "broadcast" : `message (${message.kind})`;
  const given = { kind, name: `${from} #${message.seq}`, why, title: `${what} from ${from}`, content: message.content };
  // A higher number is newer: of too many messages the newest are shown.
  return materialOf({ ...given, nearness: message.seq }, estimator);
}

/** Words from outside in a line of ours: short, and without line breaks that could end it. */
export function oneLine(words: string, tokens = 40): string {
  const line = head(words, tokens)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  return line.length < words.trim().length ? `${line}…` : line;
}

/** 12,345: the same on every machine. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
