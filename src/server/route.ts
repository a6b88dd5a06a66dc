/** What a route is: data, so that a test can go through all of them. */
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { Host } from "../app/host.ts";
import type { Feeds } from "./feeds.ts";
import type { Tallies } from "./tallies.ts";

export interface Bindings extends HttpBindings {
  readonly isTrusted: boolean;
}

export interface Shared {
  readonly host: Host;
  readonly feeds: Feeds;
  readonly tallies: Tallies;
}

export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly handle: (c: Context<{ Bindings: Bindings }>, shared: Shared) => Response | Promise<Response>;
}
