/** Plans without a model, over the catalogue that the package brings: sound, runnable, and every requirement somebody's. */
import { describe, expect, test } from "vitest";
import { Router } from "../src/agents/router.ts";
import { planProblems } from "../src/conductor/checks.ts";
import { ableOf, chooseFrom } from "../src/conductor/choosing.ts";
import { goalOf } from "../src/conductor/goal.ts";
import { planFor } from "../src/conductor/planner.ts";
import { fitted } from "../src/conductor/time-box.ts";
import { treeLines } from "../src/conductor/tree.ts";
import { catalogue } from "./routing/measure.ts";

const registry = catalogue();
const router = new Router(registry);
const agents = ableOf(registry);
const choose = chooseFrom(registry, (task, context) => router.route(task, context));

const AUTH = `Orchestrate the development of a new user authentication system with the following requirements:
- JWT-based authentication with refresh tokens
- Multi-factor authentication support
- OAuth2 integration (Google, GitHub, Microsoft)
- Rate limiting and brute force protection
- Admin user management interface
- Comprehensive security audit
- Full test coverage
- Complete API documentation
- Performance optimization for 10k+ concurrent users

Please break this down into specific tasks for our specialized agents and create a coordination plan.`;
const SHOP = `Orchestrate a complete enterprise development project: Build a secure, scalable e-commerce platform with the following requirements:

Technical Requirements:
- Microservices architecture with API gateway
- Event-driven architecture with message queues
- Real-time inventory management
- Payment processing integration (Stripe, PayPal)
- Advanced search with Elasticsearch
- Redis caching and session management
- Kubernetes deployment with auto-scaling
- Comprehensive monitoring and observability

Quality Requirements:
- 99.9% uptime SLA
- Sub-200ms API response times
- PCI DSS compliance for payments
- GDPR compliance for user data
- 95%+ test coverage
- Security penetration testing
- Performance testing for Black Friday loads`;
const PIPELINE = `I have 90 minutes to implement a complete CI/CD pipeline with:
- Automated testing (unit, integration, e2e)
- Security vulnerability scanning
- Code quality analysis
- Performance benchmarking
- Automated deployment to staging
- Manual approval gate for production
- Rollback capabilities
- Monitoring and alerting

Orchestrate this with our agent team for maximum efficiency.`;

const GOALS: readonly (readonly [name: string, goal: string])[] = [
  ["the authentication system", AUTH],
  ["the e-commerce platform", SHOP],
  ["the pipeline in 90 minutes", PIPELINE],
  ["a sentence", "Add dark mode to the settings page"],
  ["a bug", "Fix the crash when a user uploads an empty file"],
  ["a list with numbers", "A to-do app:\n1. REST API for tasks\n2. React frontend\n3. PostgreSQL schema\n4. README"],
  ["only tests", "Bring our test coverage to 90 %"],
  ["only documents", "Write API documentation and a getting-started guide"],
  [
    "a migration",
    "Migrate the orders database from MySQL to PostgreSQL\n- zero downtime\n- rollback plan\n- verified row counts",
  ],
  [
    "a refactoring",
    "Refactor the billing module\n* split the god class\n* remove the dead code\n* keep every test green",
  ],
  ["a mobile app", "Build a mobile app for iOS and Android with offline sync and push messages"],
  [
    "machine learning",
    "Train a model that predicts churn\n- feature pipeline\n- evaluation report\n- REST service for scores",
  ],
  ["an audit", "Security audit of the payment service before the PCI assessment"],
  ["performance", "Make the search endpoint answer in under 100 ms at p99"],
  ["infrastructure", "Move our services to Kubernetes\n- Helm charts\n- autoscaling\n- alerts\n- runbooks"],
  ["a library", "Publish a TypeScript library for parsing invoices with documentation and a release on npm"],
  ["accessibility", "Make the checkout form accessible (WCAG 2.2 AA)"],
  ["a checklist", "Release 2.0\n- [ ] changelog\n- [x] version bump\n- [ ] deploy to production after sign-off"],
  ["two hours", "Within 2 hours: GraphQL API for the blog, with tests and docs"],
  ["another language", "Ein Dashboard für die Umsätze mit Filter und CSV-Export"],
];

const planned = (words: string) => fitted(planFor(goalOf(words), choose));

