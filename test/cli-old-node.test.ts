/** A Node that cannot run the program is told so in a sentence, before anything that it could not read is loaded. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BIN, Cli } from "./support/cli-kit.ts";

const cli = new Cli();

/** Makes this Node say that it is another one. */
const disguise = (version: string) =>
  `data:text/javascript,${encodeURIComponent(
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`,
  )}`;

test.each(["20.19.0", "22.17.1"])("Node %s ends with 2 and says which one to install", async (version) => {
  const { ended } = cli.spawn(process.execPath, ["--import", disguise(version), BIN, "--help"], { env: {} });
  const { code, out, err } = await ended;
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toBe(
    `tutti needs Node 22.18 or newer, and this is Node ${version}.\n` +
      "Install Node 24 (https://nodejs.org, or `nvm install 24`) and call tutti again.\n",
  );
});

test("Node 22.18 is new enough", async () => {
  const { ended } = cli.spawn(process.execPath, ["--import", disguise("22.18.0"), BIN, "--version"], { env: {} });
  expect(await ended).toMatchObject({ code: 0, err: "" });
});

test("an old Node of this machine can read the first file as it is published, and says the same", async () => {
  const file = join(cli.homes.path({ ".keep": "" }), "bin.mjs");
  writeFileSync(file, stripTypeScriptTypes(readFileSync(BIN, "utf8")));
  for (const node of ["/usr/bin/node", "/usr/local/bin/node"].filter(existsSync)) {
    const { out } = await cli.spawn(node, ["-p", "process.versions.node"], { env: {} }).ended;
    const { code, err } = await cli.spawn(node, [file], { env: {} }).ended;
    if (Number.parseInt(out, 10) >= 22) continue;
    expect(code).toBe(2);
    expect(err).toMatch(new RegExp(`this is Node ${out.trim()}\\.\\nInstall Node 24`));
  }
});
