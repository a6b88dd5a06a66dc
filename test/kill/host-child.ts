/**
 * A program that conducts a run as the command line does: `host-child.ts <home> <order or run>`. Models are where its
 * environment says. It tells every event, one a line, and at last how the run ended.
 */
import { Host } from "../../src/app/host.ts";

const [home = "", what = ""] = process.argv.slice(2);
await using host = await Host.open({ home, env: process.env });
const { handle } = what.startsWith("{")
  ? { handle: host.start(host.prepare(JSON.parse(what))) }
  : await host.resume(what);
for await (const event of handle)
  process.stdout.write(`${event.run} ${event.type} ${"taskId" in event ? event.taskId : ""}\n`);
const { status } = await handle;
process.stdout.write(`done ${status}\n`);
