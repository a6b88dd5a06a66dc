/** A repository of 30 files, 12 agents who change it, and a provider that says what each of them does. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FakeReply } from "./fake-protocols.ts";
import type { FakeProvider, SeenCall } from "./fake-provider.ts";
import type { Homes } from "./homes.ts";
import { repositoryIn } from "./repository.ts";

const name = (i: number) => `src/m${String(i).padStart(2, "0")}.mjs`;
const TASKS = Array.from({ length: 12 }, (_, i) => `t${i + 1}`);
/** Together they break what each alone keeps: what is needed must stay within the limit. */
export const BREAKERS = ["t5", "t9"] as const;
/** The second of each pair changes the same line as the first. */
export const CONFLICTS = [
  ["t1", "t2"],
  ["t3", "t4"],
  ["t7", "t8"],
] as const;

const CHECK = `
import { readFileSync, readdirSync } from "node:fs";
for (const name of readdirSync("src")) {
  const text = readFileSync("src/" + name, "utf8");
  if (/^[<>]{7}/m.test(text)) throw new Error("marks in " + name);
  await import("./src/" + name);
}
const { limit } = await import("./src/m28.mjs");
const { need } = await import("./src/m29.mjs");
if (need > limit) throw new Error("need " + need + " is beyond limit " + limit);
`;

/** What each task writes, by path; files are its own but for those that are shared. */
function changesOf(task: string): { readonly [path: string]: string } {
  const n = Number(task.slice(1));
  const own = [2 * n - 2, 2 * n - 1].map((i) => [name(i), `export const by = "${task}";\nexport const v = ${i};\n`]);
  const pair = CONFLICTS.findIndex((both) => (both as readonly string[]).includes(task));
  const shared =
    pair < 0
      ? []
      : [[name(24 + pair), `export const before = 0;\nexport const ${task} = "${task}";\nexport const after = 0;\n`]];
  const breaking =
    task === "t5"
      ? [[name(28), "export const limit = 5;\n"]]
      : task === "t9"
        ? [[name(29), "export const need = 6;\n"]]
        : [];
  return Object.fromEntries([...own, ...shared, ...breaking]);
}

export function sample(homes: Homes) {
  const files = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => {
      if (i >= 24 && i < 27)
        return [name(i), "export const before = 0;\nexport const here = 0;\nexport const after = 0;\n"];
      if (i === 28) return [name(i), "export const limit = 10;\n"];
      return [name(i), i === 29 ? "export const need = 1;\n" : `export const v = ${i};\n`];
    }),
  );
  const repository = repositoryIn(homes.path({ ...files, "check.mjs": CHECK }));
  const home = homes.path({ ".keep": "" });
  mkdirSync(join(home, "agents"));
  for (const task of TASKS)
    writeFileSync(
      join(home, `agents/w${task}.md`),
      `---\nname: w${task}\ndescription: works\ntools: [read, write]\n---\nYou are w${task}.\n`,
    );
  const tasks = TASKS.map((id) => ({
    ...{ id, agentName: `w${id}`, description: `Change ${id}`, prompt: `Do the work of ${id}.` },
    // t11 builds on t10, so that something waits.
    ...(id === "t11" ? { dependencies: ["t10"] } : {}),
  }));
  return { repository, home, tasks };
}

/** Who was asked to mend what, in order. */
export interface Mend {
  readonly task: string;
  readonly kind: "conflict" | "red";
}

/** Scripted agents: they write their files, resolve a conflict by keeping both sides, and raise the limit that they broke. */
export function script(fake: FakeProvider): readonly Mend[] {
  const mends: Mend[] = [];
  fake.answer = (call) => {
    const words = JSON.stringify(call.body.messages[0]);
    const mend = /Your work on task '(t\d+)'/.exec(words)?.[1];
    const task = /Do the work of (t\d+)\./.exec(words)?.[1] ?? "";
    const turn = call.body.messages.filter(({ role }: { role: string }) => role === "assistant").length;
    const again = lostCalls(call, turn);
    if (again) return again;
    if (mend === undefined) return turn === 0 ? writing(changesOf(task)) : { text: ["Done"] };
    return mended(call, mend, turn, words, mends);
  };
  return mends;
}

/** What was under way when the machine stopped is not done again by itself: whoever asked for it looks, and asks again. */
function lostCalls({ body }: SeenCall, turn: number): FakeReply | undefined {
  if (!JSON.stringify(body.messages.at(-1)).includes("outcome unknown")) return undefined;
  const last = body.messages.findLast(({ role }: { role: string }) => role === "assistant");
  const asked = last.content.filter(({ type }: { type: string }) => type === "tool_use");
  return {
    calls: asked.map((one: { name: string; input: unknown }, i: number) => ({ ...one, id: `again-${turn}-${i}` })),
  };
}

function mended(call: SeenCall, task: string, turn: number, words: string, mends: Mend[]): FakeReply {
  const kind = words.includes("conflicts with work of others") ? "conflict" : "red";
  if (turn === 0) mends.push({ task, kind });
  if (kind === "red")
    return turn === 0 ? writing({ [name(28)]: "export const limit = 6;\n" }) : { text: ["Raised the limit"] };
  const path = /- (src\/m\d+\.mjs)/.exec(words)?.[1] ?? "";
  if (turn === 0) return { calls: [{ name: "read", input: { path } }] };
  if (turn > 1) return { text: ["Kept both"] };
  const said = JSON.stringify(call.body.messages.at(-1).content);
  const text = textOf(JSON.parse(said)).replace(/^\d+\t/gm, "");
  return writing({
    [path]: `${text
      .split("\n")
      .filter((line) => !/^(<{7}|={7}|>{7})/.test(line))
      .join("\n")
      .trim()}\n`,
  });
}

function textOf(content: readonly { readonly content?: unknown }[]): string {
  const [one] = content;
  const inner = one?.content;
  return typeof inner === "string" ? inner : (inner as { text: string }[]).map(({ text }) => text).join("");
}

const writing = (files: { readonly [path: string]: string }): FakeReply => ({
  calls: Object.entries(files).map(([path, text], i) => ({ id: `c${i}`, name: "write", input: { path, text } })),
});
