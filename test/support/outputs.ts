/** Outputs as agents write them, of 2,000 to 8,000 tokens, from a seed: audits, designs, schemas, code, decision records. */
import type { Json } from "../../src/domain/json.ts";
import { type Random, random } from "../../src/domain/random.ts";

export type OutputKind = "audit" | "api" | "schema" | "code" | "decisions" | "findings" | "report";
export const OUTPUT_KINDS: readonly OutputKind[] = [
  "audit",
  "api",
  "schema",
  "code",
  "decisions",
  "findings",
  "report",
];

const THINGS =
  "session cookie|refresh token|payment provider|search index|order table|message queue|image upload|webhook endpoint|rate limiter|connection pool|audit log|feature flag|admin console|invoice template|password reset|login form|mobile client|shopping cart|product catalog|user profile|notification worker|reporting service|cache layer|API gateway|backup job|staging cluster|access policy|tenant directory|email sender|export job|schema migration|health check|release pipeline|metrics collector|customer account|checkout page|file storage|review queue|shipping quote|currency rate".split(
    "|",
  );
const VERBS =
  "validates|stores|forwards|rejects|caches|logs|retries|encrypts|aggregates|publishes|reads|updates|limits|signs|deletes|loads|queues|compares|schedules|exposes".split(
    "|",
  );
const QUALITIES =
  "stateless|idempotent|versioned|slow under load|covered by tests|owned by the platform team|hard to observe|rate limited|eventually consistent|encrypted at rest|written synchronously|configured through the environment|shared by several tenants|deployed with each release|documented in the handbook".split(
    "|",
  );
const REASONS =
  "because the limit is reached during peak hours|so that a retry cannot charge twice|since the cache expires before the job ends|which keeps the response time of the page low|although the number of connections stays small|unless a person has approved the change|as long as the token is valid|before the message is stored in the queue|after the request has been authenticated|while the migration is under way".split(
    "|",
  );
const FLAWS =
  "SQL injection|missing authorization|open redirect|stored XSS|weak randomness|secret in the logs|unbounded query|race condition|path traversal|missing rate limit|CSRF|insecure deserialization".split(
    "|",
  );

export class Writer {
  readonly chance: Random;
  constructor(seed: number) {
    this.chance = random(seed);
  }
  upTo(n: number): number {
    return Math.floor(this.chance() * n);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.upTo(list.length)] as T;
  }
  sentence(): string {
    const [a, b] = [this.pick(THINGS), this.pick(THINGS)];
    const n = 2 + this.upTo(900);
    return this.pick([
      `The ${a} ${this.pick(VERBS)} the ${b} ${this.pick(REASONS)}.`,
      `The ${a} is ${this.pick(QUALITIES)}, and the ${b} is ${this.pick(QUALITIES)}.`,
      `In ${n} of the requests the ${a} ${this.pick(VERBS)} what the ${b} ${this.pick(VERBS)}.`,
      `A timeout of ${n} ms applies to the ${a} ${this.pick(REASONS)}.`,
      `How often the ${a} ${this.pick(VERBS)} the ${b} depends on ${n} settings of the ${this.pick(THINGS)}.`,
      `The team should review whether the ${a} really ${this.pick(VERBS)} the ${b}.`,
    ]);
  }
  paragraph(sentences: number): string {
    return Array.from({ length: sentences }, () => this.sentence()).join(" ");
  }
  list(items: number): string {
    return Array.from({ length: items }, () => `- **${this.pick(THINGS)}**: ${this.sentence()}`).join("\n");
  }
  table(rows: number): string {
    const row = () =>
      `| ${this.pick(THINGS)} | ${this.pick(QUALITIES)} | ${1 + this.upTo(999)} ms | ${this.pick(VERBS)} |`;
    return ["| part | state | time | what it does |", "|---|---|---|---|", ...Array.from({ length: rows }, row)].join(
      "\n",
    );
  }
  name(): string {
    return this.pick(THINGS).replace(/ (\w)/g, (_, c: string) => c.toUpperCase());
  }
  code(functions: number): string {
    const one = () => {
      const [a, b] = [this.name(), this.name()];
      return `/** ${this.sentence()} */\nexport async function ${a}(${b}: string, limit = ${this.upTo(500)}) {\n  const found = await store.${b}.find({ id: ${b}, limit });\n  if (!found) throw new NotFound("${this.pick(THINGS)}");\n  // ${this.sentence()}\n  return found.map((one) => ({ ...one, ${a}: true }));\n}\n`;
    };
    return `\`\`\`ts\n${Array.from({ length: functions }, one).join("\n")}\`\`\``;
  }
  finding(severity: string, i: number): string {
    return `### F-${i} ${this.pick(FLAWS)} in the ${this.pick(THINGS)}\n\n**Severity:** ${severity}\n**File:** src/${this.name()}.ts:${1 + this.upTo(400)}\n\n${this.paragraph(2)}\n`;
  }
}

