/**
 * One run as its writer's thread holds it: the connection, the lock, and the one transaction that may be open.
 *
 * J1 A batch stands whole or not at all, and is acknowledged only after its commit has returned (I2).
 * J2 Epoch and last number are compared inside the batch's own transaction.
 * J3 After a failure nothing more is written through it; after a failed write of the disk its connection is closed
 *    at once, because pages that could not be synced may have been forgotten.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, statSync, writeSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { TuttiError } from "../domain/error.ts";
import type { Command } from "../domain/facts.ts";
import type { InboxCommand } from "../domain/ports.ts";
import type { Slice } from "./channel.ts";
import { CELLS, type Cell, checksum, classOf, LARGE, sha256 } from "./codec.ts";
import { fault } from "./database.ts";
import { type Claim, release } from "./owner.ts";
import { fenced, inboxFull, MAX_WAITING, wrongExpected, wrongHash } from "./refusals.ts";

/** Rows per statement. Many rows in one call cost a quarter less than one by one. */
const WIDTHS = [16, 4, 1] as const;
const PLACES = "(?, ?, ?, ?, ?, ?, ?, ?)";
const INSERT = "insert into event(seq, class, at, type, task, attempt, body, crc) values ";

/** The log is written full of zeros ahead of its use: a commit that need not grow a file syncs in half the time. */
const AHEAD = 256 * 1024;
const FIRST_AHEAD = 64 * 1024;
const LEAST_AHEAD = 32 * 1024;
/** At this length the log is copied into the file and begun again from its start. */
const WAL_LIMIT = 4 * 1024 * 1024;
const FRAME = 4120;

const PER_DELIVERY = 100;

export interface Row {
  readonly type: string;
  readonly at: number;
  readonly body: string;
}

export class RunFile {
  readonly run: string;
  readonly claim: Claim;
  /** Set after a failure; every later append fails with it. */
  dead: TuttiError | undefined;
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #folder: string;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #stand: StatementSync;
  readonly #inserts = new Map<number, StatementSync>();
  #consume: StatementSync | undefined;
  #version: StatementSync | undefined;
  #seen = -1;
  #delivered = 0;
  /** Number of the last durable event, and of the next one of the open batch. */
  #head: number;
  #next: number;
  #walUsed = 0;
  #walSize = 0;
  /** Events of the open batch that the host index wants to know of. */
  #noted: Row[] = [];

  constructor(options: { run: string; file: string; folder: string; db: DatabaseSync; claim: Claim; fresh: boolean }) {
    this.run = options.run;
    this.claim = options.claim;
    this.#db = options.db;
    this.#file = options.file;
    this.#folder = options.folder;
    this.#begin = this.#db.prepare("begin immediate");
    this.#commit = this.#db.prepare("commit");
    this.#stand = this.#db.prepare("select epoch, (select max(seq) from event) from owner");
    this.#stand.setReturnArrays(true);
    this.#head = this.claim.head;
    this.#next = this.#head + 1;
    this.#walUsed = this.#walSize = statSync(`${this.#file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    if (options.fresh) this.#extend(FIRST_AHEAD);
  }

  get inTransaction(): boolean {
    return this.#db.isOpen && this.#db.isTransaction;
  }

  /** Does a slice; true if it was the last one and its batch is durable. Throws after it has made the writer dead. */
  slice(slice: Slice, isIndexed: (type: string) => boolean): boolean {
    if (this.dead !== undefined) throw this.dead;
    try {
      if (slice.first) this.#start(slice.expected);
      for (let i = 0; i < slice.blobs.length; i += 2) {
        const [hash = "", text = ""] = slice.blobs.slice(i, i + 2);
        if (sha256(text) !== hash) throw wrongHash(this.run, hash);
        this.#blob(hash, text);
      }
      this.#insert(slice.cells, isIndexed);
      if (!slice.last) return false;
      if (slice.consumed > 0) {
        this.#consume ??= this.#db.prepare("delete from command where id <= ?");
        this.#consume.run(slice.consumed);
      }
      this.#commit.run();
      this.#head = this.#next - 1;
      return true;
    } catch (thrown) {
      throw this.kill(thrown);
    }
  }

  /** What the last commit said that the host index wants to know. */
  noted(): readonly Row[] {
    const noted = this.#noted;
    if (noted.length > 0) this.#noted = [];
    return noted;
  }

  kill(thrown: unknown): TuttiError {
    this.dead ??= fault(thrown, this.run);
    this.#noted = [];
    try {
      if (this.inTransaction) this.#db.exec("rollback");
    } catch {
      // The connection is closed below.
    }
    if (this.dead.code === "JOURNAL_IO" || this.dead.code === "JOURNAL_CORRUPT" || this.inTransaction) this.shut();
    return this.dead;
  }

  /** Keeps the log ahead of its use and of bounded length. Called when nobody waits. */
  upkeep(): void {
    if (this.dead !== undefined || !this.#db.isOpen || this.inTransaction) return;
    if (this.#walUsed > WAL_LIMIT) {
      this.#db.exec("pragma wal_checkpoint(passive)");
      this.#walUsed = 0;
    } else if (this.#runsOut) {
      this.#extend(AHEAD, true);
    }
  }

  get wantsUpkeep(): boolean {
    return this.#walUsed > WAL_LIMIT || this.#runsOut;
  }

  get #runsOut(): boolean {
    return this.#walSize < WAL_LIMIT && this.#walUsed + LEAST_AHEAD > this.#walSize;
  }

