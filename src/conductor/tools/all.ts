/** Everything that a conductor can do. Whatever is not here it cannot. */
import { AGENT_TOOLS } from "./agents.ts";
import { RUN_TOOLS } from "./runs.ts";
import type { ConductorTool } from "./tool.ts";

export const CONDUCTOR_TOOLS: readonly ConductorTool[] = [...AGENT_TOOLS, ...RUN_TOOLS];
