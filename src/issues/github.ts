/** Issues of a repository at GitHub, or at a server that speaks as it does. */
import { TuttiError } from "../domain/error.ts";
import type { Issue, IssueEntry, IssueList, IssueQuery, IssueSource, PullRequest } from "../domain/issues.ts";
import { isRecord } from "../domain/shape.ts";
import { type GithubAccess, GithubClient } from "./github-client.ts";

export type { GithubAccess } from "./github-client.ts";

const REPOSITORY = /^(?!\.)[A-Za-z0-9_.-]{1,100}\/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}$/;
const PAGE = 100;
/** Of a list; and of comments, of which the newest count. */
const MOST_PAGES = 10;
const LAST_PAGES = 3;
const MOST_COMMENTS = 50;

export function githubIssues(repository: string, access: GithubAccess): IssueSource {
  if (!REPOSITORY.test(repository))
    throw new TuttiError("BAD_INPUT", `'${repository.slice(0, 200)}' is no repository: write owner/name`, {
      path: "repo",
    });
  return new Github(repository, new GithubClient(access));
}

class Github implements IssueSource {
  readonly name: string;
  readonly #client: GithubClient;
  readonly #repository: string;
  readonly #path: string;

  constructor(repository: string, client: GithubClient) {
    this.name = `${repository} at ${client.host}`;
    this.#client = client;
    this.#repository = repository;
    this.#path = `/repos/${repository}`;
  }

  get mute(): string | undefined {
    return this.#client.hasToken
      ? undefined
      : `posting to ${this.#client.host} needs a token: set ${this.#client.tokenEnv}`;
  }

  async list({ label, state, most }: IssueQuery): Promise<IssueList> {
    const query = new URLSearchParams({ state, per_page: String(PAGE), ...(label !== undefined && { labels: label }) });
    const issues: IssueEntry[] = [];
    let page: string | undefined = `${this.#path}/issues?${query}`;
    for (let n = 0; page !== undefined && n < MOST_PAGES && issues.length <= most; n++) {
      const { value, next }: { value: unknown; next?: string } = await this.#client.get(page);
      // GitHub lists pull requests among them.
      for (const one of listOf(value)) if (one["pull_request"] === undefined) issues.push(entryOf(one));
      page = next;
    }
    return { issues: issues.slice(0, most), hasMore: issues.length > most || page !== undefined, faults: [] };
  }

  async read(id: string): Promise<Issue> {
    const raw = await this.#raw(id);
    if (raw["pull_request"] !== undefined)
      throw new TuttiError("BAD_INPUT", `${this.#repository}#${id} is a pull request, not an issue`, { path: "issue" });
    const comments = await this.#comments(id, raw);
    return {
      ...entryOf(raw),
      called: `${this.#repository}#${id}`,
      body: textIn(raw, "body"),
      comments: comments.slice(-MOST_COMMENTS).map((one) => ({ author: loginOf(one), text: textIn(one, "body") })),
    };
  }

  async find(id: string, words: string): Promise<string | undefined> {
    const comments = await this.#comments(id, await this.#raw(id));
    const found = comments.find((one) => textIn(one, "body").includes(words));
    return found && (textIn(found, "html_url") || `${this.#repository}#${id}`);
  }

  async comment(id: string, text: string): Promise<string> {
    const { value } = await this.#client.post(`${this.#path}/issues/${numberOf(id)}/comments`, { body: text });
    return isRecord(value) ? textIn(value, "html_url") : "";
  }

  readonly pulls = {
    base: async (): Promise<string> => {
      const { value } = await this.#client.get(this.#path);
      return (isRecord(value) && textIn(value, "default_branch")) || "main";
    },
    branch: async (name: string): Promise<string | undefined> => {
      const value = await this.#client.look(`${this.#path}/branches/${encodeURIComponent(name)}`);
      const commit = isRecord(value) ? value["commit"] : undefined;
      return isRecord(commit) ? textIn(commit, "sha") : undefined;
    },
    find: async (head: string): Promise<string | undefined> => {
      const [owner = ""] = this.#repository.split("/");
      const query = new URLSearchParams({ state: "all", head: `${owner}:${head}`, per_page: "10" });
      const { value } = await this.#client.get(`${this.#path}/pulls?${query}`);
      const [first] = listOf(value);
      return first && textIn(first, "html_url");
    },
    open: async ({ title, text, head, base }: PullRequest): Promise<string> => {
      const { value } = await this.#client.post(`${this.#path}/pulls`, { title, body: text, head, base });
      return isRecord(value) ? textIn(value, "html_url") : "";
    },
  };

  async #raw(id: string): Promise<Record<string, unknown>> {
    const { value } = await this.#client.get(`${this.#path}/issues/${numberOf(id)}`);
    if (!isRecord(value))
      throw new TuttiError("UNREACHABLE", `${this.name} answered with what is no issue`, { path: "repo" });
    return value;
  }

  /** Of very many the last pages: what was said before is seldom needed, and what we posted stands at the end. */
  async #comments(id: string, { comments }: Record<string, unknown>): Promise<Record<string, unknown>[]> {
    const count = typeof comments === "number" ? comments : 0;
    const from = Math.max(1, Math.ceil(count / PAGE) - LAST_PAGES + 1);
    const query = new URLSearchParams({ per_page: String(PAGE), page: String(from) });
    const found: Record<string, unknown>[] = [];
    let page: string | undefined = `${this.#path}/issues/${numberOf(id)}/comments?${query}`;
    for (let n = 0; page !== undefined && n < MOST_PAGES; n++) {
      const { value, next }: { value: unknown; next?: string } = await this.#client.get(page);
      found.push(...listOf(value));
      page = next;
    }
    return found;
  }
}

function numberOf(id: string): string {
  if (/^[1-9]\d{0,9}$/.test(id)) return id;
  throw new TuttiError("BAD_INPUT", `'${id.slice(0, 50)}' is no number of an issue`, { path: "issue" });
}

const listOf = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const textIn = (of: Record<string, unknown>, name: string): string => (typeof of[name] === "string" ? of[name] : "");
const loginOf = ({ user }: Record<string, unknown>): string => (isRecord(user) ? textIn(user, "login") : "");

function entryOf(raw: Record<string, unknown>): IssueEntry {
  const labels = Array.isArray(raw["labels"]) ? raw["labels"] : [];
  const names = labels.map((one: unknown) => (isRecord(one) ? textIn(one, "name") : String(one)));
  const url = textIn(raw, "html_url");
  return {
    id: String(raw["number"]),
    title: textIn(raw, "title"),
    labels: names.filter((one) => one !== ""),
    state: raw["state"] === "closed" ? "closed" : "open",
    ...(url !== "" && { url }),
  };
}
