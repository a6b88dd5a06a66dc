/**
 * Answers of models that may be wanted again, by the hash of what was asked, and what all of them took: tables of the
 * host's database, which can be lost without harm. A fault of it is never a fault of whoever asks.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Json } from "../domain/json.ts";
import { loadOpen } from "./database.ts";

export interface Spending {
  readonly calls: number;
  readonly tokensUsed: number;
  /** Null: the cost of one of them is not known. */
  readonly costUsd: number | null;
}
const NOTHING: Spending = { calls: 0, tokensUsed: 0, costUsd: 0 };
/** The oldest go first. */
const MOST = 1000;
const TABLES = `create table if not exists answer(key text primary key, at integer not null, body text not null) without rowid;
  create table if not exists spending(purpose text primary key, calls integer not null, tokens integer not null, usd real) without rowid;`;

export class AnswerBook {
  readonly #file: string;
  readonly #most: number;
  #db: Promise<DatabaseSync | undefined> | undefined;

  constructor(file: string, most = MOST) {
    this.#file = file;
    this.#most = most;
  }

  get(key: string): Promise<Json | undefined> {
    return this.#use((db) => {
      const body = db.prepare("select body from answer where key = ?").get(key)?.["body"];
      return typeof body === "string" ? (JSON.parse(body) as Json) : undefined;
    });
  }

  async put(key: string, answer: Json, at: number): Promise<void> {
    await this.#use((db) => {
      db.prepare("insert or replace into answer(key, at, body) values (?, ?, ?)").run(key, at, JSON.stringify(answer));
      db.prepare(
        "delete from answer where key in (select key from answer order by at desc, key limit -1 offset ?)",
      ).run(this.#most);
    });
  }

  async spend(purpose: string, { tokensUsed, costUsd }: Omit<Spending, "calls">): Promise<void> {
    await this.#use((db) =>
      db
        .prepare(`insert into spending(purpose, calls, tokens, usd) values (?, 1, ?, ?)
          on conflict(purpose) do update set calls = calls + 1, tokens = tokens + excluded.tokens, usd = usd + excluded.usd`)
        .run(purpose, tokensUsed, costUsd),
    );
  }

  async spent(purpose: string): Promise<Spending> {
    const found = await this.#use((db) =>
      db.prepare("select calls, tokens, usd from spending where purpose = ?").get(purpose),
    );
    if (!found) return NOTHING;
    const { calls, tokens, usd } = found;
    return { calls: Number(calls), tokensUsed: Number(tokens), costUsd: usd === null ? null : Number(usd) };
  }

  async close(): Promise<void> {
    const db = await this.#db;
    this.#db = undefined;
    db?.close();
  }

  /** Undefined where the database cannot be used; it is tried anew the next time. */
  async #use<T>(call: (db: DatabaseSync) => T): Promise<T | undefined> {
    this.#db ??= this.#open();
    try {
      const db = await this.#db;
      return db && call(db);
    } catch {
      await this.close().catch(() => {});
      return undefined;
    }
  }

  async #open(): Promise<DatabaseSync> {
    const open = await loadOpen();
    const db = open(this.#file, { timeout: 1000 });
    try {
      db.exec(`pragma journal_mode = wal; pragma synchronous = normal; ${TABLES}`);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  }
}
