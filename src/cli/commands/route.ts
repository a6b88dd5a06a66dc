/** `tutti route`: which agent would do a task, how sure that is, why, and who else. */
import type { Command } from "commander";
import type { Reranked } from "../../agents/rerank.ts";
import type { Candidate } from "../../app/agency.ts";
import { TuttiError } from "../../domain/error.ts";
import { several } from "../amounts.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly json?: true;
  readonly kind?: string;
  readonly capability?: readonly string[];
  readonly tool?: readonly string[];
  readonly language?: string;
  readonly rerank?: true;
  readonly model?: string;
}

export function route(program: Command, io: Io): void {
  define(
    program,
    "route <task...>",
    "which agent would do a task, how sure, why, and who else",
    'tutti route "the nightly export takes four hours since the last release"\ntutti route "review this" --capability code-review',
  )
    .option("--kind <kind>", "look at past performance in this kind of work")
    .option("--capability <name>", "it must have this; may be given again", several)
    .option("--tool <name>", "it must have this tool; may be given again", several)
    .option("--language <name>", "the programming language it is about")
    .option("--rerank", "ask a small model about the best eight as well; it is paid for")
    .option("--model <provider/id>", "with --rerank: which model")
    .action(exiting(io, (words: readonly string[], flags: Flags) => act(io, words.join(" "), flags)));
}

async function act(io: Io, description: string, flags: Flags): Promise<number> {
  const { json, kind, capability, tool, language, rerank, model } = flags;
  if (model !== undefined && !rerank)
    throw new TuttiError("BAD_INPUT", "--model belongs to --rerank", {
      path: "model",
      hint: "add --rerank, or leave it out",
    });
  const [{ openHome, warnOf }, { painter, table, wrap }] = await Promise.all([
    import("../home.ts"),
    import("../text.ts"),
  ]);
  await using home = await openHome(io);
  const { agency } = home.host;
  await agency.experience.refresh();
  const task = {
    description,
    ...(kind !== undefined && { kind }),
    ...(capability && { capabilities: capability }),
    ...(tool && { tools: tool }),
    ...(language !== undefined && { language }),
  };
  const asked = rerank ? await agency.rerank(task, {}, model) : undefined;
  const routed = asked ?? agency.route(task);
  if (json) io.json(routed);
  else {
    warnOf(io, home);
    const paint = painter(io.isColoured);
    const { agent, confidence, evidence, reasoning, alternatives } = routed;
    io.out(agent === null ? paint("yellow", "nobody fits") : `${paint("bold", agent)}  ${percent(confidence)} sure`);
    if (agent === null) io.out(wrap(reasoning, io.columns, "  "));
    for (const { what, adds, because } of evidence)
      io.out(wrap(`${what} ${signed(adds)}: ${because}`, io.columns, "  "));
    if (alternatives.length > 0) {
      io.out("");
      const rows = alternatives.map((one: Candidate) => [
        one.agent,
        percent(one.confidence),
        one.evidence[0]?.because ?? "",
      ]);
      const columns = [
        { title: "else", least: 12 },
        { title: "sure", side: "right" as const },
        { title: "because", least: 10 },
      ];
      for (const line of table(columns, rows, io.columns)) io.out(line);
    }
    if (asked) for (const line of await askedLines(asked.rerank, agency.reranking)) io.err(line);
  }
  return routed.agent === null ? EXIT.failed : EXIT.done;
}

async function askedLines(
  { model, cached, tokensUsed, costUsd, failed }: Reranked["rerank"],
  reranking: { spent(): Promise<{ readonly calls: number; readonly costUsd: number | null }> },
): Promise<readonly string[]> {
  const { oneLine } = await import("../text.ts");
  const { moneyText, plural, tokensText } = await import("../units.ts");
  const took = cached ? "answered before, nothing paid" : `${tokensText(tokensUsed)} tokens, ${moneyText(costUsd)}`;
  const all = await reranking.spent();
  return [
    ...(failed === undefined ? [] : [`chosen by words alone: ${oneLine(failed)}`]),
    `${model}: ${took}; so far ${plural(all.calls, "call")}, ${moneyText(all.costUsd)}`,
  ];
}

const percent = (of: number) => `${Math.round(100 * of)} %`;
const signed = (adds: number) => `${adds < 0 ? "−" : "+"}${Math.abs(adds).toFixed(1)}`;
