/** One measured process. Its argument is an order as JSON; its answer is one line of JSON. */
import type { Case, Figures } from "./cases.ts";
import { measureEventLoop } from "./event-loop.ts";
import { type Bench, measureChain, measureDurability, measureRun, type Tutti } from "./measure.ts";
import { measureImport } from "./startup.ts";
import { measureTimers } from "./timers.ts";

export interface Order {
  readonly one: Case;
  readonly folder: string;
  /** URL of the folder that holds Tutti's modules, and how their names end. */
  readonly home: string;
  readonly ending: string;
}

const { one, folder, home, ending } = JSON.parse(process.argv[2] ?? "") as Order;
const entry = `${home}index${ending}`;

const bench = async (): Promise<Bench> => ({ tutti: (await import(entry)) as Tutti, folder, home, ending });

async function measure(): Promise<Figures> {
  switch (one.kind) {
    case "run":
      return measureRun(await bench(), one);
    case "chain-commits":
      return measureChain(await bench());
    case "durability":
      return measureDurability(await bench());
    case "event-loop":
      return measureEventLoop(await bench());
    case "timers":
      return measureTimers();
    case "import":
      return measureImport(entry);
  }
}

process.stdout.write(`\n@@${JSON.stringify(await measure())}\n`);
