/**
 * A plan without a model: from patterns and from what the router knows of agents. It says so in its name. Whatever the
 * goal, what is built is designed before and proven after, and every requirement is somebody's.
 */
import type { AgentTask, Brief, Kind, Requirement } from "../domain/plan.ts";
import { type Area, areaOf, holdsData, isSensitive } from "./areas.ts";
import type { Planned } from "./checks.ts";
import { type Goal, slug } from "./goal.ts";
import { withOrder } from "./order.ts";

export interface Wanted {
  readonly text: string;
  readonly writes: boolean;
  /** Names that do such work by custom. */
  readonly usual?: readonly string[];
  /** They come before whomever the router would choose by the words alone. */
  readonly byCustom?: boolean;
  /** Not these: whoever builds does not judge it. */
  readonly except?: readonly string[];
}
/** Undefined: nobody can. */
export type Choose = (wanted: Wanted) => { readonly agentName: string; readonly reason: string } | undefined;

const MINUTE = 60_000;
/** Minutes of work, where nothing is known of an agent; whoever has a history is forecast by it. */
const TAKES: { readonly [K in Kind]: number } = { design: 5, build: 12, verify: 8, document: 6, release: 6 };

/** Who does such work by custom, where the router is less sure. */
const USUAL: { readonly [A in Area]: readonly string[] } = {
  service: ["api-developer", "backend-architect", "developer"],
  interface: ["frontend-specialist", "frontend-developer"],
  data: ["database-expert", "database-optimizer"],
  operations: ["devops-engineer"],
  tests: ["test-engineer"],
  load: ["performance-optimizer", "performance-engineer"],
  audit: ["security-auditor"],
  docs: ["doc-writer"],
  approval: ["devops-engineer"],
};

export interface Made extends Planned {
  /** What nobody could be found for, in words. */
  readonly nobody: readonly string[];
}

export function planFor(goal: Goal, choose: Choose): Made {
  return new Planner(goal, choose).plan();
}

interface Sketch {
  readonly id: string;
  readonly kind: Kind;
  readonly phase: string;
  readonly description: string;
  readonly wanted: Omit<Wanted, "text"> & { readonly text?: string };
  readonly brief: Omit<Brief, "kind">;
  readonly told: readonly string[];
  readonly gate?: AgentTask["gate"];
}

const PHASE = {
  design: "Architecture & Design",
  build: "Implementation",
  verify: "Quality Assurance",
  mend: "Mending & Final Review",
  deliver: "Documentation & Deployment",
} as const;

class Planner {
  readonly #goal: Goal;
  readonly #choose: Choose;
  readonly #tasks: AgentTask[] = [];
  readonly #nobody: string[] = [];

  constructor(goal: Goal, choose: Choose) {
    this.#goal = goal;
    this.#choose = choose;
  }

