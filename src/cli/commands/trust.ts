/** `tutti trust`: what a repository may define. Shown first, then asked, then bound to exactly what was shown. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { AgentFile } from "../../agents/definition.ts";
import { TuttiError } from "../../domain/error.ts";
import type { Offer, TrustState } from "../../library/trust.ts";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly json?: true;
  readonly yes?: true;
  readonly revoke?: true;
}

export function trust(program: Command, io: Io): void {
  const group = define(
    program,
    "trust",
    "let a repository's own agents, workflows, AGENTS.md and slash commands count, after showing what they would do",
    "tutti trust\ntutti trust ../shop --yes\ntutti trust --revoke",
  )
    .argument("[path]", "a repository; default: this folder")
    .option("--yes", "do not ask")
    .option("--revoke", "take it back")
    .action(exiting(io, (path: string | undefined, flags: Flags) => act(io, path ?? ".", flags)));
  define(group, "list", "repositories that are trusted", "tutti trust list").action(
    exiting(io, (flags: Flags) => list(io, flags)),
  );
}

async function act(io: Io, path: string, flags: Flags): Promise<number> {
  const [{ offerOf, TrustBook }, { guidesIn }, { hashesOf, workflowsOffered }, { promptHashes }, { confirm }] =
    await Promise.all([
      import("../../library/trust.ts"),
      import("../../library/guides.ts"),
      import("../../library/workflow-files.ts"),
      import("../../library/prompts.ts"),
      import("../question.ts"),
    ]);
  const agents = offerAt(offerOf, resolve(io.cwd, path), path);
  const { root } = agents;
  // What is trusted is what is shown: read once.
  const flows = workflowsOffered(root);
  const own = { guides: guidesIn(root), prompts: promptHashes(root), workflows: hashesOf(flows) };
  const offer: Offer = { ...agents, ...own };
  const book = new TrustBook(io.home);
  if (flags.revoke) {
    const was = book.revoke(offer.root);
    if (flags.json) io.json({ root: offer.root, revoked: was });
    else io.out(was ? `no longer trusted: ${offer.root}` : `it was not trusted: ${offer.root}`);
    return EXIT.done;
  }
  const state = book.stateOf(offer);
  const ofGuides = book.guidesOf(offer);
  const ofPrompts = book.promptsOf(offer);
  const ofWorkflows = book.workflowsOf(offer);
  const isNew = [state, ofGuides, ofPrompts, ofWorkflows].some(({ is }) => is === "unknown" || is === "changed");
  if (!flags.json) {
    await show(io, offer, { state, ofGuides, ofPrompts });
    const { showWorkflows } = await import("../trusted-workflows.ts");
    await showWorkflows(io, flows, ofWorkflows);
  }
  const mayTrust = isNew && (flags.yes || (io.canAsk && !flags.json && (await confirm("Trust all of this?", false))));
  if (mayTrust) book.trust(offer, Date.now());
  if (flags.json)
    io.json({
      root: offer.root,
      state: mayTrust && state.is !== "nothing" ? { is: "trusted" } : state,
      agents: [...offer.loaded.agents.values()].map(said),
      guides: { state: mayTrust && ofGuides.is !== "nothing" ? { is: "trusted" } : ofGuides, files: offer.guides },
      commands: { state: mayTrust && ofPrompts.is !== "nothing" ? { is: "trusted" } : ofPrompts, files: offer.prompts },
      workflows: {
        state: mayTrust && ofWorkflows.is !== "nothing" ? { is: "trusted" } : ofWorkflows,
        files: offer.workflows,
      },
    });
  else if (mayTrust) io.out("trusted; asked about again when one of them changes or another comes");
  else if (isNew)
    io.err(
      io.canAsk ? "not trusted; nothing was changed" : `not trusted: say --yes, or call ${io.me} trust on a terminal`,
    );
  return isNew && !mayTrust ? EXIT.badInput : EXIT.done;
}

function offerAt(offerOf: (path: string) => Offer, path: string, name: string): Offer {
  try {
    return offerOf(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new TuttiError("BAD_INPUT", `there is no folder ${name}`, { path: "path" });
  }
}

const said = ({ instructions: _, ...agent }: AgentFile) => agent;

async function show(
  io: Io,
  { root, loaded, guides = {}, prompts = {} }: Offer,
  { state, ofGuides, ofPrompts }: { readonly [name in "state" | "ofGuides" | "ofPrompts"]: TrustState },
): Promise<void> {
  const { oneLine, painter, wrap } = await import("../text.ts");
  const paint = painter(io.isColoured);
  for (const { file, line, message } of loaded.warnings) io.err(`warning: ${file}:${line}: ${oneLine(message)}`);
  if (ofGuides.is !== "nothing") {
    io.out(`${root} tells every agent that works in it${ofGuides.is === "trusted" ? ", all trusted" : ""}:`);
    for (const file of Object.keys(guides)) io.out(`  ${oneLine(file)}${paint("yellow", markOf(ofGuides, file))}`);
    io.out("");
  }
  if (ofPrompts.is !== "nothing") {
    io.out(`${root} brings prompts for tutti chat${ofPrompts.is === "trusted" ? ", all trusted" : ""}:`);
    for (const file of Object.keys(prompts)) io.out(`  ${oneLine(file)}${paint("yellow", markOf(ofPrompts, file))}`);
    io.out("");
  }
  if (state.is === "nothing") return io.out(`${root} defines no agents`);
  io.out(
    `${root} defines ${loaded.agents.size} agent${loaded.agents.size === 1 ? "" : "s"}${state.is === "trusted" ? ", all trusted" : ""}:`,
  );
  for (const agent of loaded.agents.values()) {
    const mark = markOf(state, agent.name);
    io.out(
      `\n${paint("bold", agent.name)}${paint("yellow", mark)}  ${paint("dim", (loaded.files.get(agent.name) ?? "").slice(root.length + 1))}`,
    );
    io.out(wrap(oneLine(agent.description), io.columns, "  "));
    for (const line of powersOf(agent)) io.out(wrap(oneLine(line), io.columns, "  "));
  }
  io.out("");
}

function markOf(state: TrustState, name: string): string {
  if (state.is !== "changed") return "";
  return state.added.includes(name) ? "  new" : state.changed.includes(name) ? "  changed" : "";
}

/** What it would be allowed to do, in words. */
function powersOf({ tools, deniedTools, permissions, model, mcpServers }: AgentFile): readonly string[] {
  return [
    tools === undefined ? "may: use every tool that its runtime gives it" : `may: ${tools.join(", ") || "use no tool"}`,
    ...(deniedTools ? [`may not: ${deniedTools.join(", ")}`] : []),
    ...(permissions ?? []).map(({ action, resource, effect }) => `${effect}: ${action} ${resource}`),
    ...(mcpServers ? [`MCP servers: ${mcpServers.join(", ")}`] : []),
    ...(model === undefined ? [] : [`model: ${model}`]),
  ];
}

async function list(io: Io, { json }: Flags): Promise<number> {
  const { TrustBook } = await import("../../library/trust.ts");
  const all = new TrustBook(io.home).list();
  if (json) io.json({ trusted: all });
  else if (all.length === 0) io.out(`No repository is trusted. ${io.me} trust shows what one would define.`);
  else
    for (const { root, hashes, guides = {}, prompts = {}, workflows = {}, at } of all)
      io.out(
        `${root}  ${[hashes, guides, prompts, workflows].flatMap((one) => Object.keys(one)).join(", ")}  since ${new Date(at).toISOString().slice(0, 10)}`,
      );
  return EXIT.done;
}
