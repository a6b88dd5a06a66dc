/** A text cut down to what a task needs of it. */
import type { Focus } from "./focus.ts";
import { render } from "./render.ts";
import { type Grant, select } from "./select.ts";
import type { Surveyed } from "./survey.ts";
import { estimateTokens, factorOf, head, type TokenEstimator, tail } from "./tokens.ts";

export interface Digest {
  readonly text: string;
  readonly tokens: number;
  /** Findings of high severity for which there was no room. */
  readonly severeLeft: number;
}

/** Never more than the grant's tokens together, whatever the text looks like. */
export function digest(surveyed: Surveyed, focus: Focus, grant: Grant, estimator?: TokenEstimator): Digest {
  const selection = select(surveyed, focus, grant, factorOf(estimator));
  const text = clip(render(surveyed.doc, selection, surveyed.costs), grant.tokens + grant.severe, estimator);
  return { text, tokens: estimateTokens(text, estimator), severeLeft: selection.severeLeft };
}

const CUT = "\n[… cut …]\n";

/** Start and end of a text that is still too long: the last resort, which looks at nothing. */
export function clip(text: string, tokens: number, estimator?: TokenEstimator): string {
  if (estimateTokens(text, estimator) <= tokens) return text;
  const room = tokens / factorOf(estimator) - estimateTokens(CUT) - 1;
  if (room < 2) return head(text, Math.max(0, tokens / factorOf(estimator) - 1));
  return head(text, room * 0.7) + CUT + tail(text, room * 0.3);
}
