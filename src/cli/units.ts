/** Numbers as a person reads them, each in at most eight columns. */

export function timeText(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 1) return `${Math.max(0, Math.round(milliseconds))}ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m` : `${Math.round(minutes / 1440)}d`;
}

const two = (number: number): string => String(number).padStart(2, "0");

export function tokensText(tokens: number): string {
  if (tokens < 1000) return String(Math.round(tokens));
  if (tokens < 99_950) return `${(tokens / 1000).toFixed(1)}k`;
  return tokens < 999_500 ? `${Math.round(tokens / 1000)}k` : `${(tokens / 1e6).toFixed(1)}M`;
}

/** Unknown is said, never shown as nothing. */
export function moneyText(usd: number | null): string {
  if (usd === null) return "unknown";
  if (usd === 0) return "$0";
  if (usd < 0.00005) return "<$0.0001";
  return usd < 0.995 ? `$${usd.toFixed(usd < 0.01 ? 4 : 3)}` : `$${usd.toFixed(2)}`;
}

export function agoText(then: number, now: number): string {
  return now - then < 1000 ? "just now" : `${timeText(now - then).replace(/\.\d/, "")} ago`;
}

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
