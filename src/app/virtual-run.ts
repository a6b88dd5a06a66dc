/** Lets virtual time pass as fast as a run can follow: never while something real is still under way. */
import type { Evidence, Files, Journal, RunWriter } from "../domain/ports.ts";
import { settled, type VirtualClock } from "./virtual-clock.ts";

/** Counts what is under way in the real world. */
export class Busy {
  #count = 0;
  #ended: PromiseWithResolvers<void> | undefined;

  get isBusy(): boolean {
    return this.#count > 0;
  }

  /** Resolves as soon as nothing of it is under way. */
  async ended(): Promise<void> {
    if (this.#count === 0) return;
    this.#ended ??= Promise.withResolvers();
    await this.#ended.promise;
  }

  async during<T>(work: Promise<T>): Promise<T> {
    this.#count++;
    try {
      return await work;
    } finally {
      this.#count--;
      if (this.#count === 0) {
        this.#ended?.resolve();
        this.#ended = undefined;
      }
    }
  }

  journal(of: Journal): Journal {
    const writer = (one: RunWriter): RunWriter => ({
      run: one.run,
      epoch: one.epoch,
      head: one.head,
      append: (batch) => this.during(one.append(batch)),
      commands: (receive) => one.commands(receive),
      close: () => this.during(one.close()),
    });
    return {
      create: async (run) => writer(await this.during(of.create(run))),
      claim: async (run) => writer(await this.during(of.claim(run))),
      read: (run, options) => this.#pages(of.read(run, options)),
      tail: (run, from, signal) => of.tail(run, from, signal),
      blob: (run, hash) => this.during(of.blob(run, hash)),
      command: (run, command, at) => this.during(of.command(run, command, at)),
      list: (query) => this.during(of.list(query)),
      rebuild: () => this.during(of.rebuild()),
      gc: (retention) => this.during(of.gc(retention)),
      // Whoever opened it closes it.
      [Symbol.asyncDispose]: async () => {},
    };
  }

  files(of: Files): Files {
    return { read: (globs) => this.during(of.read(globs)) };
  }

  evidence(of: Evidence): Evidence {
    return { collect: (names) => this.during(of.collect(names)) };
  }

  async *#pages<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = pages[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.during(Promise.resolve(iterator.next()));
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
}

/** How long to look away where a run waits for somebody and virtual time has nothing more to bring. */
const REST = 20;

/** Until `done` has settled. */
export async function passTime(clock: VirtualClock, done: PromiseLike<unknown>, busy?: Busy): Promise<void> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  void done.then(end, end);
  while (!isOver) {
    await settled();
    if (busy?.isBusy) await busy.ended();
    else if (!isOver) await step(clock);
  }
}

async function step(clock: VirtualClock): Promise<void> {
  if (!clock.step()) await new Promise((resolve) => setTimeout(resolve, REST));
}
