/**
 * The server over streamable HTTP, behind whatever guards the route: one request, one server, nothing kept between them.
 * A client that hangs up takes its call back.
 */
import { createMcpHandler } from "@modelcontextprotocol/server";
import type { Fleet } from "../conductor/fleet.ts";
import { reasonOf } from "../domain/error.ts";
import type { Shelf } from "./resources.ts";
import { conductingServer } from "./server.ts";

const MOST_SUBSCRIPTIONS = 16;

export interface HttpOptions {
  readonly fleet: Fleet;
  readonly shelf: Shelf;
  readonly log: (line: string) => void;
}

/** `body`: read and checked already. */
export type Conduct = (request: Request, body: unknown) => Promise<Response>;

export function conductOver({ fleet, shelf, log }: HttpOptions): Conduct {
  const handler = createMcpHandler(() => conductingServer(fleet, shelf), {
    maxSubscriptions: MOST_SUBSCRIPTIONS,
    onerror: (error) => log(`warning: ${reasonOf(error)}`),
  });
  return (request, body) => handler.fetch(request, { parsedBody: body });
}
