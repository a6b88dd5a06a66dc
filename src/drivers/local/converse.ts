/** What an attempt by a model is shown, put together out of the run, and what becomes of its reply. */
import { messagesIn } from "../../context/agent-messages.ts";
import { assemble } from "../../context/assemble.ts";
import { frame } from "../../context/frames.ts";
import type { ContextInput, InheritedContext, Piece, Source } from "../../context/shown.ts";
import type { RunState } from "../../core/state.ts";
import type { RunEvent } from "../../domain/events.ts";
import type { EvidenceSet } from "../../domain/evidence.ts";
import { type Handed, handedText, TAKING_OVER } from "../../domain/handoff.ts";
import { asJson, defined, type Json } from "../../domain/json.ts";
import { type BlobRef, isBlobRef } from "../../domain/plan.ts";
import type { Attempt, FileSet, GuideLeftOut, Journal, Message, Outcome, Shown } from "../../domain/ports.ts";
import { isRecord } from "../../domain/shape.ts";
import type { Changes } from "../../domain/workspace.ts";
import { ancestorsOf } from "../../graph/ancestors.ts";
import { hasOutput, type Node } from "../../graph/dag.ts";
import { shownBy } from "../../recovery/ladders.ts";
import type { World } from "./world.ts";

interface Telling {
  readonly state: RunState;
  readonly world: World;
  readonly run: string;
  resolve(output: Json | BlobRef): Promise<Json>;
}

/**
 * What an attempt was shown that is begun again, so that a reply which is paid already fits what it was asked; unless
 * it has been given messages since.
 */
export async function shownBefore(driver: Telling, { task, attempt, messages }: Attempt): Promise<Shown | undefined> {
  let last: RunEvent | undefined;
  for await (const page of driver.world.journal.read(driver.run, { attempt: { taskId: task.id, attempt } }))
    for (const event of page) if (event.type === "context:shown") last = event;
  if (last?.type !== "context:shown" || messages.some(({ seq }) => seq > (last?.seq ?? 0))) return undefined;
  const { text, tokens, pieces } = isRecord(last.entry) ? last.entry : {};
  if (typeof text !== "string" || typeof tokens !== "number" || !Array.isArray(pieces)) return undefined;
  return { text, tokens, pieces: pieces as Json[] };
}

/** The prompt of an attempt by the run's strategy, within its threshold. */
export async function showTo(driver: Telling, node: Node, attempt: Attempt): Promise<Shown> {
  const { state, world } = driver;
  const how = shownBy(state.recovery.tries.get(attempt.task.id), state.start?.options);
  const { contextStrategy: strategy = "shared", pruningThreshold: threshold = 150_000 } = how ?? {};
  const { task, note, messages } = attempt;
  const prompt = [
    attempt.prompt,
    ...(attempt.handed ? [takingOver(attempt.handed)] : []),
    ...(attempt.hint === undefined ? [] : [mending(attempt.hint)]),
  ].join("\n\n");
  const { id, description, phase, context, item, index } = task;
  const sources = await sourcesOf(driver, node, strategy === "shared");
  const files = task.reads?.length ? await readFiles(world, task.reads) : undefined;
  const evidence = task.evidence?.length ? await collect(world, task.evidence) : undefined;
  const guide = await world.guidance?.for(task.reads ?? []);
  const inherited = strategy === "hierarchical" ? await inheritedBy(world.journal, driver.run, state, node) : undefined;
  const input: ContextInput = {
    strategy,
    threshold,
    task: { id, description, prompt, ...defined({ phase, context, item, index, note }) },
    dependencies: sources.filter(({ distance }) => distance === 1),
    ancestors: sources.filter(({ distance }) => distance > 1),
    messages,
    broadcasts: strategy === "shared" ? broadcastsIn(state) : [],
    ...(guide && "text" in guide && { guide }),
    ...defined({ inherited, files: files?.files, filesLeftOut: files?.leftOut, evidence }),
  };
  const { text, tokens, pieces } = assemble(input);
  const all = guide && "why" in guide ? [...pieces, leftOut(guide)] : pieces;
  return { text, tokens, pieces: all.map((piece) => asJson(piece)), ...defined({ evidence }) };
}

