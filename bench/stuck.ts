/**
 * Clients that ask for a run's events and never read them: what they cost. `node --expose-gc bench/stuck.ts [clients]`.
 * The events, some 17 MB, are more than the kernel takes for a client. `live`: it was there before they came; `behind`:
 * it came after them.
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Host } from "../src/app/host.ts";
import { serve } from "../src/server/serve.ts";

const TOKEN = "a-token-for-the-bench";
const EVENTS = 300;
const TEXT = "x".repeat(60_000);
/** Milliseconds that the server is given to hand the kernel all that it takes. */
const SETTLING = 3000;
const [, , count = "200", port, run] = process.argv;

if (port !== undefined && run !== undefined) stare(Number(count), Number(port), run);
else for (const when of ["live", "behind"] as const) await measure(Number(count), when);

async function measure(clients: number, when: "live" | "behind"): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "tutti-stuck-"));
  const host = await Host.open({ home, env: {} });
  // Here nobody is dropped, so that what they hold can be seen.
  const limits = { patience: Number.POSITIVE_INFINITY };
  const server = await serve({ host, port: 0, token: TOKEN, limits });
  const task = { id: "a", agentName: "builder", description: "a", prompt: "Do it", gate: true };
  const handle = host.start(host.prepare({ tasks: [task], config: { rehearse: true, speed: 1e6 } }));
  await handle.opened();
  const tell = async () => {
    for (let i = 0; i < EVENTS; i++)
      await handle.command({ type: "message", from: "user", to: "builder", content: TEXT });
  };
  if (when === "behind") await tell();
  const before = bytes();
  const child = fork(import.meta.filename, [String(clients), String(server.port), handle.id]);
  await new Promise((resolve) => child.once("message", resolve));
  if (when === "live") await tell();
  await delay(SETTLING);
  const after = bytes();
  const each = (now: number, then: number) => Math.round((now - then) / clients / 1024);
  console.log({
    when,
    clients,
    // Those of a live run have its events in them too.
    heapAndBuffersKiBEach: each(after.held, before.held),
    rssKiBEach: each(after.rss, before.rss),
  });
  child.kill();
  await server.close();
  await host[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
}

function bytes(): { readonly held: number; readonly rss: number } {
  globalThis.gc?.();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { rss, held: heapUsed + external + arrayBuffers };
}

function stare(clients: number, to: number, id: string): void {
  // Sockets that nobody reads do not keep a process.
  process.on("message", () => {});
  let left = clients;
  for (let i = 0; i < clients; i++) {
    const socket = connect(to, "127.0.0.1", () => {
      socket.write(
        `GET /api/runs/${id}/events HTTP/1.1\r\nHost: 127.0.0.1:${to}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`,
        () => {
          if (--left === 0) process.send?.("all");
        },
      );
    });
    socket.pause().on("error", () => {});
  }
}
