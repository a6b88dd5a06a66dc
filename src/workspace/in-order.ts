/** What would get into each other's way is done one after the other, by all who are in this process. */
const last = new Map<string, Promise<unknown>>();

/** `of`: what it is that only one may change at a time. It is gone with the last who waits. */
export async function inOrder<T>(of: string, act: () => Promise<T>): Promise<T> {
  const mine = (last.get(of) ?? Promise.resolve()).then(act);
  const over = mine.catch(() => {});
  last.set(of, over);
  try {
    return await mine;
  } finally {
    if (last.get(of) === over) last.delete(of);
  }
}
