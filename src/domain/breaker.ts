/** A provider's model is left alone because it keeps failing, until a time; or no more. */
export interface BreakerNews {
  readonly state: "opened" | "closed";
  readonly provider: string;
  readonly model: string;
  readonly until: number;
  readonly reason: string;
}
