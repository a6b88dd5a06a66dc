/**
 * What every journal must do, as cases that any test runner can run. Each case gets a journal of its own and closes
 * it; a failing case throws.
 */
import { eventCases } from "./journal-contract-events.ts";
import type { JournalCase } from "./journal-contract-kit.ts";
import { runCases } from "./journal-contract-runs.ts";

export type { JournalCase };

export const journalContract: readonly JournalCase[] = [...eventCases, ...runCases];
