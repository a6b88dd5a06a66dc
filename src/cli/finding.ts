/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly state: "ok" | "note" | "wrong";
  readonly words: string;
}
