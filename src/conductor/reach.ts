/**
 * Who builds on whom, directly or not, kept as one row of bits a task: a plan of a thousand tasks asks a million times.
 */
import type { AgentTask } from "../domain/plan.ts";

export class Reach {
  readonly #index: ReadonlyMap<string, number>;
  /** Of each task, all that it builds on, and all that build on it; itself among them. */
  readonly #below: readonly Uint32Array[];
  readonly #above: readonly Uint32Array[];

  constructor(tasks: readonly AgentTask[]) {
    this.#index = new Map(tasks.map(({ id }, i) => [id, i]));
    const rows = () => tasks.map((_, i) => rowWith(i, tasks.length));
    [this.#below, this.#above] = [rows(), rows()];
    for (const { id, dependencies = [] } of tasks) for (const one of dependencies) this.add(id, one);
  }

  /** Whether the one builds on the other, directly or not; a task builds on itself. */
  has(from: string, to: string): boolean {
    const [a, b] = [this.#index.get(from), this.#index.get(to)];
    return a !== undefined && b !== undefined && isIn(this.#below[a], b);
  }

  add(from: string, to: string): void {
    const [a, b] = [this.#index.get(from), this.#index.get(to)];
    if (a === undefined || b === undefined || isIn(this.#below[a], b)) return;
    const above = Uint32Array.from(this.#above[a] ?? []);
    const below = Uint32Array.from(this.#below[b] ?? []);
    for (const i of membersOf(above)) unite(this.#below[i], below);
    for (const i of membersOf(below)) unite(this.#above[i], above);
  }
}

const bit = (i: number): number => 1 << (i & 31);

function rowWith(i: number, length: number): Uint32Array {
  const row = new Uint32Array((length + 31) >> 5);
  row[i >> 5] = bit(i);
  return row;
}

const isIn = (row: Uint32Array | undefined, i: number): boolean => ((row?.[i >> 5] ?? 0) & bit(i)) !== 0;

function* membersOf(row: Uint32Array): Iterable<number> {
  for (let at = 0; at < row.length; at++)
    for (let word = row[at] ?? 0; word !== 0; word &= word - 1) yield at * 32 + 31 - Math.clz32(word & -word);
}

function unite(row: Uint32Array | undefined, more: Uint32Array): void {
  if (row) for (let at = 0; at < row.length; at++) row[at] = (row[at] ?? 0) | (more[at] ?? 0);
}