  plan(): Made {
    const { requirements, title, text } = this.#goal;
    const of = (...areas: readonly Area[]) => requirements.filter((one) => areas.includes(areaOf(one.text)));
    const asked = of("service", "interface", "data", "operations");
    // A goal that only asks for tests, or for documents, still has something to be made.
    const builds = [asked, of("tests", "load"), of("docs")].find((some) => some.length > 0) ?? [];
    const isJudged = (area: Area) => of(area).filter((one) => !builds.includes(one));
    const sensitive = isSensitive(text) || isJudged("audit").length > 0;
    const fast = isJudged("load");
    const design = this.#design(builds, { sensitive, fast: fast.length > 0 });
    const parts = builds.map((one) => this.#build(one, design));
    const made = parts.flatMap(({ brief }) => brief?.outputs ?? []);
    const builders = [...new Set(parts.map(({ agentName }) => agentName))];
    const isProse = builds.every((one) => areaOf(one.text) === "docs");
    const checks = { tests: isJudged("tests"), audits: isJudged("audit"), fast, sensitive, isProse };
    const findings = this.#verify(made, builders, checks);
    const reviewed = this.#finish(made, findings, builders);
    this.#deliver([...made, ...reviewed], { docs: isJudged("docs"), approvals: of("approval"), all: requirements });
    const minutes = this.#goal.minutes;
    return {
      goal: title,
      requirements,
      tasks: withOrder(this.#tasks),
      nobody: this.#nobody,
      ...(minutes === undefined ? {} : { minutes }),
    };
  }

  #design(
    builds: readonly Requirement[],
    { sensitive, fast }: { readonly sensitive: boolean; readonly fast: boolean },
  ): readonly string[] {
    if (builds.length === 0) return [];
    const { title, text } = this.#goal;
    const list = listed(builds);
    const made: string[] = [];
    const draw = (
      id: string,
      output: string,
      description: string,
      usual: readonly string[],
      told: readonly string[],
    ) => {
      const task = this.#add({
        ...{ id, kind: "design", phase: PHASE.design, description, told },
        wanted: { writes: false, usual, byCustom: true },
        brief: { outputs: [output] },
      });
      if (task) made.push(output);
    };
    draw(
      "architecture",
      "architecture",
      `Design the overall architecture: ${title}`,
      ["system-architect", "backend-architect"],
      [
        `Design how this is built, for whoever implements it next:\n${list}`,
        "Deliver: the parts and what each is responsible for; their interfaces, exactly enough to build against; how data flows; decisions with their reasons; what is deliberately left out; which files or folders each part should live in.",
        "Look at what is there before you decide. Write no code.",
      ],
    );
    if (sensitive)
      draw(
        "threat-model",
        "threat model",
        `Security requirements and threat model: ${title}`,
        ["security-auditor", "threat-modeler"],
        [
          `Find out how this can be attacked, and what must therefore hold:\n${list}`,
          "Deliver: assets, attackers, attack paths by likelihood and harm, and requirements that can be tested, each with the part that it concerns.",
          "Change nothing.",
        ],
      );
    if (builds.some((one) => areaOf(one.text) === "data") || holdsData(text))
      draw(
        "data-model",
        "data model",
        `Design the data model: ${title}`,
        ["database-expert", "database-optimizer"],
        [
          `Design the data that this needs:\n${list}`,
          "Deliver: entities with fields, types and constraints; keys and indexes with the queries that need them; how existing data gets there; what is deleted when.",
          "Change nothing.",
        ],
      );
    if (fast)
      draw(
        "performance-budget",
        "performance budget",
        `Performance requirements: ${title}`,
        ["performance-optimizer", "performance-engineer"],
        [
          "Turn what is asked for into figures that can be measured: which request or job, under which load, within which time and memory; and how each is measured here.",
          "Change nothing.",
        ],
      );
    return made;
  }

  #build({ id, text }: Requirement, design: readonly string[]): AgentTask {
    const area = areaOf(text);
    const task = this.#add({
      ...{ id, kind: "build", phase: PHASE.build, description: text },
      wanted: { writes: true, usual: USUAL[area], text: `Implement: ${text}` },
      brief: {
        ...{ inputs: design, outputs: [`${id} (built)`], covers: [id] },
        criteria: [`'${text}' works as asked`, "tests of its own are there and pass", "what worked before still works"],
      },
      told: [
        `Implement this one requirement, and no other:\n- ${text}`,
        "Keep to the architecture and to the style of what is there. Write tests with it, and run them. Where the design leaves something open, take the simplest way that can be changed later, and say so.",
        "Deliver: the change itself, then in a few lines what you built, where, how you tested it, and what whoever reviews it should look at.",
      ],
    });
    return task ?? { id, agentName: "", description: text, prompt: text };
  }

  #verify(
    made: readonly string[],
    builders: readonly string[],
    of: {
      readonly tests: readonly Requirement[];
      readonly audits: readonly Requirement[];
      readonly fast: readonly Requirement[];
      readonly sensitive: boolean;
      /** Nothing is built that could be run. */
      readonly isProse: boolean;
    },
  ): readonly string[] {
    const findings: string[] = [];
    const check = (
      id: string,
      description: string,
      covers: readonly Requirement[],
      usual: readonly string[],
      told: readonly string[],
      writes = false,
    ) => {
      const output = `findings of ${id}`;
      const task = this.#add({
        ...{ id, kind: "verify", phase: PHASE.verify, description },
        wanted: { writes, usual, except: builders, byCustom: true },
        brief: { inputs: made, outputs: [output], covers: covers.map((one) => one.id) },
        told: [...(covers.length > 0 ? [`What is asked for:\n${listed(covers)}`] : []), ...told],
      });
      if (task) findings.push(output);
    };
    if (!of.isProse)
      check(
        "tests",
        `Test what was built: ${this.#goal.title}`,
        of.tests,
        ["test-engineer", "tester"],
        [
          "Test what was built as a whole: what is asked for, the edges, what happens when something fails. Run the whole suite.",
          "Deliver: what you ran and what it said; each fault with how to reproduce it, file and line where you can, and how bad it is; what is not covered and why. Weaken no test.",
        ],
        true,
      );
    if (of.sensitive)
      check(
        "security-audit",
        `Security audit: ${this.#goal.title}`,
        of.audits,
        ["security-auditor", "security-reviewer"],
        [
          "Audit what was built against the threat model and the usual classes of faults.",
          "Deliver: findings by severity with file and line, how each is exploited, and what mends it; what you looked at and found sound. Change nothing.",
        ],
      );
    if (of.fast.length > 0)
      check(
        "load-test",
        `Measure performance: ${this.#goal.title}`,
        of.fast,
        ["performance-optimizer", "performance-engineer"],
        [
          "Measure what was built against the performance budget; say on what, with what, how often. Look at a profile before you name a cause.",
          "Deliver: figures beside what was asked for, the bottlenecks with evidence, and what would help most.",
        ],
      );
    return findings;
  }

  #finish(made: readonly string[], findings: readonly string[], builders: readonly string[]): readonly string[] {
    const fixed =
      made.length === 0 || findings.length === 0
        ? undefined
        : this.#add({
            ...{
              id: "mend-findings",
              kind: "build",
              phase: PHASE.mend,
              description: "Mend what the checks have found",
            },
            wanted: { writes: true, usual: ["fixer", "debugger", "developer"], byCustom: true },
            brief: {
              inputs: findings,
              outputs: ["mended"],
              criteria: ["every finding of high severity is mended", "all tests pass"],
            },
            told: [
              "Mend what the checks have found, the worst first: each by its cause, with a test that fails without it. What you leave, leave with a reason.",
              "Deliver: each finding with what you did about it.",
            ],
          });
    const review = this.#add({
      ...{ id: "final-review", kind: "verify", phase: PHASE.mend, description: `Final review: ${this.#goal.title}` },
      wanted: {
        writes: false,
        byCustom: true,
        usual: ["code-reviewer", "reviewer"],
        except: [...builders, fixed?.agentName ?? ""],
      },
      brief: { inputs: [...made, ...findings, ...(fixed ? ["mended"] : [])], outputs: ["verdict"] },
      told: [
        "Review the whole as it would land: does it do what was asked, is it sound, is it simple, is every finding answered?",
        "Deliver: a verdict, ready or not; what must still change, with file and line; then what could.",
      ],
    });
    return review ? ["verdict"] : [];
  }

  #deliver(
    ready: readonly string[],
    {
      docs,
      approvals,
      all,
    }: {
      readonly docs: readonly Requirement[];
      readonly approvals: readonly Requirement[];
      readonly all: readonly Requirement[];
    },
  ): void {
    if (docs.length > 0)
      this.#add({
        ...{
          id: docs.length === 1 ? (docs[0]?.id ?? "documentation") : "documentation",
          kind: "document",
          phase: PHASE.deliver,
        },
        description: docs.map((one) => one.text).join("; "),
        wanted: { writes: true, usual: USUAL.docs, byCustom: true },
        brief: { inputs: ready, covers: docs.map((one) => one.id), touches: ["docs/**", "README.md"], optional: true },
        told: [
          `Write:\n${listed(docs)}`,
          "For whoever meets it the first time: what it is for, how to begin, every option, what goes wrong and what to do then. Try each command and example that you show. Say nothing that the code does not do.",
        ],
      });
    const ships = all.filter(
      (one) => /\bdeploy|\brelease\b|\bstaging\b|\bproduction\b/i.test(one.text) || approvals.includes(one),
    );
    if (ships.length === 0 || !ready.includes("verdict")) return;
    this.#add({
      ...{
        id: "rollout",
        kind: "release",
        phase: PHASE.deliver,
        description: `Prepare the rollout: ${this.#goal.title}`,
      },
      wanted: { writes: false, usual: USUAL.operations, byCustom: true },
      brief: { inputs: ready, covers: approvals.map((one) => one.id) },
      gate: { question: "Is it ready to be rolled out?" },
      told: [
        "Prepare the rollout step by step: what is done in which order, how one sees that each step went well, how it is taken back, who is told. Carry out nothing that reaches outside of this repository.",
        ...(approvals.length > 0 ? [`What is asked for:\n${listed(approvals)}`] : []),
      ],
    });
  }

  #add({ id: wish, kind, phase, description, wanted, brief, told, gate }: Sketch): AgentTask | undefined {
    const { text = description, ...who } = wanted;
    const chosen = this.#choose({ ...who, text });
    if (!chosen) {
      this.#nobody.push(`nobody could be found for '${description}'`);
      return undefined;
    }
    const id = this.#free(wish);
    const task: AgentTask = {
      ...{ id, phase, description, agentName: chosen.agentName, agentReason: chosen.reason },
      prompt: [`The goal of all of us: ${this.#goal.title}.`, ...told].join("\n\n"),
      estimatedDuration: TAKES[kind] * MINUTE,
      brief: { kind, ...nonEmpty(brief) },
      ...(gate === undefined ? {} : { gate }),
    };
    this.#tasks.push(task);
    return task;
  }

  #free(wish: string): string {
    const base = slug(wish.replaceAll("-", " ")) || "task";
    let id = base;
    for (let n = 2; this.#tasks.some((one) => one.id === id); n++) id = `${base}-${n}`;
    return id;
  }
}

const listed = (some: readonly Requirement[]): string => some.map(({ text }) => `- ${text}`).join("\n");

function nonEmpty(brief: Omit<Brief, "kind">): Omit<Brief, "kind"> {
  return Object.fromEntries(Object.entries(brief).filter(([, value]) => !Array.isArray(value) || value.length > 0));
}
