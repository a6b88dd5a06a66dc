/**
 * What Tutti promises, as data. A test whose name begins with an id in brackets proves it; so does a bench entry
 * for times, and `.ci/run` for a whole machine. `test/promises.test.ts` fails for a promise that nobody proves.
 */

/** Where a promise is proved: `test` by a test, `bench` by a bench entry, `ci` by `.ci/run`. */
export type Proof = "test" | "bench" | "ci";

export interface Promised {
  readonly id: string;
  readonly text: string;
  /** The page that makes the promise. */
  readonly source: string;
  /** Every place where it must be proved. Default: by a test. */
  readonly by?: readonly Proof[];
  /** Why it is not proved yet. Must go as soon as it is. */
  readonly open?: string;
  /** Measured where it is cited, and not met: what came out, and why. */
  readonly missed?: string;
}

const INVARIANTS: readonly Promised[] = [
  { id: "I1", text: "Truth: state is a pure function of the events, the same on every machine and driver" },
  {
    id: "I2",
    text: "Write ahead: nothing is performed and nobody is told before the append is acknowledged",
  },
  {
    id: "I3",
    text: "Once: a completed task is final; after a crash the same attempt runs again, up to its limit",
  },
  {
    id: "I4",
    text: "Dataflow: a task starts as soon as its own dependencies are done and a place is free",
  },
  {
    id: "I5",
    text: "Siblings are kept: a failure never cancels or discards finished or independent work",
  },
  {
    id: "I6",
    text: "Sum of leaves: a run's tokens, cost and agent time are the sums over all its attempts",
  },
  {
    id: "I7",
    text: "Budget: reserved before, settled once after; what does not fit pauses the run and loses nothing",
  },
  { id: "I8", text: "Named ends: every run and task ends in a named status with a reason to act on" },
  { id: "I9", text: "Bounded: every queue, buffer, cache and log has a limit and says what happens at it" },
  { id: "I10", text: "Least power: an agent gets what its definition names and nothing else" },
  {
    id: "I11",
    text: "Content addressed: a result carries the hash of all that it was made from; reuse is by it",
  },
  { id: "I12", text: "No lost work: an agent's files are committed before anything could discard them" },
  { id: "I13", text: "Honest: a rehearsal marks every event and result as rehearsed" },
].map((promise) => ({ ...promise, source: "ARCHITECTURE.md, invariants" }));

