/** Keeps keys out of everything that is said: as they are, and in the forms in which they travel. */

/** Shorter ones are placeholders, such as `none` or `ollama`, which would blot out plain words. */
const SHORTEST = 8;
const INSTEAD = "[secret]";

export type Scrub = (text: string) => string;

export function scrubber(secrets: Iterable<string | undefined>): Scrub {
  const forms = formsOf(secrets);
  return (text) => forms.reduce((clean, form) => clean.replaceAll(form, INSTEAD), text);
}

/** A text that comes in pieces: what may be the beginning of a secret is held back until the next piece tells. */
export class StreamScrubber {
  readonly #forms: readonly string[];
  #held = "";

  constructor(secrets: Iterable<string | undefined>) {
    this.#forms = formsOf(secrets);
  }

  take(piece: string): string {
    const whole = this.#forms.reduce((clean, form) => clean.replaceAll(form, INSTEAD), this.#held + piece);
    const from = this.#beginning(whole);
    this.#held = whole.slice(from);
    return whole.slice(0, from);
  }

  /** Where the longest end of the text begins that one of them begins with. */
  #beginning(text: string): number {
    const longest = Math.min(text.length, Math.max(0, ...this.#forms.map((form) => form.length - 1)));
    for (let from = text.length - longest; from < text.length; from++) {
      const end = text.slice(from);
      if (this.#forms.some((form) => form.startsWith(end))) return from;
    }
    return text.length;
  }
}

/** The longest first: what is left of a longer form must not give the rest of it away. */
function formsOf(secrets: Iterable<string | undefined>): readonly string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret === undefined || secret.length < SHORTEST) continue;
    const bytes = Buffer.from(secret);
    for (const form of [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      bytes.toString("hex"),
      bytes.toString("hex").toUpperCase(),
      ...base64Forms(bytes),
    ])
      forms.add(form);
  }
  return [...forms].sort((a, b) => b.length - a.length);
}

/** Base64 of something longer that holds the secret has it in one of three alignments; their ends depend on the neighbours. */
function base64Forms(bytes: Buffer): readonly string[] {
  const whole = bytes.toString("base64");
  const inside = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const first = before === 0 ? 0 : before + 1;
    const tail = (before + bytes.length) % 3;
    return text.replace(/=+$/, "").slice(first, tail === 0 ? undefined : -1);
  });
  return [whole, whole.replace(/=+$/, ""), ...inside].flatMap((form) => [
    form,
    form.replaceAll("+", "-").replaceAll("/", "_"),
  ]);
}
