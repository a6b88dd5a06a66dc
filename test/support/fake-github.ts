/** A local server that speaks GitHub's REST interface for issues, as far as Tutti asks, and keeps what was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
}
interface Raw {
  readonly number: number;
  readonly title: string;
  readonly body?: string;
  readonly labels?: readonly string[];
  readonly state?: "open" | "closed";
  readonly isPull?: boolean;
}
interface Refusal {
  /** 0: no answer at all. */
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  readonly message?: string;
}

export class FakeGithub implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly issues: Raw[] = [];
  readonly comments = new Map<number, { body: string; user: { login: string }; html_url: string }[]>();
  readonly branches = new Map<string, string>();
  readonly pulls: { title: string; body: string; head: string; base: string; html_url: string }[] = [];
  /** Asked before anything else is answered. */
  refuse: (seen: Seen) => Refusal | undefined = () => undefined;
  /** After a comment was taken: the answer is lost on its way. */
  losesAnswers = false;
  perPage = 100;
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  static async start(): Promise<FakeGithub> {
    const fake = new FakeGithub();
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  said(number: number): readonly string[] {
    return (this.comments.get(number) ?? []).map(({ body }) => body);
  }

  say(number: number, login: string, body: string): string {
    const all = this.comments.get(number) ?? [];
    const html_url = `${this.url}/o/r/issues/${number}#c${all.length + 1}`;
    this.comments.set(number, [...all, { body, user: { login }, html_url }]);
    return html_url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const path = `${url.pathname}${url.search}`;
    const seen = { method: request.method ?? "", path, token: request.headers.authorization };
    this.seen.push(seen);
    let text = "";
    for await (const piece of request) text += piece;
    const refused = this.refuse(seen);
    const json = (status: number, value: unknown, headers: { readonly [name: string]: string } = {}) =>
      void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
    if (refused?.status === 0) return;
    if (refused) return json(refused.status, { message: refused.message ?? "refused" }, refused.headers);
    const rest = url.pathname.replace(/^\/repos\/o\/r/, "");
    if (rest === url.pathname) return json(404, { message: "Not Found" });
    if (request.method === "POST") return this.#take(rest, JSON.parse(text) as never, json, response);
    this.#give(rest, url, json);
  }

  #take(
    rest: string,
    body: { body: string; title: string; head: string; base: string },
    json: (status: number, value: unknown) => void,
    response: ServerResponse,
  ): void {
    if (rest === "/pulls") {
      const pull = { ...body, html_url: `${this.url}/o/r/pull/${this.pulls.length + 1}` };
      this.pulls.push(pull);
      return json(201, pull);
    }
    const html_url = this.say(Number(/^\/issues\/(\d+)\/comments$/.exec(rest)?.[1]), "tutti", body.body);
    if (this.losesAnswers) return void response.destroy();
    json(201, { html_url });
  }

  #give(
    rest: string,
    url: URL,
    json: (status: number, value: unknown, headers?: { readonly [name: string]: string }) => void,
  ): void {
    const { searchParams: query } = url;
    const page = Number(query.get("page") ?? 1);
    const paged = (all: readonly unknown[]) => {
      const next = new URL(url);
      next.searchParams.set("page", String(page + 1));
      const hasMore = all.length > page * this.perPage;
      const link = `<${url.href}>; rel="first", <${next.href}>; rel="next"`;
      json(200, all.slice((page - 1) * this.perPage, page * this.perPage), hasMore ? { link } : {});
    };
    const [, of, comments] = /^\/issues\/(\d+)(\/comments)?$/.exec(rest) ?? [];
    if (rest === "") return json(200, { default_branch: "trunk" });
    if (rest === "/pulls")
      return json(
        200,
        this.pulls.filter(({ head }) => `o:${head}` === query.get("head")),
      );
    if (rest.startsWith("/branches/")) {
      const sha = this.branches.get(decodeURIComponent(rest.slice("/branches/".length)));
      return sha === undefined ? json(404, { message: "Branch not found" }) : json(200, { commit: { sha } });
    }
    if (comments) return paged(this.comments.get(Number(of)) ?? []);
    if (of !== undefined) {
      const found = this.issues.find(({ number }) => number === Number(of));
      return found ? json(200, this.#raw(found)) : json(404, { message: "Not Found" });
    }
    const [state, label] = [query.get("state"), query.get("labels")];
    paged(
      this.issues
        .filter((one) => state === "all" || (one.state ?? "open") === state)
        .filter((one) => label === null || one.labels?.includes(label))
        .map((one) => this.#raw(one)),
    );
  }

  #raw({ number, title, body = "", labels = [], state = "open", isPull = false }: Raw): object {
    return {
      ...{ number, title, body, state, html_url: `${this.url}/o/r/issues/${number}` },
      labels: labels.map((name) => ({ name })),
      comments: this.comments.get(number)?.length ?? 0,
      ...(isPull && { pull_request: {} }),
    };
  }
}