const BARS: readonly Promised[] = [
  ...[
    {
      id: "bar:task-cost",
      text: "A layered graph of 1,000, 50 places, durable FULL: at most 60 µs a task",
      missed:
        "59 to 63 µs (best run 40) on a machine on which p-queue takes 10.4 µs instead of 6.4; 6.2 times p-queue, where 60 were 9.4",
    },
    {
      id: "bar:memory-cost",
      text: "The same in memory: at most 20 µs a task",
      missed: "23 to 26 µs (best run 14) on that machine; 2.7 times p-queue, where 20 were 3.1",
    },
    { id: "bar:fan-out", text: "A durable fan-out of 1,000 is at least 2.5 times faster than Mastra with libSQL" },
    {
      id: "bar:chain",
      text: "A durable chain of 100 takes at most 1.4 times its single commits",
      missed:
        "3.4 times: besides 101 commits of 0.17 ms a step pays for two threads that wake each other and a cold core, see bench/README.md",
    },
    { id: "bar:growth", text: "Cost per task grows at most 1.3 times from 1,000 to 10,000 and from there to 100,000" },
    { id: "bar:ten-thousand", text: "10,000 durable tasks take less than 2 s and less than 200 MB" },
    {
      id: "bar:hundred-thousand",
      text: "100,000 durable tasks take less than 500 MB",
      missed: "570 MB at the peak, 465 with a small young generation; 123 to 166 MB of it are alive",
    },
    {
      id: "bar:durability",
      text: "Durable less in-memory costs at most 1.5 times raw node:sqlite with the same rows in the same commits",
      missed: "2.3 times, 1.5 where opening the raw file counts as it does in ours",
    },
  ].map((promise) => ({ ...promise, by: ["bench"] as const })),
  { id: "bar:makespan", text: "Makespan is at most 1.03 times the larger of critical path and work / 8" },
  {
    id: "bar:event-loop",
    text: "Event-loop lag p99 is under 2 ms while 50 agents append to a disk whose fsync takes 5 ms",
  },
  { id: "bar:simulation", text: "Simulation: at least 50,000 seeds and 2 million events" },
  { id: "bar:event-types", text: "Simulation emits every event type that there is at least 1,000 times" },
  { id: "bar:crash-points", text: "Simulation hits every crash point" },
  { id: "bar:mutants", text: "Simulation kills every mutant" },
  {
    id: "bar:kill-nine",
    text: "100 rounds of kill -9: no acknowledged event lost, no gap, no completed task run again",
  },
  { id: "bar:dead-letter", text: "A task that kills its host ends as a dead letter" },
  {
    id: "bar:bad-input",
    text: "Bad input names task, field and the nearest spelling before anything is stored",
  },
  { id: "bar:cycle-error", text: "A cycle of tasks is printed as A → B → C → A" },
  {
    id: "bar:unknown-dependency",
    text: "task 'frontend' depends on 'backnd': did you mean 'backend'?",
  },
  {
    id: "bar:prompt-tokens",
    text: "Six workflows with outputs of 2-8k tokens: at least 64 % fewer prompt tokens than handing every task everything",
  },
  { id: "bar:facts", text: "Of 200 facts in earlier outputs that a prompt asks about at least 97 % are kept" },
  { id: "bar:findings", text: "Every finding of high severity reaches the task that compiles them" },
  { id: "bar:pruning", text: "A prompt stays within its threshold, whatever it is made from, in linear time" },
  {
    id: "bar:first-prompt",
    text: "The first prompt of a process, over 2 MB of results, is put together in less than 100 ms",
    by: ["bench"] as const,
  },
  {
    id: "bar:turns",
    text: "After a crash an attempt with tools goes on at the turn it had reached, and pays none twice",
  },
  {
    id: "bar:evidence",
    text: "A rehearsal of code-review or security-audit reports at least 11 of 12 planted faults with file and line and at most 3 false alarms; three clean repositories at most 3 in all",
  },
  { id: "bar:bisect", text: "The one with which a batch turns red is found in at most log2(n) + 1 runs of the gates" },
  { id: "bar:plan-checks", text: "Each of more than 40 faults planted in plans is named, and a sound plan has none" },
  {
    id: "bar:planner",
    text: "20 goals without a model, the authentication system, the e-commerce platform and the 90-minute pipeline among them, become plans that are sound and verified",
  },
  {
    id: "bar:lane",
    text: "12 tasks over 30 files with 3 conflicts and 2 that break the tests only together land green, conflicts resolved by their owners, the user's checkout untouched until then",
  },
  {
    id: "bar:lane-kill",
    text: "Killed at any moment of such a run, every byte that an agent wrote is reachable, and the run resumes to the same tree",
  },
  { id: "W4", text: "Work is brought together beside what is the user's; nothing of his changes before a delivery" },
  { id: "P1", text: "A child gets an environment of a few names, and nothing else that we know" },
  { id: "P2", text: "Of a child that misbehaves nothing is left: no process, no descriptor, no memory" },
  { id: "P3", text: "Time, silence, output, memory, processes and computing of a child are limited, each by name" },
  { id: "F14", text: "After kill -9 of a host its children are ended by the next one, and nobody else's" },
  {
    id: "bar:escapes",
    text: "Of more than 70 ways out, tried by a model that obeys every order, none has an effect outside of what its agent was given",
  },
  {
    id: "bar:secrets",
    text: "A key that an agent prints, sends and answers with, in six forms, is nowhere under the home, nor heard by another model",
  },
  {
    id: "R1",
    text: "Keys that we know are taken out of all that agents say before it is kept, also where they come in pieces",
  },
  { id: "G1", text: "Where a file really lies decides, also where a link takes its place while it is written" },
  { id: "G2", text: "Nothing that a repository's settings name is run by our calls of git" },
  { id: "G3", text: "No name that an agent or a repository chose is an option or a pattern to git" },
  {
    id: "G4",
    text: "A repository whose worktrees may have settings of their own, beyond a sparse checkout, is refused by name",
  },
  { id: "G6", text: "Nobody writes through a link that leads out of the files" },
  {
    id: "bar:turn-kill",
    text: "kill -9 in any of 20 turns: the attempt goes on there, no turn is paid twice, no command is run twice",
  },
  {
    id: "A1",
    text: "Deny before ask before allow; a tool of others that does not say that it only looks is asked about",
  },
  { id: "A3", text: "A consent holds for exactly what was asked about, expires, and survives the host" },
  { id: "F8", text: "An empty reply, or one that asks for no tool that it could name, is asked about once" },
  { id: "F9", text: "Calls that are wrong are answered; three replies of nothing else end the attempt by name" },
  { id: "F10", text: "The same call with the same result is warned of at the third time and stopped at the fifth" },
  {
    id: "bar:outage",
    text: "200 agents through an outage of 30 minutes: the provider sees at most 1.1 times the calls that there are to make",
  },
  { id: "bar:providers", text: "Each fault of a provider ends in its named outcome, and nothing is paid twice" },
  {
    id: "bar:code-review",
    text: "The whole of code-review over both protocols, with 429, 529 and 500 sprinkled in: each task is paid once",
  },
  {
    id: "bar:model-kill",
    text: "kill -9 in the middle of a run of models, resumed elsewhere: no completed task's call is made again",
  },
  {
    id: "bar:wall-time",
    text: "Fixed latency, enough places: the critical path + 2 %; three of the six at least 1.9 times faster than in a row",
  },
  {
    id: "bar:cli-kill",
    text: "kill -9 of `tutti run` in the middle, then `tutti resume`: it completes, and no completed task's call is made again",
  },
  {
    id: "bar:two-terminals",
    text: "`tutti serve` and the commands of other terminals see, pause, resume, approve and cancel what `tutti run` owns",
  },
  {
    id: "bar:cli-workflows",
    text: "`tutti run --json` of all eleven workflows prints every event in order, with its fields and the results at the end",
  },
  {
    id: "bar:help",
    text: "`tutti --help` loads one package, and from the second call on takes less than 5 times as long as bare Node",
  },
  {
    id: "bar:routing",
    text: "Of 790 unseen requests in the words of tickets, by words alone: the first agent is right in 75 %, sureness errs by less than 0.06, and 80 % of those for nobody are recognised, with 3 % false",
  },
  {
    id: "bar:routing-three",
    text: "Of those requests one of the first three agents is right in 92 %",
  },
  { id: "bar:reachable", text: "Every agent of the catalogue is the first and right choice of some request" },
  { id: "bar:catalogue", text: "No two agents of the catalogue share more than a tenth of their word triples" },
  { id: "bar:hostile-agents", text: "Hostile agent files are refused or harmless, by name" },
  {
    id: "bar:registry-load",
    text: "10,000 agents are loaded in less than 2 s",
    by: ["bench"] as const,
  },
  {
    id: "bar:registry",
    text: "Among 10,000 agents a route takes less than 5 ms in 99 of 100 cases",
    by: ["bench"] as const,
  },
  {
    id: "bar:adaptation",
    text: "Eight agents of hidden skill: within 5 % of the best fixed choice after 200 tasks, again 100 after it got worse",
  },
  {
    id: "bar:workflows-http",
    text: "All eleven workflows run over HTTP with the eleven event names and the fields that the mission's programs read",
  },
  {
    id: "bar:routes",
    text: "Every route refuses a request without the token, with a wrong one, and from another Host or Origin",
  },
  {
    id: "bar:sse",
    text: "Any number of streams share one reader of a run; 1,000 get its events with a p99 lag under 200 ms; one that never reads costs less than 10 MB, is dropped and catches up",
    by: ["test", "bench"] as const,
  },
  {
    id: "bar:load",
    text: "50 tasks at once, graphs of 500 tasks and 1,000 messages in one run go through HTTP in bounded memory",
  },
  { id: "bar:import", text: "Importing tutti takes less than 100 ms more than bare Node" },
  {
    id: "bar:mcp",
    text: "By MCP a conductor lists, makes, commands, watches, reads, interrupts, pays for and deletes agents",
  },
  { id: "bar:packages", text: "Importing tutti loads at most 5 packages" },
  { id: "bar:core-size", text: "core has at most 800 lines, no file of it more than 300" },
  { id: "bar:no-cycles", text: "No cycles among imports" },
  {
    id: "bar:green",
    text: "npm ci && npm test is green on Node 20 with npm in under 5 minutes",
    by: ["ci"] as const,
  },
].map((promise) => ({ ...promise, source: "README.md, figures" }));

