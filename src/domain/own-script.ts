/** How a repository itself says that its tests are run, or their coverage measured. */

export interface Repository {
  /** A script of its package.json. */
  readonly script: unknown;
  has(path: string): boolean;
}

export function ownScript(name: string, { script, has }: Repository): readonly string[] | undefined {
  if (typeof script === "string" && !/no test specified/.test(script)) return ["npm", "run", "--silent", name];
  if (name !== "test") return undefined;
  if (has("Cargo.toml")) return ["cargo", "test", "--offline"];
  if (has("go.mod")) return ["go", "test", "./..."];
  const isPython = has("pyproject.toml") || has("setup.py") || has("pytest.ini");
  return isPython ? ["python3", "-m", "pytest", "-q"] : undefined;
}
