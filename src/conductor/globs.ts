/** Whether two globs may mean the same file. In doubt they may: too much order costs time, too little costs work. */

export const mayOverlap = (one: string, other: string): boolean => pathsOverlap(segments(one), segments(other));

/** The same for globs that were taken apart before. */
export function pathsOverlap(a: readonly string[], b: readonly string[]): boolean {
  const [first, second] = [a[0], b[0]];
  // Most of them lie in different folders.
  if (
    first !== undefined &&
    second !== undefined &&
    first !== "**" &&
    second !== "**" &&
    !segmentsOverlap(first, second)
  )
    return false;
  const known = new Map<number, boolean>();
  return overlaps(0, 0);

  /** From these segments on; each pair is looked at once, however many stars there are. */
  function overlaps(i: number, j: number): boolean {
    const key = i * (b.length + 1) + j;
    const got = known.get(key) ?? look(i, j);
    known.set(key, got);
    return got;
  }

  function look(i: number, j: number): boolean {
    const [first, second] = [a[i], b[j]];
    // A folder means all that lies in it.
    if (first === undefined || second === undefined) return true;
    // What is left of the one must find room in what is left of the other.
    if (first === "**") return overlaps(i + 1, j) || (hasRoom(b, j, a.length - i) && overlaps(i, j + 1));
    if (second === "**") return overlaps(i, j + 1) || (hasRoom(a, i, b.length - j) && overlaps(i + 1, j));
    return segmentsOverlap(first, second) && overlaps(i + 1, j + 1);
  }
}

const hasRoom = (of: readonly string[], from: number, length: number): boolean =>
  of.length - from >= length || of.lastIndexOf("**") >= from;

/** Nobody's files lie deeper; whatever follows may be anything. */
const DEEPEST = 64;

export function segments(glob: string): readonly string[] {
  // Of braces with a slash in them nobody knows how deep they go.
  const [known = "", ...more] = glob.split(/(?<=^|\/)[^/]*\{[^}]*\//);
  const parts = known.split("/").filter((part) => part !== "" && part !== ".");
  const isCut = more.length > 0 || parts.length > DEEPEST;
  return isCut ? [...parts.slice(0, DEEPEST), "**"] : parts;
}

const WILD = /[*?[\]{}!()]/;

/** Two names, or patterns of one: what stands before the first and after the last star must fit. */
function segmentsOverlap(a: string, b: string): boolean {
  if (!WILD.test(a) && !WILD.test(b)) return a === b;
  const [headA, tailA] = endsOf(a);
  const [headB, tailB] = endsOf(b);
  const heads = headA.startsWith(headB) || headB.startsWith(headA);
  const tails = tailA.endsWith(tailB) || tailB.endsWith(tailA);
  return heads && tails;
}

function endsOf(segment: string): readonly [string, string] {
  const from = segment.search(WILD);
  if (from < 0) return [segment, segment];
  const back = [...segment].reverse().join("").search(WILD);
  return [segment.slice(0, from), back === 0 ? "" : segment.slice(segment.length - back)];
}
