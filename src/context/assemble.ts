/**
 * What an attempt by a model or a coding agent is shown. Pure: the same input gives the same prompt (I11).
 *
 * X1. A prompt never takes more tokens than its threshold, whatever it is made from (I9).
 * X2. What is not shown whole says so, in the text and in the pieces.
 * X3. `isolated`: direct dependencies. `shared`: also digests of all ancestors, and broadcasts. `hierarchical`: also
 *     what its parent saw. Messages to the agent itself reach it under every strategy.
 * X4. The words of others stand in frames whose end mark they cannot foretell.
 */
import { byCodeUnit, type Json, sha256 } from "../domain/json.ts";
import { clip, digest } from "./digest.ts";
import { textOf } from "./entries.ts";
import { type Focus, focusOf } from "./focus.ts";
import { bounded, frame, leastImportant, leftOutLines, PREFACE, taskText, without } from "./frames.ts";
import {
  evidenceMaterials,
  FRAME,
  fileMaterial,
  grouped,
  guideMaterial,
  type Material,
  materialOf,
  messageMaterial,
  oneLine,
  sourceMaterial,
} from "./material.ts";
import { type Plan, planRoom, type Room } from "./room.ts";
import { type ContextInput, CONTEXT_LIMITS as LIMITS, type Piece, type PieceKind, type Shown } from "./shown.ts";
import { docsOf } from "./sieve.ts";
import { type Surveyed, survey } from "./survey.ts";
import { estimateTokens } from "./tokens.ts";

export function assemble(input: ContextInput): Shown {
  return new Assembly(input).shown();
}

/** Tokens for one result of so many. */
function resultSize(count: number): number {
  const few = Math.max(LIMITS.result, Math.min(LIMITS.largeResult, Math.floor(LIMITS.fewResults / Math.max(1, count))));
  return Math.max(LIMITS.least, Math.min(few, Math.floor(LIMITS.results / Math.max(1, count))));
}

interface Part {
  readonly piece: Piece;
  readonly text: string;
}

/** It was cut before it came here. */
const asCut = ({ text, piece }: Part): Part => ({
  text,
  piece: piece.how === "whole" ? { ...piece, how: "pruned" } : piece,
});

class Assembly {
  readonly #input: ContextInput;
  /** Only what is cut needs it, and most prompts show all there is. */
  #focus: Focus | undefined;
  readonly #limit: number;
  #left: number;

  constructor(input: ContextInput) {
    this.#input = input;
    this.#limit = Math.max(0, Math.floor(input.threshold ?? LIMITS.threshold));
    this.#left = Math.max(0, this.#limit - 2 * this.#tokens(PREFACE) - Math.min(LIMITS.missing, this.#limit / 10));
  }