const SEVERITIES = ["Low", "Medium", "Low", "Medium", "Info", "High"];

/** One output of about that many tokens. */
export function outputOf(kind: OutputKind, seed: number, tokens = 2000 + ((seed * 7919) % 6000)): Json {
  const w = new Writer(seed);
  const most = tokens * 3.5;
  if (kind === "findings") {
    const findings: Json[] = [];
    for (let size = 0, i = 1; size < most; i++) {
      const one = {
        id: `J-${seed}-${i}`,
        severity: w.pick(SEVERITIES).toLowerCase(),
        title: `${w.pick(FLAWS)} in the ${w.pick(THINGS)}`,
        file: `src/${w.name()}.ts`,
        detail: w.paragraph(2),
      };
      findings.push(one);
      size += JSON.stringify(one).length;
    }
    return { scope: w.sentence(), summary: w.paragraph(3), findings, done: true };
  }
  const parts = [`# ${kind} of the ${w.pick(THINGS)}\n\n${w.paragraph(3)}`];
  for (let size = 0, i = 1; size < most; i++) {
    const section = sectionOf(kind, w, i);
    parts.push(section);
    size += section.length;
  }
  return parts.join("\n\n");
}

function sectionOf(kind: OutputKind, w: Writer, i: number): string {
  const title = `## ${i}. The ${w.pick(THINGS)}\n\n`;
  switch (kind) {
    case "audit":
      return w.finding(w.pick(SEVERITIES), i);
    case "api":
      return `${title}${w.paragraph(2)}\n\n${w.table(5)}\n\n${w.code(1)}`;
    case "schema":
      return `${title}\`\`\`sql\nCREATE TABLE ${w.name()} (\n  id uuid PRIMARY KEY,\n  ${w.name()} text NOT NULL,\n  ${w.name()} integer DEFAULT ${w.upTo(100)}\n);\n\`\`\`\n\n${w.list(4)}`;
    case "code":
      return `${title}${w.sentence()}\n\n${w.code(3)}`;
    case "decisions":
      return `## ADR-${100 + i}: the ${w.pick(THINGS)}\n\n**Decision:** ${w.sentence()}\n\n${w.paragraph(4)}\n\nConsequences:\n\n${w.list(3)}`;
    default:
      return `${title}${w.paragraph(6)}\n\n${w.list(5)}\n\n${w.paragraph(5)}`;
  }
}

/** The same output with a sentence put into it somewhere: into a paragraph, a list, a table, code or a JSON value. */
export function plant(output: Json, fact: string, w: Writer): Json {
  if (typeof output !== "string") return plantInJson(output, fact, w);
  const sentence = `${fact.charAt(0).toUpperCase()}${fact.slice(1)}.`;
  const places = {
    paragraph: /(?<=\. )(?=[A-Z])/g,
    item: /^(?=- )/gm,
    row: /(?<=\|)\n(?=\| [a-z])/g,
    code: /(?=^ {2}return )/gm,
    section: /\n\n(?=##)/g,
  };
  const kinds = (Object.keys(places) as (keyof typeof places)[]).filter((kind) => output.search(places[kind]) >= 0);
  const kind = w.pick(kinds);
  const found = [...output.matchAll(places[kind])];
  const at = (w.pick(found)?.index ?? 0) + (kind === "row" ? 1 : 0);
  const made = {
    paragraph: `${sentence} `,
    item: `- ${sentence}\n`,
    row: `| note | ${fact} | ${w.upTo(900)} ms | ${w.pick(VERBS)} |\n`,
    code: `  // ${sentence}\n`,
    section: `\n\n${w.sentence()} ${sentence} ${w.sentence()}`,
  };
  return output.slice(0, at) + made[kind] + output.slice(at);
}

function plantInJson(output: Json, fact: string, w: Writer): Json {
  const whole = output as { readonly findings: readonly { readonly detail: string }[] };
  const at = w.upTo(whole.findings.length);
  const findings = whole.findings.map((one, i) =>
    i === at ? { ...one, detail: `${w.sentence()} ${fact}. ${w.sentence()}` } : one,
  );
  return { ...whole, findings };
}
