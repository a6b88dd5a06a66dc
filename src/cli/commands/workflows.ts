/** `tutti workflows`: what can be run, its parameters and tasks, and whether a file is sound. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

interface Flags {
  readonly json?: true;
}

export function workflows(program: Command, io: Io): void {
  const group = define(
    program,
    "workflows",
    "list, show and check workflows",
    "tutti workflows show security-audit\ntutti workflows check .claude/workflows/release.md",
  )
    .argument("[what...]", "list, show or check")
    .action(
      exiting(io, async ([what]: readonly string[], flags: Flags) => {
        const { unknownWord } = await import("../unknown-word.ts");
        if (what !== undefined) throw unknownWord("workflows", what, ["list", "show", "check"]);
        return list(io, flags);
      }),
    );
  define(group, "list", "every workflow", "tutti workflows list").action(
    exiting(io, (flags: Flags) => list(io, flags)),
  );
  define(group, "show <id>", "parameters and tasks of one", "tutti workflows show code-review").action(
    exiting(io, (id: string, flags: Flags) => show(io, id, flags)),
  );
  define(group, "check <path>", "every fault of a file, with its place", "tutti workflows check tasks.yaml").action(
    exiting(io, (path: string, flags: Flags) => check(io, path, flags)),
  );
}

async function list(io: Io, { json }: Flags): Promise<number> {
  const [{ openHome, warnOf }, { oneLine, painter, wrap }, { timeText }] = await Promise.all([
    import("../home.ts"),
    import("../text.ts"),
    import("../units.ts"),
  ]);
  await using home = await openHome(io);
  const entries = home.host.workflows.list();
  const unused = home.host.workflows.unused();
  if (json) {
    io.json({ workflows: entries, ...(unused.length > 0 && { notUsed: unused }) });
    return EXIT.done;
  }
  warnOf(io, home);
  const paint = painter(io.isColoured);
  for (const { id, category, estimatedDuration, description } of entries) {
    io.out(`${paint("bold", id)}  ${paint("dim", `${category}, about ${timeText(estimatedDuration * 1000)}`)}`);
    io.out(wrap(oneLine(description), io.columns, "  "));
  }
  for (const { id, file, why } of unused) {
    io.out(`${paint("bold", oneLine(id ?? file))}  ${paint("yellow", "cannot be run")}`);
    io.out(wrap(oneLine(why), io.columns, "  "));
  }
  return EXIT.done;
}

async function show(io: Io, id: string, { json }: Flags): Promise<number> {
  const [{ openHome }, { workflowText, workflowBody }] = await Promise.all([
    import("../home.ts"),
    import("../workflow-text.ts"),
  ]);
  await using home = await openHome(io);
  const template = home.host.workflows.get(id);
  if (json) io.json(workflowBody(template));
  else io.out(workflowText(io, template));
  return EXIT.done;
}

async function check(io: Io, path: string, { json }: Flags): Promise<number> {
  const [{ openHome }, { isTemplate, textOf, faultsOf }, { templateFrom }, { readPlanFile }] = await Promise.all([
    import("../home.ts"),
    import("../run-input.ts"),
    import("../../workflows/template-file.ts"),
    import("../../workflows/plan-file.ts"),
  ]);
  await using home = await openHome(io);
  const { host } = home;
  const content = await textOf(resolve(io.cwd, path), path);
  const known = host.surroundings;
  const result = isTemplate(content, path) ? templateFrom(content, path, known) : readPlanFile(content, path, known);
  if (json) io.json(result.ok ? { ok: true, faults: [] } : { ok: false, faults: result.faults });
  else if (result.ok) io.out(`${path} is sound: ${io.me} run ${path}`);
  else throw faultsOf(path, result.faults);
  return result.ok ? EXIT.done : EXIT.badInput;
}
