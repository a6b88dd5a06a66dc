/** Keeps this process alive while it waits for others: whoever follows a journal does not count as work to Node. */
const LONG = 2 ** 30;

export function awake(): Disposable {
  const timer = setInterval(() => {}, LONG);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
