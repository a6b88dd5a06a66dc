/** The server over standard input and output: one client, whose end is the server's. Nothing else is written there. */
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import type { Fleet } from "../conductor/fleet.ts";
import { reasonOf } from "../domain/error.ts";
import type { Shelf } from "./resources.ts";
import { conductingServer } from "./server.ts";

/** Bytes of one message. */
const LARGEST = 4 * 1024 * 1024;

export interface StdioOptions {
  readonly fleet: Fleet;
  readonly shelf: Shelf;
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** Hears what went wrong on the wire. */
  readonly log: (line: string) => void;
}

/** Resolves when the client has gone. */
export async function serveOver({ fleet, shelf, input, output, log }: StdioOptions): Promise<{
  readonly gone: Promise<void>;
  close(): Promise<void>;
}> {
  const transport = new StdioServerTransport(input, output, { maxBufferSize: LARGEST });
  const gone = Promise.withResolvers<void>();
  const handle = serveStdio(() => conductingServer(fleet, shelf), {
    transport,
    onerror: (error) => log(`warning: ${reasonOf(error)}`),
  });
  // The entry has taken the callback for itself.
  for (const end of ["end", "close"] as const) input.once(end, () => gone.resolve());
  output.once("error", () => gone.resolve());
  return { gone: gone.promise, close: () => handle.close() };
}