const takingOver = (handed: Handed): string =>
  `${TAKING_OVER}\n\n${frame(`handed over by ${handed.from}`, handedText(handed))}`;

const mending = (hint: string): string =>
  `Your last reply to this was not accepted: ${hint.slice(0, 4000)}\nAnswer again, with that put right.`;

/** The agent is not told of it: whoever looks at what it was shown is. */
const leftOut = ({ path, why }: GuideLeftOut): Piece => ({
  ...{ kind: "guide", name: path, why, tokens: 0, wholeTokens: 0, how: "left-out", hash: "" },
});

async function sourcesOf(driver: Telling, node: Node, all: boolean): Promise<Source[]> {
  const found: Promise<Source>[] = [];
  for (const [before, distance] of all ? ancestorsOf(node) : node.dependsOn.map((one) => [one, 1] as const)) {
    const { output, spec, changes } = before;
    if (output === undefined || spec === undefined || !hasOutput(before)) continue;
    const agentName = driver.state.recovery.tries.get(before.id)?.agentName ?? spec.agentName;
    const description = changes === undefined ? spec.description : `${spec.description}; ${changedBy(changes)}`;
    const hash = isBlobRef(output) ? { hash: output.$blob } : {};
    const known = { task: before.id, agentName, description, distance, ...hash };
    found.push(driver.resolve(output).then((whole) => ({ ...known, output: whole })));
  }
  return Promise.all(found);
}

const MOST_NAMED = 12;

/** Whoever comes after it finds them in his own workspace. */
function changedBy({ files, more = 0 }: Changes): string {
  const named = files
    .slice(0, MOST_NAMED)
    .map(({ path, added, removed }) => `${path} +${added ?? "?"} -${removed ?? "?"}`);
  const rest = files.length - named.length + more;
  return `it changed ${named.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

async function readFiles(world: World, globs: readonly string[]): Promise<FileSet> {
  if (world.files) return world.files.read(globs);
  return { files: [], leftOut: globs.map((path) => ({ path, why: "this run was given no repository to read from" })) };
}

async function collect({ evidence }: World, names: readonly string[]): Promise<EvidenceSet> {
  if (evidence) return evidence.collect(names);
  return { findings: [], notes: [{ collector: "all", text: "this run was given no repository to look at" }] };
}

function broadcastsIn(state: RunState): Message[] {
  const found: Message[] = [];
  for (const { seq, from, to, kind, content } of state.talk.messages.values())
    if (to === "*") found.push({ seq, from, kind, content });
  return found;
}

/** What the task saw that this one repeats or is an item of. */
async function inheritedBy(
  journal: Journal,
  run: string,
  state: RunState,
  node: Node,
): Promise<InheritedContext | undefined> {
  const parent = node.spec?.of ?? node.spec?.joins;
  const attempt = parent === undefined ? undefined : state.recovery.tries.get(parent)?.attempt;
  if (parent === undefined || !attempt) return undefined;
  let text: string | undefined;
  for await (const page of journal.read(run, { attempt: { taskId: parent, attempt } }))
    for (const event of page) text = shownText(event) ?? text;
  return text === undefined ? undefined : { from: `task '${parent}'`, text };
}

function shownText(event: RunEvent): string | undefined {
  if (event.type !== "context:shown") return undefined;
  const { entry } = event;
  const text = typeof entry === "object" && entry !== null && "text" in entry ? entry.text : undefined;
  return typeof text === "string" ? text : undefined;
}

export interface Said {
  readonly outcome: Outcome;
  readonly messages: ReturnType<typeof messagesIn>["messages"];
  readonly faults: readonly string[];
}

/** Messages in a reply go to their addressees; the rest of it is the output. */
export function heard(outcome: Outcome): Said {
  if (!outcome.ok || typeof outcome.output !== "string") return { outcome, messages: [], faults: [] };
  const { messages, text, faults } = messagesIn(outcome.output);
  return { outcome: { ...outcome, output: text }, messages, faults };
}
