/** `tutti doctor`: what was found on this machine, and what is missing. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

export function doctor(program: Command, io: Io): void {
  define(program, "doctor", "what was found on this machine, and what is wrong", "tutti doctor").action(
    exiting(io, (flags: { json?: true }) => act(io, flags.json === true)),
  );
}

async function act(io: Io, isJson: boolean): Promise<number> {
  const [{ examine }, { sized, oneLine, painter }] = await Promise.all([import("../examine.ts"), import("../text.ts")]);
  const findings = await examine(io);
  const isWell = findings.every(({ state }) => state !== "wrong");
  if (isJson) io.json({ ok: isWell, findings });
  else {
    const paint = painter(io.isColoured);
    const looks = { ok: paint("green", "✔ ok   "), note: paint("yellow", "· note "), wrong: paint("red", "✖ wrong") };
    for (const { what, state, words } of findings) io.out(`${looks[state]}  ${sized(what, 10)} ${oneLine(words)}`);
  }
  return isWell ? EXIT.done : EXIT.failed;
}
