/** Words as relevance sees them: lower case, without endings, identifiers in their parts. */
const DOUBLE = /(?<=.{2})([^aeiouls])\1$/;

/** Words that say nothing about what a text is about. */
const STOP = new Set(
  `a an and any are as at be been being but by can could d did do does doing done each etc for from get gets give
  given goes going had has have having he her here him his i if in into is it its itself ll m me might more most my no
  nor not of on once one only onto or other our out over own re s same shall she should so some such t than that the
  their them then there these they this those through to too under until up upon us ve very was we were what where
  whether which while whose will with within without would you your please make makes made need needs needed sure also
  ensure via per exactly`.split(/\s+/),
);
/** Words of instructions: they say what to do with a matter and seldom which matter it is. */
const INSTRUCTION = new Set(
  `write report describe list provide deliver output answer explain include produce create summarize summarise compile
  review analyse analyze state mention task result results use using based following section sections markdown
  document detail details task goal input inputs work earlier previous agent agents find findings finding name tell
  show say short brief complete full every all first second new design implement check consider follow prepare
  define identify specify clear clearly concise format according read`
    .split(/\s+/)
    .map(stem),
);

export const isStop = (word: string): boolean => STOP.has(word);
export const isInstruction = (stemmed: string): boolean => INSTRUCTION.has(stemmed);

/** Cuts endings so that expire, expires, expired, expiry and expiration meet. The first three characters stay. */
export function stem(word: string): string {
  if (word.length < 4 || !/^[a-z]+$/.test(word)) return word;
  let w = word;
  if (w.endsWith("ies") && w.length > 5) w = `${w.slice(0, -3)}y`;
  else if (w.endsWith("ied") && w.length > 5) w = `${w.slice(0, -3)}y`;
  else if (w.length > 4 && /(?:ss|x|z|ch|sh)es$/.test(w)) w = w.slice(0, -2);
  else if (/[^su]s$/.test(w) && !w.endsWith("is")) w = w.slice(0, -1);
  const longer = w;
  if (/.{3}ly$/.test(w)) w = w.slice(0, -2);
  if (/.{4}(?:ment|able|ible|ness)$/.test(w)) w = w.slice(0, -4);
  if (/.{3}ing$/.test(w)) w = w.slice(0, -3);
  else if (/.{3}ed$/.test(w)) w = w.slice(0, -2);
  else if (/.{3}[ts]ion$/.test(w)) w = w.slice(0, -3);
  else if (/.{4}(?:er|or)$/.test(w)) w = w.slice(0, -2);
  if (w !== longer) w = w.replace(DOUBLE, "$1");
  if (/.{3}[^aeiou]y$/.test(w)) w = w.slice(0, -1);
  else if (/.{2}[^aeiou]e$/.test(w)) w = w.slice(0, -1);
  if (/.{5}at$/.test(w)) w = w.slice(0, -2);
  return w;
}

export function isIdeograph(code: number): boolean {
  return (
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7af) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xff66 && code <= 0xff9f)
  );
}

export const OTHER = 0;
export const LOWER = 1;
const UPPER = 2;
export const DIGIT = 3;
export const IDEOGRAPH = 4;

export const ASCII_KINDS = Uint8Array.from({ length: 128 }, (_, c) => {
  if (c >= 97 && c <= 122) return LOWER;
  if (c >= 65 && c <= 90) return UPPER;
  return c >= 48 && c <= 57 ? DIGIT : OTHER;
});

export function kindOf(code: number): number {
  if (code < 128) return ASCII_KINDS[code] as number;
  if (isIdeograph(code)) return code >= 0x3000 && code <= 0x303f ? OTHER : IDEOGRAPH;
  if (code < 0xc0 || code === 0xd7 || code === 0xf7 || (code >= 0x2000 && code < 0x2e80)) return OTHER;
  return code >= 0xd800 ? OTHER : LOWER;
}

/** Whether a character of kind `kind` still belongs to the word that began with `first` and ends in `before`. */
export function continues(first: number, before: number, kind: number): boolean {
  if (kind === OTHER || kind === IDEOGRAPH || before === OTHER || before === IDEOGRAPH) return false;
  if (kind === UPPER && before !== UPPER) return false;
  return first !== DIGIT || kind === DIGIT;
}

/** The words of a short text, in order. Long ones are scanned in place by `Lexicon`. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  let start = -1;
  let first = OTHER;
  let before = OTHER;
  for (let i = 0; i <= text.length; i++) {
    const kind = i < text.length ? kindOf(text.charCodeAt(i)) : OTHER;
    if (start >= 0 && !continues(first, before, kind)) {
      words.push(text.slice(start, i).toLowerCase());
      start = -1;
    }
    if (kind === IDEOGRAPH && i + 1 < text.length && kindOf(text.charCodeAt(i + 1)) === IDEOGRAPH)
      words.push(text.slice(i, i + 2));
    else if (start < 0 && kind !== OTHER && kind !== IDEOGRAPH) {
      start = i;
      first = kind;
    }
    before = kind;
  }
  return words;
}
