/** A process that uses a server which may be reused, forgets to let it go, and has nothing more to do. */

import type { Connection } from "../../src/runtimes/mcp/connection.ts";
import { mcpTools } from "../../src/runtimes/mcp/servers.ts";
import { Pool } from "../../src/runtimes/pool.ts";

const pool = new Pool<Connection>();
const [server = "", mark = ""] = process.argv.slice(2);
const source = mcpTools({
  servers: { sums: { command: process.execPath, args: [server, "stays"], env: ["MARK"], reuse: true } },
  env: { PATH: process.env["PATH"], MARK: mark },
  pool,
});
const opened = await source.open(["sums"], {
  cwd: process.cwd(),
  isLasting: true,
  signal: new AbortController().signal,
});
await opened.close();
process.stdout.write(`${pool.ready} idle\n`);
