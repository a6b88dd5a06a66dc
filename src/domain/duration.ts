/** Times as people write them. */
const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `5m`, `1h30m`: milliseconds. Undefined where it is no time, or none at all. */
export function durationIn(text: string): number | undefined {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*/gy)];
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ""] ?? 0), 0);
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join("") === text.trim();
  return isWhole && total >= 1 ? Math.round(total) : undefined;
}
