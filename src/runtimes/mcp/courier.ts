/**
 * A coding agent starts this as an MCP server of its own. It knows nothing of the protocol: it carries what is said
 * between the agent and the host of its attempt, over a socket that is there as long as the attempt.
 */
import { connect } from "node:net";

const { TUTTI_TEAM: path = "", TUTTI_TEAM_TOKEN: token = "" } = process.env;
const socket = connect(path);
socket.once("connect", () => {
  socket.write(`${token}\n`);
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
});
socket.on("error", (error) => {
  process.stderr.write(`the run that this agent works for cannot be reached: ${error.message}\n`);
  process.exitCode = 1;
});
socket.once("close", () => process.exit());
