/** What a value from outside must be: small checks that name the place of a fault and what was expected there. */
import { didYouMean } from "./nearest.ts";

/** A fault at a path below the value, or undefined. */
export type Shape = (value: unknown) => { at: string; fault: string } | undefined;

export const SHAPE_LIMITS = { text: 1 << 20, list: 10_000, depth: 64 } as const;

export const wrong = (fault: string, at = "") => ({ at, fault });

export const text =
  (most: number, least = 0): Shape =>
  (value) => {
    if (typeof value !== "string") return wrong("must be a string");
    if (value.length < least) return wrong("must not be empty");
    return value.length > most ? wrong(`must have at most ${most} characters, not ${value.length}`) : undefined;
  };

export const whole =
  (from: number, to: number): Shape =>
  (value) =>
    Number.isInteger(value) && (value as number) >= from && (value as number) <= to
      ? undefined
      : wrong(`must be a whole number from ${from} to ${to}`);

export const oneOf =
  (names: readonly string[]): Shape =>
  (value) =>
    typeof value === "string" && names.includes(value)
      ? undefined
      : wrong(`must be one of ${names.join(", ")}${typeof value === "string" ? didYouMean(value, names) : ""}`);

export const listOf =
  (check: Shape): Shape =>
  (value) => {
    if (!Array.isArray(value)) return wrong("must be a list");
    if (value.length > SHAPE_LIMITS.list) return wrong(`must have at most ${SHAPE_LIMITS.list} entries`);
    for (const [i, one] of value.entries()) {
      const found = check(one);
      if (found) return wrong(found.fault, `[${i}]${found.at}`);
    }
    return undefined;
  };

export const fields =
  (known: { readonly [name: string]: Shape }, needed: readonly string[] = []): Shape =>
  (value) => {
    if (!isRecord(value)) return wrong("must be an object");
    for (const key of Object.keys(value)) {
      if (value[key] === undefined) continue;
      if (!Object.hasOwn(known, key))
        return wrong(`is not a known field${didYouMean(key, Object.keys(known))}`, `.${key}`);
      const found = known[key]?.(value[key]);
      if (found) return wrong(found.fault, `.${key}${found.at}`);
    }
    for (const key of needed) if (value[key] === undefined) return wrong("is missing", `.${key}`);
    return undefined;
  };

export const few =
  (most: number, list: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.length > most ? wrong(`must have at most ${most} entries`) : list(value);

/** JSON that survives the journal, no deeper than anybody can walk, without the names that poison prototypes. */
export const json: Shape = (value) => jsonFault(value, 0);

function jsonFault(value: unknown, depth: number): { at: string; fault: string } | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : wrong("must be a finite number");
  if (typeof value !== "object") return wrong(`must be JSON, not a ${typeof value}`);
  if (depth >= SHAPE_LIMITS.depth) return wrong(`must be nested at most ${SHAPE_LIMITS.depth} deep`);
  if (!Array.isArray(value) && !isRecord(value)) return wrong("must be plain JSON, not an instance of a class");
  for (const [key, inner] of Object.entries(value)) {
    const at = Array.isArray(value) ? `[${key}]` : `.${key}`;
    if (key === "__proto__" || key === "constructor" || key === "prototype")
      return wrong("is not allowed as a name", at);
    if (inner === undefined) continue;
    const found = jsonFault(inner, depth + 1);
    if (found) return wrong(found.fault, `${at}${found.at}`);
  }
  return undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const parent: unknown = Object.getPrototypeOf(value);
  return parent === Object.prototype || parent === null;
}
