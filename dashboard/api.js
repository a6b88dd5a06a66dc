/** Asks the server that this page came from, and no other. */

/** An answer that is none: what the server said about it. */
export class Refused extends Error {
  constructor(status, { message = `the server answers ${status}`, hint } = {}) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

/** Rejects with `Refused`, or with a TypeError where the server cannot be reached. */
export async function ask(path, { body, method = body === undefined ? "GET" : "POST", signal } = {}) {
  const response = await fetch(`/api/${path}`, {
    method,
    cache: "no-store",
    headers: {
      Accept: "application/json",
      // With the cookie alone nothing can be written: a form of another page cannot send this.
      "X-Tutti": "1",
      ...(body !== undefined && { "Content-Type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  if (response.status === 204) return undefined;
  const value = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, value.error);
  return value;
}

export const wordsOf = (error) =>
  error instanceof Refused
    ? [error.message, error.hint].filter(Boolean).join(" — ")
    : "the server cannot be reached: is `tutti serve` still running?";
