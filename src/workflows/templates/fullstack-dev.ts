/** From a list of features to a built and integrated application: backend first, then database and frontend at once. */
import { z } from "zod";
import { quoted, step } from "../prompt.ts";
import { line, lines, needed } from "../schema.ts";
import { workflow } from "../template.ts";

const parameters = z.strictObject({
  projectType: needed("web app", "What is built, such as 'e-commerce platform'"),
  features: lines(["user accounts", "a dashboard of the user's own data"], "What users can do with it, one entry each"),
  techStack: z
    .strictObject({
      frontend: line("React + TypeScript", "Frontend framework and language"),
      backend: line("Node.js + TypeScript", "Backend framework and language"),
      database: line("PostgreSQL", "Database, with its access layer if one is wanted"),
      auth: line("", "Authentication library or service; empty lets the architect choose"),
    })
    .prefault({})
    .describe("What it is built with"),
});

export const fullstackDev = workflow({
  id: "fullstack-dev",
  version: "1.0.0",
  name: "Full-Stack Development",
  description: "Designs and builds an application: backend, database and frontend, then tests how they work together.",
  category: "development",
  tags: ["fullstack", "frontend", "backend", "database", "implementation"],
  estimatedDuration: 300,
  complexity: "complex",
  parameters,
  buildTasks({ projectType, features, techStack: stack }) {
    const product = [`What is built: ${quoted(projectType)}.`, `Features: ${quoted(features)}.`];
    const auth = stack.auth !== "" && `Authentication: ${quoted(stack.auth)}.`;
    return [
      step({
        id: "backend-architecture",
        agentName: "backend-architect",
        description: "Backend Architecture Design",
        phase: "architecture",
        priority: 10,
        maxTokens: 8000,
        evidence: ["repo-map"],
        seconds: 60,
        prompt: {
          goal: "Design the backend that serves all features, as the contract on which database, frontend and tests are built by others.",
          inputs: [...product, `Backend: ${quoted(stack.backend)}; database: ${quoted(stack.database)}.`, auth],
          work: [
            "Cut the backend into modules along the features; for each say what it owns and what it asks of others.",
            "Decide authentication, authorisation, validation, errors, background work and configuration once, for all modules.",
            "Prefer one deployable until a requirement named above forbids it, and name that requirement.",
          ],
          deliver: [
            "API contract: for every endpoint method, path, who may call it, request, response and errors with status codes.",
            "Modules with their responsibilities, and the entities each owns with fields and relations.",
            "Decisions, each as `Decision: … because … instead of …`.",
            "Open questions, each with the assumption that you went on with.",
          ],
          avoid: [
            "Do not write implementation code.",
            "Do not add features that are not listed, except what a listed one cannot work without.",
          ],
        },
      }),
      step({
        id: "database-schema",
        agentName: "database-optimizer",
        description: "Database Schema Design",
        dependencies: ["backend-architecture"],
        phase: "design",
        priority: 9,
        maxTokens: 8000,
        seconds: 50,
        prompt: {
          goal: "Design the database schema for the entities and access patterns of the backend architecture.",
          inputs: [`Database: ${quoted(stack.database)}.`, ...product],
          earlier: "Take entities, endpoints and decisions from the backend architecture.",
          work: [
            "List the queries that the endpoints need, with how often each is expected, before choosing keys and indexes.",
            "Let the database hold what must always be true: keys, foreign keys, uniqueness, checks, not-null.",
          ],
          deliver: [
            "The schema as runnable DDL or the migration format of the access layer named above.",
            "A table `query → index that serves it`; every index has a query, every frequent query an index.",
            "Order of migrations, and how each is undone.",
            "What grows fastest, and what to do when it does.",
          ],
          avoid: [
            "Do not change the API contract; where the schema needs it changed, say so as an open question.",
            "Do not add tables that no feature reads.",
          ],
        },
      }),
      step({
        id: "frontend-architecture",
        agentName: "frontend-developer",
        description: "Frontend Architecture",
        dependencies: ["backend-architecture"],
        phase: "design",
        priority: 9,
        maxTokens: 8000,
        seconds: 50,
        prompt: {
          goal: "Design the frontend: screens, components, state and data flow for every feature.",
          inputs: [`Frontend: ${quoted(stack.frontend)}.`, auth, ...product],
          earlier: "Take endpoints, errors and roles from the API contract of the backend architecture.",
          work: [
            "Walk through each feature as its user: which screens, in which order, what can go wrong on each.",
            "Decide for each piece of state whether it lives on the server, in the URL, in a form or in a component.",
          ],
          deliver: [
            "Routes, each with its screen, its data and who may see it.",
            "Component tree to the depth at which two people could work apart, with the properties of shared components.",
            "Rules for loading, empty, error and offline states, for forms and for accessibility (WCAG 2.2 AA).",
            "Decisions with reasons, and open questions with your assumptions.",
          ],
          avoid: [
            "Do not write components yet.",
            "Do not assume endpoints that the contract lacks; list them as gaps.",
          ],
        },
      }),
      step({
        id: "api-implementation",
        agentName: "backend-architect",
        description: "API Implementation",
        dependencies: ["backend-architecture", "database-schema"],
        phase: "implementation",
        priority: 8,
        maxTokens: 16_000,
        seconds: 80,
        prompt: {
          goal: "Implement the backend of the application against its API contract and schema.",
          inputs: [`Backend: ${quoted(stack.backend)}; database: ${quoted(stack.database)}.`, auth, ...product],
          earlier: "The API contract of the architecture and the tables and indexes of the schema are binding.",
          work: [
            "Go through the features one by one: endpoint, validation, authorisation, query, errors, unit test.",
            "Validate at the edge, check authorisation next to the data, and keep transactions as short as the invariant allows.",
          ],
          deliver: [
            "Complete files, each introduced by its path; no elisions such as `rest unchanged`.",
            "How to start it, with every environment variable it reads.",
            "Deviations from contract or schema, each with its reason; `none` if there are none.",
          ],
          avoid: [
            "Do not leave stubs, fake data or TODOs in place of behaviour; name what is missing instead.",
            "Do not put secrets into code or logs.",
          ],
        },
      }),
      step({
        id: "ui-components",
        agentName: "frontend-developer",
        description: "UI Component Implementation",
        dependencies: ["frontend-architecture", "api-implementation"],
        phase: "implementation",
        priority: 7,
        maxTokens: 16_000,
        seconds: 60,
        prompt: {
          goal: "Implement the screens and components of the application against the API as it was built.",
          inputs: [`Frontend: ${quoted(stack.frontend)}.`, auth, ...product],
          earlier:
            "Follow routes, components and state from the frontend architecture; where the implemented API differs from the contract, the implementation counts.",
          work: [
            "Build the path of each feature from route to request and back, with its loading, empty and error states.",
            "Use native elements first; every control works by keyboard and has a name for screen readers.",
          ],
          deliver: [
            "Complete files, each introduced by its path.",
            "For every feature: the route where a person finds it and the endpoints it calls.",
            "Deviations from the architecture, each with its reason.",
          ],
          avoid: [
            "Do not call endpoints that do not exist, and do not mock the API inside the product code.",
            "Do not add a dependency for what the stack already does.",
          ],
        },
      }),
      step({
        id: "integration-testing",
        agentName: "test-automator",
        description: "Integration Testing",
        dependencies: ["api-implementation", "ui-components"],
        phase: "testing",
        priority: 6,
        maxTokens: 12_000,
        evidence: ["test-run"],
        seconds: 50,
        prompt: {
          goal: "Show by tests that frontend, backend and database work together for every feature, and report what does not.",
          inputs: [...product, `Stack: ${quoted([stack.frontend, stack.backend, stack.database])}.`],
          earlier: "Take endpoints, routes and stated deviations from the API and UI implementations.",
          work: [
            "Per feature: the way that succeeds, the most likely misuse, and the refusal of a person without the right.",
            "Run against a real database with its own data for each test; nothing depends on order.",
          ],
          deliver: [
            "Runnable test files, each introduced by its path, and the command that runs them.",
            "A table `feature → tests → result`; the result is `passed`, `failed` or `not run`, never assumed.",
            "Mismatches between frontend and backend as `[HIGH|MEDIUM|LOW] title`, with both places as path:line and the fix.",
          ],
          avoid: ["Do not weaken an assertion to get a test through.", "Do not claim a run that did not take place."],
        },
      }),
    ];
  },
});
