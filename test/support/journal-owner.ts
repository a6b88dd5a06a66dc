/**
 * A process that owns a run. Says `ready`, waits for a line, then claims the run and says how that went; `fill <n>`
 * creates it and appends events one by one, saying each number that was acknowledged. Ends with its standard input.
 */
import { createInterface } from "node:readline";
import { TuttiError } from "../../src/domain/error.ts";
import { createSqliteJournal } from "../../src/journal/sqlite.ts";
import { batch } from "../../src/testing/journal-contract-kit.ts";

const [path = "", run = ""] = process.argv.slice(2);
const say = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`);
const journal = createSqliteJournal({ path });

createInterface(process.stdin).on("line", (line) => {
  void (async () => {
    const [word, many = "0"] = line.split(" ");
    try {
      if (word === "claim") {
        const { epoch, head } = await journal.claim(run);
        return say({ epoch, head, pid: process.pid });
      }
      const writer = await journal.create(run);
      for (let seq = 1; seq <= Number(many); seq++) {
        await writer.append(batch(run, seq, seq));
        say({ acknowledged: seq });
      }
    } catch (thrown) {
      say(thrown instanceof TuttiError ? { code: thrown.code, message: thrown.message } : { code: String(thrown) });
    }
  })();
});
say("ready");
