/** A provider that answers a task when the test lets it, and counts the calls of each. */
import { afterEach } from "vitest";
import { FakeProvider, type SeenCall } from "./fake-provider.ts";

export class HeldProvider {
  /** Said after every answer. */
  more = "";
  readonly #fake: FakeProvider;
  readonly #names: readonly string[];
  readonly #looking = new Set<() => void>();
  readonly #free = new Map<string, PromiseWithResolvers<void>>();

  private constructor(fake: FakeProvider, names: readonly string[]) {
    this.#fake = fake;
    this.#names = names;
    fake.answer = async (call) => {
      const name = this.#nameIn(call);
      for (const look of this.#looking) look();
      await this.#gate(name).promise;
      return { text: [`**HIGH**: the answer of ${name}.\n`, this.more], usage: { fresh: 100, output: 20 } };
    };
  }

  /** `names`: what each task is called, as its description says it. */
  static async start(names: readonly string[]): Promise<HeldProvider> {
    const fake = await FakeProvider.start();
    afterEach(() => fake[Symbol.asyncDispose]());
    return new HeldProvider(fake, names);
  }

  get env(): { readonly [name: string]: string } {
    return { ANTHROPIC_API_KEY: "sk-a", ANTHROPIC_BASE_URL: this.#fake.url };
  }

  /** From now on calls of these tasks are answered. */
  release(...names: readonly string[]): void {
    for (const name of names) this.#gate(name).resolve();
  }

  /** Resolves when each of these has been asked about so many times, and no other has. */
  asked(counts: { readonly [name: string]: number }): Promise<void> {
    const wanted = JSON.stringify(Object.entries(counts).sort());
    return new Promise((resolve) => {
      const look = () => {
        if (JSON.stringify(Object.entries(this.counts()).sort()) === wanted) resolve();
      };
      this.#looking.add(look);
      look();
    });
  }

  /** How often each task was asked about. */
  counts(): { readonly [name: string]: number } {
    const names = this.#fake.calls.map((call) => this.#nameIn(call));
    return Object.fromEntries(
      this.#names.map((name) => [name, names.filter((one) => one === name).length]).filter(([, count]) => count !== 0),
    );
  }

  #gate(name: string): PromiseWithResolvers<void> {
    const gate = this.#free.get(name) ?? Promise.withResolvers<void>();
    this.#free.set(name, gate);
    return gate;
  }

  #nameIn({ body }: SeenCall): string {
    const prompt = JSON.stringify(body.messages);
    const name = this.#names.find((one) => prompt.includes(`# Your task: ${one}`));
    if (name === undefined) throw new Error(`a call for no task: ${prompt.slice(0, 300)}`);
    return name;
  }
}
