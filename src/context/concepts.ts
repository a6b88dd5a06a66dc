/**
 * Words of software work that ask for the same thing. A question seldom uses the words of its answer: who asks how
 * long a cookie lives is answered by its max-age. A group is a hint, weighed below the word itself.
 */
import { stem } from "../domain/words.ts";

const GROUPS = [
  "long live lifetime ttl age expire expiry duration last valid stale",
  "timeout wait deadline patience abort hang give",
  "retain retention keep archive purge store history long preserve",
  "often interval every frequency schedule cron period cadence poll nightly daily hourly weekly rotate",
  "limit maximum max cap quota ceiling bound allow threshold most upper exceed cut above largest biggest highest longest",
  "minimum min least floor lower",
  "size big large largest biggest smallest bytes mb kb gb length capacity volume weigh weight megabyte kilobyte small",
  "many much count number total amount",
  "fast slow slowest fastest latency speed response p50 p95 p99 quick millisecond ms take",
  "throughput rps qps load traffic concurrent parallel simultaneous",
  "retry attempt again backoff resend redeliver try",
  "port listen bind expose",
  "host server machine node instance box",
  "url endpoint route path address uri link",
  "file path location folder directory module locate live source",
  "version release tag pin upgrade",
  "owner own responsible team contact maintain lead assign person who accountable charge",
  "database db postgres postgresql mysql sqlite datastore persistence store storage",
  "schema table column relation entity field",
  "key primary identifier id uuid",
  "password credential secret passphrase",
  "hash digest bcrypt argon2 argon2id scrypt pbkdf2 sha256 md5 password salt",
  "encrypt cipher aes tls ssl crypto protect",
  "sign signature hmac algorithm verify",
  "token jwt bearer",
  "login log signin auth authenticate sso oauth sign",
  "permission role authorize access rbac privilege grant scope allow may",
  "cache redis memcached cdn",
  "queue broker kafka rabbitmq topic stream sqs",
  "error fault fail failure exception bug crash wrong broken",
  "deploy rollout ship publish release",
  "rollback revert undo",
  "backup snapshot restore recover recovery dump",
  "region zone datacenter location",
  "environment env staging production prod",
  "config configuration configure setting option flag variable env parameter",
  "library package dependency framework tool",
  "choose chosen chose pick decide decision select adopt settle prefer choice",
  "cost price bill expense spend usd dollar euro budget monthly",
  "test coverage suite spec",
  "vulnerability cve weakness exploit flaw hole",
  "log logging audit trace record",
  "monitor alert alarm page pager notify metric warn",
  "browser frontend client ui",
  "image picture avatar photo thumbnail",
  "upload attachment attach import",
  "email mail smtp",
  "pay payment checkout billing invoice charge",
  "user account customer member tenant",
  "delete remove erase drop purge",
  "replica shard partition copy standby replicate",
  "pool connection connect",
  "memory ram heap",
  "cpu core processor",
  "start begin boot launch startup",
  "domain hostname dns subdomain",
  "bucket s3 blob object",
  "branch git merge trunk",
  "format encoding type mime",
  "page pagination paginate cursor offset",
  "language locale translation i18n",
  "accessibility accessible wcag contrast",
  "lock block ban lockout freeze suspend",
  "reason why because rationale justify",
  "approve approval sign review confirm accept",
  "refuse reject deny forbid disallow",
  "refresh rebuild update renew reindex reload sync",
  "date day when month week scheduled",
  "flag toggle feature switch gate",
  "worker thread process job background",
  "prefix namespace begin start",
  "disk volume drive storage",
  "window maintenance downtime outage",
  "percent ratio share rate proportion",
  "header http",
  "script migration migrate",
  "guard protect defend against prevent",
];

const BY_STEM: ReadonlyMap<string, readonly string[]> = (() => {
  const found = new Map<string, Set<string>>();
  for (const group of GROUPS) {
    const stems = group.split(" ").map(stem);
    for (const one of stems) {
      const others = found.get(one) ?? new Set<string>();
      for (const other of stems) if (other !== one) others.add(other);
      found.set(one, others);
    }
  }
  return new Map([...found].map(([one, others]) => [one, [...others]]));
})();

/** Stems that may stand in an answer for this one. */
export const related = (stemmed: string): readonly string[] => BY_STEM.get(stemmed) ?? [];

/** What an answer must hold to be one. Bits, as `Lexicon` finds them in a unit of text. */
export const NUMBER = 1;
export const PLACE = 2;
export const TIME = 4;
/** Words one of which stands in every finding of high severity, or decision: such a unit is looked at closely. */
export const SEVERE = 8;
export const DECIDES = 16;

const CUES: readonly (readonly [RegExp, number])[] = [
  [/\bhow (?:long|often|soon|old|quickly|fast|late)\b|\b(?:timeouts?|durations?|ttl|intervals?|lifetimes?)\b/i, TIME],
  [/\bhow (?:many|much|big|large|high|deep|wide|far|small)\b/i, NUMBER],
  [/\b(?:limits?|max(?:imum)?|min(?:imum)?|sizes?|ports?|number of|quota|versions?|thresholds?|percent)\b/i, NUMBER],
  [/\bwhere\b|\bwhich (?:file|folder|directory|path|url|endpoint|module|route)\b/i, PLACE],
];

export function cuesOf(question: string): number {
  let wants = 0;
  for (const [pattern, bit] of CUES) if (pattern.test(question)) wants |= bit;
  return wants;
}

/** Words with a meaning of their own, by stem. */
export const MARKS: ReadonlyMap<string, number> = new Map([
  ...words("second sec minute min hour day week month year ms millisecond daily hourly weekly nightly", TIME),
  ...words("critical high severe blocker p0 p1 sev sev0 sev1", SEVERE),
  ...words(
    "decision decided decide verdict conclusion resolution recommendation chosen chose settled summary",
    DECIDES,
  ),
  ...words("recommend agreed outcome", DECIDES),
]);

function words(list: string, bit: number): [string, number][] {
  return list.split(" ").map((word) => [stem(word), bit]);
}
