/** The query of a request, checked as a body is. */
import type { Context } from "hono";
import { TuttiError } from "../domain/error.ts";
import { isRunId } from "../domain/ids.ts";
import { didYouMean } from "../domain/nearest.ts";
import type { Bindings } from "./route.ts";

type Asked = Context<{ Bindings: Bindings }>;

/** The named parameters that were given. Throws BAD_INPUT for any other. */
export function queryOf<N extends string>(c: Asked, names: readonly N[]): { readonly [K in N]?: string } {
  const given = c.req.query();
  for (const name of Object.keys(given))
    if (!names.includes(name as N)) throw wrong(name, `is not known here${didYouMean(name, names)}`);
  return given as { readonly [K in N]?: string };
}

export function wholeOf(name: string, value: string | undefined, from: number, to: number): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= from && number <= to) return number;
  throw wrong(name, `must be a whole number from ${from} to ${to}`);
}

export function wrong(name: string, fault: string): TuttiError {
  return new TuttiError("BAD_INPUT", `'${name}' ${fault}`, { path: name });
}

/** The run that the path names. What cannot be the id of a run names none. */
export function runOf(c: Asked): string {
  const run = c.req.param("id") ?? "";
  if (isRunId(run)) return run;
  throw new TuttiError("NOT_FOUND", `there is no run ${JSON.stringify(run.slice(0, 100))}`, {
    path: "run",
    hint: "GET /api/runs lists them",
  });
}
