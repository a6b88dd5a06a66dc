/** A word that should have been one of a few. */
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";

export const unknownWord = (group: string, word: string, known: readonly string[]): TuttiError =>
  new TuttiError("BAD_INPUT", `there is no command 'tutti ${group} ${word}'${didYouMean(word, known)}`, {
    hint: `known are ${known.join(", ")}`,
  });
