/**
 * Versions that are known to be dangerous: a few packages that many projects have, with the number under which the
 * weakness stands in the CVE list or GitHub's advisory database. No substitute for `npm audit`, which asks a server;
 * what is not here is not said to be sound.
 */

interface Bad {
  readonly name: string;
  /** The first version that is sound; all below it are meant. */
  readonly below?: string;
  /** Only from here on. */
  readonly from?: string;
  readonly exactly?: readonly string[];
  readonly why: string;
}

const NPM: readonly Bad[] = [
  { name: "lodash", below: "4.17.21", why: "CVE-2021-23337, injection of commands by templates" },
  { name: "minimist", below: "1.2.6", why: "CVE-2021-44906, prototype pollution" },
  { name: "axios", below: "0.21.2", why: "CVE-2021-3749, a regular expression that hangs" },
  { name: "jsonwebtoken", below: "9.0.0", why: "CVE-2022-23540, signatures that are not checked" },
  { name: "moment", below: "2.29.4", why: "CVE-2022-31129, a regular expression that hangs" },
  { name: "node-fetch", below: "2.6.7", why: "CVE-2022-0235, secrets sent to another host" },
  { name: "serialize-javascript", below: "3.1.0", why: "CVE-2020-7660, injection of code" },
  { name: "handlebars", below: "4.7.7", why: "CVE-2021-23369, templates that run code" },
  { name: "ejs", below: "3.1.7", why: "CVE-2022-29078, templates that run code" },
  { name: "jquery", below: "3.5.0", why: "CVE-2020-11022, cross-site scripting" },
  { name: "marked", below: "4.0.10", why: "CVE-2022-21680, a regular expression that hangs" },
  { name: "shell-quote", below: "1.7.3", why: "CVE-2021-42740, injection of commands" },
  { name: "json5", below: "1.0.2", why: "CVE-2022-46175, prototype pollution" },
  { name: "json5", from: "2.0.0", below: "2.2.2", why: "CVE-2022-46175, prototype pollution" },
  { name: "semver", from: "7.0.0", below: "7.5.2", why: "CVE-2022-25883, a regular expression that hangs" },
  { name: "ws", from: "8.0.0", below: "8.17.1", why: "CVE-2024-37890, a request that stops the server" },
  { name: "xml2js", below: "0.5.0", why: "CVE-2023-0842, prototype pollution" },
  { name: "tough-cookie", below: "4.1.3", why: "CVE-2023-26136, prototype pollution" },
  { name: "follow-redirects", below: "1.14.8", why: "CVE-2022-0536, secrets sent to another host" },
  { name: "express", below: "4.17.3", why: "CVE-2022-24999, a query that stops the server" },
  { name: "vm2", below: "99999.0.0", why: "CVE-2023-37466, code leaves the sandbox; it is given up" },
  { name: "event-stream", exactly: ["3.3.6"], why: "GHSA-mh6f-8j2x-4483, it was made to steal" },
  { name: "ua-parser-js", exactly: ["0.7.29", "0.8.0", "1.0.0"], why: "GHSA-pjwm-rvh2-c87w, it was made to steal" },
  { name: "node-ipc", exactly: ["10.1.1", "10.1.2"], why: "CVE-2022-23812, it was made to delete files" },
  {
    name: "coa",
    exactly: ["2.0.3", "2.0.4", "2.1.1", "2.1.3", "3.0.1", "3.1.3"],
    why: "GHSA-73qr-pfmq-6rp8, it was made to steal",
  },
  { name: "rc", exactly: ["1.2.9", "1.3.9", "2.3.9"], why: "GHSA-g2q5-5433-rhrf, it was made to steal" },
  { name: "colors", exactly: ["1.4.1", "1.4.2"], why: "CVE-2021-23567, it was made to hang" },
];

const PYPI: readonly Bad[] = [
  { name: "pyyaml", below: "5.4", why: "CVE-2020-14343, documents that run code" },
  { name: "jinja2", below: "2.11.3", why: "CVE-2020-28493, a regular expression that hangs" },
  { name: "requests", below: "2.31.0", why: "CVE-2023-32681, secrets sent to another host" },
  { name: "urllib3", below: "1.26.17", why: "CVE-2023-43804, secrets sent to another host" },
  { name: "pillow", below: "10.0.1", why: "CVE-2023-4863, pictures that run code" },
  { name: "flask", below: "2.2.5", why: "CVE-2023-30861, sessions given to others" },
  { name: "werkzeug", below: "2.2.3", why: "CVE-2023-25577, a request that stops the server" },
];

const LISTS: { readonly [ecosystem: string]: readonly Bad[] } = { npm: NPM, PyPI: PYPI };

/** What is wrong with it, and what would be right. */
export function knownBad(ecosystem: string, name: string, version: string): string | undefined {
  const found = LISTS[ecosystem]?.find((one) => one.name === name && isMeant(one, version));
  if (!found) return undefined;
  return `${found.why}${found.below === undefined || found.below.startsWith("9999") ? "" : `; ${found.below} is the first version without it`}`;
}

function isMeant({ below, from, exactly }: Bad, version: string): boolean {
  if (exactly) return exactly.includes(version);
  return below !== undefined && isBelow(version, below) && !(from !== undefined && isBelow(version, from));
}

/** By their numbers; whatever follows these is a version before it. */
function isBelow(a: string, b: string): boolean {
  const numbers = (text: string) => (/^\d+(?:\.\d+)*/.exec(text)?.[0] ?? "").split(".").map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
