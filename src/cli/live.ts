/**
 * One block of a terminal, redrawn in place.
 *
 * T1. At most ten drawings a second, and none where nothing has changed.
 * T2. Every line is cut to the width, so that the block is as many rows high as it has lines.
 */
const INTERVAL = 100;
const HIDE = "\u001b[?25l";
const SHOW = "\u001b[?25h";

export interface Screen {
  write(text: string): void;
}

export class Live {
  readonly #screen: Screen;
  readonly #lines: () => readonly string[];
  #timer: NodeJS.Timeout | undefined;
  #drawn: readonly string[] = [];
  #isHeld = false;

  constructor(screen: Screen, lines: () => readonly string[]) {
    this.#screen = screen;
    this.#lines = lines;
  }

  start(): void {
    this.#screen.write(HIDE);
    this.#timer = setInterval(() => this.#draw(), INTERVAL);
    this.#draw();
  }

  /** A line that stays, above the block. */
  above(line: string): void {
    this.#clear();
    this.#screen.write(`${line}\n`);
    if (!this.#isHeld && this.#timer) this.#draw();
  }

  /** Leaves the screen to somebody else, such as a question; the block is drawn again below it afterwards. */
  hold(): void {
    this.#draw();
    this.#isHeld = true;
    this.#drawn = [];
    this.#screen.write(SHOW);
  }
  release(): void {
    this.#isHeld = false;
    this.#screen.write(HIDE);
    this.#draw();
  }

  /** Takes the block away; the last word is the caller's. */
  stop(): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#clear();
    this.#screen.write(SHOW);
  }

  #draw(): void {
    if (this.#isHeld) return;
    const lines = this.#lines();
    if (lines.length === this.#drawn.length && lines.every((line, i) => line === this.#drawn[i])) return;
    const up = this.#drawn.length > 0 ? `\u001b[${this.#drawn.length}A` : "";
    // One write, so that no half of a block is ever seen.
    this.#screen.write(`${up}\r${lines.map((line) => `${line}\u001b[K\n`).join("")}\u001b[J`);
    this.#drawn = lines;
  }

  #clear(): void {
    if (this.#drawn.length > 0) this.#screen.write(`\u001b[${this.#drawn.length}A\r\u001b[J`);
    this.#drawn = [];
  }
}
