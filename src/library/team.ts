/** Changes to the team that somebody accepted: a file of the home, each entry of which can be taken back. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TeamChange } from "../agents/proposals.ts";
import { reasonOf, TuttiError } from "../domain/error.ts";
import { fields, isRecord, oneOf, text, whole } from "../domain/shape.ts";

export interface Accepted {
  readonly id: string;
  readonly at: number;
  readonly what: string;
  readonly change: TeamChange;
}
const change = fields(
  {
    do: oneOf(["model", "retire", "places"]),
    agent: text(200, 1),
    model: text(200, 1),
    kind: text(200, 1),
    places: whole(1, 1000),
  },
  ["do"],
);
const entry = fields({ id: text(500, 1), at: whole(0, Number.MAX_SAFE_INTEGER), what: text(2000), change }, [
  "id",
  "at",
  "what",
  "change",
]);

export class TeamBook {
  readonly #home: string;
  readonly #file: string;

  constructor(home: string) {
    this.#home = home;
    this.#file = join(home, "team.json");
  }

  /** The oldest first. Throws BAD_INPUT where the file is not what it should be. */
  list(): readonly Accepted[] {
    try {
      const value: unknown = JSON.parse(readFileSync(this.#file, "utf8"));
      const all = isRecord(value) ? value["accepted"] : undefined;
      if (!Array.isArray(all)) throw new Error("it has no list 'accepted'");
      for (const [i, one] of all.entries()) {
        const found = entry(one);
        if (found) throw new Error(`accepted[${i}]${found.at} ${found.fault}`);
      }
      return all as readonly Accepted[];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw new TuttiError("BAD_INPUT", `${this.#file} cannot be used: ${reasonOf(error)}`, {
        path: "team.json",
        hint: "mend it, or delete it to take all changes back",
      });
    }
  }

  accept(accepted: Accepted): void {
    this.#write([...this.list().filter(({ id }) => id !== accepted.id), accepted]);
  }

  undo(id: string): Accepted | undefined {
    const all = this.list();
    const found = all.find((one) => one.id === id);
    if (found) this.#write(all.filter((one) => one !== found));
    return found;
  }

  #write(accepted: readonly Accepted[]): void {
    mkdirSync(this.#home, { recursive: true, mode: 0o700 });
    writeFileSync(`${this.#file}.${process.pid}`, `${JSON.stringify({ accepted }, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${this.#file}.${process.pid}`, this.#file);
  }
}
