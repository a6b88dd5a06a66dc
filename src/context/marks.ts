/** Which units of a text matter whatever the task asks: findings of high severity with all that belongs to them, and decisions. */
import { DECIDES, SEVERE } from "./concepts.ts";
import type { Doc } from "./entries.ts";
import type { Unit } from "./units.ts";

export interface Marks {
  /** 2 critical, 1 high. */
  readonly severity: Uint8Array;
  /** What belongs to the unit that names a severity: the rest of the finding, in order. */
  readonly rest: ReadonlyMap<number, readonly number[]>;
  readonly decisions: readonly number[];
}

const CRITICAL = /\b(?:critical|blocker|p0|sev-?0)\b/i;
/** Shouted, as labels are. */
const SHOUT = /(?<![\w-])(?:CRITICAL|HIGH|SEVERE|BLOCKER|P0|P1|SEV-?[01])(?![\w-])/;
const FIELD =
  /\b(?:severity|risk|impact|criticality|priority|rating)\b[\s*_`"':=|–—-]{1,8}(?:critical|high|severe|blocker|p0|p1)\b/i;
const LEAD =
  /^[\s>*_#\-+\d.)([|🔴🟠"']*(?:critical|high|severe|blocker)\b(?=[\s*_]*[\])|:–—-]| (?:severity|risk|priority))/iu;
const LABEL = /\b(?:critical|high)[- ]severity\b|[[(|]\s*\**(?:critical|high)\**\s*[\])|]/i;
/** Words of a heading that names a class of findings and not one of them. */
const CLASS =
  /^(?:critical|high|severe|blockers?|severity|priority|risk|findings?|issues?|vulnerabilit(?:y|ies)|problems?|and|the|items?|must|fix|p0|p1|level|sev|\d+)$/i;
const DECISION_HEADING = /\b(?:decisions?|decided|verdict|conclusions?|recommendations?|summary|outcome|resolution)\b/i;
const DECISION =
  /^[\s>*_\-+\d.)]*(?:decisions?|decided|verdict|conclusion|resolution|recommendation|chosen|outcome|agreed|we (?:chose|decided|settled|recommend|will use))\b/i;
/** A field of a finding, on a line of its own: the finding is what stands around it. */
const ONLY_FIELD = /^[\s>*_\-+]*(?:severity|risk|impact|criticality|priority|rating)\b/i;

/** A finding's further text, in units. */
const REST = 5;

export function marksOf(doc: Doc, flags: Uint8Array): Marks {
  const marks = { severity: new Uint8Array(doc.units.length), rest: new Map<number, number[]>(), decisions: [] };
  markUnits(doc, flags, marks);
  return marks;
}

/** Nothing but the loop: what would stand behind it throws away what was compiled of it, each time that it ends. */
function markUnits(
  { text, units }: Doc,
  flags: Uint8Array,
  { severity, rest, decisions }: { severity: Uint8Array; rest: Map<number, number[]>; decisions: number[] },
): void {
  const classes = new Map<number, number>();
  for (let i = 0; i < units.length; i++) {
    const unit = units[i] as Unit;
    if (unit.severity) raise(severity, i, unit.severity);
    const flag = flags[i] ?? 0;
    const ofClass = classes.get(unit.section) ?? 0;
    const said = flag & (SEVERE | DECIDES) ? text.slice(unit.start, unit.end) : "";
    const rank = flag & SEVERE && unit.kind !== "fence" ? rankOf(said, unit) : 0;
    if (unit.kind === "heading") {
      if (rank > 0 && isClass(said)) classes.set(i, rank);
      else if (rank > 0 || ofClass > 0) {
        raise(severity, i, rank || ofClass);
        follow(units, i, rest);
      } else if (flag & DECIDES && DECISION_HEADING.test(said)) decisions.push(...bodyOf(units, i, 3));
      continue;
    }
    if (ofClass > 0 && stands(units, i)) raise(severity, i, ofClass);
    if (rank > 0) {
      const owner = ONLY_FIELD.test(said) ? ownerOf(units, i) : i;
      raise(severity, owner, rank);
      if (owner !== i || unit.kind === "sentence") follow(units, owner, rest);
      else if (unit.kind === "item") follow(units, i, rest);
    }
    if (flag & DECIDES && DECISION.test(said)) decisions.push(i);
  }
}

function raise(severity: Uint8Array, at: number, rank: number): void {
  severity[at] = Math.max(severity[at] ?? 0, rank);
}

function rankOf(said: string, unit: Unit): number {
  const found = SHOUT.test(said) || FIELD.test(said) || LEAD.test(said) || LABEL.test(said);
  if (!found && !(unit.kind === "heading" && /^[\s#*\d.)]*(?:critical|high|severe)\b/i.test(said))) return 0;
  return CRITICAL.test(said) && !/\bhigh\b/i.test(said.replace(CRITICAL, "")) ? 2 : 1;
}

function isClass(heading: string): boolean {
  const words = heading.split(/[^\p{L}\d]+/u).filter(Boolean);
  return words.every((word) => CLASS.test(word));
}

/** In a class of findings each item, row or paragraph is one; what hangs below an item is part of it. */
function stands(units: readonly Unit[], i: number): boolean {
  const unit = units[i] as Unit;
  if (unit.kind === "code" || unit.kind === "fence") return false;
  const head = unit.head < 0 ? undefined : units[unit.head];
  if (unit.kind === "row") return head?.kind === "row";
  if (head?.kind === "item") return false;
  return units[i - 1]?.block !== unit.block;
}

/** `Severity: High` below a heading or an item means that one. */
function ownerOf(units: readonly Unit[], i: number): number {
  const unit = units[i] as Unit;
  if (unit.head >= 0 && units[unit.head]?.kind === "item") return unit.head;
  return unit.section >= 0 ? unit.section : i;
}

function follow(units: readonly Unit[], i: number, rest: Map<number, number[]>): void {
  if (rest.has(i)) return;
  const unit = units[i] as Unit;
  if (unit.kind === "heading") {
    rest.set(i, bodyOf(units, i, REST));
    return;
  }
  const found: number[] = [];
  for (let j = i + 1; j < units.length && found.length < REST; j++) {
    const next = units[j] as Unit;
    if (next.head !== i && !(unit.kind === "sentence" && next.block === unit.block)) break;
    found.push(j);
  }
  rest.set(i, found);
}

function bodyOf(units: readonly Unit[], heading: number, most: number): number[] {
  const found: number[] = [];
  for (let j = heading + 1; j < units.length && found.length < most; j++) {
    const unit = units[j] as Unit;
    if (unit.section !== heading) break;
    if (unit.kind !== "fence") found.push(j);
  }
  return found;
}
