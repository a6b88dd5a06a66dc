/** What a child knows of our environment: a list of what it may, never all but what it must not (P1). */

const ALLOWED = ["PATH", "HOME", "LANG", "LC_ALL", "TERM", "TMPDIR", "TZ", "USER", "SHELL"] as const;

export type Environment = { readonly [name: string]: string };

/** Its own names come last: they are what its definition, or whoever began it, gave it. */
export function childEnvironment(
  from: { readonly [name: string]: string | undefined },
  named: readonly string[] = [],
  own: Environment = {},
): Environment {
  const names = [...ALLOWED, ...named];
  const passed = names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]] as const]));
  return { ...Object.fromEntries(passed), ...own };
}
