/** Keeps keys out of everything that is said: as they are, and in the forms in which they travel. */

/** Shorter ones are placeholders, such as `none` or `ollama`, which would blot out plain words. */
const SHORTEST = 8;
const INSTEAD = "[secret]";

export type Scrub = (text: string) => string;

export function scrubber(secrets: Iterable<string | undefined>): Scrub {
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
  // The longest first: what is left of a longer form must not give the rest of it away.
  const sorted = [...forms].sort((a, b) => b.length - a.length);
  return (text) => sorted.reduce((clean, form) => clean.replaceAll(form, INSTEAD), text);
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
