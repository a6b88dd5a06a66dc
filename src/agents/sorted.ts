/** Numbers in rising order. */

/** Where one stands among sorted ones, or -1. */
export function placeIn(stems: Uint32Array, stem: number): number {
  let [low, high] = [0, stems.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((stems[middle] as number) < stem) low = middle + 1;
    else high = middle;
  }
  return low < stems.length && stems[low] === stem ? low : -1;
}
