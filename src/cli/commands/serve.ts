/** `tutti serve`: the HTTP server over this home. */
import type { Command } from "commander";
import { whole } from "../amounts.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly port: number;
  readonly verbose?: true;
  readonly json?: true;
}

export function serve(program: Command, io: Io): void {
  define(program, "serve", "HTTP on this machine: start, watch and steer runs", "tutti serve --port 4173")
    .option("--port <N>", "0 takes a free one", whole(0, 65_535), 4173)
    .option("--verbose", "a line a request on standard error")
    .action(exiting(io, (flags: Flags) => act(io, flags)));
}

async function act(io: Io, { port, verbose, json }: Flags): Promise<number> {
  const [{ openHome, warnOf }, { tokenOf }, server] = await Promise.all([
    import("../home.ts"),
    import("../token.ts"),
    import("../../server/serve.ts"),
  ]);
  await using home = await openHome(io);
  warnOf(io, home);
  const token = await tokenOf(io);
  const tellsAll = verbose || io.env["TUTTI_LOG"] === "debug";
  const log = (line: string) => (tellsAll || line.startsWith("error") ? io.err(line) : undefined);
  const { url, close } = await server.serve({ host: home.host, port, token: token.value, log });
  if (json) io.json({ url, token: token.from });
  else {
    io.out(url);
    io.err(`The token is in ${token.from}:`);
    io.err(`  curl -H "Authorization: Bearer ${token.shell}" ${url}/api/runs`);
    io.err("Ctrl-C ends it; runs that it conducts can be resumed.");
  }
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  await close();
  return EXIT.done;
}
