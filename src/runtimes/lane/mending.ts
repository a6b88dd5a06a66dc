/**
 * Work that does not fit goes back: to whoever wrote it, then to a mediator, then to a person. Each is shown exactly what
 * is wrong, in files that lie upon what has landed.
 */
import type { Lane, Work } from "../../domain/landing.ts";
import type { Attempt, AttemptWorld, Outcome, Usage } from "../../domain/ports.ts";
import { MOST_MENDED, type Trouble } from "./integrate.ts";

type Mended = { readonly work: Work } | { readonly leftOut: string };

/** The landing was asked to leave off in the middle. */
export class Left extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super("left off");
    this.outcome = outcome;
  }
}

export class Mending {
  readonly #attempt: Attempt;
  readonly #world: AttemptWorld;
  readonly #mediator: string | undefined;
  readonly #times = new Map<string, number>();
  /** How often each work was given back. */
  readonly #mends = new Map<string, number>();
  #used: Usage = { tokensUsed: 0, costUsd: 0, turns: 0 };

  constructor(attempt: Attempt, world: AttemptWorld, mediator: string | undefined) {
    this.#attempt = attempt;
    this.#world = world;
    this.#mediator = mediator;
  }

  /** Of all that were asked. */
  get usage(): Usage {
    return this.#used;
  }

  async mend(lane: Lane, work: Work, trouble: Trouble): Promise<Mended> {
    const why: string[] = [];
    const nth = (this.#mends.get(work.task) ?? 0) + 1;
    this.#mends.set(work.task, nth);
    // Who thought twice that it was mended is not the one to see what is wrong with it.
    const order = nth < MOST_MENDED ? [work.agentName, this.#mediator] : [this.#mediator, work.agentName];
    const agents = order.filter((one, i, all) => one !== undefined && all.indexOf(one) === i);
    for (const agentName of agents as readonly string[]) {
      const got = await this.#try(lane, work, trouble, { agentName });
      if ("work" in got) return got;
      why.push(`${agentName}: ${got.leftOut}`);
    }
    for (;;) {
      const { decision, note } = await this.#world.ask({
        question: `'${work.task}' ${inWords(trouble)}, and no agent could mend it. Leave it out and land the rest? No: nothing lands. No, with a note: '${work.agentName}' tries again, told what you wrote.`,
        subject: { task: work.task, agent: work.agentName, trouble: detail(trouble), tried: why },
      });
      if (decision === "approve") return { leftOut: `a person left it out${note ? `: ${note}` : ""}` };
      if (!note) throw new Error(`a person stopped the landing at '${work.task}', which ${inWords(trouble)}`);
      const got = await this.#try(lane, work, trouble, { agentName: work.agentName, note });
      if ("work" in got) return got;
      why.push(`${work.agentName}, told by a person: ${got.leftOut}`);
    }
  }

  async #try(
    lane: Lane,
    work: Work,
    trouble: Trouble,
    { agentName, note }: { readonly agentName: string; readonly note?: string },
  ): Promise<Mended> {
    const { commission } = this.#world;
    if (!commission) return { leftOut: "nobody can be asked here" };
    const times = (this.#times.get(work.task) ?? 0) + 1;
    this.#times.set(work.task, times);
    const role = `mend ${work.task} ${times}`;
    await lane.seed(`${this.#attempt.task.id}+${role.replaceAll(" ", ".")}`, trouble.seed);
    const got = await commission.call(this.#world, {
      ...{ agentName, role, prompt: promptFor(work, trouble, note), spent: this.#used },
    });
    this.#count(got);
    // Where he had to leave off, so has the landing: it is gone on with later, from here.
    if (!got.ok && (got.failure === "stopped" || got.failure === "budget")) throw new Left(got);
    if (!got.ok) return { leftOut: got.reason };
    if (got.changes === undefined) return { leftOut: "its files were left as they were before it" };
    const { commit } = got.changes;
    // Where git decided without marks, as with binary files, it took one side: nobody has looked at the other.
    if (await lane.isSame(commit, trouble.seed)) return { leftOut: "it changed nothing" };
    const marked = trouble.kind === "conflict" ? await lane.marked(commit, trouble.files) : [];
    if (marked.length > 0) return { leftOut: `marks of a conflict were left in ${marked.slice(0, 10).join(", ")}` };
    return { work: { ...work, base: trouble.head, commit } };
  }

  #count({ usage }: Outcome): void {
    if (usage === undefined) return;
    const { tokensUsed, costUsd, turns = 0 } = this.#used;
    this.#used = {
      tokensUsed: tokensUsed + usage.tokensUsed,
      costUsd: costUsd === null || usage.costUsd === null ? null : costUsd + usage.costUsd,
      turns: turns + (usage.turns ?? 0),
    };
  }
}

const inWords = (trouble: Trouble): string =>
  trouble.kind === "conflict"
    ? `conflicts with what has landed, in ${trouble.files.slice(0, 10).join(", ")}`
    : "makes the gates red together with what has landed";

const detail = (trouble: Trouble) =>
  trouble.kind === "conflict" ? { conflict: [...trouble.files] } : { output: trouble.output.slice(0, 4000) };

function promptFor({ task, description, base, commit }: Work, trouble: Trouble, note: string | undefined): string {
  const asked =
    trouble.kind === "conflict"
      ? [
          `Your work on task '${task}' (${description}) conflicts with work of others that has landed before it. The files in front of you hold what has landed, with your changes brought in; where git could not decide, both sides stand between the marks <<<<<<<, ======= and >>>>>>>: first what has landed, then what you wrote.`,
          `Files with conflicts:\n${trouble.files.map((file) => `- ${file}`).join("\n")}`,
          "Resolve each of them so that both intents hold: keep what the others built, and make your change work with it. No marks may be left. Change nothing that the conflict does not ask for.",
        ]
      : [
          `Your work on task '${task}' (${description}) stands in front of you upon the work of others that has landed before it. Together they fail what must hold before anything lands; without your work it holds.`,
          `What was run, and what it said:\n\n${trouble.output}`,
          "Find out why, and change the files so that it holds again and your task is still done. The fault may lie in how your change and theirs meet. Do not weaken or remove what is checked.",
        ];
  const more = [
    `What you changed then: git diff ${base.slice(0, 12)} ${commit.slice(0, 12)}. What has landed: git log ${trouble.head.slice(0, 12)}.`,
    ...(note === undefined ? [] : [`A person says how: ${note}`]),
    "When you are done, say in a few sentences what you did.",
  ];
  return [...asked, ...more].join("\n\n");
}
