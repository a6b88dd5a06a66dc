/** The real clock and real chance: the only place of the library that knows them. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../domain/ports.ts";
import type { Random } from "../domain/random.ts";

/** Timers longer than this would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  at(time, call) {
    let timer: NodeJS.Timeout;
    // A timer may fire early by a fraction; the call comes when the clock has really got there.
    const arm = () => {
      const left = time - Date.now();
      const again = left > LONGEST_TIMER ? arm : () => (Date.now() >= time ? call() : arm());
      timer = setTimeout(again, Math.max(0, Math.min(left, LONGEST_TIMER)));
    };
    arm();
    return () => clearTimeout(timer);
  },
};

export const systemChance: Random = () => randomBytes(4).readUInt32LE() / 2 ** 32;
