/** JSON as a value: what a plan, an output and a message are made of. */
import { hash } from "node:crypto";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The same text for the same value, whatever the order its keys were written in. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const fields: string[] = [];
  for (const key of Object.keys(value).sort(byCodeUnit)) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner !== undefined) fields.push(`${JSON.stringify(key)}:${canonical(inner)}`);
  }
  return `{${fields.join()}}`;
}

export const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : 1);

export function sha256(text: string): string {
  return hash("sha256", text);
}

/** RFC 6901. `found: false` and a JSON null are different answers. */
export function pointer(value: Json | undefined, path: string): { found: boolean; value?: Json } {
  let here: Json | undefined = value;
  if (path !== "") {
    for (const raw of path.slice(1).split("/")) {
      const key = raw.replaceAll("~1", "/").replaceAll("~0", "~");
      if (here === null || typeof here !== "object" || !Object.hasOwn(here, key)) return { found: false };
      if (Array.isArray(here) && !/^\d+$/.test(key)) return { found: false };
      here = (here as Record<string, Json>)[key];
    }
  }
  return here === undefined ? { found: false } : { found: true, value: here };
}

export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || (typeof a === "object" && typeof b === "object" && canonical(a) === canonical(b));
}

/** A value as the journal will give it back: no undefined, NaN, -0 or Date survives. Throws where JSON does. */
export function asJson(value: unknown): Json {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : null;
  return JSON.parse(JSON.stringify(value) ?? "null") as Json;
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** The same fields without those that are undefined: JSON has no such value. */
export function defined<T extends object>(fields: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Defined<T>>;
}
