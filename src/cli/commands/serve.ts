/** `tutti serve`: the HTTP server over this home. */
import type { Command } from "commander";
import { whole } from "../amounts.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly port: number;
  readonly open?: true;
  readonly verbose?: true;
  readonly json?: true;
}

export function serve(program: Command, io: Io): void {
  define(
    program,
    "serve",
    "runs in your browser, and HTTP on this machine: start, watch and steer",
    "tutti serve --open\ntutti serve --port 4173",
  )
    .option("--port <N>", "0 takes a free one", whole(0, 65_535), 4173)
    .option("--open", "open the page of all runs in your browser")
    .option("--verbose", "a line a request on standard error")
    .action(exiting(io, (flags: Flags) => act(io, flags)));
}

async function act(io: Io, { port, open, verbose, json }: Flags): Promise<number> {
  const [{ openHome, warnOf }, { tokenOf }, { forgetServer, noteServer, pageOf }, server, { fleetOf }, mcp, files] =
    await Promise.all([
      import("../home.ts"),
      import("../token.ts"),
      import("../served.ts"),
      import("../../server/serve.ts"),
      import("../../app/conducting.ts"),
      import("../../mcp/http.ts"),
      import("../../app/prompts.ts"),
    ]);
  await using home = await openHome(io);
  warnOf(io, home);
  const token = await tokenOf(io);
  home.host.watchAgents((line) => io.err(line));
  const tellsAll = verbose || io.env["TUTTI_LOG"] === "debug";
  const log = (line: string) => (tellsAll || line.startsWith("error") ? io.err(line) : undefined);
  using fleet = fleetOf(home.host, { by: "mcp", folder: io.cwd });
  const prompts = () => files.promptsOf({ home: io.home, repository: io.cwd }).prompts.values();
  const conduct = mcp.conductOver({ fleet, shelf: { workflows: () => home.host.workflows.list({}), prompts }, log });
  const served = await server
    .serve({ host: home.host, port, token: token.value, log, conduct })
    .catch((error: unknown) => pointToOther(io, port, error));
  const { url, close } = served;
  const note = { url, port: served.port, pid: process.pid, key: served.key };
  // Before it is told, so that whoever reads that finds it.
  const ended = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  try {
    await noteServer(io, note);
    // Not into a file or a pipe unasked: whoever reads it within a minute is let in.
    const link = open || (io.isLive && !json) ? pageOf(served, undefined, served.code()) : undefined;
    if (json) io.json({ url, token: token.from, ...(link !== undefined && { link }) });
    else {
      io.out(url);
      if (link !== undefined) io.err(`In your browser, once and within a minute: ${link}`);
      io.err(`${link === undefined ? "In your browser" : "Later, or once more"}: ${io.me} open`);
      io.err(`For programs the token is in ${token.from}:`);
      io.err(`  curl -H "Authorization: Bearer ${token.shell}" ${url}/api/runs`);
      io.err("Ctrl-C ends it; runs that it conducts can be resumed.");
    }
    if (open && link !== undefined) {
      const { openUrl } = await import("../../process/open-url.ts");
      if (!(await openUrl(link, io.env)) && !json)
        io.err("No desktop was found to open a browser: open the link there.");
    }
    await ended;
  } finally {
    await forgetServer(io, note);
    await close();
  }
  return EXIT.done;
}

/** Most who find the port taken have taken it themselves. */
async function pointToOther(io: Io, port: number, error: unknown): Promise<never> {
  const [{ TuttiError }, { findServer }] = await Promise.all([import("../../domain/error.ts"), import("../served.ts")]);
  const other = error instanceof TuttiError && error.path === "port" ? await findServer(io) : undefined;
  if (other?.port !== port) throw error;
  throw new TuttiError("BAD_INPUT", `a server of this home runs already: ${other.url}`, {
    path: "port",
    hint: `${io.me} open   shows it; --port 0 starts another`,
  });
}
