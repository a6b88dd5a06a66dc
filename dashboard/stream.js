/**
 * The events of a run: first those that are there, by pages, then those that come. Where the line breaks it is taken up
 * again behind the last event that was seen, after a while that grows. A page that nobody sees lets go of its line,
 * because a browser has only six for one server.
 */
import { ask, Refused } from "./api.js";

const WAITS = [500, 1000, 2000, 4000, 8000, 15_000];
const LAST = new Set(["workflow:complete", "workflow:error", "workflow:cancelled"]);

/**
 * `onEvent(event)`; `onLine(state, error)`: `connecting`, `live`, `broken` (and being taken up again), `hidden`, `ended`,
 * or `refused` with what was said: then nothing more comes.
 */
export function follow(run, { onEvent, onLine }) {
  const path = `runs/${encodeURIComponent(run)}/events`;
  let source;
  let timer;
  let stop = new AbortController();
  let next = 1;
  let failures = 0;
  let isOver = false;

  const close = () => {
    clearTimeout(timer);
    stop.abort();
    source?.close();
    source = undefined;
  };
  const finish = (state, error) => {
    isOver = true;
    close();
    onLine(state, error);
  };
  const take = (event) => {
    // After a break some may come again.
    if (event.seq < next || isOver) return;
    failures = 0;
    next = event.seq + 1;
    onEvent(event);
    if (LAST.has(event.type)) finish("ended");
  };
  const retry = () => {
    close();
    onLine("broken");
    timer = setTimeout(() => void open(), WAITS[Math.min(failures++, WAITS.length - 1)]);
  };
  const open = async () => {
    close();
    stop = new AbortController();
    const { signal } = stop;
    try {
      for (let from = next; from !== undefined && !isOver; ) {
        const page = await ask(`${path}?from=${from}&limit=1000`, { signal });
        for (const event of page.events) take(event);
        from = page.next;
      }
    } catch (error) {
      if (signal.aborted) return;
      const isFinal = error instanceof Refused && error.status < 500 && error.status !== 429;
      return isFinal ? finish("refused", error) : retry();
    }
    if (isOver || signal.aborted) return;
    source = new EventSource(`/api/${path}?from=${next}`);
    source.onopen = () => onLine("live");
    source.onmessage = ({ data }) => take(JSON.parse(data));
    // It does not say why: the plain request that comes before the next one does.
    source.onerror = retry;
  };

  document.addEventListener("visibilitychange", () => {
    if (isOver) return;
    if (document.hidden) {
      close();
      onLine("hidden");
    } else void open();
  });
  onLine("connecting");
  void open();
}