const SECURITY: readonly Promised[] = [
  {
    id: "S3",
    text: "A browser is let in by a code in the fragment of a link, once and within a minute, and holds a cookie that no script reads; neither is logged",
  },
  {
    id: "S5",
    text: "No other origin is allowed anything; what is written must be JSON, and with a cookie it needs a header that only our page sends",
  },
  {
    id: "S6",
    text: "Pages load only what comes from their own server, nobody frames them, and what agents write is text and never HTML",
  },
].map((promise) => ({ ...promise, source: "SECURITY.md" }));

const README: readonly Promised[] = [
  {
    id: "readme:resume",
    text: "Kill it at any moment and resume: completed tasks do not run again",
  },
  { id: "readme:siblings", text: "One failed task keeps all that its siblings did" },
  {
    id: "readme:replan",
    text: "A failed task that others need is gone around, by an answer that is checked and paid once, and the run ends well",
  },
  { id: "readme:budget", text: "At the budget a run stops, and resumes when it is raised" },
  {
    id: "readme:handoff",
    text: "A task that was handed over goes on by the other agent in the same files; killed in between, nothing is lost or paid twice",
  },
  { id: "readme:help", text: "Help that was asked for and paid survives a crash, and counts once, as the asker's" },
  {
    id: "readme:team-tools",
    text: "Coding agents have the tools of a run that their definition names, and no others, by a server of their attempt",
  },
  {
    id: "readme:chat",
    text: "In a conversation each exchange is a run that knows what was said before, and replies appear as they come",
  },
  { id: "readme:no-packages", text: "Importing it loads no package" },
  { id: "readme:quiet", text: "Nothing is written, printed or read that was not given" },
  { id: "readme:light", text: "Importing it does nothing: no file, no output, no handle that keeps Node alive" },
].map((promise) => ({ ...promise, source: "README.md" }));

export const PROMISES: readonly Promised[] = [...INVARIANTS, ...BARS, ...SECURITY, ...README];
