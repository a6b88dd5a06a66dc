/** How users name agents that are programs of others, in the place of a model: `acp/opencode`, `command/lint`, `http/review`. */
import { TuttiError } from "../domain/error.ts";
import { didYouMean } from "../domain/nearest.ts";

export const OUTSIDE = ["acp", "command", "http"] as const;
export type OutsideKind = (typeof OUTSIDE)[number];

export interface RuntimeRef {
  readonly runtime: OutsideKind;
  readonly name: string;
  /** Of `acp/<name>/<model>`: the model that it shall use, as it names it itself. */
  readonly model?: string;
  /** The whole of it. */
  readonly text: string;
}
/** The names that are known here. */
export type Outsiders = { readonly [kind in OutsideKind]: readonly string[] };

const WHERE: { readonly [kind in OutsideKind]: string } = {
  acp: "codingAgents",
  command: "commands",
  http: "remotes",
};

export const isOutside = (text: string): boolean => OUTSIDE.some((one) => text.startsWith(`${one}/`));

/** Undefined where it names a model of an API. Throws BAD_INPUT with the nearest right spelling. */
export function parseRuntimeRef(text: string, known: Outsiders): RuntimeRef | undefined {
  const [first = "", name = "", ...rest] = text.split("/");
  const runtime = OUTSIDE.find((one) => one === first);
  if (runtime === undefined || !text.includes("/")) return undefined;
  const names = known[runtime];
  if (!names.includes(name))
    throw new TuttiError(
      "BAD_INPUT",
      `the model '${text}' names the unknown agent '${name}'${didYouMean(name, names)}`,
      {
        path: "model",
        hint:
          names.length > 0
            ? `there are ${names.map((one) => `${runtime}/${one}`).join(", ")}`
            : `configure it in config.yaml, under '${WHERE[runtime]}'`,
      },
    );
  const model = rest.join("/");
  if (model !== "" && runtime !== "acp")
    throw new TuttiError("BAD_INPUT", `the model '${text}' has a name too many: write ${runtime}/${name}`, {
      path: "model",
    });
  return { runtime, name, ...(model !== "" && { model }), text };
}
