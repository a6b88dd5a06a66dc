/** The building blocks of parameter schemas: bounded, with a default and a sentence for people who read the help. */
import { z } from "zod";

export const LIMITS = { text: 2000, list: 200 } as const;

const short = z.string().max(LIMITS.text);

export const line = (fallback: string, about: string) => short.default(fallback).describe(about);

/** A sentence that the whole workflow hangs on: it may be left at its default, but not empty. */
export const needed = (fallback: string, about: string) => short.min(1).default(fallback).describe(about);

export const lines = (fallback: readonly string[], about: string) =>
  z
    .array(short.min(1))
    .max(LIMITS.list)
    .default([...fallback])
    .describe(about);

export const choice = <const T extends readonly [string, ...string[]]>(names: T, fallback: T[number], about: string) =>
  z
    .enum(names)
    // Zod wants the output type of its own enum, which is this one.
    .default(fallback as z.output<z.ZodEnum<{ [K in T[number]]: K }>>)
    .describe(about);

/** Some of the names, at least one, each once. */
export const choices = <const T extends readonly [string, ...string[]]>(
  names: T,
  fallback: readonly T[number][],
  about: string,
) =>
  z
    .array(z.enum(names))
    .min(1)
    .max(names.length)
    .transform((some) => names.filter((name): name is T[number] => (some as readonly string[]).includes(name)))
    .prefault([...fallback] as z.input<z.ZodArray<z.ZodEnum<{ [K in T[number]]: K }>>>)
    .describe(about);
