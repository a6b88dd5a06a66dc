/** One exchange made ready: with the model that there is, or, on a terminal, with what a person chooses for want of one. */
import type { Asking, Chat } from "../../app/chat.ts";
import type { Host, Prepared } from "../../app/host.ts";
import { CONDUCTOR } from "../../conductor/agent.ts";
import { TuttiError } from "../../domain/error.ts";
import { OFFERED_SPEED, prepare } from "../begin.ts";
import type { Io } from "../io.ts";
import type { confirm } from "../question.ts";

export interface Preparing {
  readonly io: Io;
  readonly host: Host;
  readonly chat: Chat;
  readonly says: typeof confirm;
  readonly tell: (line: string) => void;
}
/** It is settled who is asked. */
export type AskingOne = Asking & { readonly agent: string };

/** What was chosen holds for the rest of the conversation. */
export async function preparedFor(of: Preparing, asking: AskingOne): Promise<Prepared> {
  const { io, host, chat, says } = of;
  const prepared =
    asking.agent === CONDUCTOR
      ? await conductorFor(of, asking)
      : await prepare(io, host, await chat.order(asking), says);
  const { rehearse, speed, model } = prepared.config;
  if (rehearse && chat.options.rehearsal === undefined) rehearseFrom(chat, speed);
  else if (model !== undefined && asking.model === undefined) chat.options = { ...chat.options, model };
  return prepared;
}

async function conductorFor({ io, chat, says, tell }: Preparing, asking: Asking): Promise<Prepared> {
  try {
    return await chat.objective(asking);
  } catch (error) {
    const hasNoModel = error instanceof TuttiError && (error.code === "UNREACHABLE" || error.path === "model");
    if (!hasNoModel || !io.canAsk || chat.options.rehearsal) throw error;
    tell(`${error.message}.`);
    if (!(await says("Rehearse instead? Nobody is called and nothing is paid.", true))) throw error;
    rehearseFrom(chat);
    return chat.objective(asking);
  }
}

function rehearseFrom(chat: Chat, speed: number | "max" = OFFERED_SPEED): void {
  chat.options = { ...chat.options, rehearsal: { speed } };
}
