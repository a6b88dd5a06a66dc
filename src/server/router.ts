/** From a request that has passed the guard to its route, and from whatever a route throws to an answer. */
import { Hono } from "hono";
import { didYouMean } from "../domain/nearest.ts";
import { answerTo, Refusal, refusalResponse } from "./refusal.ts";
import type { Bindings, Shared } from "./route.ts";
import { ROUTES } from "./routes.ts";

export function createRouter(shared: Shared, broke: (thrown: unknown) => void): Hono<{ Bindings: Bindings }> {
  const app = new Hono<{ Bindings: Bindings }>();
  for (const { method, path, handle } of ROUTES) app.on(method, path, (c) => handle(c, shared));
  const methods = Map.groupBy(ROUTES, ({ path }) => path);
  for (const [path, routes] of methods) {
    const allowed = routes.map(({ method }) => method).join(", ");
    app.all(path, (c) => {
      throw new Refusal("METHOD_NOT_ALLOWED", `${path} does not take ${c.req.method}`, {
        hint: `it takes ${allowed}`,
        headers: { Allow: allowed },
      });
    });
  }
  app.notFound((c) => {
    const known = ROUTES.map(({ path }) => path);
    return refusalResponse(
      new Refusal(
        "NOT_FOUND",
        `there is no ${c.req.path.slice(0, 200)} here${didYouMean(c.req.path.slice(0, 100), known)}`,
      ),
    );
  });
  app.onError((error) => {
    if (answerTo(error).status >= 500) broke(error);
    return refusalResponse(error);
  });
  return app;
}
