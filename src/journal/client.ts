/**
 * The caller's end of the channel. The writer's thread is started by the first request; it keeps the process alive
 * only while somebody waits for an answer. If the thread dies, everybody who waits is told.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { reasonOf, TuttiError } from "../domain/error.ts";
import type { InboxCommand } from "../domain/ports.ts";
import {
  ACKED,
  type Ask,
  CONTROL_BYTES,
  POSTED,
  type Reply,
  type Request,
  RING,
  RING_SIZE,
  revive,
  WAKE_CALLER,
  WAKE_WRITER,
  type WriterData,
} from "./channel.ts";

/** What the writer's thread says of one run without being asked. */
export interface Hearer {
  /** The oldest slice under way is done with. */
  acknowledged(): void;
  failed(error: TuttiError): void;
  commands(commands: readonly InboxCommand[]): void;
}
interface Waiting {
  resolve(value: unknown): void;
  reject(error: TuttiError): void;
}

export class Client {
  readonly #entry: URL;
  readonly #data: Omit<WriterData, "port" | "control">;
  readonly #control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
  readonly #waiting = new Map<number, Waiting>();
  readonly #hearers = new Map<number, Hearer>();
  #port: MessagePort | undefined;
  #worker: Worker | undefined;
  #gone: TuttiError | undefined;
  #lastId = 0;
  /** Who is waited for: requests, and slices that the ring will acknowledge. */
  #busy = 0;
  #slices = 0;
  #acked = 0;
  #heard = 0;
  readonly #forRoom: (() => void)[] = [];

  constructor(entry: URL, data: Omit<WriterData, "port" | "control">) {
    this.#entry = entry;
    this.#data = data;
  }

  get started(): boolean {
    return this.#worker !== undefined;
  }

  hear(writer: number, hearer: Hearer | undefined): void {
    if (hearer === undefined) this.#hearers.delete(writer);
    else this.#hearers.set(writer, hearer);
  }

  ask<T>(request: Ask): Promise<T> {
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      this.send({ ...request, id });
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#hold(1);
    });
  }

  /** Before a slice that the ring will acknowledge: true if it may be sent now. */
  reserve(): boolean {
    if (this.#slices >= RING_SIZE) return false;
    this.#slices++;
    this.#hold(1);
    return true;
  }
  /** Resolves when `reserve` is worth another try. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#forRoom.push(resolve));
  }
  /** Slices that will never be acknowledged, because their writer is dead. */
  unreserve(slices: number): void {
    this.#slices -= slices;
    this.#hold(-slices);
    for (const go of this.#forRoom.splice(0)) go();
  }

  send(request: Request): void {
    if (this.#gone !== undefined) throw this.#gone;
    const port = this.#port ?? this.#start();
    port.postMessage(request);
    Atomics.add(this.#control, WAKE_WRITER, 1);
    Atomics.notify(this.#control, WAKE_WRITER);
  }

  /** Ends the thread, after all that was asked of it. */
  async end(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined || this.#gone !== undefined) return;
    const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    await this.ask({ op: "end" });
    worker.ref();
    await exited;
  }

  #hold(change: number): void {
    const before = this.#busy;
    this.#busy += change;
    if (before === 0 && this.#busy > 0) this.#worker?.ref();
    else if (before > 0 && this.#busy === 0) this.#worker?.unref();
  }

  #start(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    port1.unref();
    const workerData: WriterData = { ...this.#data, port: port2, control: this.#control.buffer as SharedArrayBuffer };
    const worker = new Worker(this.#entry, { workerData, transferList: [port2], execArgv: [] });
    let cause: unknown;
    worker.on("error", (thrown) => {
      cause = thrown;
    });
    worker.once("exit", (code) => this.#end(cause ?? `it ended with code ${code}`));
    if (this.#busy === 0) worker.unref();
    this.#port = port1;
    this.#worker = worker;
    void this.#listen(port1);
    return port1;
  }

  #end(cause: unknown): void {
    // What it said before it ended may not have been heard yet.
    if (this.#port !== undefined) this.#drain(this.#port);
    const hint = "make a new journal, claim the runs again and read them";
    this.#gone = new TuttiError("JOURNAL_IO", `the journal's writer is gone: ${reasonOf(cause)}; ${hint}`, {
      retry: "safe",
      hint,
      cause,
    });
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
    for (const hearer of this.#hearers.values()) hearer.failed(this.#gone);
    Atomics.add(this.#control, WAKE_CALLER, 1);
    Atomics.notify(this.#control, WAKE_CALLER);
  }

  async #listen(port: MessagePort): Promise<void> {
    const control = this.#control;
    for (;;) {
      const seen = Atomics.load(control, WAKE_CALLER);
      this.#drain(port);
      if (this.#gone !== undefined) return port.close();
      const woken = Atomics.waitAsync(control, WAKE_CALLER, seen);
      if (woken.async) await woken.value;
    }
  }

  #drain(port: MessagePort): void {
    const control = this.#control;
    const before = this.#slices;
    for (const acked = Atomics.load(control, ACKED); this.#acked !== acked; ) {
      const writer = Atomics.load(control, RING + (this.#acked % RING_SIZE));
      this.#acked++;
      this.#slices--;
      this.#hold(-1);
      this.#hearers.get(writer)?.acknowledged();
    }
    if (this.#slices < before) for (const go of this.#forRoom.splice(0)) go();
    for (const posted = Atomics.load(control, POSTED); this.#heard !== posted; this.#heard++) {
      const reply = receiveMessageOnPort(port)?.message as Reply | undefined;
      if (reply === undefined) return;
      this.#take(reply);
    }
  }

  #take(reply: Reply): void {
    if ("id" in reply) {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      this.#hold(-1);
      if ("error" in reply) waiting?.reject(revive(reply.error));
      else waiting?.resolve(reply.value);
    } else if ("error" in reply) this.#hearers.get(reply.writer)?.failed(revive(reply.error));
    else this.#hearers.get(reply.writer)?.commands(reply.commands);
  }
}
