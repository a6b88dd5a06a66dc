/**
 * The program of a coding agent, for one attempt: begun for it, or one that has served others and is as it was.
 *
 * Z3. Reuse is what the user asked for, of an agent that is known to take it: it keeps sessions apart, and closing one
 *     ends all that it began.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "../pool.ts";
import type { Powers } from "../tools/permission.ts";
import { AgentSession, type Program, type SessionOptions } from "./session.ts";

export type Agents = Pool<Resting>;

/** Absent: the program is begun for the attempt, and ends with it. */
export interface Lender {
  readonly agents: Agents;
  /** Who may do other things gets another program. */
  readonly powers: Powers;
}

export interface Loan extends AsyncDisposable {
  readonly session: AgentSession;
  /** It came to the end of its turn, and nothing was wrong. */
  ended(): void;
}

export async function borrow(program: Program, how: SessionOptions, lender: Lender | undefined): Promise<Loan> {
  if (!lender) {
    const session = await AgentSession.begin(program, how);
    return { session, ended: () => {}, [Symbol.asyncDispose]: () => session.close() };
  }
  const { tools, deniedTools, permissions, mcpServers } = lender.powers;
  const { file, args, env } = program;
  const key = JSON.stringify([file, args, env, tools, deniedTools, permissions, mcpServers]);
  const known = await lender.agents.take(key);
  known?.session.lendTo(how.surroundings);
  const one = known ?? (await Resting.begin(program, how));
  let isWell = false;
  return {
    session: one.session,
    ended: () => {
      isWell = true;
    },
    async [Symbol.asyncDispose]() {
      if (isWell && (await one.session.leave())) lender.agents.give(key, one);
      else await one.close();
    },
  };
}

/** It was begun in a folder of its own: those of attempts go with them. */
class Resting {
  readonly session: AgentSession;
  readonly #room: string;

  private constructor(session: AgentSession, room: string) {
    this.session = session;
    this.#room = room;
  }

  static async begin(program: Program, how: SessionOptions): Promise<Resting> {
    const room = await mkdtemp(join(tmpdir(), "tutti-agent-"));
    try {
      const session = await AgentSession.begin(program, { ...how, cwd: room });
      await session.remember();
      return new Resting(session, room);
    } catch (error) {
      await rm(room, { recursive: true, force: true, maxRetries: 3 });
      throw error;
    }
  }

  settled(): Promise<boolean> {
    return this.session.settled();
  }
  isAsNew(): Promise<boolean> {
    return this.session.isAsNew();
  }
  hold(isHeld: boolean): void {
    this.session.hold(isHeld);
  }
  async close(): Promise<void> {
    await this.session.close();
    await rm(this.#room, { recursive: true, force: true, maxRetries: 3 });
  }
}
