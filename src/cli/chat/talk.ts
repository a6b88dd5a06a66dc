/** What the slash commands know of the conversation that they are typed in. */
import type { Asking, Chat } from "../../app/chat.ts";
import type { Host } from "../../app/host.ts";
import type { MadePlan } from "../../app/planning.ts";
import type { Prompts } from "../../app/prompts.ts";
import type { Io } from "../io.ts";
import type { confirm } from "../question.ts";
import type { Watch } from "./watch.ts";

export interface Talk {
  readonly io: Io;
  readonly host: Host;
  readonly chat: Chat;
  readonly prompts: Prompts;
  readonly watch: Watch;
  readonly isJson: boolean;
  readonly says: typeof confirm;
  readonly yes: boolean;
  /** What was planned last, and where it is kept. */
  planned: { readonly made: MadePlan; readonly path: string } | undefined;
  /** A line for the person. */
  readonly tell: (line: string) => void;
  /** Of what ends by itself later: the first that is not 0 is the exit code, off a terminal. */
  readonly count: (code: number) => void;
  ask(asking: Asking): Promise<number>;
  /** Cuts off the exchange under way, if one is. */
  cut(): string | undefined;
  leave(): void;
}

export interface Slash {
  readonly name: string;
  readonly args?: string;
  readonly help: string;
  /** An exit code; what goes wrong is thrown. */
  readonly perform: (talk: Talk, rest: string) => Promise<number>;
}
