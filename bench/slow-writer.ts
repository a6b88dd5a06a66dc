/**
 * A writer's thread whose every commit takes 5 ms longer, as on a slow disk. The environment says where Tutti's own
 * modules lie, because the bench runs both the built package and its source, and a worker's URL loses its query.
 */
import type { StatementSync } from "node:sqlite";
import { workerData } from "node:worker_threads";
import type { Open } from "../src/journal/database.ts";

const INJECTED = 5;
const { TUTTI_BENCH_HOME: home, TUTTI_BENCH_ENDING: ending } = process.env;
const part = (name: string) => import(`${home}journal/${name}${ending}`);

const { serve } = (await part("serve")) as typeof import("../src/journal/serve.ts");
const { loadOpen } = (await part("database")) as typeof import("../src/journal/database.ts");
const open = await loadOpen();
const still = new Int32Array(new SharedArrayBuffer(4));

function slowed(commit: StatementSync): StatementSync {
  const run = commit.run.bind(commit);
  const value = () => {
    Atomics.wait(still, 0, 0, INJECTED);
    return run();
  };
  return Object.defineProperty(commit, "run", { value });
}

const openSlow: Open = (file, options) => {
  const db = open(file, options);
  const prepare = db.prepare.bind(db);
  db.prepare = (sql) => (sql === "commit" ? slowed(prepare(sql)) : prepare(sql));
  return db;
};

serve(workerData, { open: openSlow });