  /** Puts a command into the inbox through this connection. */
  command(at: number, body: string): void {
    putCommand(this.#db, this.run, at, body);
    this.#seen = -1;
  }

  /** From now on every waiting command is given again. */
  listen(): void {
    this.#seen = -1;
    this.#delivered = 0;
  }

  /** Commands that nobody has been given yet. Looks into the table only where somebody else has written the file. */
  poll(): readonly InboxCommand[] {
    if (this.dead !== undefined || !this.#db.isOpen || this.inTransaction) return [];
    this.#version ??= this.#db.prepare("pragma data_version");
    const version = Number(this.#version.get()?.["data_version"]);
    if (version === this.#seen) return [];
    const rows = this.#db
      .prepare("select id, at, body, crc from command where id > ? order by id limit ?")
      .all(this.#delivered, PER_DELIVERY);
    const commands: InboxCommand[] = [];
    for (const row of rows) {
      const id = Number(row["id"]);
      const at = Number(row["at"]);
      this.#delivered = id;
      const command = parseCommand(at, String(row["body"]), row["crc"]);
      if (command === undefined) this.#db.prepare("delete from command where id = ?").run(id);
      else commands.push({ id, at, command });
    }
    if (rows.length < PER_DELIVERY) this.#seen = version;
    return commands;
  }

  /** Gives the lock back; the connection stays to be shut, which takes longer and which nobody need wait for. */
  release(): void {
    if (this.#db.isOpen) {
      if (this.inTransaction) this.#db.exec("rollback");
      release(this.#db, this.#folder, this.run, this.claim, this.#head);
    } else this.claim.lock.close();
  }

  shut(): void {
    try {
      if (this.#db.isOpen) this.#db.close();
    } catch {
      // Closed or not, it is never used again.
    }
  }

  #start(expected: number): void {
    this.#begin.run();
    const [epoch, last] = this.#stand.get() as unknown as [number | undefined, number | null];
    if (epoch !== this.claim.epoch) throw fenced(this.run, epoch, this.claim.epoch);
    if ((last ?? 0) !== expected) throw wrongExpected(this.run, last ?? 0, expected);
    this.#next = expected + 1;
  }

  #insert(cells: readonly Cell[], isIndexed: (type: string) => boolean): void {
    let from = 0;
    let weight = 0;
    for (const width of WIDTHS) {
      while (cells.length - from >= width * CELLS) {
        const values: Cell[] = [];
        for (const end = from + width * CELLS; from < end; from += CELLS) {
          const [at, type, task, attempt, text] = [
            cells[from],
            cells[from + 1],
            cells[from + 2],
            cells[from + 3],
            cells[from + 4],
          ] as [number, string, string | null, number | null, string];
          if (isIndexed(type)) this.#noted.push({ type, at, body: text });
          let body = text;
          if (text.length > LARGE) {
            body = sha256(text);
            this.#blob(body, text);
          }
          weight += body.length + 80;
          const seq = this.#next++;
          const klass = classOf(type);
          values.push(seq, klass, at, type, task, attempt, body, checksum(seq, klass, at, type, task, attempt, body));
        }
        this.#statement(width).run(...values);
      }
    }
    this.#walUsed += FRAME * (2 + Math.ceil(weight / 4000));
  }

  #statement(width: number): StatementSync {
    let statement = this.#inserts.get(width);
    if (statement === undefined) {
      statement = this.#db.prepare(INSERT + new Array<string>(width).fill(PLACES).join());
      this.#inserts.set(width, statement);
    }
    return statement;
  }

  #blob(hash: string, text: string): void {
    this.#db.prepare("insert or ignore into blob(hash, body) values (?, ?)").run(hash, text);
    this.#walUsed += FRAME * (1 + Math.ceil(text.length / 4000));
  }

  /**
   * Appends zeros to the log. The write lock keeps every other writer, of this process or another, from adding
   * frames meanwhile; readers and recovery stop at the first thing that is not a valid frame.
   */
  #extend(bytes: number, sync = false): void {
    let log: number | undefined;
    try {
      this.#begin.run();
      log = openSync(`${this.#file}-wal`, "r+");
      const { size } = fstatSync(log);
      this.#walSize = size + writeSync(log, Buffer.alloc(bytes), 0, bytes, size);
      if (sync) fdatasyncSync(log);
    } catch {
      // The log grows by itself then; a full disk is for the next append to tell.
      this.#walSize = WAL_LIMIT;
    } finally {
      if (log !== undefined) closeSync(log);
      if (this.inTransaction) this.#db.exec("rollback");
    }
  }
}

const commandCrc = (at: number, body: string): number => crc32(`${at} ${body}`);

function parseCommand(at: number, body: string, crc: unknown): Command | undefined {
  if (crc !== commandCrc(at, body)) return undefined;
  try {
    return JSON.parse(body) as Command;
  } catch {
    return undefined;
  }
}

export function putCommand(db: DatabaseSync, run: string, at: number, body: string): void {
  db.exec("begin immediate");
  try {
    const waiting = Number(db.prepare("select count(*) as waiting from command").get()?.["waiting"]);
    if (waiting >= MAX_WAITING) throw inboxFull(run);
    db.prepare("insert into command(at, body, crc) values (?, ?, ?)").run(at, body, commandCrc(at, body));
    db.exec("commit");
  } finally {
    if (db.isTransaction) db.exec("rollback");
  }
}
