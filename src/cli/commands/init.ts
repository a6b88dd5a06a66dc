/** `tutti init`: sample workflows and a sample agent, explained. */
import type { Command } from "commander";
import { define, exiting } from "../define.ts";
import { EXIT } from "../exit.ts";
import type { Io } from "../io.ts";

export function init(program: Command, io: Io): void {
  define(program, "init", "write sample workflows and an agent into .tutti/, explained", "tutti init").action(
    exiting(io, (flags: { json?: true }) => act(io, flags.json === true)),
  );
}

async function act(io: Io, isJson: boolean): Promise<number> {
  const { writeSamples } = await import("../samples.ts");
  const { written, kept } = await writeSamples(io.cwd);
  if (isJson) {
    io.json({ written, kept });
    return EXIT.done;
  }
  for (const file of written) io.out(`wrote ${file}`);
  for (const file of kept) io.out(`${file} is there already and stays as it is`);
  io.out(`\nNext:\n  ${io.me} workflows check .tutti/workflows/sample.yaml`);
  io.out(`  ${io.me} trust   # workflows and agents of a repository count once you have seen them`);
  io.out(`  ${io.me} run sample -p topic=caching --rehearse --speed max`);
  return EXIT.done;
}
