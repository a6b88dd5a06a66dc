// First step of every script: a readable word instead of a stack trace on a Node that is too old.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Tutti needs Node 22.18 or newer; this is ${process.versions.node}.\n` +
      "`npm ci` installs a fitting Node beside the project (package `node`); its install script must be allowed.\n" +
      "Run `npm ci --foreground-scripts` and look for the line of `node`, or install Node 24 yourself.",
  );
  process.exit(1);
}
