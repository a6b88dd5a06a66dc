/** `tutti open`: lets a browser in at the server of this home, by a link that works once. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

export function open(program: Command, io: Io): void {
  define(program, "open [run]", "the page of all runs or of one, in your browser", "tutti open\ntutti open last")
    .option("--print", "only print the link: it works once, within a minute")
    .action(exiting(io, (run: string | undefined, flags: Flags) => act(io, run, flags)));
}

interface Flags {
  readonly print?: true;
  readonly json?: true;
}

async function act(io: Io, word: string | undefined, { print, json }: Flags): Promise<number> {
  const [{ findServer, pageOf }, { askForCode }, { openHome, runOf }, { TuttiError }] = await Promise.all([
    import("../served.ts"),
    import("../entrance.ts"),
    import("../home.ts"),
    import("../../domain/error.ts"),
  ]);
  let run: string | undefined;
  if (word !== undefined) {
    await using home = await openHome(io);
    run = await runOf(home.host, word);
    await home.host.state(run);
  }
  const server = await findServer(io);
  if (server === undefined)
    throw new TuttiError("BAD_INPUT", "no server of this home is running", {
      hint: `${io.me} serve --open   starts one, and opens the page`,
    });
  const { code, expiresIn } = await askForCode(io, server);
  const link = pageOf(server, run, code);
  if (json) {
    io.json({ url: pageOf(server, run), link, expiresIn });
    return EXIT.done;
  }
  io.out(link);
  const { openUrl } = await import("../../process/open-url.ts");
  const isOpened = print !== true && (await openUrl(link, io.env));
  io.err(
    `${isOpened ? "Opened in your browser." : "Open it in a browser."} It works once, within ${expiresIn / 1000} s.`,
  );
  return EXIT.done;
}