  shown(): Shown {
    const input = this.#input;
    const { estimator, strategy } = input;
    const isShared = strategy === "shared";
    // Room is given out in the order of importance; the text has an order of its own.
    const asked = this.#plan(this.#task(), {
      share: LIMITS.wholeTaskShare,
      each: Math.floor(this.#limit * LIMITS.taskShare),
    });
    // The task is never left out: where even it has no room, it is cut when the text is put together.
    const task = asked.map((plan): Plan => (plan.how === "left-out" ? { ...plan, how: "whole" } : plan));
    const own = this.#plan(this.#own(), { share: 0.5, each: LIMITS.context });
    const talk = { share: 0.3, most: LIMITS.messages, each: LIMITS.message };
    const sent = new Set((input.messages ?? []).map(({ seq }) => seq));
    const messages = this.#plan(
      (input.messages ?? []).map((message) => messageMaterial(message, "message", estimator)),
      talk,
    );
    const dependencies = this.#plan(
      input.dependencies.map((source) => sourceMaterial(source, "dependency", estimator)),
      {
        share: 0.8,
        most: LIMITS.results + LIMITS.allFindings,
        each: resultSize(input.dependencies.length),
        findings: LIMITS.findings,
        allFindings: LIMITS.allFindings,
      },
    );
    const guide = this.#plan(input.guide ? [guideMaterial(input.guide, estimator)] : [], {
      share: LIMITS.guideShare,
      each: LIMITS.guide,
      whole: this.#limit,
    });
    const evidence = this.#plan(input.evidence ? evidenceMaterials(input.evidence, estimator) : [], {
      share: LIMITS.evidenceShare,
      each: LIMITS.evidence,
      whole: this.#limit,
    });
    const files = this.#plan(
      [...(input.files ?? [])].sort((a, b) => byCodeUnit(a.path, b.path)).map((file) => fileMaterial(file, estimator)),
      { share: LIMITS.fileShare, each: LIMITS.fileDigest, whole: this.#limit },
    );
    const inherited = this.#plan(strategy === "hierarchical" ? this.#inherited() : [], {
      share: 0.6,
      each: LIMITS.inherited,
    });
    const before = isShared ? [...(input.ancestors ?? [])].sort((a, b) => a.distance - b.distance) : [];
    const ancestors = this.#plan(
      before.map((source) => sourceMaterial(source, "ancestor", estimator)),
      { share: 0.6, most: LIMITS.ancestors, each: LIMITS.ancestor, findings: 160, allFindings: 800 },
    );
    const heard = (isShared ? (input.broadcasts ?? []) : []).filter(({ seq }) => !sent.has(seq));
    const broadcasts = this.#plan(
      heard.map((message) => messageMaterial(message, "broadcast", estimator)),
      talk,
    );
    const surveyed = this.#survey([
      guide,
      evidence,
      files,
      dependencies,
      ancestors,
      inherited,
      broadcasts,
      messages,
      own,
      task,
    ]);
    const parts = (plans: readonly Plan[]) => plans.map((plan) => this.#part(plan, surveyed));
    const map = this.#map();
    const material = [
      ...parts(guide).map((part) => (input.guide?.isCut ? asCut(part) : part)),
      ...parts(files),
      ...(map ? [map] : []),
      ...parts(evidence),
      ...[dependencies, ancestors, inherited, broadcasts, messages, own].flatMap(parts),
    ];
    return this.#put(material, parts(task));
  }

  #asked(): Focus {
    const { prompt, description, item, note } = this.#input.task;
    this.#focus ??= focusOf(prompt, description, note ?? "", item === undefined ? "" : textOf(item).slice(0, 2000));
    return this.#focus;
  }

  /** Takes from what is left what a section needs, at most its share. */
  #plan(
    materials: readonly Material[],
    { share, most, ...room }: Omit<Room, "room" | "least"> & { share: number; most?: number },
  ): readonly Plan[] {
    const limit = Math.floor(Math.min(this.#left * share, most ?? Number.POSITIVE_INFINITY));
    const plans = planRoom(materials, () => this.#asked(), { ...room, room: limit, least: LIMITS.least });
    for (const { how, tokens, findings } of plans) if (how !== "left-out") this.#left -= tokens + findings + FRAME;
    this.#left = Math.max(0, this.#left);
    return plans;
  }

  #survey(sections: readonly (readonly Plan[])[]): ReadonlyMap<Material, Surveyed> {
    const cut = sections.flat().filter(({ how }) => how === "cut");
    if (cut.length === 0) return new Map();
    const sources = cut.map(({ material }) => material);
    const focus = this.#asked();
    const surveyed = survey(docsOf(sources, focus), focus);
    return new Map(cut.map(({ material }, i) => [material, surveyed[i] as Surveyed]));
  }

  #task(): readonly Material[] {
    const { id, description, prompt } = this.#input.task;
    const title = `# Your task: ${oneLine(description)}`;
    const given = { kind: "task" as const, name: id, why: "what is asked", title, content: prompt, nearness: 1 };
    return [materialOf({ ...given, hash: sha256(prompt) }, this.#input.estimator)];
  }

  /** What the task brings itself, beside its prompt. */
  #own(): readonly Material[] {
    const { context, item, index, note } = this.#input.task;
    const made: Material[] = [];
    const add = (kind: PieceKind, name: string, why: string, title: string, content: Json) =>
      made.push(materialOf({ kind, name, why, title, content, nearness: 1 }, this.#input.estimator));
    if (context !== undefined && Object.keys(context).length > 0)
      add("context", "context", "given with the task", "context of the task", context);
    if (item !== undefined) {
      const which = index === undefined ? "item" : `item ${index}`;
      add("item", which, "what this task of many is about", `${which}, which your task is about`, item);
    }
    if (note !== undefined && note !== "")
      add("note", "note", "written at the gate", "note from the person who let the task pass", note);
    return made;
  }

  #inherited(): readonly Material[] {
    const { inherited, estimator } = this.#input;
    if (inherited === undefined) return [];
    const from = oneLine(inherited.from);
    const given = { kind: "inherited" as const, name: inherited.from, why: "what its parent saw", nearness: 1 };
    return [materialOf({ ...given, title: `what ${from} was shown`, content: inherited.text }, estimator)];
  }

  #part({ material, how, tokens, findings }: Plan, surveyed: ReadonlyMap<Material, Surveyed>): Part {
    const { kind, name, why, hash } = material;
    const made = { kind, name, why, hash, wholeTokens: material.tokens };
    if (how === "left-out") return { text: "", piece: { ...made, tokens: 0, how } };
    const one = surveyed.get(material);
    const isPruned = kind === "task" || kind === "file" || kind === "inherited";
    let text = material.text;
    let title = material.title;
    if (one !== undefined) {
      const edges = isPruned ? { edges: 0.2 } : {};
      const cut = digest(one, this.#asked(), { tokens, severe: findings, ...edges }, this.#input.estimator);
      text = cut.text;
      const amount = `~${grouped(cut.tokens)} of ~${grouped(material.tokens)} tokens`;
      const where = material.source === undefined ? "" : `; the whole is ${material.source}`;
      const more = cut.severeLeft === 0 ? "" : `; ${cut.severeLeft} more findings of high severity are left out`;
      title += ` [${isPruned ? "pruned" : "a digest"}: ${amount}${where}${more}]`;
    }
    const framed = kind === "task" ? taskText(title, this.#input.task.phase, text) : frame(title, text);
    const shownAs = one === undefined ? "whole" : isPruned ? "pruned" : "digest";
    return { text: framed, piece: { ...made, tokens: this.#tokens(framed), how: shownAs } };
  }

  #map(): Part | undefined {
    const left = this.#input.filesLeftOut ?? [];
    if (left.length === 0) return undefined;
    const lines = left.slice(0, LIMITS.mapped).map(({ path, why }) => `${oneLine(path)}: ${oneLine(why)}`);
    if (left.length > lines.length) lines.push(`and ${left.length - lines.length} more`);
    const whole = lines.join("\n");
    const room = Math.floor(this.#left / 2);
    if (room < LIMITS.least) return undefined;
    const text = clip(whole, room, this.#input.estimator);
    const framed = frame("files that were asked for and are not shown", text);
    const name = `${left.length} files`;
    const tokens = this.#tokens(framed);
    const how = text === whole ? ("whole" as const) : ("pruned" as const);
    const why = "so that the agent knows what it does not see";
    return { text: framed, piece: { kind: "map", name, why, tokens, wholeTokens: tokens, how, hash: sha256(whole) } };
  }

  /** Puts the text together. Should estimates of single parts have been too low, the least important go. */
  #put(material: readonly Part[], task: readonly Part[]): Shown {
    const { estimator } = this.#input;
    const parts = [...material];
    const own = task.map(({ text }) => text).join("\n\n");
    const build = () => {
      const shown = parts.filter(({ text }) => text !== "").map(({ text }) => text);
      const left = leftOutLines(parts.map(({ piece }) => piece));
      const blocks = shown.length + left.length === 0 ? [own] : [PREFACE, ...shown, ...left, own];
      return blocks.filter(Boolean).join("\n\n");
    };
    let text = build();
    let tokens = this.#tokens(text);
    while (tokens > this.#limit) {
      const at = leastImportant(parts.map(({ piece }) => piece));
      const part = parts[at];
      if (!part) break;
      parts[at] = { text: "", piece: without(part.piece) };
      tokens -= part.piece.tokens;
      if (tokens > this.#limit) continue;
      text = build();
      tokens = this.#tokens(text);
    }
    const pieces = bounded([...parts, ...task].map(({ piece }) => piece));
    if (this.#tokens(text) <= this.#limit) return { text, pieces, tokens: this.#tokens(text) };
    // Not even the task's own words fit beside our own.
    text = clip(own, this.#limit, estimator);
    tokens = this.#tokens(text);
    const how = text === own ? {} : { how: "pruned" as const };
    const last = pieces.map((piece) => (piece.kind === "task" ? { ...piece, ...how, tokens } : without(piece)));
    return { text, pieces: last, tokens };
  }

  #tokens(text: string): number {
    return estimateTokens(text, this.#input.estimator);
  }
}
