/** Values of flags: times, budgets, numbers. What does not fit is refused with an example of what does. */
import { InvalidArgumentError } from "commander";
import { durationIn } from "../domain/duration.ts";
import type { Budget } from "../domain/plan.ts";

/** `90s`, `5m`, `1h30m`: milliseconds. */
export function duration(text: string): number {
  const found = durationIn(text);
  if (found === undefined) throw new InvalidArgumentError("Give a time with its unit, such as 90s, 5m or 1h30m.");
  return found;
}

const SCALE: { readonly [letter: string]: number } = { "": 1, k: 1000, m: 1_000_000 };

/** `2.50usd`, `200ktok`, or both with a comma between them. */
export function budget(text: string): Budget {
  const found: { usd?: number; tokens?: number } = {};
  for (const part of text.split(",").map((one) => one.trim().toLowerCase())) {
    const money = /^(?:\$(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\s*(?:usd|\$))$/.exec(part);
    const tokens = /^(\d+(?:\.\d+)?)\s*([km]?)tok(?:ens?)?$/.exec(part);
    if (money && found.usd === undefined) found.usd = Number(money[1] ?? money[2]);
    else if (tokens && found.tokens === undefined)
      found.tokens = Math.round(Number(tokens[1]) * (SCALE[tokens[2] ?? ""] ?? 1));
    else throw new InvalidArgumentError("Give money or tokens, such as 2.50usd, 200ktok or 2usd,200ktok.");
  }
  return found;
}

export function speed(text: string): number | "max" {
  if (text === "max") return text;
  return numberIn(text, 0.01, 1e6, "Give how many times faster than real, such as 15, or max.");
}

export const share = (text: string): number => numberIn(text, 0, 1, "Give a share from 0 to 1, such as 0.2.");

function numberIn(text: string, from: number, to: number, advice: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!(value >= from && value <= to)) throw new InvalidArgumentError(advice);
  return value;
}

export const whole =
  (from: number, to: number) =>
  (text: string): number => {
    const value = numberIn(text, from, to, `Give a whole number from ${from} to ${to}.`);
    if (!Number.isInteger(value)) throw new InvalidArgumentError(`Give a whole number from ${from} to ${to}.`);
    return value;
  };

/** A flag that may be given again. */
export const several = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** `name=value`, once for each name. */
export function pair(text: string, before: { readonly [name: string]: string } = {}): { [name: string]: string } {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Give it as NAME=VALUE.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