describe("[bar:planner] without a model", () => {
  test.each(GOALS)("%s becomes a plan that is sound, and verified where something is built", (_name, words) => {
    const { plan } = planned(words);
    const faults = planProblems(plan, { agents }).filter(({ severity }) => severity === "fault");
    expect(faults.filter(({ path }) => path !== "minutes")).toEqual([]);
    expect(plan.tasks.some(({ brief }) => brief?.kind === "verify")).toBe(true);
    for (const one of plan.tasks) expect(one.prompt.length, one.id).toBeGreaterThan(150);
    expect(planFor(goalOf(words), choose)).toEqual(planFor(goalOf(words), choose));
  });

  test("the goals are 20, and none gets the plan of another", () => {
    expect(GOALS).toHaveLength(20);
    expect(new Set(GOALS.map(([, words]) => treeLines(planned(words).plan.tasks).join("\n"))).size).toBe(20);
  });

  test("the authentication system is planned in phases, as people draw it", () => {
    const lines = treeLines(planned(AUTH).plan.tasks);
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "Phase 1: Architecture & Design (Parallel)
      ├── system-architect: Design the overall architecture: A new user authentication system
      ├── security-auditor: Security requirements and threat model: A new user authentication system
      ├── database-expert: Design the data model: A new user authentication system
      └── performance-optimizer: Performance requirements: A new user authentication system

      Phase 2: Implementation (Parallel)
      ├── auth-engineer: JWT-based authentication with refresh tokens
      ├── api-developer: Multi-factor authentication support
      ├── api-developer: OAuth2 integration (Google, GitHub, Microsoft)
      ├── api-developer: Rate limiting and brute force protection
      └── frontend-developer: Admin user management interface

      Phase 3: Quality Assurance (Parallel)
      ├── test-engineer: Test what was built: A new user authentication system
      ├── security-auditor: Security audit: A new user authentication system
      └── performance-optimizer: Measure performance: A new user authentication system

      Phase 4: Mending & Final Review (Sequential)
      ├── fixer: Mend what the checks have found
      └── code-reviewer: Final review: A new user authentication system

      Phase 5: Documentation & Deployment (Parallel)
      └── doc-writer: Complete API documentation"
    `);
  });

  test.each([
    ["a line of blanks", `x${" ".repeat(19_000)}y`],
    ["words that order again and again", `orchestrate a complete ${"a the following ".repeat(1000)}!`],
    ["a list of nothing", "-\t".repeat(6000)],
  ])("a goal that is %s is read at once", (_, words) => {
    expect(goalOf(words).title.length).toBeLessThanOrEqual(200);
  });

  test("of a goal nothing is left out in silence: what is too much is refused", () => {
    expect(() => goalOf("x".repeat(20_001))).toThrow(/20001 characters, and 20000 at most/);
    expect(() => goalOf("- a thing\n".repeat(61))).toThrow(/61 requirements, and a plan has 60 at most/);
  });

  test("the time that somebody has is the time box, and how long a request may take is not", () => {
    expect(goalOf(PIPELINE).minutes).toBe(90);
    expect(goalOf("Within 2 hours: a GraphQL API").minutes).toBe(120);
    expect(goalOf("I have half a day").minutes).toBeUndefined();
    expect(goalOf("Sub-200ms responses, tests under 5 minutes").minutes).toBeUndefined();
    expect(fitted(planFor(goalOf(PIPELINE), choose)).length).toBeLessThanOrEqual(90 * 60_000);
  });

  test("what may be left out is left out first, with what it alone would have met; the rest is said not to fit", () => {
    const words = "I have 48 minutes: user login\n- sign in with a token\n- user guide";
    const { plan, leftOut } = planned(words);
    expect(leftOut.map(({ brief }) => brief?.kind)).toEqual(["document"]);
    expect(planProblems(plan, { agents }).filter(({ severity }) => severity === "fault")).toEqual([]);
    const { plan: small } = planned(words.replace("48", "5"));
    expect(planProblems(small, { agents }).map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^the longest way takes \d+ minutes, and there are 5: /),
    );
  });

  test("where nobody can be found, that is said and the requirement is named as nobody's", () => {
    const made = planFor(goalOf("A poem"), ({ writes: must }) =>
      must ? undefined : { agentName: "code-reviewer", reason: "x" },
    );
    expect(made.nobody).toContainEqual("nobody could be found for 'A poem'");
    expect(planProblems(made).map(({ path }) => path)).toContain("requirements.poem");
  });
});
