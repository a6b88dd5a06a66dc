/**
 * What runs that are about to begin will take of the day, as all processes of a home see it: each is noted before it
 * looks what is left, so that two who begin at once do not share the same money.
 *
 * A claim counts for those that were noted after it, until it is given back, its process is gone or it is old. One that
 * does not know yet how much it takes is waited for, for a moment.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { isAlive } from "../process/alive.ts";

export interface Amounts {
  readonly usd: number;
  readonly tokens: number;
}
/** What is set aside for somebody; of a run that goes on, all that it may have spent by its end. */
export interface Claimed extends Amounts {
  readonly run?: string;
}
export interface Claim {
  /** Those before it. */
  before(): Promise<readonly Claimed[]>;
  settle(amounts: Amounts): void;
  giveBack(): void;
}

/** Milliseconds. */
const OLD = 120_000;
const PATIENCE = { most: 5000, look: 10 } as const;

interface Row {
  readonly pid: number;
  readonly at: number;
  readonly run: string | null;
  readonly usd: number | null;
  readonly tokens: number | null;
}

export class Claims {
  readonly #home: string;
  readonly #now: () => number;
  #database: DatabaseSync | undefined;

  constructor(home: string, now: () => number) {
    this.#home = home;
    this.#now = now;
  }

  make(run?: string): Claim {
    const { lastInsertRowid: id } = this.#db
      .prepare("INSERT INTO claims (pid, at, run) VALUES (?, ?, ?)")
      .run(process.pid, this.#now(), run ?? null);
    return {
      before: () => this.#before(id),
      settle: ({ usd, tokens }) =>
        void this.#db.prepare("UPDATE claims SET usd = ?, tokens = ? WHERE id = ?").run(usd, tokens, id),
      giveBack: () => void (this.#database && this.#db.prepare("DELETE FROM claims WHERE id = ?").run(id)),
    };
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
  }

  async #before(id: number | bigint): Promise<readonly Claimed[]> {
    const until = this.#now() + PATIENCE.most;
    for (;;) {
      const rows = this.#db.prepare("SELECT pid, at, run, usd, tokens FROM claims WHERE id < ?").all(id);
      const live = (rows as unknown as Row[]).filter(({ pid, at }) => isAlive(pid) && this.#now() - at < OLD);
      const known = live.filter(({ usd }) => usd !== null);
      if (known.length === live.length || this.#now() > until)
        return known.map(({ run, usd, tokens }) => ({
          ...{ usd: usd ?? 0, tokens: tokens ?? 0 },
          ...(run !== null && { run }),
        }));
      await wait(PATIENCE.look);
    }
  }

  get #db(): DatabaseSync {
    if (this.#database) return this.#database;
    const database = new DatabaseSync(join(this.#home, "day.db"), { timeout: 5000 });
    database.exec(
      "CREATE TABLE IF NOT EXISTS claims (id INTEGER PRIMARY KEY AUTOINCREMENT, pid INTEGER NOT NULL, at INTEGER NOT NULL, run TEXT, usd REAL, tokens REAL)",
    );
    database.prepare("DELETE FROM claims WHERE at < ?").run(this.#now() - OLD);
    this.#database = database;
    return database;
  }
}
