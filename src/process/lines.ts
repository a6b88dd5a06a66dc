/** Output cut into lines, none of them longer than a limit, so that a flood without a line break fills no memory. */
import { StringDecoder } from "node:string_decoder";

/** Characters. */
const LONGEST_LINE = 16 * 1024 * 1024;

export class Lines {
  readonly #take: (line: string) => void;
  readonly #tooLong: () => void;
  readonly #longest: number;
  readonly #decoder = new StringDecoder("utf8");
  #pieces: string[] = [];
  #length = 0;
  #isClosed = false;

  /** `tooLong` is told once; after it nothing more is taken. */
  constructor(take: (line: string) => void, tooLong: () => void, longest = LONGEST_LINE) {
    this.#take = take;
    this.#tooLong = tooLong;
    this.#longest = longest;
  }

  push(piece: Buffer): void {
    if (this.#isClosed) return;
    const [first = "", ...rest] = this.#decoder.write(piece).split("\n");
    this.#add(first);
    for (const next of rest) {
      this.#flush();
      this.#add(next);
    }
  }

  /** What came after the last line break is a line too. */
  end(): void {
    if (this.#isClosed) return;
    if (this.#length > 0) this.#flush();
    this.#isClosed = true;
  }

  #add(text: string): void {
    if (this.#isClosed || text === "") return;
    this.#pieces.push(text);
    this.#length += text.length;
    if (this.#length <= this.#longest) return;
    this.#isClosed = true;
    this.#pieces = [];
    this.#tooLong();
  }

  #flush(): void {
    const line = this.#pieces.join("").replace(/\r$/, "");
    this.#pieces = [];
    this.#length = 0;
    if (!this.#isClosed) this.#take(line);
  }
}
