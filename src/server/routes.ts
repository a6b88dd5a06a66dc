/** Every route of this server. Whatever is not here does not exist. */
import { agentRoutes } from "./agents.ts";
import { conductRoutes } from "./conduct.ts";
import { gateRoutes } from "./gates.ts";
import { healthRoutes } from "./health.ts";
import { pageRoutes } from "./page-routes.ts";
import { processRoutes } from "./process.ts";
import type { Route } from "./route.ts";
import { runRoutes } from "./runs.ts";
import { sessionRoutes } from "./session.ts";
import { steeringRoutes } from "./steering.ts";
import { workflowRoutes } from "./workflows.ts";

export const ROUTES: readonly Route[] = [
  ...workflowRoutes,
  ...runRoutes,
  ...steeringRoutes,
  ...gateRoutes,
  ...processRoutes,
  ...agentRoutes,
  ...conductRoutes,
  ...healthRoutes,
  ...sessionRoutes,
  ...pageRoutes,
];
