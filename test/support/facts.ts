/** Facts as an agent would write them down, and how another would ask for them later: in words of its own. */
export interface PlantedFact {
  readonly fact: string;
  /** What must be found in the prompt to answer. */
  readonly answer: string;
  readonly question: string;
}

const fact = (text: string, answer: string, question: string): PlantedFact => ({ fact: text, answer, question });

/** Used while the scoring was written. */
export const FACTS: readonly PlantedFact[] = [
  fact("the session cookie's max-age is 7412 seconds", "7412", "how long does the session cookie live"),
  fact("uploads above 37 MB are refused by the gateway", "37 MB", "what is the largest file a user may upload"),
  fact("invoices are numbered with the prefix INVX-", "INVX-", "which prefix do invoice numbers carry"),
  fact("the search index is rebuilt every 43 minutes", "43 minutes", "how often is the search index refreshed"),
  fact("PostgreSQL listens on 54329 in staging", "54329", "on which port does the staging database run"),
  fact("Marta Oduya signs off every schema change", "Marta Oduya", "who has to approve changes of the database schema"),
  fact("passwords are hashed with argon2id, 3 passes and 64 MiB", "argon2id", "how are user passwords stored"),
  fact("a webhook is redelivered at most 11 times", "11 times", "what is the retry limit of webhooks"),
  fact(
    "the dead-letter topic is called orders.graveyard",
    "orders.graveyard",
    "where do orders go that could not be processed, in which queue",
  ),
  fact("avatars are resized to 192 by 192 pixels", "192 by 192", "what dimensions do avatar images have"),
  fact("the rate limiter grants 83 requests a minute per API key", "83 requests", "how many calls may an API key make"),
  fact(
    "feature flags live in config/flags.prod.toml",
    "config/flags.prod.toml",
    "in which file are the feature flags of production",
  ),
  fact("audit records are kept for 2557 days", "2557 days", "for how long must the audit log be retained"),
  fact(
    "we chose RabbitMQ over Kafka because the team already operates it",
    "RabbitMQ",
    "which message broker was selected",
  ),
  fact(
    "refunds over 480 EUR need a second approver",
    "480 EUR",
    "from which amount on does a refund require a second person",
  ),
  fact("the checkout page's p95 latency was measured at 1834 ms", "1834 ms", "how slow is the checkout page today"),
  fact(
    "the connection pool of the reporting service holds 17 connections",
    "17 connections",
    "what is the pool size of the reporting service",
  ),
  fact(
    "the mobile app's minimum supported version is 6.14.2",
    "6.14.2",
    "which is the oldest mobile app version that still works",
  ),
  fact(
    "backups are restored into the bucket s3://acme-restore-eu",
    "s3://acme-restore-eu",
    "to which bucket is a backup restored",
  ),
  fact(
    "the canary gets 4 percent of the traffic for 25 minutes",
    "4 percent",
    "what share of traffic does the canary release receive",
  ),
  fact("tenant ids are ULIDs stored as uuid columns", "ULIDs", "what format do tenant identifiers have"),
  fact("JWTs are signed with EdDSA, key id kid-2031", "kid-2031", "which signing key do the tokens use"),
  fact("the GraphQL depth is capped at 9 levels", "9 levels", "how deep may a GraphQL query be nested"),
  fact("the cron job nightly-rollup starts at 03:17 UTC", "03:17", "when does the nightly rollup start"),
  fact(
    "errors of the payment provider are mapped in src/billing/provider-errors.ts",
    "src/billing/provider-errors.ts",
    "where is the mapping of payment provider errors implemented",
  ),
  fact(
    "translations fall back to nl-BE when a key is missing",
    "nl-BE",
    "which language is used when a translation is missing",
  ),
  fact("the Redis cluster evicts with allkeys-lfu", "allkeys-lfu", "what eviction policy does Redis have"),
  fact(
    "a password reset link is void after 22 minutes",
    "22 minutes",
    "how long is the link for a password reset valid",
  ),
  fact(
    "the ORDER_ITEMS table is partitioned by order_month",
    "order_month",
    "by which column is the order items table partitioned",
  ),
  fact("the on-call rotation changes on Wednesdays at 10:00", "Wednesdays", "when does on-call duty change hands"),
  fact("the accessibility target is a contrast of 5.7 to 1", "5.7 to 1", "what contrast ratio must the UI reach"),
  fact("PDF export runs in the worker named paperboy", "paperboy", "which worker does the PDF exports"),
  fact(
    "cursor pages hold 65 rows unless asked otherwise",
    "65 rows",
    "how many rows does a page of results hold by default",
  ),
  fact(
    "CI caches node_modules under the key deps-v19",
    "deps-v19",
    "what cache key does the CI pipeline use for dependencies",
  ),
  fact(
    "the root domain for customer sites is sites.quillport.io",
    "sites.quillport.io",
    "under which domain are customer sites hosted",
  ),
  fact("login is locked after 7 wrong passwords", "7 wrong", "after how many failed attempts is an account blocked"),
  fact(
    "the legacy importer was switched off with ADR-0147",
    "ADR-0147",
    "which decision record retired the legacy importer",
  ),
  fact("CVE-2025-31877 affects the image decoder", "CVE-2025-31877", "which CVE concerns the image decoder"),
  fact("GPU nodes are billed at 3.18 USD an hour", "3.18 USD", "what does a GPU node cost"),
  fact(
    "the consumer commits its offsets after 240 messages",
    "240 messages",
    "how many messages are handled before the consumer commits",
  ),
  fact("idempotency keys expire after 31 hours", "31 hours", "what is the lifetime of an idempotency key"),
  fact(
    "the shipping estimate is computed in zone-matrix.sql",
    "zone-matrix.sql",
    "which script calculates shipping estimates",
  ),
];

