/** Numbers and states in words, as the command line says them. */

export function timeText(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 1) return `${Math.max(0, Math.round(milliseconds))}ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m` : `${Math.round(minutes / 1440)}d`;
}

const two = (number) => String(number).padStart(2, "0");

/** For what grows while one looks: without tenths. */
export const roughly = (milliseconds) =>
  timeText(Math.floor(Math.max(0, milliseconds) / 1000) * 1000).replace(/\.\d|ms/, (found) =>
    found === "ms" ? "s" : "",
  );

export function tokensText(tokens) {
  if (tokens < 1000) return String(Math.round(tokens));
  if (tokens < 99_950) return `${(tokens / 1000).toFixed(1)}k`;
  return tokens < 999_500 ? `${Math.round(tokens / 1000)}k` : `${(tokens / 1e6).toFixed(1)}M`;
}

/** Unknown is said, never shown as nothing. */
export function moneyText(usd) {
  if (usd === null) return "unknown";
  if (usd === 0) return "$0";
  return usd < 0.995 ? `$${usd.toFixed(usd < 0.01 ? 4 : 3)}` : `$${usd.toFixed(2)}`;
}

export const agoText = (then, now) => (now - then < 1000 ? "just now" : `${roughly(now - then)} ago`);
export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
export const shortOf = (run) => run.slice(-8);

/** Each state has a sign and a word of its own; colour only helps. */
const LOOKS = {
  pending: ["·", "pending"],
  running: ["▶", "running"],
  retrying: ["↻", "retrying"],
  stopping: ["◌", "stopping"],
  waiting: ["◆", "waiting"],
  gate: ["◆", "at gate"],
  complete: ["✔", "complete"],
  reused: ["≡", "reused"],
  failed: ["✖", "failed"],
  skipped: ["–", "skipped"],
  cancelled: ["■", "cancelled"],
  paused: ["❚❚", "paused"],
};
export const lookOf = (state) => {
  const [sign, word] = LOOKS[state] ?? ["?", state];
  return { sign, word };
};

/** Where the work of a run is now, by what its merge lane says; nothing where it says nothing of that. */
export function landedText(output, run) {
  const { landed = [], leftOut = [], delivered } = output ?? {};
  if (!delivered) return "";
  const place = { branch: "on the branch", patches: "as patches in" }[delivered.as] ?? "on";
  const count = `${landed.length} of ${landed.length + leftOut.length}`;
  return `landed: ${count}, ${place} '${delivered.name}'; tutti undo ${run} takes it back`;
}
