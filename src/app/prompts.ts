/** The slash commands of a home: its own before the repository's, and of those only what was trusted. */
import { type LoadedPrompt, promptsOfHome, trustedPrompts } from "../library/prompts.ts";
import { TrustBook } from "../library/trust.ts";

export interface Prompts {
  readonly prompts: ReadonlyMap<string, LoadedPrompt>;
  /** What could not be used, a line each. */
  readonly warnings: readonly string[];
  /** Files of the repository that nobody trusted as they are. */
  readonly untrusted: number;
}

export function promptsOf({ home, repository }: { readonly home: string; readonly repository?: string }): Prompts {
  const own = promptsOfHome(home);
  const book = new TrustBook(home);
  const theirs = repository === undefined ? undefined : trustedOf(repository, book);
  const warnings = [...own.warnings, ...(theirs?.warnings ?? [])].map(({ file, message }) => `${file}: ${message}`);
  return {
    prompts: new Map([...(theirs?.prompts ?? []), ...own.prompts]),
    warnings,
    untrusted: theirs?.untrusted ?? 0,
  };
}

function trustedOf(repository: string, book: TrustBook) {
  try {
    return trustedPrompts(repository, (root) => book.prompts(root));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
