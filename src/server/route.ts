/** What a route is: data, so that a test can go through all of them. */
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { Host } from "../app/host.ts";
import type { Fleet } from "../conductor/fleet.ts";
import type { Door } from "./door.ts";
import type { Feeds } from "./feeds.ts";
import type { Guard, Passed } from "./guard.ts";
import type { Tallies } from "./tallies.ts";

export type Bindings = HttpBindings & Passed;

export interface Shared {
  readonly host: Host;
  readonly feeds: Feeds;
  readonly tallies: Tallies;
  readonly door: Door;
  readonly guard: Guard;
  /** Proves that this server is the one that whoever has the key means. */
  readonly key: string;
  /** The conductor's view of the home. */
  readonly fleet: Fleet;
  /** MCP, where it is served. */
  readonly conduct?: (request: Request, body: unknown) => Promise<Response>;
}

export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly handle: (c: Context<{ Bindings: Bindings }>, shared: Shared) => Response | Promise<Response>;
}
