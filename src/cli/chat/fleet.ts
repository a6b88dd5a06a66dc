/** `/agents` and `/agent`: who is at work, who can be asked, and who is talked to. */
import { CHAT } from "../../app/chat.ts";
import { fleetOf } from "../../app/conducting.ts";
import { CONDUCTOR } from "../../conductor/agent.ts";
import { EXIT } from "../exit.ts";
import { agentOf } from "../known-agent.ts";
import { shortRun } from "../plain.ts";
import { oneLine, wrap } from "../text.ts";
import { plural } from "../units.ts";
import { firstWord } from "./entry.ts";
import type { Talk } from "./talk.ts";

const MOST = 20;

/** Words after a # are somebody's note to himself, as lists of such commands have them. */
export async function agent({ host, chat, tell }: Talk, rest: string): Promise<number> {
  const [name] = firstWord(rest.replace(/(?:^|\s)#.*$/s, ""));
  if (name !== "" && name !== CONDUCTOR) agentOf(host, name);
  chat.agent = name === "" ? CONDUCTOR : name;
  tell(`you talk to ${chat.agent}`);
  return EXIT.done;
}

export async function agents({ io, host, chat, isJson }: Talk, rest: string): Promise<number> {
  using fleet = fleetOf(host, { by: CHAT, isPerson: true });
  const work = await fleet.work();
  const made = fleet.agents({ created: true });
  const words = rest.toLowerCase() === "all" ? "" : rest;
  const found = rest === "" ? [] : fleet.agents(words === "" ? {} : { words });
  if (isJson) {
    io.json({ type: "chat:agents", talkingTo: chat.agent, working: work, created: made, agents: found });
    return EXIT.done;
  }
  if (rest !== "") {
    if (words === "") io.out(wrap(found.map(({ name }) => name).join(", "), io.columns));
    for (const { name, description } of words === "" ? [] : found.slice(0, MOST))
      io.out(`${name}: ${oneLine(description)}`);
    io.out(found.length === 0 ? "nobody fits" : `${plural(found.length, "agent")}; /agent NAME talks to one`);
    return EXIT.done;
  }
  io.out(`you talk to ${chat.agent}`);
  for (const { agentName, taskId, run } of work) io.out(`▶ ${agentName} works on ${taskId} of run ${shortRun(run)}`);
  if (work.length === 0) io.out("nobody is at work");
  for (const { name, stage } of made) io.out(`made by a conductor: ${name} (${stage})`);
  io.out(`${fleet.agents({}).length} can be asked: /agents all, or /agents WORDS for who fits`);
  return EXIT.done;
}
