/** What was written so far: all of it while it is short, then its beginning and its end. */
export class Tape {
  readonly #half: number;
  readonly #head: Buffer[] = [];
  #tail: Buffer[] = [];
  #inHead = 0;
  #inTail = 0;
  #bytes = 0;

  constructor(most = 1024 * 1024) {
    this.#half = Math.floor(most / 2);
  }

  take(piece: Buffer): void {
    this.#bytes += piece.length;
    const first = piece.subarray(0, Math.max(0, this.#half - this.#inHead));
    if (first.length > 0) {
      this.#head.push(first);
      this.#inHead += first.length;
    }
    const rest = piece.subarray(first.length);
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#inTail += rest.length;
    // Joined only now and then, so that a flood of small pieces costs no more than its bytes.
    if (this.#inTail > 2 * this.#half) this.#shorten();
  }

  text(): string {
    this.#shorten();
    const left = this.#bytes - this.#inHead - this.#inTail;
    const [head, tail] = [Buffer.concat(this.#head).toString("utf8"), Buffer.concat(this.#tail).toString("utf8")];
    return left > 0 ? `${head}\n[… ${left} bytes are left out here …]\n${tail}` : head + tail;
  }

  #shorten(): void {
    if (this.#inTail <= this.#half) return;
    const last = Buffer.from(Buffer.concat(this.#tail).subarray(-this.#half));
    this.#tail = [last];
    this.#inTail = last.length;
  }
}
