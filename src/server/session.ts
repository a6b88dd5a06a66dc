/** Coming in with a browser: a code is had with the token, and given once for a cookie. */
import { fields, text } from "../domain/shape.ts";
import type { Code } from "./api.ts";
import { MIB, readBody } from "./body.ts";
import { cookieName } from "./guard.ts";
import { Refusal } from "./refusal.ts";
import type { Route } from "./route.ts";

const ENTER = fields({ code: text(200, 1) }, ["code"]);
const NOTHING = fields({});
/** Ends with the browser; the server ends it earlier. No `Secure`: this is plain HTTP on the same machine. */
const ATTRIBUTES = "Path=/; HttpOnly; SameSite=Strict";

export const sessionRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/api/session",
    async handle(c, { door, guard }) {
      const { code } = (await readBody(c.env.incoming, MIB, ENTER)) as { readonly code: string };
      if (!door.take(code))
        throw guard.wrong(c.env.incoming, "this link was used before, or is too old", "`tutti open` gives a new one");
      // Who is in already, in another tab, stays in the same session.
      if (c.env.session !== undefined) return c.body(null, 204);
      return c.body(null, 204, { "Set-Cookie": `${cookieName(c.env.incoming)}=${door.open()}; ${ATTRIBUTES}` });
    },
  },
  {
    method: "DELETE",
    path: "/api/session",
    handle(c, { door }) {
      if (c.env.session !== undefined) door.close(c.env.session);
      return c.body(null, 204, { "Set-Cookie": `${cookieName(c.env.incoming)}=; ${ATTRIBUTES}; Max-Age=0` });
    },
  },
  {
    method: "POST",
    path: "/api/session/code",
    async handle(c, { door }) {
      await readBody(c.env.incoming, MIB, NOTHING);
      // Else whoever got hold of a cookie could be in for ever.
      if (c.env.session !== undefined)
        throw new Refusal("FORBIDDEN", "a code is had with the token, not with a cookie", {
          hint: "`tutti open` gives one",
        });
      return c.json<Code>({ code: door.issue(), expiresIn: door.codeLife }, 201);
    },
  },
];
