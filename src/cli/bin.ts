#!/usr/bin/env node
// Imports nothing until it is known that this Node can run the rest: an old one gets a sentence, not a stack trace.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `tutti needs Node 22.18 or newer, and this is Node ${process.versions.node}.\n` +
      "Install Node 24 (https://nodejs.org, or `nvm install 24`) and call tutti again.\n",
  );
  process.exit(2);
}
const { homeIn, keepCode } = await import("./code-cache.ts");
keepCode(homeIn(process.env));
const { main } = await import("./main.ts");
await main(process.argv);

export {};