/** Written after the scoring, and never used to change it: what it does on wording that it has not met. */
export const HELD_OUT: readonly PlantedFact[] = [
  fact("thumbnails are generated by the function imgproxy-small", "imgproxy-small", "what creates the thumbnails"),
  fact("support tickets are purged 410 days after closing", "410 days", "how long do we keep closed support tickets"),
  fact("the sandbox merchant is account MRC-77120", "MRC-77120", "which merchant account is meant for the sandbox"),
  fact(
    "websocket clients are pinged every 28 seconds",
    "28 seconds",
    "what is the heartbeat interval for websocket connections",
  ),
  fact("the coupon engine rejects stacks of more than 3 vouchers", "3 vouchers", "how many coupons can be combined"),
  fact("the monorepo is built with Bazel 7.4", "Bazel 7.4", "what build tool does the monorepo use"),
  fact("the primary region is eu-south-2", "eu-south-2", "in which region is production hosted primarily"),
  fact("Tobias Lindqvist maintains the pricing module", "Tobias Lindqvist", "who is responsible for pricing"),
  fact("stock reservations lapse after 14 minutes", "14 minutes", "when does a reservation of stock time out"),
  fact(
    "the container image is based on distroless/nodejs22",
    "distroless/nodejs22",
    "what base image do our containers use",
  ),
  fact(
    "emails leave from the address noreply@mail.fennick.dev",
    "noreply@mail.fennick.dev",
    "which sender address do outgoing emails have",
  ),
  fact(
    "the circuit breaker opens at 58 percent failures",
    "58 percent",
    "at what failure rate does the circuit breaker trip",
  ),
  fact("queries slower than 640 ms are logged", "640 ms", "from what duration on is a query recorded as slow"),
  fact(
    "the public API is versioned by the header X-Api-Epoch",
    "X-Api-Epoch",
    "how do clients of the public API choose a version",
  ),
  fact("two-factor codes have 8 digits", "8 digits", "how long is a code for two-factor login"),
  fact(
    "the design tokens are exported to packages/theme/tokens.json",
    "packages/theme/tokens.json",
    "where can the design tokens be found",
  ),
  fact("a batch import takes at most 12500 rows", "12500 rows", "what is the maximum number of rows of a batch import"),
  fact(
    "the error budget for the quarter is 131 minutes",
    "131 minutes",
    "how much downtime does the error budget allow",
  ),
  fact(
    "PII columns are encrypted with the key alias vault/pii-2026",
    "vault/pii-2026",
    "which key encrypts personal data columns",
  ),
  fact(
    "the smoke tests run against canary.internal:8443",
    "canary.internal:8443",
    "against which host are smoke tests executed",
  ),
];
