/** Calls that come again and again with the same result: an agent that turns in a circle (F10). */
import { canonical, sha256 } from "../../domain/json.ts";
import type { ToolCall, ToolResult } from "../tools/toolbox.ts";

const WARN = 3;
const STOP = 5;
/** Calls looked back upon; a poll every now and then is no circle. */
const RECENT = 30;

export class Repeats {
  readonly #recent: string[] = [];

  /** The result, with a warning where it is due; or why the attempt must end. */
  note(call: ToolCall, result: ToolResult): { readonly result: ToolResult } | { readonly stop: string } {
    const hash = sha256(JSON.stringify([call.name, canonical(call.input), result.text]));
    this.#recent.push(hash);
    if (this.#recent.length > RECENT) this.#recent.shift();
    const times = this.#recent.filter((one) => one === hash).length;
    if (times >= STOP) return { stop: `it called '${call.name}' ${times} times with the same arguments and result` };
    if (times < WARN) return { result };
    const words = `[You have made this very call ${times} times with this result. Do something else: at ${STOP} you are stopped.]`;
    return { result: { ...result, text: `${result.text}\n\n${words}` } };
  }
}
