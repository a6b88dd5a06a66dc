/** What users test with. Any name added here is public. */

export { settled, VirtualClock } from "../app/virtual-clock.ts";
export { journalContract } from "./journal-contract.ts";
export { type Line, type ScriptedAgent, scriptedAgent } from "./scripted-agent.ts";
export { type Simulated, type SimulationOptions, simulate, simulateAll } from "./simulation/simulate.ts";
export { CRASH_POINTS, type Crash, type CrashPoint } from "./simulation/world.ts";
