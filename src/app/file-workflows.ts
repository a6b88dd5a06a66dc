/**
 * The workflows of a home: those that Tutti brings, the user's own files, and those of the repository that somebody has
 * trusted. The files are looked at whenever somebody asks, so that a server knows them as they lie there now.
 */
import { TuttiError } from "../domain/error.ts";
import { TrustBook, trustFileOf } from "../library/trust.ts";
import { filesBelow } from "../library/walk.ts";
import {
  homeWorkflows,
  repositoryWorkflowFolders,
  type WorkflowOnDisk,
  workflowsIn,
  workflowsOffered,
} from "../library/workflow-files.ts";
import { builtInTemplates } from "../workflows/built-in.ts";
import type { Surroundings } from "../workflows/plan-file.ts";
import { WorkflowRegistry } from "../workflows/registry.ts";
import type { PlanFileFault } from "../workflows/source.ts";
import type { WorkflowTemplate } from "../workflows/template.ts";
import { templateFrom } from "../workflows/template-file.ts";

/** Why a file is no workflow that could be run. */
export type NotUsed = "faulty" | "not-trusted" | "changed" | "program";

export interface WorkflowFile {
  readonly file: string;
  readonly path: string;
  /** Absent where it cannot be read. */
  readonly id?: string;
  /** Absent: it is one of the workflows. */
  readonly not?: NotUsed;
  /** For people: why not, and what to do. */
  readonly why?: string;
  readonly faults?: readonly (Pick<PlanFileFault, "message"> & Partial<PlanFileFault>)[];
}
export interface WorkflowPlaces {
  readonly home: string;
  readonly repository?: string;
}

const PROGRAM =
  "is a program of Claude Code; Tutti runs no program of a repository in its own process. Write it as .claude/workflows/NAME.md";

export class FileWorkflows extends WorkflowRegistry {
  readonly #places: WorkflowPlaces;
  readonly #known: () => Surroundings;
  #files: readonly WorkflowFile[] = [];
  #seen: string | undefined;

  /** `known`: who there is, asked only where there are files. */
  constructor(places: WorkflowPlaces, known: () => Surroundings) {
    super();
    builtInTemplates(this);
    this.#places = places;
    this.#known = known;
  }

  /** Every file that was found, used or not. */
  get files(): readonly WorkflowFile[] {
    this.#look();
    return this.#files;
  }

  /** What lies there and cannot be run, and why: for lists. */
  unused(): readonly { readonly id?: string; readonly file: string; readonly not: NotUsed; readonly why: string }[] {
    return this.files.flatMap(({ id, file, not, why = "" }) =>
      not === undefined ? [] : [{ ...(id !== undefined && { id }), file, not, why }],
    );
  }

  override has(id: string): boolean {
    this.#look();
    return super.has(id);
  }

  override get(id: string): WorkflowTemplate {
    this.#look();
    if (super.has(id)) return super.get(id);
    const unused = this.#files.find((one) => one.id === id && one.not !== undefined);
    if (unused?.why === undefined) return super.get(id);
    throw new TuttiError(unused.not === "faulty" ? "BAD_INPUT" : "WRONG_STATE", `workflow '${id}': ${unused.why}`, {
      path: "workflowId",
      ...(unused.faults && { data: unused.faults.map((one) => ({ ...one, file: unused.file })) }),
    });
  }

  override list(filter?: Parameters<WorkflowRegistry["list"]>[0]): ReturnType<WorkflowRegistry["list"]> {
    this.#look();
    return super.list(filter);
  }

  #look(): void {
    const seen = this.#stamp();
    if (seen === this.#seen) return;
    // Set first: whoever is asked who there is may ask for a workflow.
    this.#seen = seen;
    for (const { id, not } of this.#files) if (id !== undefined && not === undefined) this.remove(id);
    this.#files = this.#read();
  }

  #stamp(): string {
    const { home, repository } = this.#places;
    const folders = [homeWorkflows(home), ...(repository === undefined ? [] : repositoryWorkflowFolders(repository))];
    const lists = folders.map(({ path }) => filesBelow(path, 1).files);
    return JSON.stringify([...lists, filesBelow(trustFileOf(home), 0).files]);
  }

  #read(): readonly WorkflowFile[] {
    const { home, repository } = this.#places;
    const own = workflowsIn(homeWorkflows(home), home).map((one) => this.#use({ ...one, file: one.path }));
    const offered = repository === undefined ? [] : workflowsOffered(repository);
    if (offered.length === 0) return own;
    const paths = new Set(own.map(({ path }) => path));
    const trusted = new TrustBook(home).workflowsAt(repository ?? home);
    const theirs = offered
      // Whose repository is the user's home itself has them there already.
      .filter(({ path }) => !paths.has(path))
      .map((one) => this.#judged(one, trusted[one.file]));
    return [...own, ...theirs];
  }

  #judged(found: WorkflowOnDisk, trusted: string | undefined): WorkflowFile {
    const { file, path, hash } = found;
    if (hash === undefined || hash === trusted) return this.#use(found);
    const id = this.#idOf(found);
    const at = { file, path, ...(id !== undefined && { id }) };
    return trusted === undefined
      ? { ...at, not: "not-trusted", why: `${file} is not trusted; to look at it and trust it: tutti trust` }
      : { ...at, not: "changed", why: `${file} changed since it was trusted; to look at it again: tutti trust` };
  }

  /** What it would be called; known without trusting it, so that whoever asks for it hears why it is not there. */
  #idOf({ path, text = "" }: WorkflowOnDisk): string | undefined {
    const read = templateFrom(text, path);
    const said = /^\s*"?id"?\s*:\s*"?([A-Za-z0-9][\w.-]{0,99})/m.exec(text)?.[1];
    return read.ok ? read.template.id : (said ?? baseOf(path));
  }

  #use({ file, path, text, fault, isProgram }: WorkflowOnDisk): WorkflowFile {
    if (isProgram) return { file, path, id: baseOf(path), not: "program", why: `${file} ${PROGRAM}` };
    if (text === undefined)
      return { file, path, not: "faulty", why: `${file}: ${fault}`, faults: [{ message: fault ?? "unreadable" }] };
    const read = templateFrom(text, path, this.#known());
    if (!read.ok) {
      const [first] = read.faults;
      const place = first === undefined ? "" : `:${first.line}:${first.column}: ${first.message}`;
      return { file, path, id: baseOf(path), not: "faulty", why: `${file}${place}`, faults: read.faults };
    }
    const { id } = read.template;
    if (super.has(id)) {
      const message = `there is a workflow '${id}' already: give it another id`;
      return { file, path, not: "faulty", why: `${file}: ${message}`, faults: [{ message }] };
    }
    this.register(read.template);
    return { file, path, id };
  }
}

const baseOf = (path: string): string => path.replace(/^.*[\\/]/, "").replace(/\.[^.]+$/, "");
