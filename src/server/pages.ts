/**
 * The pages for browsers: a handful of files that hold no data of the home, each under one exact path. A request names
 * none of them by anything but that path, so there is no folder to walk in.
 */
export interface Page {
  readonly path: string;
  readonly file: string;
  readonly type: string;
}

const HTML = "text/html; charset=utf-8";
const MODULES = [
  "api",
  "app",
  "dom",
  "fold",
  "list",
  "plan-changes",
  "rows",
  "run",
  "steer",
  "stream",
  "task",
  "words",
];

export const PAGES: readonly Page[] = [
  { path: "/", file: "index.html", type: HTML },
  { path: "/runs/:id", file: "index.html", type: HTML },
  ...MODULES.map((name) => ({ path: `/${name}.js`, file: `${name}.js`, type: "text/javascript; charset=utf-8" })),
  ...["style", "theme"].map((name) => ({ path: `/${name}.css`, file: `${name}.css`, type: "text/css; charset=utf-8" })),
  { path: "/icon.svg", file: "icon.svg", type: "image/svg+xml; charset=utf-8" },
];

const PATHS: ReadonlySet<string> = new Set(PAGES.map(({ path }) => path));
const OF_RUN = /^\/runs\/[0-9A-Za-z]{1,26}$/;
/** Whether this path, as it was sent, is that of a page. */
export const isPage = (path: string): boolean => OF_RUN.test(path) || (PATHS.has(path) && !path.includes(":"));
