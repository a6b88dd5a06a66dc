/** Gates: what waits for a person, and what that person decides. */
import { gateFault } from "../coordination/gates.ts";
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";
import { fields, oneOf, text } from "../domain/shape.ts";
import type { Decide, GateList } from "./api.ts";
import { LARGEST_BODY, MIB, readBody } from "./body.ts";
import { runOf } from "./query.ts";
import type { Route } from "./route.ts";
import { steered } from "./steering.ts";

const DECIDE = fields({ decision: oneOf(["approve", "reject"]), note: text(10_000), edited: text(MIB) }, ["decision"]);

export const gateRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/gates",
    handle: async (c, { host }) => c.json<GateList>({ gates: await host.gates() }),
  },
  {
    method: "POST",
    path: "/api/runs/:id/gates/:gate",
    async handle(c, { host }) {
      const run = runOf(c);
      const gate = c.req.param("gate") ?? "";
      // An edited prompt may be as long as a prompt, and JSON writes some characters as six.
      const decided = (await readBody(c.env.incoming, LARGEST_BODY, DECIDE)) as Decide;
      const { gates } = await host.state(run);
      const fault = gateFault(gates, gate);
      if (fault !== undefined && !gates.decided.has(gate))
        throw new TuttiError("NOT_FOUND", `run ${run}: ${fault}${didYouMean(gate, gates.open.keys())}`, {
          path: "gate",
          hint: "GET /api/gates lists those that are open",
        });
      if (fault !== undefined) throw new TuttiError("WRONG_STATE", `run ${run}: ${fault}`);
      return steered(c, host, run, { type: "decide", gate, by: "http", ...decided });
    },
  },
];
