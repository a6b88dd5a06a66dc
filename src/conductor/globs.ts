/** Whether two globs may mean the same file. In doubt they may: too much order costs time, too little costs work. */

export function mayOverlap(one: string, other: string): boolean {
  return overlaps(segments(one), segments(other));
}

const segments = (glob: string): readonly string[] =>
  glob
    .replace(/^\.\//, "")
    .split("/")
    .filter((part) => part !== "");

function overlaps(a: readonly string[], b: readonly string[]): boolean {
  const [first, ...restA] = a;
  const [second, ...restB] = b;
  // A folder means all that lies in it.
  if (first === undefined || second === undefined) return true;
  if (first === "**") return overlaps(restA, b) || (b.length > 0 && overlaps(a, restB) && b.length > restA.length);
  if (second === "**") return overlaps(b, a);
  return segmentsOverlap(first, second) && overlaps(restA, restB);
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
