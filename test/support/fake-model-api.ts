/** A model's API as coding agents call it: it asks for one command, reports progress where it can, and says that all is done. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { eventsOf } from "./fake-protocols.ts";

export interface FakeModelApi extends AsyncDisposable {
  readonly url: string;
  /** Tokens that it told since the last `script`. */
  tokens: number;
  calls: number;
  /** From now on: the command that it wants run, before it says `Done`. */
  script(command: string): void;
}

const USAGE = { fresh: 100, output: 20 };

export async function fakeModelApi(): Promise<FakeModelApi> {
  const state = { tokens: 0, calls: 0, command: "true" };
  const server = createServer((request, response) => void serve(request, response, state));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get tokens() {
      return state.tokens;
    },
    get calls() {
      return state.calls;
    },
    script(command) {
      Object.assign(state, { tokens: 0, calls: 0, command });
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  state: { tokens: number; calls: number; command: string },
) {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  let text = "";
  for await (const piece of request) text += piece;
  const body = text === "" ? {} : (JSON.parse(text) as { tools?: Offered[] });
  const isMessages = pathname.endsWith("/v1/messages");
  if (!isMessages && !pathname.endsWith("/responses")) return void response.writeHead(404).end("{}");
  state.calls++;
  state.tokens += USAGE.fresh + USAGE.output;
  const names = (body.tools ?? []).flatMap((tool) => tool.name ?? tool.function?.name ?? []);
  const shell = names.find((name) => /^(bash|shell|exec_command|shell_command|local_shell)$/i.test(name));
  const answers = text.match(/"(?:tool_result|function_call_output)"/g)?.length ?? 0;
  const team = names.find(isReport) ?? namespaced(body.tools);
  const report = { text: "half of it", percent: 50 };
  const called =
    answers === 0 && shell !== undefined
      ? { name: shell, input: shellInput(shell, state.command, isMessages) }
      : answers === 1 && team !== undefined
        ? { ...(typeof team === "string" ? { name: team } : team), input: report }
        : undefined;
  response.writeHead(200, { "content-type": "text/event-stream" });
  const events = isMessages ? anthropic(called) : responses(called);
  for (const event of events) response.write(event);
  response.end();
}

interface Offered {
  readonly name?: string;
  readonly function?: { readonly name?: string };
  /** Codex offers the tools of a server so, under the name of the server. */
  readonly tools?: readonly { readonly name: string }[];
}
const isReport = (name: string): boolean => /report_progress$/.test(name);

function namespaced(offered: readonly Offered[] = []) {
  for (const { name: namespace = "", tools = [] } of offered) {
    const found = tools.find(({ name }) => isReport(name));
    if (found) return { namespace, name: found.name };
  }
  return undefined;
}

interface Called {
  readonly name: string;
  readonly namespace?: string;
  readonly input: object;
}

/** As each of their shells wants its command. */
function shellInput(name: string, command: string, isMessages: boolean): object {
  if (isMessages) return { command, description: "what was asked for" };
  return name === "exec_command" ? { cmd: command } : { command: name === "shell" ? ["bash", "-c", command] : command };
}

function anthropic(called: Called | undefined): readonly string[] {
  const reply = called ? { calls: [{ id: `call_${called.name}`, ...called }] } : { text: ["Done"] };
  return eventsOf("anthropic", { ...reply, usage: USAGE });
}

/** The newer protocol of OpenAI, as far as Codex reads it. */
function responses(called: Called | undefined): readonly string[] {
  const item = called
    ? {
        ...{ type: "function_call", id: `fc_${called.name}`, call_id: `call_${called.name}` },
        ...{ name: called.name, arguments: JSON.stringify(called.input) },
        ...(called.namespace !== undefined && { namespace: called.namespace }),
      }
    : { type: "message", id: "m_1", role: "assistant", content: [{ type: "output_text", text: "Done" }] };
  const usage = {
    ...{ input_tokens: USAGE.fresh, output_tokens: USAGE.output, total_tokens: USAGE.fresh + USAGE.output },
    ...{ input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } },
  };
  const event = (type: string, more: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
  return [
    event("response.created", { response: { id: "r_1" } }),
    event("response.output_item.done", { output_index: 0, item }),
    event("response.completed", { response: { id: "r_1", usage } }),
  ];
}
