/** Where the values of a JSON text stand in it, so that one can be changed and all else stays as it is, to the byte. */

/** Where it begins, and the first place behind it. */
export type Place = readonly [start: number, end: number];

const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g;
const MOST = 200_000;

/** By their names and positions with slashes between, such as `tasks/0/status`. Only for a text that has been parsed. */
export function jsonPlaces(text: string): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  /** Where it began, and the name or position of the value that is read next. */
  const open: { readonly path: string; readonly start: number; next: string | number; isName: boolean }[] = [];
  const pathOf = () => {
    const top = open.at(-1);
    return top === undefined ? "" : top.path === "" ? String(top.next) : `${top.path}/${top.next}`;
  };
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const top = open.at(-1);
    if (token === "{" || token === "[") {
      open.push({ path: pathOf(), start: index, next: 0, isName: token === "{" });
    } else if (token === "}" || token === "]") {
      open.pop();
      if (top !== undefined && places.size < MOST) places.set(top.path, [top.start, index + 1]);
    } else if (token === ",") {
      if (typeof top?.next === "number") top.next++;
      else if (top !== undefined) top.isName = true;
    } else if (token === ":") {
      if (top !== undefined) top.isName = false;
    } else if (top?.isName) {
      top.next = JSON.parse(token) as string;
    } else if (places.size < MOST) places.set(pathOf(), [index, index + token.length]);
  }
  return places;
}
