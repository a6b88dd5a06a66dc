/** An agent that does what a script says, and tells when the script and the run have drifted apart. */
import { TuttiError } from "../domain/error.ts";
import type { Json } from "../domain/json.ts";
import type { AgentFunction, FunctionContext, FunctionTask } from "../runtimes/function.ts";

/** What to answer: a value, a failure, or a function of the task. */
export type Line =
  | { readonly reply: Json; readonly tokensUsed?: number; readonly costUsd?: number }
  | { readonly fail: string; readonly retry?: "never" | "safe"; readonly retryAfter?: number }
  | { readonly call: (task: FunctionTask, context: FunctionContext) => unknown };

export interface ScriptedAgent extends AgentFunction {
  /** Every task that it was given, in order. */
  readonly calls: readonly FunctionTask[];
  /** Throws unless every line of the script was used. */
  assertComplete(): void;
}

/**
 * With a list: one line for each call, in order. With a record: lines by task id. A call for which the script has no
 * line fails at once and is not retried.
 */
export function scriptedAgent(script: readonly Line[] | { readonly [task: string]: readonly Line[] }): ScriptedAgent {
  const calls: FunctionTask[] = [];
  const byTask = !Array.isArray(script);
  const left = new Map<string, Line[]>(
    byTask ? Object.entries(script).map(([id, lines]) => [id, [...lines]]) : [["*", [...(script as readonly Line[])]]],
  );
  const agent: AgentFunction = async (task, context) => {
    calls.push(task);
    const line = left.get(byTask ? task.id : "*")?.shift();
    if (!line)
      throw Object.assign(new Error(`the script has no line for call ${calls.length}, task '${task.id}'`), {
        retry: "never",
      });
    if ("call" in line) return line.call(task, context);
    if ("fail" in line)
      throw Object.assign(new Error(line.fail), { retry: line.retry ?? "safe", retryAfter: line.retryAfter });
    if (line.tokensUsed === undefined && line.costUsd === undefined) return line.reply;
    return { output: line.reply, tokensUsed: line.tokensUsed ?? 0, costUsd: line.costUsd ?? 0 };
  };
  return Object.assign(agent, {
    calls,
    assertComplete() {
      const unused = [...left].flatMap(([id, lines]) =>
        lines.length > 0 ? [`${lines.length} for ${id === "*" ? "any task" : `'${id}'`}`] : [],
      );
      if (unused.length > 0) throw new TuttiError("WRONG_STATE", `the script has unused lines: ${unused.join(", ")}`);
    },
  });
}
